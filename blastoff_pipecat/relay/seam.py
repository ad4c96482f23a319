"""The seam: a continuation is joined to what was said, so that no listener hears where.

`Seam` takes the continuation as it streams and returns the text to say. Up to the first word that
certainly is not a repeat it holds text back; from then on text passes through untouched. What it
holds is always the beginning of something already said (and the punctuation around it), so the
delay is bounded: at most as many words as were said before, and with an ordinary continuation one
word. How the stream is cut makes no difference to what is said.

Trimmed is exactly what repeats, in any case and spacing:

- all that was said, or the end of it from any word on: after "Let me look into that for you."
  a continuation "look into that for you. The museum…" loses its first five words. "You can come at
  nine." loses nothing: one word is no repeat, and neither are a few that run on into a new phrase;
- the first words of what was said, when the model starts over: the first clauses, or four words
  that now are a clause. After "Good question, let me think," a continuation "Good question! The …"
  loses its first two words.

Between the two parts stands one space, none where a script has none or where punctuation attaches
to the word before it. Punctuation that follows a repeat, doubles what the opening ended with, or
is an ellipsis ("…and") goes too.
"""

import re
from dataclasses import dataclass

from blastoff_pipecat.relay.scripts import (
    CLAUSE_MARKS,
    CLOSERS,
    COMBINING,
    count_words,
    is_abbreviated,
    is_never_spaced,
    is_unspaced,
    tokens,
)

_MIN_REPEAT_WORDS = 2
_CERTAIN_REPEAT_WORDS = 4
_REACH = 32  # words: how far from its ends a long text is searched for repeats
_LEAD_LIMIT = 16  # characters other than words that may stand before a repeat

_marks = re.escape(CLAUSE_MARKS)
_closers = re.escape(CLOSERS)
_ends_clause = re.compile(rf"[{_marks}—–][{_closers}]*$")
_ends_sentence = re.compile(rf"[.!?…。！？｡؟।॥។៕။][{_closers}]*$")
_between_clauses = re.compile(rf"[{_marks}—–]|\s-+\s")
_ellipsis = re.compile(r"\s*(?:\.{3}|[…‥])[.…‥\s]*")
# "3." may become "3.5", "let'" may become "let's".
_joiner = re.compile(r"['’.,:]?")
# After a word it is not certain yet whether it is whole and whether a clause ends with it.
_unsettled = re.compile(rf"[\s{_marks}{_closers}—–‐‑'/@&+_-]*")
# "well-known", "3.5", "example.com": the word goes on.
_goes_on = re.compile(rf"[-‐‑–'’/@&+_][^\W_]|[.,:][a-z\d]|[{COMBINING}]")
_after_repeat = re.compile(rf"(?:\s*[{_marks}]+)?[{_closers}]*(?:\s*—|\s+[–-]+(?=\s))?\s*")
_doubled_marks = re.compile(rf"[{_marks}]+[{_closers}]*\s*")
_contraction = re.compile(r"['’](?:s|re|ve|ll|d|m|t)(?!\w)", re.IGNORECASE)
_contraction_begun = re.compile(r"['’]\w{0,2}")
_closing = re.compile(r"[)\]}»”](?!\w)")


class Seam:
    """Joins one streaming continuation to the text said before it.

    Attributes:
        has_repeat: Whether something of it was left out because it was said already.
    """

    def __init__(self, said: str, *, echoes: bool = False) -> None:
        """Start a seam.

        Args:
            said: All that was said so far in this reply.
            echoes: Whether the endpoint is known to send the prefill back, so that even a single
                repeated word is a repeat.
        """
        self._said = said if said.strip() else ""
        self._held = ""
        self.has_repeat = self._trimmed = self._joined = False
        self._repeats = _repeats(self._said.rstrip(), echoes)
        self._longest = max((len(repeat.words) for repeat in self._repeats), default=0)

    def feed(self, text: str) -> str:
        """Take the next piece of the continuation; return what is to be said now."""
        if self._joined:
            return text
        self._held += text
        if self._held.isspace():
            self._held = self._held[:1]
        if not self._trimmed and self._said.startswith(self._held.lstrip()):
            return ""  # an echo so far; a long one is not searched for repeats at every piece
        return self._settle(final=False)

    def flush(self) -> str:
        """Return what was held back, now that the continuation has ended."""
        return "" if self._joined else self._settle(final=True)

    def take(self) -> str:
        """Hand over what is held back as it is, since something else is said before it."""
        held, self._held = self._held, ""
        return held

    def _settle(self, *, final: bool) -> str:
        if not self._said:
            text: str | None = self._held.lstrip()
        else:
            text = self._trim_and_join(final)
        if text or final:
            self._held = ""
            self._joined = bool(text)
        return text or ""

    def _trim_and_join(self, final: bool) -> str | None:
        """Return what can be said of the held text; None while that is not certain."""
        if not self._trimmed:
            rest = self._trim(final)
            if rest is None:
                return None
            self._held = rest
            self._trimmed = True
        return _join(self._said, self._held, final)

    def _trim(self, final: bool) -> str | None:
        """Return the continuation without what it repeats; None while that is not certain."""
        ellipsis = _ellipsis.match(self._held)
        # A leading ellipsis is the model's sign for "going on": it is no text.
        held = self._held[ellipsis.end() :] if ellipsis else self._held
        found = tokens(held, most=self._longest + 1)
        lead = held[: found[0].start()] if found else held
        if len(lead.strip()) > _LEAD_LIMIT:
            return held
        if not found:
            return held if final else None
        words = [_folded(token) for token in found]
        growing = not final and _joiner.fullmatch(held, found[-1].end()) is not None
        if not final and any(repeat.may_match(words, growing) for repeat in self._repeats):
            return None
        for repeat in self._repeats:
            if repeat.words != tuple(words[: len(repeat.words)]):
                continue
            end = found[len(repeat.words) - 1].end()
            if not final and _unsettled.fullmatch(held, end):
                return None
            after = _after_repeat.match(held, end)
            tail = after.end() if after else end
            if self._is_repeat(repeat, held, end, tail):
                self.has_repeat = True
                keeps_marks = repeat.is_end and not _ends_clause.search(self._said.rstrip())
                return held[end if keeps_marks else tail :]
        return held

    def _is_repeat(self, repeat: "_Repeat", held: str, end: int, tail: int) -> bool:
        if not is_unspaced(held[end - 1]) and _goes_on.match(held, end):
            return False
        if tail == len(held) or _clause_ends(held, end, tail):
            return True
        # A new sentence may begin with words that ended the one before it: "The museum…"
        return repeat.sure or (repeat.sure_in_lower_case and held.lstrip()[:1].islower())


@dataclass(frozen=True, slots=True)
class _Repeat:
    """A run of words that, at the start of a continuation, would be said twice.

    Attributes:
        words: The words, case folded.
        is_end: Whether it is the end of what was said, not its beginning.
        sure: Whether it needs no punctuation behind it to be a repeat.
        sure_in_lower_case: Likewise, where it does not begin a sentence.
    """

    words: tuple[str, ...]
    is_end: bool
    sure: bool = False
    sure_in_lower_case: bool = False

    def may_match(self, words: list[str], growing: bool) -> bool:
        """Tell whether text that begins with `words` may yet turn out to be this repeat."""
        if len(words) > len(self.words):
            return False
        whole = len(words) - growing
        if tuple(words[:whole]) != self.words[:whole]:
            return False
        if growing:
            return self.words[whole].startswith(words[-1])
        return len(words) < len(self.words)


def _repeats(said: str, echoes: bool) -> list[_Repeat]:
    """List what a continuation of `said` could repeat, longest first."""
    if not said:
        return []
    found = tokens(said)
    words = tuple(_folded(token) for token in found)
    new_sentence = bool(_ends_sentence.search(said))
    repeats: list[_Repeat] = []
    for index in [*range(1 if found else 0), *range(max(1, len(found) - _REACH), len(found))]:
        weight = count_words(said[found[index].start() :])
        certain = weight >= _CERTAIN_REPEAT_WORDS
        if index == 0:
            sure = echoes or certain or (weight >= _MIN_REPEAT_WORDS and not new_sentence)
            repeats.append(_Repeat(words, is_end=True, sure=sure))
        elif weight >= _MIN_REPEAT_WORDS:
            sure = certain and not new_sentence
            repeats.append(
                _Repeat(words[index:], is_end=True, sure=sure, sure_in_lower_case=certain)
            )
    for index in range(1, min(len(found), _REACH)):
        end, start = found[index - 1].end(), found[index].start()
        weight = count_words(said[:end])
        if _clause_ends(said, end, start) or weight >= _CERTAIN_REPEAT_WORDS:
            repeats.append(_Repeat(words[:index], is_end=False))
    return sorted(repeats, key=lambda repeat: -len(repeat.words))


def _clause_ends(text: str, start: int, end: int) -> bool:
    """Tell whether a clause ends in the punctuation between two places of a text."""
    if text[start : start + 1] == "." and is_abbreviated(text[:start]):
        return False
    return _between_clauses.search(text, start, end) is not None


def _folded(token: re.Match[str]) -> str:
    return token[0].casefold().replace("’", "'")


def _join(said: str, text: str, final: bool) -> str | None:
    """Put the right white space, or none, between what was said and what follows.

    Returns None while that is not certain.
    """
    spaced = text[:1].isspace()
    text = text.lstrip()
    if not text:
        return None
    bare = said.rstrip()
    if text[0] in CLAUSE_MARKS:
        if not _ends_clause.search(bare):
            return text
        if not final and _unsettled.fullmatch(text):
            return None
        doubled = _doubled_marks.match(text)
        if doubled and not _goes_on.match(text):
            return _join(said, f" {text[doubled.end() :]}", final)
    elif not final and (text in ")]}»”" or _contraction_begun.fullmatch(text)):
        return None
    elif _attaches(bare, text):
        return text
    last_word_char = next((char for char in reversed(bare) if char.isalnum()), bare[-1])
    if is_never_spaced(bare[-1]) or (is_unspaced(last_word_char) and is_unspaced(text[0])):
        # Thai has spaces between clauses: one that is there stays.
        thin = is_never_spaced(bare[-1]) or is_never_spaced(text[0]) or not spaced
        return text if thin else f" {text}"
    return text if said[-1].isspace() else f" {text}"


def _attaches(said: str, text: str) -> bool:
    if text[0] == "%":
        return said[-1].isdigit()
    if _closing.match(text):
        return True
    return said[-1].isalnum() and _contraction.match(text) is not None
