"""The seam: a continuation is joined to what was said, so that no listener hears where.

`Seam` takes the continuation as it streams and returns the text to say. Up to the first word that
certainly is not a repeat it holds text back; from then on text passes through untouched. What it
holds is always the beginning of something already said, so the delay is bounded: at most as many
words as were said before, and with an ordinary continuation one word.

Trimmed is exactly what repeats, in any case and spacing:

- all that was said, or the end of it from any word on: after "Let me look into that for you."
  a continuation "look into that for you. The museum…" loses its first five words. "You can come at
  nine." loses nothing: one word is no repeat, and neither are a few that run on into a new phrase;
- the first clauses of what was said, when the model starts over: after "Good question, let me
  think," a continuation "Good question! The …" loses its first two words.

Between the two parts stands one space, none where a script has none or where punctuation attaches
to the word before it. Punctuation that follows a repeat, doubles what the opening ended with, or
is an ellipsis ("…and") goes too.
"""

import re
from collections.abc import Sequence

from blastoff_pipecat.relay.scripts import count_words, is_unspaced, tokens

_MIN_REPEAT_WORDS = 2
_CERTAIN_REPEAT_WORDS = 4

_punctuation = re.compile(r"[\s.,;:!?…‥。！？｡，、；：؟،।\"'”’»)\]」』—–-]*")
_sentence_end = re.compile(r"[.!?…。！？｡؟।][\"'”’»)\]」』]*$")
_clause_end = re.compile(r"[.,;:!?…。！？｡，、；：؟،।—–]")
_attaching = re.compile(r"[.,;:!?%)\]}»”…。！？｡，、；：؟،।」』）]|['’](?:s|re|ve|ll|d|m|t)\b")
_ellipsis = re.compile(r"\s*(?:\.\.\.+|…+)\s*")


class Seam:
    """Joins one streaming continuation to the text said before it."""

    def __init__(self, said: str, *, echoes: bool = False) -> None:
        """Start a seam.

        Args:
            said: All that was said so far in this reply.
            echoes: Whether the endpoint is known to send the prefill back, so that even a single
                repeated word is a repeat.
        """
        self._said = said.rstrip()
        self._held = ""
        self._trimmed = not self._said
        self._joined = not self._said
        self._repeats = _repeats(self._said, echoes) if self._said else []

    def feed(self, text: str) -> str:
        """Take the next piece of the continuation; return what is to be said now."""
        if self._joined and not self._held:
            return text if self._said else self._first(text)
        self._held += text
        return self._settle(final=False)

    def flush(self) -> str:
        """Return what was held back, now that the continuation has ended."""
        return self._settle(final=True)

    def _first(self, text: str) -> str:
        """Start a reply that has no opening: without leading white space."""
        text = text.lstrip()
        if text:
            self._said = text
        return text

    def _settle(self, *, final: bool) -> str:
        if not self._trimmed:
            rest = self._trim(final)
            if rest is None:
                return ""
            self._held = rest
            self._trimmed = True
        if not self._held.strip():
            if final:
                self._held = ""
            return ""
        text, self._held = _join(self._said, self._held), ""
        self._joined = bool(text)
        return text

    def _trim(self, final: bool) -> str | None:
        """Return the continuation without what it repeats; None while that is not certain."""
        ellipsis = _ellipsis.match(self._held)
        if ellipsis and ellipsis.end() == len(self._held) and not final:
            return None
        start = ellipsis.end() if ellipsis else 0
        found = tokens(self._held[start:])
        words = [token[0].casefold() for token in found]
        if not words:
            return self._held[start:] if final else None
        growing = not final and start + found[-1].end() == len(self._held)
        alive = any(repeat.may_match(words, growing) for repeat in self._repeats)
        if alive and not final:
            return None
        for repeat in self._repeats:
            if repeat.matches(words):
                end = start + found[len(repeat.words) - 1].end()
                after = _punctuation.match(self._held, end)
                tail = after.end() if after else end
                marks = self._held[end:tail].strip()
                if tail == len(self._held) and not final and tail == end:
                    return None
                if repeat.sure or _clause_end.search(marks) or (final and tail == len(self._held)):
                    return self._held[tail:]
        # A leading ellipsis is the model's sign for "going on": it is no text.
        return (" " if ellipsis else "") + self._held[start:]


class _Repeat:
    """A run of words that, at the start of a continuation, would be said twice."""

    def __init__(self, words: Sequence[str], *, sure: bool) -> None:
        self.words = tuple(words)
        self.sure = sure  # needs no punctuation behind it to be a repeat

    def matches(self, words: Sequence[str]) -> bool:
        return tuple(words[: len(self.words)]) == self.words

    def may_match(self, words: Sequence[str], growing: bool) -> bool:
        """Tell whether text that begins with `words` may yet turn out to be this repeat."""
        if len(words) > len(self.words):
            return False
        whole = words[:-1] if growing else words
        if tuple(whole) != self.words[: len(whole)]:
            return False
        if growing:
            return self.words[len(whole)].startswith(words[-1])
        return len(words) < len(self.words)


def _repeats(said: str, echoes: bool) -> list[_Repeat]:
    """List what a continuation of `said` could repeat, longest first."""
    found = tokens(said)
    words = [token[0].casefold() for token in found]
    ends_sentence = bool(_sentence_end.search(said))
    repeats: list[_Repeat] = []
    for index, token in enumerate(found):
        weight = count_words(said[token.start() :])
        whole = index == 0
        if weight >= _MIN_REPEAT_WORDS or whole:
            sure = (
                weight >= _CERTAIN_REPEAT_WORDS
                or (whole and echoes)
                or (whole and weight >= _MIN_REPEAT_WORDS and not ends_sentence)
            )
            repeats.append(_Repeat(words[index:], sure=sure))
    for index in range(1, len(found)):
        between = said[found[index - 1].end() : found[index].start()]
        if _clause_end.search(between) and count_words(said[: found[index].start()]) >= 2:
            repeats.append(_Repeat(words[:index], sure=False))
    return sorted(repeats, key=lambda repeat: -len(repeat.words))


def _join(said: str, text: str) -> str:
    """Put the right white space, or none, between what was said and what follows."""
    text = text.lstrip()
    attaching = _attaching.match(text)
    if attaching:
        if _clause_end.match(text) and _clause_end.search(said[-1]):
            after = _punctuation.match(text)
            rest = text[after.end() :] if after else text
            return _join(said, rest) if rest else ""
        return text
    last_word_char = next((char for char in reversed(said) if char.isalnum()), said[-1])
    unspaced = is_unspaced(said[-1]) or (is_unspaced(last_word_char) and is_unspaced(text[0]))
    return text if unspaced else f" {text}"
