"""The timeline of a reply, drawn in a terminal: what was heard when, after the question's end."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table
from rich.text import Text

from blastoff_pipecat.demo.call import Turn

MAX_WIDTH = 58
"""Characters that a drawn timeline is wide, where the terminal has them."""

_MIN_WIDTH = 16
_LABEL_WIDTH = 12
_DRAWN = "·│━─"
_PLAIN = ".|=-"
"""What stands for silence, the end of the turn, the opening and the continuation."""

OPENING_STYLE = "bold green"
CONTINUATION_STYLE = "cyan"


@dataclass(frozen=True)
class Timeline:
    """One reply's times, in seconds after the last sound of the question; None: not reached."""

    label: str
    turn_ended: float | None
    opening_text: float | None
    opening_heard: float | None
    opening_over: float | None
    continuation_text: float | None
    continuation_heard: float | None
    over: float | None
    gap: float | None

    @classmethod
    def of(cls, label: str, turn: Turn) -> "Timeline":
        """Take the times of a turn."""
        reply, zero = turn.reply, turn.asked_until

        def after(at: float | None) -> float | None:
            return None if at is None else at - zero

        return cls(
            label=label,
            turn_ended=after(reply.turn_ended),
            opening_text=after(reply.opening_text),
            opening_heard=after(reply.opening_heard),
            opening_over=after(reply.opening_over),
            continuation_text=after(reply.continuation_text),
            continuation_heard=after(reply.continuation_heard),
            over=after(reply.over),
            gap=reply.gap,
        )

    @property
    def first_heard(self) -> float | None:
        """When the bot was first heard."""
        heard = [at for at in (self.opening_heard, self.continuation_heard) if at is not None]
        return min(heard, default=None)

    @property
    def wait(self) -> float | None:
        """From the end of the turn, as the bot noticed it, to when the bot was first heard."""
        if self.first_heard is None or self.turn_ended is None:
            return None
        return self.first_heard - self.turn_ended


def draw(timelines: Sequence[Timeline], *, width: int = 80, plain: bool = False) -> Group:
    """Draw timelines one under the other on one scale, with their figures in a table.

    Args:
        timelines: The replies.
        width: Characters that the terminal is wide.
        plain: Whether the terminal has ASCII characters only.
    """
    cells = max(_MIN_WIDTH, min(MAX_WIDTH, width - _LABEL_WIDTH - 2))
    longest = max((line.over or 0.0 for line in timelines), default=0.0) or 1.0
    bars = [_bar(line, longest, cells, _PLAIN if plain else _DRAWN) for line in timelines]
    none = "-" if plain else "–"
    return Group(*bars, _scale(longest, cells), Text(), _table(timelines, none))


def _bar(line: Timeline, longest: float, width: int, glyphs: str) -> Text:
    silence, turn_end, opening, continuation = glyphs
    cells = [(silence, "dim")] * width

    def paint(start: float | None, end: float | None, char: str, style: str) -> None:
        if start is None or end is None:
            return
        first = int(start / longest * width)
        for at in range(first, max(first + 1, int(end / longest * width))):
            if 0 <= at < width:
                cells[at] = (char, style)

    paint(line.turn_ended, line.turn_ended, turn_end, "dim")
    paint(line.continuation_heard, line.over, continuation, CONTINUATION_STYLE)
    paint(line.opening_heard, line.opening_over, opening, OPENING_STYLE)
    text = Text(f"{line.label:>{_LABEL_WIDTH}} ")
    for char, style in cells:
        text.append(char, style)
    return text


def _scale(longest: float, width: int) -> Text:
    right = f"{longest:.1f} s"
    left = "0 s: the question ends"
    if len(left) + len(right) >= width:
        left = "0 s"
    text = Text(" " * (_LABEL_WIDTH + 1), style="dim")
    return text.append(left + right.rjust(width - len(left)), "dim")


def _table(timelines: Sequence[Timeline], none: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("seconds after the question", justify="right", style="dim")
    for line in timelines:
        table.add_column(line.label, justify="right")
    rows = (
        ("end of turn noticed", "turn_ended"),
        ("first opening text", "opening_text"),
        ("opening heard", "opening_heard"),
        ("first continuation text", "continuation_text"),
        ("continuation heard", "continuation_heard"),
        ("gap at the seam (silence)", "gap"),
        ("the bot is first heard", "first_heard"),
        ("that is, after the turn", "wait"),
        ("the bot has finished", "over"),
    )
    for title, name in rows:
        style = "bold" if name in ("first_heard", "wait") else ""
        table.add_row(title, *(_secs(getattr(line, name), none) for line in timelines), style=style)
    return table


def _secs(value: float | None, none: str) -> str:
    return none if value is None else f"{value:.2f}"
