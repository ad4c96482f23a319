r"""The pages' figures of the seam, from the measurements committed beside this file.

Two runs are kept: the embedded pair as it is, and each style by each handover.

    blastoff bench seam --opening auto --opening always --json measured.json
    blastoff bench seam --opening always --style acknowledge --style choose --style answer \
        --handover beside --handover prefix --conversations 0 --json styles.json

`python -m blastoff_pipecat.bench.seam.readme` judges what was said, draws the plot beside it and
writes both pages.
"""

import re
from pathlib import Path

from blastoff_pipecat.bench.report import markdown
from blastoff_pipecat.bench.seam.record import read
from blastoff_pipecat.bench.seam.report import FAULT_NAMES, figures, legend, plot, rows
from blastoff_pipecat.bench.seam.way import ALONE

MEASURED = Path(__file__).with_name("measured.json")
STYLES = MEASURED.with_name("styles.json")
PLOT = MEASURED.with_suffix(".svg")
_ROOT = Path(__file__).parents[3]
_SEAM = ("misfit", "repeat", "double_lead_in", "grammar_break", "contradiction")


def drawn() -> str:
    """Draw what was measured, as SVG."""
    return plot(read(MEASURED))


def table(measured: Path = MEASURED) -> str:
    """Write a run's figures as a Markdown table, with how they were measured under it."""
    run = read(measured)
    found = figures(run)
    head = ("figure", *map(str, found))
    cells = rows(judged=bool(run.judge))
    lines = ((called, *map(cell, found.values())) for called, cell in cells)
    return markdown(head, lines) + (
        f"\n{run.where}, on {run.about['cores']} shared cores. {legend(run)} `blastoff bench seam` "
        "measures it on yours.\n"
    )


def sentence() -> str:
    """Say in few words what comes of it, with an opening to every reply that may have one."""
    run = read(MEASURED)
    found = figures(run)
    each, alone = next(found[way] for way in found if way.always), found[ALONE]
    kept, seams = each.retention, each.faults["misfit"].of
    if kept is None or kept.value is None or kept.interval is None:
        raise ValueError(f"{MEASURED.name} has no right answer")
    low, high = kept.interval
    seen = (f"{each.faults[name].hits} {FAULT_NAMES[name]}" for name in _SEAM)
    return (
        f"Two models keep {kept.value:.2f} (95 % interval {low:.2f}–{high:.2f}) of the right "
        f"answers that the large one gives alone, and in {seams} replies with something said "
        f"before the answer there were {', '.join(seen)}. That is with {run.where}, of which the "
        f"large one answers {alone.right.value or 0.0:.0%} rightly, and an opening wherever "
        "one may be; `blastoff bench seam` measures it on yours.\n"
    )


def _write(page: str, mark: str, text: str) -> None:
    path = _ROOT / page
    part = re.compile(rf"(<!-- {mark}:[^>]*-->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    written, times = part.subn(lambda found: f"{found[1]}{text}{found[2]}", path.read_text("utf-8"))
    if times != 1:
        raise ValueError(f"{page} has {times} parts marked {mark}")
    path.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    PLOT.write_text(drawn(), encoding="utf-8")
    _write("blastoff_pipecat/bench/README.md", "seam", table())
    _write("blastoff_pipecat/bench/README.md", "styles", table(STYLES))
    _write("README.md", "kept", sentence())
