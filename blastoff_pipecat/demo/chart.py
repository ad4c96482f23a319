"""Timelines drawn in a terminal: what was heard when, after the question's end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

MAX_WIDTH = 58
"""Characters that a drawn timeline is wide, where the terminal has them."""

_MIN_WIDTH = 16
_LABEL_WIDTH = 12
_DRAWN = "·│━─"
_PLAIN = ".|=-"
"""What stands for silence, the end of the turn, the opening and the continuation."""

_FIRST_HEARD, _WAIT = "the bot is first heard", "that is, after the turn"

OPENING_STYLE = "bold green"
CONTINUATION_STYLE = "cyan"


@dataclass(frozen=True)
class Timeline:
    """One reply's timeline.

    Attributes:
        label: Whose it is.
        told: What `TimelineObserver` told of it last.
    """

    label: str
    told: Mapping[str, Any]

    def at(self, name: str) -> float | None:
        """Return one of its times, in seconds after the question's end; None: not reached."""
        return self.told["times"][name]

    @property
    def first_heard(self) -> float | None:
        """When the bot was first heard."""
        waiting = (line["heard"] for line in self.told["waiting_lines"])
        heard = (self.at("opening_heard"), *waiting, self.at("continuation_heard"))
        return min((at for at in heard if at is not None), default=None)

    @property
    def wait(self) -> float | None:
        """From the end of the turn, as the bot noticed it, to when the bot was first heard."""
        if self.first_heard is None or (turn_ended := self.at("turn_ended")) is None:
            return None
        return self.first_heard - turn_ended

    @property
    def figures(self) -> dict[str, float | None]:
        """What a table says of it, in seconds, by title."""
        return {
            "end of turn noticed": self.at("turn_ended"),
            "first opening text": self.at("opening_text"),
            "opening heard": self.at("opening_heard"),
            "first continuation text": self.at("continuation_text"),
            "continuation heard": self.at("continuation_heard"),
            "gap at the seam (silence)": self.told["gap"],
            _FIRST_HEARD: self.first_heard,
            _WAIT: self.wait,
            "the bot has finished": self.at("over"),
        }


def draw(timelines: Sequence[Timeline], *, width: int = 80, plain: bool = False) -> Group:
    """Draw timelines one under the other on one scale, with their figures in a table.

    Args:
        timelines: The replies.
        width: Characters that the terminal is wide.
        plain: Whether the terminal has ASCII characters only.
    """
    cells = max(_MIN_WIDTH, min(MAX_WIDTH, width - _LABEL_WIDTH - 2))
    longest = max((line.at("over") or 0.0 for line in timelines), default=0.0) or 1.0
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

    paint(line.at("turn_ended"), line.at("turn_ended"), turn_end, "dim")
    paint(line.at("continuation_heard"), line.at("over"), continuation, CONTINUATION_STYLE)
    paint(line.at("opening_heard"), line.at("opening_over"), opening, OPENING_STYLE)
    for waiting in line.told["waiting_lines"]:
        paint(waiting["heard"], waiting["over"], opening, OPENING_STYLE)
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
    figures = [line.figures for line in timelines]
    for title in figures[0] if figures else ():
        style = "bold" if title in (_FIRST_HEARD, _WAIT) else ""
        table.add_row(title, *(_secs(each[title], none) for each in figures), style=style)
    return table


def _secs(value: float | None, none: str) -> str:
    return none if value is None else f"{value:.2f}"
