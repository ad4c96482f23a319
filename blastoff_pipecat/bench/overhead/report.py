"""What was measured, as a table for reading and as JSON for scripts."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench import loop, report
from blastoff_pipecat.bench.overhead.contestants import KINDS
from blastoff_pipecat.bench.overhead.extent import PartName
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.shell import say

_PACKAGES = ("pipecat-ai", "openai", "aiohttp", "orjson")
_HEAD = ("figure", "stock, one model", "ours, two models", "ratio", "target", "n")


def machine() -> dict[str, Any]:
    """Tell what the figures were measured with."""
    return {
        **report.machine(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "loop": loop.NAME,
        **{name: report.version(name) for name in _PACKAGES},
    }


def as_data(
    rows: Sequence[Row], about: dict[str, Any], failures: Mapping[PartName, str]
) -> dict[str, Any]:
    """Return everything as plain data; samples are in seconds, bytes and counts.

    Args:
        rows: The figures.
        about: What they were measured with.
        failures: The parts that are not whole, and why.
    """
    figures = [
        {
            "name": row.name,
            "unit": row.unit,
            "stock": row.median("stock"),
            "dual": row.median("dual"),
            "ratio": row.ratio,
            "ratios": row.ratios,
            "target": row.target,
            "reached": row.reached,
            "samples": row.samples,
        }
        for row in rows
    ]
    return {"about": about, "failures": dict(failures), "figures": figures}


def show(
    rows: Sequence[Row], about: dict[str, Any], console: Console, *, markdown: bool = False
) -> None:
    """Print the table, and what it was measured with.

    Args:
        rows: The figures.
        about: What they were measured with.
        console: Where.
        markdown: Whether the table is for a page.
    """
    cells = [_cells(row) for row in rows]
    if markdown:
        console.out(report.markdown(_HEAD, cells), end="", highlight=False)
    else:
        table = Table(
            *_HEAD, caption="medians and quartiles of rounds in turns; ratio: of each round"
        )
        for line in cells:
            table.add_row(*line)
        console.print(table)
    say("; ".join(f"{name} {told}" for name, told in about.items() if told is not None), console)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    if len(row.ratios) > 1:
        ratio += f" [{min(row.ratios):.2f}–{max(row.ratios):.2f}]"
    mark = {True: " ✓", False: " ✗", None: ""}[row.reached]
    values: list[str] = []
    for kind in KINDS:
        low, high = row.spread(kind)
        values.append(f"{_short(row.median(kind))} [{_short(low)}–{_short(high)}] {row.unit}")
    return (row.name, *values, ratio, row.target + mark, str(len(row.samples["dual"])))


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
