"""What was measured, as a table for reading, as a table of a page, and as JSON for scripts."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench import loop, report
from blastoff_pipecat.bench.beside.contestants import NAMES, TITLES
from blastoff_pipecat.bench.beside.figures import Figure
from blastoff_pipecat.bench.beside.run import MOST_HELD
from blastoff_pipecat.bench.shell import say


def as_data(figures: Sequence[Figure], versions: dict[str, str], failure: str | None) -> Any:
    """Return everything as plain data; samples are in seconds, bytes and counts.

    Args:
        figures: The figures.
        versions: Of the others' programs.
        failure: Why there are no more; None where all was measured.
    """
    told = [
        {
            "name": figure.name,
            "unit": figure.unit,
            **{name: figure.median(name) for name in NAMES},
            "of_litellm": figure.ratio("litellm"),
            "of_nginx": figure.ratio("nginx"),
            "target": figure.most,
            "reached": figure.reached,
            "samples": figure.samples,
        }
        for figure in figures
    ]
    about = {**report.machine(), "loop": loop.NAME, **versions}
    return {"about": about, "failure": failure, "figures": told}


def rows(figures: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Write figures, as `as_data` has them, as the cells of a table below `HEAD`."""
    return [
        (
            figure["name"],
            *(_value(figure[name], figure["unit"]) for name in NAMES),
            _ratio(figure["of_litellm"]),
            "" if figure["target"] is None else f"≤ {figure['target']:g}×",
            _ratio(figure["of_nginx"]),
        )
        for figure in figures
    ]


HEAD = (
    *("figure", *(TITLES[name] for name in NAMES)),
    *("ours / LiteLLM", "target", "ours / nginx"),
)


def show(data: Any, console: Console) -> None:
    """Print the table, and what it was measured with."""
    table = Table(*HEAD, caption="medians of rounds in turns; ratio: of each round")
    for row in rows(data["figures"]):
        table.add_row(*row)
    console.print(table)
    told = "; ".join(f"{name} {value}" for name, value in data["about"].items())
    say(told, console)


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if not unit:
        return f"{value:.0f}" if value < MOST_HELD else f"{value:.0f} or more"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def _ratio(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2g}×"
