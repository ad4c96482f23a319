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

from blastoff_pipecat.relay.repeats import Repeat, clause_ends, folded, repeats_of
from blastoff_pipecat.relay.scripts import (
    CLAUSE_MARKS,
    CLOSERS,
    COMBINING,
    is_never_spaced,
    is_unspaced,
    tokens,
)

_LEAD_LIMIT = 16  # characters other than words that may stand before a repeat

_marks = re.escape(CLAUSE_MARKS)
_closers = re.escape(CLOSERS)
_ends_clause = re.compile(rf"[{_marks}—–][{_closers}]*$")
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
        self._repeats = repeats_of(self._said.rstrip(), echoes=echoes) if self._said else []
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
        if len(lead.strip()) > _LEAD_LIMIT or (final and not found):
            return held
        words = [folded(token) for token in found]
        growing = bool(found) and _joiner.fullmatch(held, found[-1].end()) is not None
        may_match = not found or any(each.may_match(words, growing) for each in self._repeats)
        if may_match and not final:
            return None
        for repeat in filter(lambda each: each.matches(words), self._repeats):
            end = found[len(repeat.words) - 1].end()
            if not final and _unsettled.fullmatch(held, end):
                return None
            if (tail := _repeat_ends(repeat, held, end)) is not None:
                self.has_repeat = True
                keeps_marks = repeat.is_end and not _ends_clause.search(self._said.rstrip())
                return held[end if keeps_marks else tail :]
        return held


def join(said: str, line: str) -> str:
    """Return a line, whatever it repeats, with the white space that joins it to what was said."""
    return (_join(said, line, final=True) if said.strip() else None) or line.lstrip()


def _repeat_ends(repeat: Repeat, held: str, end: int) -> int | None:
    """Tell where a repeat ends with its punctuation; None where its words are none.

    Args:
        repeat: The repeat that the words of `held` match.
        held: The continuation so far.
        end: Where these words end.
    """
    if not is_unspaced(held[end - 1]) and _goes_on.match(held, end):
        return None
    after = _after_repeat.match(held, end)
    tail = after.end() if after else end
    if tail == len(held) or clause_ends(held, end, tail) or repeat.sure:
        return tail
    # A new sentence may begin with words that ended the one before it: "The museum…"
    goes_on = repeat.sure_in_lower_case and held.lstrip()[:1].islower()
    return tail if goes_on else None


def _join(said: str, text: str, final: bool) -> str | None:
    """Put the right white space, or none, between what was said and what follows.

    Returns None while that is not certain.
    """
    spaced, text, bare = text[:1].isspace(), text.lstrip(), said.rstrip()
    if not text:
        return None
    doubles = text[0] in CLAUSE_MARKS and _ends_clause.search(bare) is not None
    if not final and _is_undecided(text, doubles):
        return None
    if doubles:
        doubled = _doubled_marks.match(text)
        if doubled and not _goes_on.match(text):
            return _join(said, f" {text[doubled.end() :]}", final)
    elif _attaches(bare, text):
        return text
    return text if said[-1].isspace() or _runs_on(bare, text, spaced) else f" {text}"


def _is_undecided(text: str, doubles: bool) -> bool:
    """Tell whether what follows may yet turn out to attach, or to double a mark."""
    if doubles:
        return _unsettled.fullmatch(text) is not None
    return text in ")]}»”" or _contraction_begun.fullmatch(text) is not None


def _attaches(said: str, text: str) -> bool:
    """Tell whether punctuation that follows belongs to the word before it."""
    if text[0] in CLAUSE_MARKS or _closing.match(text):
        return True
    if text[0] == "%":
        return said[-1].isdigit()
    return said[-1].isalnum() and _contraction.match(text) is not None


def _runs_on(said: str, text: str, spaced: bool) -> bool:
    """Tell whether a script has no space here."""
    if is_never_spaced(said[-1]):
        return True
    last_word_char = next((char for char in reversed(said) if char.isalnum()), said[-1])
    if not (is_unspaced(last_word_char) and is_unspaced(text[0])):
        return False
    # Thai has spaces between clauses: one that is there stays.
    return is_never_spaced(text[0]) or not spaced
