"""What the bench measured, as a table for reading and as JSON for scripts."""

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blastoff_pipecat.bench.overhead import loop
from blastoff_pipecat.bench.overhead.row import Row

try:
    from rich.console import Console
    from rich.table import Table
except ImportError:  # an extra
    Console = Table = None

_PACKAGES = ("pipecat-ai", "openai", "aiohttp", "orjson")
_HEAD = ("figure", "stock, one model", "ours, two models", "ratio", "target", "n")


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "loop": loop.NAME,
        **{name: _version(name) for name in _PACKAGES},
    }


def as_data(rows: Sequence[Row], about: dict[str, Any]) -> dict[str, Any]:
    """Return everything as plain data; samples are in seconds, bytes and counts."""
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
        if row.samples["dual"]
    ]
    return {"about": about, "figures": figures}


def write(data: dict[str, Any], path: Path) -> None:
    """Write the data as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def show(rows: Sequence[Row], about: dict[str, Any], *, markdown: bool = False) -> None:
    """Print the table.

    Args:
        rows: The figures.
        about: What they were measured on.
        markdown: Whether the table is for a page.
    """
    cells = [_cells(row) for row in rows if row.samples["dual"]]
    if markdown or Console is None or Table is None:
        print(f"| {' | '.join(_HEAD)} |\n|{'---|' * len(_HEAD)}")
        for line in cells:
            print(f"| {' | '.join(line)} |")
    else:
        table = Table(
            *_HEAD, caption="medians and quartiles of rounds in turns; ratio: of each round"
        )
        for line in cells:
            table.add_row(*line)
        Console(width=None if sys.stdout.isatty() else 150).print(table)
    print(", ".join(f"{name} {value}" for name, value in about.items() if value is not None))


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    if len(row.ratios) > 1:
        ratio += f" [{min(row.ratios):.2f}–{max(row.ratios):.2f}]"
    mark = {True: " ✓", False: " ✗", None: ""}[row.reached]
    values = []
    for kind in ("stock", "dual"):
        low, high = row.spread(kind)
        values.append(f"{_short(row.median(kind))} [{_short(low)}–{_short(high)}] {row.unit}")
    return (row.name, *values, ratio, row.target + mark, str(len(row.samples["dual"])))


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
