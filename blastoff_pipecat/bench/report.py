"""What was measured, as a table, as JSON and as a plot."""

import importlib.metadata
import os
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench.latency import FIGURES, Run, summary
from blastoff_pipecat.bench.plot import strips
from blastoff_pipecat.bench.shell import say

MOST_FAILURES_SHOWN = 5


def machine() -> dict[str, Any]:
    """Tell what the figures were measured with."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "blastoff-pipecat": importlib.metadata.version("blastoff-pipecat"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "clock": "monotonic, seconds",
    }


def version(package: str) -> str | None:
    """Return a package's version; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def as_data(run: Run) -> dict[str, Any]:
    """Return a run as plain data; times are seconds."""
    return {
        "about": machine(),
        "asked": run.where,
        "planned": run.planned,
        "answered": sum(len(run.whole(mode)) for mode in run.modes),
        "warm_up": {"answers": len(run.warm_ups), "counted": False},
        "modes": {
            mode: {
                "asked": len(run.of(mode)),
                "failures": [a.failure for a in run.of(mode) if a.failure is not None],
                "troubles": [a.trouble for a in run.whole(mode) if a.trouble is not None],
                "outcomes": dict(Counter(a.outcome for a in run.whole(mode) if a.outcome)),
                "figures": {
                    figure: rounded(summary(run.values(mode, figure))) for figure in FIGURES
                },
            }
            for mode in run.modes
        },
        "sooner": rounded(summary(run.sooner())),
        "answers": [rounded(asdict(answer)) for answer in run.answers],
    }


def rounded(value: Any, digits: int = 6) -> Any:
    """Round the seconds in plain data, to microseconds by default; whatever else there is stays."""
    if isinstance(value, dict):
        figures = cast("dict[str, Any]", value)
        return {name: rounded(each, digits) for name, each in figures.items()}
    return round(value, digits) if isinstance(value, float) else value


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    lines = (f"| {' | '.join(line)} |\n" for line in rows)
    return f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n{''.join(lines)}"


def show(run: Run, console: Console) -> None:
    """Print a run as a table, and say what did not go well."""
    table = Table(title=f"Milliseconds. {run.where}", title_justify="left")
    for head in ("figure", "mode", "n", "p50", "p95", "IQR", "min", "max"):
        table.add_column(head, justify="left" if head in ("figure", "mode") else "right")
    for figure, name in FIGURES.items():
        for mode in run.modes:
            found = summary(run.values(mode, figure))
            first = name if mode == run.modes[0] else ""
            if found is None:
                table.add_row(first, mode, "0", *("—",) * 5)
                continue
            times = (f"{found[key] * 1e3:.0f}" for key in ("p50", "p95", "iqr", "min", "max"))
            table.add_row(first, mode, f"{found['n']:g}", *times)
        table.add_section()
    console.print(table)
    for line in remarks(run):
        say(line, console)


def remarks(run: Run) -> list[str]:
    """Say what a reader of the table has to know."""
    lines = [f"Not counted: {len(run.warm_ups)} answers to warm up with."]
    if len(run.modes) == 1:
        lines.append("This server refuses disable_quick_response, so there is one mode only.")
    elif run.by_url:
        lines.append("A server that ignores disable_quick_response shows two like modes.")
    if len(run.answers) < run.planned:
        lines.append(f"Stopped after {len(run.answers)} of {run.planned} answers.")
    if sooner := summary(run.sooner()):
        p50, q1, q3 = (sooner[key] * 1e3 for key in ("p50", "q1", "q3"))
        way = "sooner" if p50 >= 0 else "later"
        lines.append(
            f"Of {sooner['n']:g} pairs, two models were heard {abs(p50):.0f} ms {way} in the "
            f"median (quartiles of the difference {q1:.0f} and {q3:.0f} ms)."
        )
    for mode in run.modes:
        alone = [answer for answer in run.whole(mode) if answer.outcome == "large_only"]
        if mode == "two models" and alone:
            lines.append(f"{mode}: {len(alone)} answers had no opening; they count.")
        failed = [answer.failure for answer in run.of(mode) if answer.failure is not None]
        lines += _listed(f"{mode}: answers that failed, and do not count", failed)
        troubled = [answer.trouble for answer in run.whole(mode) if answer.trouble is not None]
        lines += _listed(f"{mode}: answers with one model failing, which count", troubled)
    return lines


def plot(run: Run) -> str:
    """Draw the first text of each mode as SVG."""
    rows = [(mode, run.values(mode, "first_text")) for mode in run.modes]
    return strips("From the question to the first text", rows)


def _listed(what: str, said: Sequence[str]) -> list[str]:
    if not said:
        return []
    counted = Counter(said).most_common(MOST_FAILURES_SHOWN)
    return [f"{what}: {len(said)}", *(f"  {times} x {reason}" for reason, times in counted)]
