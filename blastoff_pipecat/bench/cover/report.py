"""What was played, as a table, as data and as a plot."""

from dataclasses import fields
from typing import Any

from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench.cover.conversation import LEARNING
from blastoff_pipecat.bench.cover.figures import (
    FELT_SECS,
    FIGURES,
    LATER_SECS,
    LATEST_TTFT_SECS,
    SILENCE_SECS,
)
from blastoff_pipecat.bench.cover.policy import POLICIES
from blastoff_pipecat.bench.cover.run import Cell, Run
from blastoff_pipecat.bench.cover.world import World
from blastoff_pipecat.bench.plot import Line, lines, stacked
from blastoff_pipecat.bench.report import machine, rounded
from blastoff_pipecat.bench.shell import say

_DIGITS = 5
_COLUMNS: dict[str, tuple[str, str]] = {
    "first_p50": ("first\np50", "{:.2f}"),
    "first_p95": ("first\np95", "{:.2f}"),
    "answer_p50": ("answer\np50", "{:.2f}"),
    "later_p50": ("later\np50", "{:+.2f}"),
    "later": (f"later\n> {LATER_SECS:g} s", "{:.1%}"),
    "later_felt": (f"later\n> {FELT_SECS:g} s", "{:.2%}"),
    "silent": (f"silent\n> {SILENCE_SECS:g} s", "{:.2%}"),
    "opened": ("opened", "{:.0%}"),
    "waiting_lines": ("lines", "{:.2f}"),
    "small_tokens": ("tokens", "{:.1f}"),
}
"""The columns of the table: a figure, its head, its format."""

_LEGEND = (
    "Seconds after the user's turn, and shares of replies. first: the first sound. answer: the "
    "large model's. later: than with the large model alone. silent: after the first sound, where "
    f"the large model needs at most {LATEST_TTFT_SECS:g} s. lines, tokens: waiting lines, and "
    "tokens of the small model, in a reply."
)

_PLOTTED: dict[str, tuple[str, str, float]] = {
    "first_p50": ("When the bot is first heard", "seconds after the question, median", 1.0),
    "answer_p50": ("When the answer is first heard", "seconds after the question, median", 1.0),
    "later": (
        f"How often the answer is over {LATER_SECS:g} s later than with the large model alone",
        "% of replies",
        100.0,
    ),
}
"""The figures of the plot: a title, a unit, and how many of it there are to one."""

_NAMES: dict[str, str] = {
    "alone": "large model alone",
    "fixed": "an opening every time",
    "auto": "by forecast, beside",
    "auto, prefix": "by forecast, prefix",
}
"""What the policies are called in the plot."""

_MOST = {"% of replies": 100.0}
"""The end of the axis of a unit that has one."""

_ACROSS = "large model's median time to first token, seconds ({} simulated replies a point)"


def show(run: Run, console: Console) -> None:
    """Print the figures as a table."""
    table = Table(title=_title(run), title_justify="left")
    table.add_column("large model's TTFT")
    table.add_column("policy")
    for head, _ in _COLUMNS.values():
        table.add_column(head, justify="right")
    for world in _worlds(run):
        told = str(world)
        for policy in POLICIES:
            if tally := run.tallies.get(Cell(policy, world)):
                figures = tally.figures()
                table.add_row(told, policy, *(_cell(figures, name) for name in _COLUMNS))
                told = ""
        table.add_section()
    console.print(table)
    say(_LEGEND, console)
    planned = run.replies * len(_worlds(run)) * len(POLICIES)
    played = sum(len(tally.first) for tally in run.tallies.values())
    if played < planned:
        console.print(f"Stopped after {played} of {planned} replies.")


def as_data(run: Run) -> dict[str, Any]:
    """Return the figures as plain data."""
    return {
        "about": {**machine(), "clock": "made-up time, seconds"},
        "seed": run.seed,
        "figures": FIGURES,
        "cells": [
            {
                "policy": cell.policy,
                "world": _as_data(cell.world),
                **rounded(tally.figures(), _DIGITS),
            }
            for cell, tally in run.tallies.items()
        ],
    }


def plot(data: dict[str, Any]) -> str:
    """Draw figures against the median TTFT as SVG, of the first kind of voice and large model.

    Args:
        data: What `as_data` has returned.
    """
    cells: list[dict[str, Any]] = data["cells"]
    alike = [cell for cell in cells if _kind(cell) == _kind(cells[0])]
    across = _ACROSS.format(f"{alike[0]['replies']:,}")
    return stacked(
        [
            lines(title, unit, _lines(alike, name, times), across=across, most=_MOST.get(unit))
            for name, (title, unit, times) in _PLOTTED.items()
        ]
    )


def _kind(cell: dict[str, Any]) -> dict[str, Any]:
    """Return what surrounds a cell, whatever the large model's median is."""
    return {**cell["world"], "ttft": None}


def _lines(cells: list[dict[str, Any]], figure: str, times: float) -> list[Line]:
    """Return a line for each policy of those that have the figure."""
    drawn: dict[str, list[tuple[float, float]]] = {policy: [] for policy in POLICIES}
    for cell in cells:
        if cell[figure] is not None:
            drawn[cell["policy"]].append((cell["world"]["ttft"], times * cell[figure]))
    return [Line(_NAMES[policy], points) for policy, points in drawn.items()]


def _worlds(run: Run) -> list[World]:
    return list(dict.fromkeys(cell.world for cell in run.tallies))


def _title(run: Run) -> str:
    return (
        f"{run.replies} simulated replies a row, each after {LEARNING} or more to learn from; "
        f"seed {run.seed}"
    )


def _cell(figures: dict[str, float | None], name: str) -> str:
    value = figures[name]
    return "—" if value is None else _COLUMNS[name][1].format(value)


def _as_data(world: World) -> dict[str, Any]:
    """Return a world as plain data; of recorded answers only how many there are."""
    data = {each.name: getattr(world, each.name) for each in fields(world)}
    data["recorded"] = len(world.recorded)
    return data
