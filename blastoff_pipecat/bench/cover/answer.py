"""When a large model's answer comes, up to the end of its first sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from blastoff_pipecat.relay.first_sentence import FirstSentence


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer: the seconds since the request at which all of it is there."""

    secs: float
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, in the few pieces whose times matter to a listener.

    Attributes:
        pieces: Its first text; its first clause; the rest of its first sentence, with the character
            behind it that a voice waits for.
        ends: Whether it is over with them.
    """

    pieces: tuple[Piece, ...]
    ends: bool = False

    @property
    def ttft(self) -> float:
        """Seconds to the first text."""
        return self.pieces[0].secs

    @property
    def clause(self) -> float:
        """Seconds to the first whole clause."""
        return self.pieces[min(1, len(self.pieces) - 1)].secs

    @property
    def sentence(self) -> float:
        """Seconds until a voice that gathers sentences begins to say the first."""
        return self.pieces[-1].secs

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"pieces": [[piece.secs, piece.text] for piece in self.pieces], "ends": self.ends}

    @classmethod
    def from_data(cls, data: Any) -> "Answer":
        """Read what `as_data` wrote.

        Raises:
            ValueError: It is something else.
        """
        try:
            pieces = tuple(Piece(float(secs), str(text)) for secs, text in data["pieces"])
            ends = bool(data["ends"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"holds what is no answer: {data!r}"[:120]) from error
        in_order = all(a.secs <= b.secs for a, b in pairwise(pieces))
        if not pieces or not in_order or not 0 <= pieces[0].secs <= pieces[-1].secs < 3600:
            raise ValueError(f"holds times that cannot be: {data!r}"[:120])
        return cls(pieces, ends)


def cut(texts: Iterable[tuple[float, str]]) -> Answer | None:
    """Cut an answer, as it came, into the pieces that matter; None where no text came."""
    first, pieces, held, at = FirstSentence(), list[Piece](), "", 0.0
    for secs, text in texts:
        had_clause, at = first.has_clause, secs
        first.feed(text)
        held += text
        ripe = not pieces or first.has_clause != had_clause
        if held.strip() and (ripe or first.is_whole):
            pieces.append(Piece(secs, held))
            held = ""
        if first.is_whole:
            return Answer(tuple(pieces))
    if held.strip():
        pieces.append(Piece(at, held))
    return Answer(tuple(pieces), ends=True) if pieces else None
