"""Where an opening ends, and what may not be in it.

An opening is what the small model says. Two things can produce one:

- `WrittenOpening`: the small model writes it (styles ``acknowledge`` and ``answer``). It is
  released clause by clause, each clause as soon as it is whole and at least `min_words` long, and
  it is done at the first clause end at which it has `enough_words`. It is never cut inside a word.
- `ChosenOpening`: the small model picks one of the lines that the bot's owner approved (style
  ``choose``). It is done as soon as what the model wrote fits one line only, which is often after
  one token. What fits no line is answered with the first line: nothing unapproved is ever said.

Both are fed with the small model's text and return the pieces to say. A piece carries the white
space that joins it to the piece before. `done` tells that nothing more is wanted from the model;
an opening that is done with an empty `text` is none.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from blastoff_pipecat.relay.scripts import count_words, is_unspaced, tokens

_QUOTES_AND_MARKUP = '"“”«»*_#> '
_CLOSERS = "\"'”’»)\\]」』"
_clause_end = re.compile(
    rf"[…‥。！？｡，、；：؛؟،।]+[{_CLOSERS}]*"
    rf"|[.!?,;:]+[{_CLOSERS}]*(?=\s|$|[^\x00-\x7f])"
    r"|[—–](?!\w)"
    r"|\n"
)
_abbreviation = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|vs|etc|no|fig|approx|e\.g|i\.e|z\.b|bzw|sra?|dra|mme|mlle)"
    r"|(?:^|[\W\d_])[^\W\d_])$",
    re.IGNORECASE,
)
_assertions = re.compile(
    r"\W*(?:(?:yes|yeah|yep|yup|no(?! problem| worries)|nope|nah|absolutely|definitely|correct"
    r"|ja|nein|doch|oui|non|sí|sì|sim|não|nee|tak|nie|да|нет|نعم|لا|हाँ|हां|नहीं)\b"
    r"|是的|不是|对的|不对|没有|はい|いいえ|네\b|아니요)",
    re.IGNORECASE,
)
_yes_anywhere = re.compile(r"\b(?:yes|oui|sì)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRules:
    """What an opening must be.

    Attributes:
        min_words: No piece is shorter, where the model said that many.
        enough_words: The opening is done at the first clause end with at least this many words.
        max_words: A clause that has not ended by then is cut after its last whole word.
        neutral: Refuse digits, yes and no: an opening that must not commit to anything.
        unit: What is released at once: a whole clause, or each whole word.
    """

    min_words: int = 3
    enough_words: int = 3
    max_words: int = 16
    neutral: bool = True
    unit: Literal["clause", "word"] = "clause"


class Opening(Protocol):
    """The opening of one reply while the small model produces it."""

    @property
    def text(self) -> str:
        """All that was released so far."""
        ...

    @property
    def done(self) -> bool:
        """Whether nothing more is wanted from the small model."""
        ...

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the model's text; return what is to be said now."""
        ...

    def end(self, *, cut_off: bool) -> list[str]:
        """Take note that no more text comes; return what is still to be said.

        Args:
            cut_off: Whether the model was stopped in the middle of something, so that its last
                word may be half a word.
        """
        ...


class WrittenOpening:
    """An opening in the small model's own words."""

    def __init__(
        self,
        rules: OpeningRules | None = None,
        *,
        recent: Iterable[str] = (),
        stand_ins: Sequence[str] = (),
    ) -> None:
        """Start an opening.

        Args:
            rules: What it must be.
            recent: Openings of the last few turns, not to be used again while there is another.
            stand_ins: Approved lines, one of which is said in place of an opening that was used
                recently or that asserts something it must not.
        """
        self.text = ""
        self.done = False
        self._rules = rules or OpeningRules()
        self._recent = tuple(_plain(line) for line in recent)
        self._stand_ins = tuple(line for line in stand_ins if _plain(line) not in self._recent)
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the model's text; return what is to be said now."""
        if self.done:
            return []
        self._held += text
        if not self.text and not self._held.strip():
            self._held = ""
            return []
        return self._release()

    def end(self, *, cut_off: bool) -> list[str]:
        """Take note that no more text comes; return what is still to be said."""
        if self.done:
            return []
        pieces = self._release(at_end=not cut_off)
        if not self.done:
            if not cut_off:
                pieces += self._say(self._held, last=True)
            elif not self.text:
                words = _whole_words(self._held)
                if count_words(words) >= self._rules.min_words:
                    pieces += self._say(words, last=True)
            self.done = True
        return pieces

    def _release(self, *, at_end: bool = False) -> list[str]:
        pieces: list[str] = []
        at = 0
        while not self.done:
            cut = self._next_cut(at, at_end)
            if self._forbidden(self._held[:cut], at_end):
                return pieces + self._refuse()
            if cut is None:
                if count_words(self.text + self._held) > self._rules.max_words:
                    room = self._rules.max_words - count_words(self.text)
                    pieces += self._say(_first_words(self._held, room), last=True)
                elif self._rules.unit == "word":
                    pieces += self._release_words()
                return pieces
            enough = count_words(self.text + self._held[:cut]) >= self._rules.enough_words
            if count_words(self._held[:cut]) < self._rules.min_words and not enough:
                at = cut
                continue
            piece, self._held = self._held[:cut], self._held[cut:]
            pieces += self._say(piece, last=enough)
            at = 0
        return pieces

    def _release_words(self) -> list[str]:
        """Release the whole words there are, once the first few are together."""
        words = _whole_words(self._held).rstrip()
        if count_words(self.text + words) < self._rules.min_words or not words:
            return []
        self._held = self._held[len(words) :]
        return self._say(words)

    def _next_cut(self, start: int, at_end: bool) -> int | None:
        """Find where the first clause that ends after `start` characters ends."""
        for found in _clause_end.finditer(self._held, start):
            before = self._held[: found.start()]
            if found[0][0] == "." and _abbreviation.search(before):
                continue
            undecided = found.end() == len(self._held) and not at_end
            if undecided and before[-1:].isdigit():  # "3." may become "3.5"
                continue
            if before.strip() or self.text:
                return found.end()
        return None

    def _forbidden(self, clause: str, at_end: bool) -> bool:
        """Tell whether a clause says what an opening must not say."""
        if not self._rules.neutral:
            return False
        if any(char.isdigit() for char in clause) or _yes_anywhere.search(clause):
            return True
        found = None if self.text else _assertions.match(clause)
        # A word that is still growing ("no" of "nothing") is judged when it is whole.
        return found is not None and (at_end or found.end() < len(clause))

    def _refuse(self) -> list[str]:
        """End the opening before what must not be said."""
        self.done = True
        self._held = ""
        return self._stand_in() if not self.text else []

    def _stand_in(self) -> list[str]:
        if not self._stand_ins:
            return []
        self.text = self._stand_ins[0]
        self.done = True
        return [self.text]

    def _say(self, piece: str, *, last: bool = False) -> list[str]:
        self.done = self.done or last
        spoken = piece.strip()
        if not tokens(spoken) and count_words(spoken) == 0:
            return []
        if not self.text:
            spoken = spoken.strip(_QUOTES_AND_MARKUP)
            if self._used_recently(spoken) and (stand_in := self._stand_in()):
                return stand_in
            joined = spoken
        elif piece[0].isspace() and not is_unspaced(self.text[-1]):
            joined = f" {spoken}"
        else:
            joined = spoken
        self.text += joined
        return [joined]

    def _used_recently(self, piece: str) -> bool:
        plain = _plain(piece)
        return any(line.startswith(plain) for line in self._recent)


class ChosenOpening:
    """An opening picked by the small model from approved lines."""

    def __init__(self, lines: Sequence[str], *, recent: Iterable[str] = ()) -> None:
        """Start a choice.

        Args:
            lines: The approved lines; the first is the neutral one.
            recent: Openings of the last few turns, left out while there is another line.

        Raises:
            ValueError: There is no line to choose from.
        """
        if not lines:
            raise ValueError("openings: style 'choose' needs at least one line to choose from")
        used = {_plain(line) for line in recent}
        self.lines = tuple(line for line in lines if _plain(line) not in used) or tuple(lines)
        self.text = ""
        self.done = False
        self._written = ""

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the model's text; return the line once it is certain."""
        if self.done:
            return []
        self._written += text
        written = _plain(self._written)
        fits = [line for line in self.lines if _plain(line).startswith(written)]
        whole = [line for line in self.lines if written.startswith(_plain(line))]
        if len(fits) > 1:
            return []
        return self._settle(max(fits or whole or self.lines[:1], key=len))

    def end(self, *, cut_off: bool) -> list[str]:
        """Settle on the first line that fits what was written; on none, if nothing was."""
        if self.done:
            return []
        written = _plain(self._written)
        if not written:
            self.done = True
            return []
        fits = [line for line in self.lines if _plain(line).startswith(written)]
        exact = [line for line in fits if _plain(line) == written]
        return self._settle((exact or fits or self.lines)[0])

    def _settle(self, line: str) -> list[str]:
        self.text = line
        self.done = True
        return [line]


def _plain(line: str) -> str:
    """Reduce a line to what a listener tells apart: its words."""
    return " ".join(token[0].casefold() for token in tokens(line))


def _first_words(text: str, count: int) -> str:
    """Keep the first `count` words of a text."""
    end = 0
    for token in tokens(text):
        if count_words(text[: token.end()]) > count:
            break
        end = token.end()
    return text[:end]


def _whole_words(text: str) -> str:
    """Leave off the last word unless white space or punctuation shows that it is whole."""
    if not text or not text[-1].isalnum() or is_unspaced(text[-1]):
        return text
    words = text.rsplit(None, 1)
    return words[0] if len(words) == 2 else ""
