"""What was measured, as a table for reading, as JSON for scripts and as a plot."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench import loop, report
from blastoff_pipecat.bench.heard import models
from blastoff_pipecat.bench.heard.contestants import Contestant
from blastoff_pipecat.bench.heard.run import LEARNT, Run
from blastoff_pipecat.bench.heard.targets import Miss
from blastoff_pipecat.bench.heard.voice import LATENCY_SECS
from blastoff_pipecat.bench.plot import Line, lines, stacked
from blastoff_pipecat.bench.shell import say
from blastoff_pipecat.relay.scripts import WORDS_PER_SECOND

NAMES = {
    Contestant.STOCK: "large model alone",
    Contestant.BESIDE: "two models, beside",
    Contestant.PREFIX: "two models, prefix",
}
_HEAD = (
    *("large TTFT", "service", "first sound", "answer heard", "longest silence", "opened"),
    *("waiting lines", "n"),
)
_TROUBLED_SECS = 0.05  # so late, the computer is heard in the figures


def as_data(run: Run, misses: list[Miss]) -> dict[str, Any]:
    """Return everything as plain data; times are seconds since the question.

    Args:
        run: What was measured.
        misses: What of it misses a target.
    """
    about = {
        **report.machine(),
        "loop": loop.NAME,
        "pipecat-ai": report.version("pipecat-ai"),
        "late_secs_p99": round(run.late_secs, 4),
        "replies_learnt_from": LEARNT,
        "small_ttft_secs": models.SMALL_TTFT_SECS,
        "token_secs": models.TOKEN_SECS,
        "first_sentence_tokens": len(models.FIRST_SENTENCE),
        "voice_latency_secs": LATENCY_SECS,
        "voice_words_per_second": WORDS_PER_SECOND,
    }
    cells = [
        {
            "ttft": cell.ttft,
            "contestant": cell.contestant,
            **report.rounded(cell.figures, 3),
            "replies": [report.rounded(asdict(reply), 3) for reply in cell.replies],
        }
        for cell in run.whole
    ]
    missed = [
        {"ttft": miss.cell.ttft, "contestant": miss.cell.contestant, "missed": miss.promise}
        for miss in misses
    ]
    return {"about": about, "missed": missed, "cells": cells}


def show(run: Run, misses: list[Miss], console: Console) -> None:
    """Print the table, and what is missed."""
    missing = {(miss.cell.ttft, miss.cell.contestant) for miss in misses}
    caption = "seconds since the question; medians, of silence the longest"
    table = Table(*_HEAD, caption=caption)
    shown = None
    for cell in run.whole:
        if shown not in (None, cell.ttft):
            table.add_section()
        first = "" if shown == cell.ttft else f"{cell.ttft:g}"
        shown = cell.ttft
        mark = " ✗" if (cell.ttft, cell.contestant) in missing else ""
        found = cell.figures
        times = (f"{found[name]:.2f}" for name in ("first_sound", "answer", "silence"))
        often = (f"{found['opened']:.0%}", f"{found['waiting_lines']:g}")
        table.add_row(first, NAMES[cell.contestant] + mark, *times, *often, str(len(cell.replies)))
    console.print(table)
    for miss in misses:
        say(f"Missed: {miss.cell.contestant} at {miss.cell.ttft:g} s: {miss.promise}", console)
    if run.late_secs > _TROUBLED_SECS:
        late = f"{run.late_secs * 1e3:.0f} ms late (p99)"
        say(f"This computer was {late}: it is heard in these.", console)


def plot(run: Run) -> str:
    """Draw the first sound and the answer by the large model's time to first token, as SVG."""
    names = {"first_sound": "From the question to the first sound", "answer": "… to the answer"}
    return stacked(
        [
            lines(
                title,
                "seconds",
                [Line(NAMES[each], _points(run, each, figure)) for each in Contestant],
                across="large model's time to first token, seconds",
            )
            for figure, title in names.items()
        ]
    )


def _points(run: Run, contestant: Contestant, figure: str) -> list[tuple[float, float]]:
    cells = (cell for cell in run.whole if cell.contestant is contestant)
    return [(cell.ttft, cell.figures[figure]) for cell in cells]
