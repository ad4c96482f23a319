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

from blastoff_pipecat.relay.scripts import (
    CLAUSE_MARKS,
    CLOSERS,
    COMBINING,
    SOUTH_EAST_ASIAN,
    count_words,
    is_abbreviated,
    is_never_spaced,
    is_unspaced,
    tokens,
)

_QUOTES_AND_MARKUP = '"“”«»*_#> '
_ASCII_MARKS = ".!?,;:"
_closers = re.escape(f"{CLOSERS}*_")
_wide_marks = "".join(mark for mark in CLAUSE_MARKS if mark not in _ASCII_MARKS)
_clause_end = re.compile(
    rf"[{_wide_marks}]+[{_closers}]*"
    rf"|[{_ASCII_MARKS}]+[{_closers}]*(?=\s|$|[^\x00-\x7f])"
    r"|[—–](?=\s|$)"
    r"|\n"
    rf"|(?<=[{SOUTH_EAST_ASIAN}])[ \t]+(?=[{SOUTH_EAST_ASIAN}])"
)
# Yes and no, as the first word of an opening.
_yes_or_no = re.compile(
    r"\W*+(?:(?:yes|yeah|yep|yup|no|nope|nah|absolutely|definitely|correct|indeed"
    r"|ja|jawohl|jo|nein|doch|oui|ouais|non|sí|sì|sim|não|nee|nej|tak|nie|да|нет|ні"
    r"|ναι|όχι|evet|hayır|kyllä|vâng|không|כן|לא|نعم|لا|بله|نه|हाँ|हां|नहीं|ใช่(?:ค่ะ|ครับ)?|ไม่(?:ค่ะ|ครับ|ใช่)?)"
    rf"(?![\w{COMBINING}])"
    # These mean something else as well, unless they stand alone.
    rf"|(?:si|da|nu|ano|ne|igen|nem|ei|ya|tidak|не|是|对|對|不|有|没有|沒有)(?=[{CLAUSE_MARKS}])"
    rf"|(?:네|예|아니요|아니오)(?![\w{COMBINING}])"
    r"|是的|不是|对的|對的|不对|不對|はい|いいえ)",
    re.IGNORECASE,
)
_yes_anywhere = re.compile(r"\b(?:yes|oui|sì)\b", re.IGNORECASE)
# "No problem, …" says neither yes nor no.
_EXCUSES = (" problem", " worries", " problema")


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
            recent: The last few replies; none is begun like one of them while there is another way.
            stand_ins: Approved lines, one of which is said in place of an opening that was used
                recently or that asserts something it must not.
        """
        self.text = ""
        self.done = False
        self._rules = rules or OpeningRules()
        self._recent = tuple(_plain(reply) for reply in recent)
        self._stand_ins = tuple(
            line.strip()
            for line in stand_ins
            if _plain(line) and not _begins(self._recent, _plain(line))
        )
        self._held = ""
        self._apart = False  # white space stands behind what was released

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
            cut = self._next_cut(at, at_end)
            clause = self._held[:cut]
            too_long = count_words(f"{self.text} {clause}") > rules.max_words
            if too_long:
                clause = _first_words(clause, rules.max_words - count_words(self.text))
            if self._forbidden(clause, settled=too_long or at_end):
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
        self._held = self._held[len(words) :]
        return self._say(words)

    def _next_cut(self, start: int, at_end: bool) -> int | None:
        """Find where the first clause that ends after `start` characters ends."""
        for found in _clause_end.finditer(self._held, start):
            before = self._held[: found.start()]
            if found[0][0] == "." and is_abbreviated(before):
                continue
            undecided = found.end() == len(self._held) and not at_end
            # "3." may become "3.5", and a dash may stand between two words.
            if undecided and (before[-1:].isdigit() or found[0] in "—–"):
                continue
            if before.strip() or self.text:
                return found.end()
        return None

    def _forbidden(self, clause: str, *, settled: bool) -> bool:
        """Tell whether a clause says what an opening must not say.

        Args:
            clause: The beginning of the clause, or all of it.
            settled: Whether nothing comes after it, so that its last word is whole.
        """
        if not self._rules.neutral:
            return False
        if any(_is_number(char) for char in clause):
            return True
        for yes in _yes_anywhere.finditer(clause):
            if settled or yes.end() < len(clause):
                return True
        found = None if self.text else _yes_or_no.match(clause)
        if found is None:
            return False
        rest = clause[found.end() :].casefold()
        if any(rest.startswith(excuse) for excuse in _EXCUSES):
            return False
        # A word that is still growing ("no" of "nothing") is judged when it is whole.
        return settled or not any(excuse.startswith(rest) for excuse in _EXCUSES)

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

    def _say(self, piece: str) -> list[str]:
        spoken = piece.strip()
        if not spoken or not (self.text or tokens(spoken)):
            return []
        apart = self._apart or piece[0].isspace()
        self._apart = piece[-1].isspace()
        if not self.text:
            spoken = spoken.lstrip(f"{_QUOTES_AND_MARKUP}{CLAUSE_MARKS}-–—•")
            if self._rules.unit == "clause":
                spoken = spoken.rstrip(_QUOTES_AND_MARKUP)
            if _begins(self._recent, _plain(spoken)) and (stand_in := self._stand_in()):
                return stand_in
        elif apart and not is_never_spaced(self.text[-1]):
            spoken = f" {spoken}"
        self.text += spoken
        return [spoken]


class ChosenOpening:
    """An opening picked by the small model from approved lines."""

    def __init__(self, lines: Sequence[str], *, recent: Iterable[str] = ()) -> None:
        """Start a choice.

        Args:
            lines: The approved lines; the first is the neutral one.
            recent: The last few replies: a line that began one is left out while there is another.

        Raises:
            ValueError: There is no line to choose from.
        """
        sayable: dict[str, str] = {}
        for line in lines:
            if _plain(line):
                sayable.setdefault(_plain(line), line.strip())
        if not sayable:
            raise ValueError("openings: style 'choose' needs at least one line to choose from")
        used = tuple(_plain(reply) for reply in recent)
        fresh = {plain: line for plain, line in sayable.items() if not _begins(used, plain)}
        self._lines = fresh or sayable
        self.lines = tuple(self._lines.values())
        self.text = ""
        self.done = False
        self._written = ""
        self._in_key = False  # inside the key of a JSON object

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the model's text; return the line once it is certain."""
        if self.done:
            return []
        for char in text:  # one by one, so that it makes no difference how the text was cut
            if self._before_line(char):
                continue
            self._written += char
            self._decide()
            if self.done:
                return [self.text]
        return []

    def _before_line(self, char: str) -> bool:
        """Tell whether a character stands before the line: `2. "`, `{"opening": "`."""
        if not self._written and char in "{:":
            self._in_key = char == "{"
        begun = (
            self._written or char.isalpha() or any(line.startswith(char) for line in self._lines)
        )
        return self._in_key or not begun

    def _decide(self) -> None:
        written = _plain(self._written)
        fits = [line for plain, line in self._lines.items() if plain.startswith(written)]
        if len(fits) > 1:
            return
        whole = [plain for plain in self._lines if f"{written} ".startswith(f"{plain} ")]
        self._settle(fits[0] if fits else self._lines[max(whole, key=len)] if whole else "")

    def end(self, *, cut_off: bool) -> list[str]:
        """Settle on the first line that fits what was written; on none, if nothing was."""
        if self.done:
            return []
        written = _plain(self._written)
        if not written:
            self.done = True
            return []
        fits = [line for plain, line in self._lines.items() if plain.startswith(written)]
        self._settle(self._lines.get(written) or fits[0])
        return [self.text]

    def _settle(self, line: str) -> None:
        self.text = line or self.lines[0]
        self.done = True


def _begins(replies: Iterable[str], line: str) -> bool:
    """Tell whether one of the replies begins with a line; all of them `_plain`."""
    return any(f"{reply} ".startswith(f"{line} ") for reply in replies)


def _plain(line: str) -> str:
    """Reduce a line to what a listener tells apart: its words."""
    return " ".join(token[0].casefold().replace("’", "'") for token in tokens(line))


def _is_number(char: str) -> bool:
    # Han characters such as 一 are numeric too, and stand in most sentences.
    return char.isdigit() or (char.isnumeric() and not is_unspaced(char))


def _first_words(text: str, count: int) -> str:
    """Keep the first `count` words of a text, or fewer where that would cut inside a word."""
    found = tokens(text)
    end = 0
    for index, token in enumerate(found):
        if count_words(text[: token.end()]) > count:
            break
        follows = text[token.end() : found[index + 1].start()] if index + 1 < len(found) else " "
        if not follows or any(char.isspace() or char in CLAUSE_MARKS for char in follows):
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
