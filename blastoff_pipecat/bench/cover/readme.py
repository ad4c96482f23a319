"""The README's plot of the simulator, and how far it agrees with what is measured.

Both are made of the measurements committed beside this file and in `blastoff_pipecat.bench.heard`.
`blastoff bench cover --replies 10000 --latency 0.15 --latency 0.3 --latency 0.8 --json
blastoff_pipecat/bench/cover/measured.json` plays them anew;
`python -m blastoff_pipecat.bench.cover.readme` draws the plot beside it and prints the table.
"""

import json
from itertools import groupby
from pathlib import Path

from blastoff_pipecat.bench.cover.agreement import TOLERANCE, UNFELT_SECS, compare
from blastoff_pipecat.bench.cover.report import plot
from blastoff_pipecat.bench.heard.contestants import Contestant
from blastoff_pipecat.bench.heard.readme import MEASURED as HEARD
from blastoff_pipecat.bench.heard.report import NAMES
from blastoff_pipecat.bench.report import markdown

MEASURED = Path(__file__).with_name("measured.json")
PLOT = MEASURED.with_suffix(".svg")
_HEAD = "large model's first token", "service", "first sound", "answer heard", "longest silence"


def drawn() -> str:
    """Draw what was played, as SVG."""
    return plot(json.loads(MEASURED.read_text(encoding="utf-8")))


def table() -> str:
    """Write what was measured beside what was simulated as a Markdown table."""
    compared = list(compare(json.loads(HEARD.read_text(encoding="utf-8"))))
    rows = [
        (
            f"{ttft:g} s",
            NAMES[Contestant(contestant)],
            *(f"{each.measured:.2f} / {each.simulated:.2f}" for each in cell),
        )
        for (ttft, contestant), cell in groupby(compared, lambda each: (each.ttft, each.contestant))
    ]
    agree = sum(each.agrees for each in compared)
    return markdown(_HEAD, rows) + (
        f"\nSeconds measured in a real pipeline / simulated: {agree} of {len(compared)} pairs are "
        f"within {TOLERANCE:.0%}, or {UNFELT_SECS:g} s, of each other.\n"
    )


if __name__ == "__main__":
    PLOT.write_text(drawn(), encoding="utf-8")
    print(table(), end="")
