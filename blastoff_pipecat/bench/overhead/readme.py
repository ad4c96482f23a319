"""The README's figures, from the measurements that are committed beside this file.

`blastoff bench overhead --json blastoff_pipecat/bench/overhead/measured.json` measures anew, and
so does `python -m blastoff_pipecat.bench.overhead.crowd --rounds 9` with
`--json blastoff_pipecat/bench/overhead/crowd.json`;
`python -m blastoff_pipecat.bench.overhead.readme` prints the table, and what is said of the crowd.
"""

import json
from pathlib import Path
from typing import Any

from blastoff_pipecat.bench.beside.models import SMALL_TTFT_SECS
from blastoff_pipecat.bench.report import markdown

MEASURED = Path(__file__).with_name("measured.json")
CROWD = Path(__file__).with_name("crowd.json")


def table() -> str:
    """Write the figures as a Markdown table, with how they were measured under it."""
    measured: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    head = ("figure", "stock, one model", "two models", "ratio")
    about = measured["about"]
    return markdown(head, map(_row, measured["figures"])) + (
        f"\nMedians of interleaved runs on {about['cores']} shared cores ({about['system']}, "
        f"Python {about['python']}, pipecat-ai {about['pipecat-ai']}, openai {about['openai']}, "
        f"aiohttp {about['aiohttp']}, {about['loop']}), scripted models on loopback, no observers. "
        "Read the ratios: `blastoff bench overhead` measures on yours.\n"
    )


def crowd() -> str:
    """Write how many replies at once one server process streams, as a paragraph."""
    measured: dict[str, Any] = json.loads(CROWD.read_text(encoding="utf-8"))
    served, about = measured["server"], measured["about"]
    rounds = served["p95 of each round"]
    broken = "none" if not served["broken"] else str(served["broken"])
    return (
        f"One process streamed {measured['size']} replies at once, each at 50 tokens a second, on "
        f"{about['cores']} cores that it shared with the models and the clients: tokens came "
        f"{served['p50']:.0f} ms late (p95 {served['p95']:.0f} ms), the first text after "
        f"{served['first p50']:.0f} ms (p95 {served['first p95']:.0f} ms; the small model took "
        f"{1e3 * SMALL_TTFT_SECS:.0f} ms of them), and {broken} of them lost or reordered a word. "
        f"That is the median of {len(rounds)} rounds, whose p95 ranged from {rounds[0]:.0f} to "
        f"{rounds[-1]:.0f} ms. {measured['drops']:,} clients that hung up at random moments left "
        f"{measured['sockets left'] or 'no'} sockets behind.\n"
    )


def _row(figure: dict[str, Any]) -> tuple[str, ...]:
    unit, ratio = figure["unit"], figure["ratio"]
    shown = "–" if ratio is None else f"{ratio:.2g}×"
    values = (figure["stock"], figure["dual"])
    stock, dual = (f"{v:,.0f} {unit}" if v >= 100 else f"{v:.3g} {unit}" for v in values)
    return figure["name"], stock, dual, shown


if __name__ == "__main__":
    print(table(), crowd(), sep="\n", end="")
