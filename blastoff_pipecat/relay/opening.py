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
an opening that is done with an empty `text` is none, and `declined` tells whether that is what the
model said.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from blastoff_pipecat.relay.clauses import clause_end, ends_sentence
from blastoff_pipecat.relay.commitments import affirms, answers, commits, may_commit
from blastoff_pipecat.relay.decline import declines, may_decline, signs_off
from blastoff_pipecat.relay.scripts import (
    CLAUSE_MARKS,
    count_words,
    ended,
    is_never_spaced,
    is_unspaced,
    plain,
    tokens,
)

_QUOTES_AND_MARKUP = '"“”«»*_#> '


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRules:
    """What an opening must be.

    Attributes:
        min_words: No piece is shorter, where the model said that many.
        enough_words: The opening is done at the first clause end with at least this many words.
        max_words: A clause that has not ended by then is cut after its last whole word.
        neutral: Refuse digits and what `commits`: an opening must not commit the bot to anything.
        unit: What is released at once: a whole clause, or each whole word.
    """

    min_words: int = 3
    enough_words: int = 3
    max_words: int = 16
    neutral: bool = True
    unit: Literal["clause", "word"] = "clause"


class Opening(ABC):
    """The opening of one reply while the small model produces it.

    Attributes:
        text: All that was released so far.
        done: Whether nothing more is wanted from the small model.
        declined: Whether the small model said that no opening is needed.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.text = ""
        self.done = self.declined = False

    @abstractmethod
    def feed(self, text: str) -> list[str]:
        """Take the next piece of the model's text; return what is to be said now."""

    @abstractmethod
    def end(self, *, cut_off: bool) -> list[str]:
        """Take note that no more text comes; return what is still to be said.

        Args:
            cut_off: Whether the model was stopped in the middle of something, so that its last
                word may be half a word.
        """


class WrittenOpening(Opening):
    """An opening in the small model's own words."""

    def __init__(
        self,
        rules: OpeningRules | None = None,
        *,
        recent: Iterable[str] = (),
        stand_ins: Sequence[str] = (),
        suits: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Start an opening.

        Args:
            rules: What it must be.
            suits: Whether it may begin with this.
            recent: The last few replies; none is begun like one of them while there is another way.
            stand_ins: Approved lines, one of which is said in place of an opening that was used
                recently or that asserts something it must not.
        """
        super().__init__()
        self._rules = rules or OpeningRules()
        self._recent = tuple(plain(reply) for reply in recent)
        self._stand_ins = stand_ins
        self._suits = suits
        self._held = ""
        self._apart = False  # white space stands behind what was released

    def last(self, words: int) -> None:
        """Have it go on for so many words, within its rules; before anything was fed."""
        enough = min(max(words, self._rules.min_words), self._rules.max_words)
        self._rules = replace(self._rules, enough_words=enough)

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
            if not (cut_off or self.text) and self._declines(self._held):
                self._decline()
                return pieces
            rest = _whole_words(self._held) if cut_off else self._held
            enough = count_words(rest) >= self._rules.min_words
            if enough or (not cut_off and self._rules.unit == "word"):
                wanted = not (cut_off and self.text)
            else:
                wanted = not (cut_off or self.text)
            if wanted:
                pieces += self._say(rest)
            self.done = True
        return pieces

    def _release(self, *, at_end: bool = False) -> list[str]:
        rules = self._rules
        pieces: list[str] = []
        at = 0
        while not self.done:
            cut = clause_end(self._held, at, at_end=at_end, begun=bool(self.text))
            clause = self._held[:cut]
            if (cut or at_end) and not self.text and signs_off(clause) and self._declines(clause):
                self._decline()
                return pieces
            too_long = count_words(f"{self.text} {clause}") > rules.max_words
            judged, room = clause, rules.max_words - count_words(self.text)
            if too_long:  # judged is as much as would have been before the rest came
                judged = _first_words(clause, room, parted=False)
                clause = _first_words(clause, room, parted=True)
            if self._forbidden(judged, settled=too_long or at_end):
                return pieces + self._refuse()
            if too_long:
                self.done = True
                # What was said ends with a clause, unless single words are said.
                return pieces + (self._say(clause) if rules.unit == "word" or not self.text else [])
            if cut is None:
                return pieces + (self._release_words() if rules.unit == "word" else [])
            short = count_words(clause) < rules.min_words
            self.done = count_words(f"{self.text} {clause}") >= rules.enough_words
            if short and not (self.done and rules.unit == "word"):
                # A few words alone sound shouted: they go with the next clause, or are left out.
                self.done = self.done and bool(self.text)
                at = cut
                continue
            self._held = self._held[cut:]
            pieces += self._say(clause)
            at = 0
        return pieces

    def _release_words(self) -> list[str]:
        """Release the whole words there are, once the first few are together."""
        words = _whole_words(self._held).rstrip()
        if not words or count_words(self.text + words) < self._rules.min_words:
            return []
        undecided = may_commit(self.text + words) or (not self.text and may_decline(words))
        if (undecided and self._rules.neutral) or not (self.text or self._suits(words)):
            return []
        self._held = self._held[len(words) :]
        return self._say(words)

    def _forbidden(self, clause: str, *, settled: bool) -> bool:
        """Tell whether a clause says what an opening must not say, as soon as that is certain.

        Args:
            clause: The beginning of the clause, or all of it.
            settled: Whether nothing comes after it, so that its last word is whole.
        """
        if not self._rules.neutral:
            return False
        if any(_is_number(char) for char in clause) or affirms(clause, whole=settled):
            return True
        if self.text or (not settled and may_decline(clause)):
            return False
        return answers(clause, whole=settled)

    def _declines(self, text: str) -> bool:
        """Tell whether a text declines; an opening that answers may well begin with "None"."""
        return declines(text) and (self._rules.neutral or not plain(text))

    def _decline(self) -> None:
        self.done = self.declined = True

    def _refuse(self) -> list[str]:
        """End the opening before what must not be said."""
        self.done = True
        return self._stand_in() if not self.text else []

    def _stand_in(self) -> list[str]:
        for line in self._stand_ins:
            if (words := plain(line)) and not begins(self._recent, words):
                self.text = line.strip()
                self.done = True
                return [self.text]
        return []

    def _say(self, piece: str) -> list[str]:
        spoken = piece.strip()
        if not spoken or not (self.text or tokens(spoken)):
            return []
        if self._rules.neutral and commits(f"{self.text} {spoken}"):
            return self._refuse()
        apart = self._apart or piece[0].isspace()
        self._apart = piece[-1].isspace()
        if not self.text:
            spoken = spoken.lstrip(f"{_QUOTES_AND_MARKUP}{CLAUSE_MARKS}-–—•")
            if self._rules.unit == "clause":
                spoken = spoken.rstrip(_QUOTES_AND_MARKUP)
            if not self._suits(spoken):
                return self._refuse()
            if begins(self._recent, plain(spoken)) and (stand_in := self._stand_in()):
                return stand_in
        elif apart and not is_never_spaced(self.text[-1]):
            spoken = f" {spoken}"
        self.text += spoken
        return [spoken]


class WrittenLine(WrittenOpening):
    """An opening in the small model's own words that is one line, released when it is whole.

    It ends as a sentence does, since the answer behind it begins one of its own. A line that is
    too long ends with its last clause that is not; where there is none, a stand-in is said.
    """

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the model's text; return the line once it is whole."""
        if self.done:
            return []
        self._held = (self._held + text).lstrip()
        line = self._find_line()
        return [] if line is None else self._finish(line)

    def end(self, *, cut_off: bool) -> list[str]:
        """Take note that no more text comes; return the line, if that is one."""
        if self.done:
            return []
        line, last = self._held, self._last_clause()
        return self._finish(last if cut_off or count_words(line) > self._rules.max_words else line)

    def _find_line(self) -> str | None:
        """Return the line, if it is whole; empty if it is too long, and so is its first clause."""
        text, at = self._held, 0
        while (end := clause_end(text, at)) is not None:
            whole = ends_sentence(text[:end]) or text[end - 1] == "\n"
            if whole and count_words(text[:end]) >= self._rules.min_words:
                break
            at = end
        if end is not None and count_words(text[:end]) <= self._rules.max_words:
            return text[:end]
        return self._last_clause() if count_words(text) > self._rules.max_words else None

    def _last_clause(self) -> str:
        """Return the line up to its last clause that makes it not too long."""
        text, at = self._held, 0
        while (end := clause_end(text, at)) is not None:
            if count_words(text[:end]) > self._rules.max_words:
                break
            at = end
        return text[:at]

    def _finish(self, line: str) -> list[str]:
        written, self._held = self._held, ""
        if self._declines(written):
            self._decline()
            return []
        if count_words(line) < self._rules.min_words:
            return self._refuse()
        said = super().feed(line) + super().end(cut_off=False)
        self.text = ended("".join(said), sentence=True)
        return [self.text] if self.text else []


def begins(replies: Iterable[str], line: str) -> bool:
    """Tell whether one of the replies begins with a line; all of them `plain`."""
    return any(f"{reply} ".startswith(f"{line} ") for reply in replies)


def _is_number(char: str) -> bool:
    # Han characters such as 一 are numeric too, and stand in most sentences.
    return char.isdigit() or (char.isnumeric() and not is_unspaced(char))


def _first_words(text: str, count: int, *, parted: bool) -> str:
    """Keep the first `count` words of a text.

    Args:
        text: The text.
        count: How many words.
        parted: Whether to keep fewer where that would cut inside what is written as one.
    """
    found = tokens(text)
    end = 0
    for index, token in enumerate(found):
        if count_words(text[: token.end()]) > count:
            break
        follows = text[token.end() : found[index + 1].start()] if index + 1 < len(found) else ""
        apart = not follows or any(char.isspace() or char in CLAUSE_MARKS for char in follows)
        if apart or not parted:
            end = token.end()
    return text[:end]


def _whole_words(text: str) -> str:
    """Leave off the last word unless white space or punctuation shows that it is whole."""
    if not text or text[-1].isspace() or is_unspaced(text[-1]):
        return text
    if text[-1] in CLAUSE_MARKS and not text[-2:-1].isdigit():
        return text
    words = text.rsplit(None, 1)
    return words[0] if len(words) == 2 else ""
