"""What a listener is promised, held against what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass

from blastoff_pipecat.bench.heard.contestants import OURS, Contestant
from blastoff_pipecat.bench.heard.run import Cell, Run

LATER_SECS = 0.05
"""How much later than alone the answer may be heard, at the median."""

FIRST_SOUND_SECS = 0.4
"""By when the first sound is heard …"""

SLOW_SECS = 1.4
"""… where it would otherwise come after this."""

QUICK_TTFTS_SECS = (0.1, 0.3)
"""With such a large model there is no opening."""

SILENCE_SECS = 1.2
"""The longest silence after the first sound."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A promise that is not kept.

    Attributes:
        cell: By whom, and with which large model.
        promise: What was promised, and what was heard.
    """

    cell: Cell
    promise: str


def missed(run: Run) -> list[Miss]:
    """Return what is missed, in the order of the table."""
    stock = {cell.ttft: cell for cell in run.whole if cell.contestant is Contestant.STOCK}
    return [
        Miss(cell, promise)
        for cell in run.whole
        if cell.contestant in OURS and cell.ttft in stock
        for promise in _missed(cell, stock[cell.ttft])
    ]


def _missed(cell: Cell, stock: Cell) -> Iterable[str]:
    ours, alone = cell.figures, stock.figures
    if ours["answer"] > alone["answer"] + LATER_SECS:
        yield f"answer heard at {ours['answer']:.2f} s, alone at {alone['answer']:.2f} s"
    if alone["first_sound"] > SLOW_SECS and ours["first_sound"] > FIRST_SOUND_SECS:
        yield f"first sound at {ours['first_sound']:.2f} s, not within {FIRST_SOUND_SECS:g} s"
    opened = sum(reply.opened for reply in cell.replies)
    if cell.ttft in QUICK_TTFTS_SECS and opened:
        yield f"{opened} of {len(cell.replies)} replies opened needlessly"
    silence = ours["silence"]
    if silence > SILENCE_SECS:
        yield f"{silence:.2f} s of silence after the first sound, more than {SILENCE_SECS:g} s"
