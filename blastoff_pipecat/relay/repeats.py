"""What would be said twice: the words with which a continuation may repeat what was said."""

import re
from dataclasses import dataclass
from itertools import pairwise

from blastoff_pipecat.relay.clauses import ends_sentence
from blastoff_pipecat.relay.scripts import CLAUSE_MARKS, count_words, is_abbreviated, tokens

_MIN_REPEAT_WORDS = 2
_CERTAIN_REPEAT_WORDS = 4
_REACH = 32  # words: how far from its ends a long text is searched for repeats

_between_clauses = re.compile(rf"[{re.escape(CLAUSE_MARKS)}—–]|\s-+\s")


@dataclass(frozen=True, slots=True)
class Repeat:
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

    def matches(self, words: list[str]) -> bool:
        """Tell whether text of these words begins with it."""
        return self.words == tuple(words[: len(self.words)])


def repeats_of(said: str, *, echoes: bool) -> list[Repeat]:
    """List what a continuation of `said` could repeat, longest first; see `Seam` for `echoes`."""
    found = tokens(said)
    repeats = [*_ends(said, found, echoes), *_beginnings(said, found)]
    return sorted(repeats, key=lambda repeat: -len(repeat.words))


def _ends(said: str, found: list[re.Match[str]], echoes: bool) -> list[Repeat]:
    """List all of it, and its last words from any word on."""
    words = tuple(map(folded, found))
    new_sentence = ends_sentence(said)
    repeats: list[Repeat] = []
    for index in [*range(1 if found else 0), *range(max(1, len(found) - _REACH), len(found))]:
        weight = count_words(said[found[index].start() :])
        certain = weight >= _CERTAIN_REPEAT_WORDS
        enough = weight >= _MIN_REPEAT_WORDS
        if index == 0:
            sure = echoes or certain or (enough and not new_sentence)
            repeats.append(Repeat(words, is_end=True, sure=sure))
        elif enough:
            sure = certain and not new_sentence
            repeats.append(Repeat(words[index:], True, sure, sure_in_lower_case=certain))
    return repeats


def _beginnings(said: str, found: list[re.Match[str]]) -> list[Repeat]:
    """List its first clauses, and its first words where they are many."""
    found = found[:_REACH]
    words = tuple(map(folded, found))
    return [
        Repeat(words[:index], is_end=False)
        for index, (last, following) in enumerate(pairwise(found), 1)
        if clause_ends(said, last.end(), following.start())
        or count_words(said[: last.end()]) >= _CERTAIN_REPEAT_WORDS
    ]


def clause_ends(text: str, start: int, end: int) -> bool:
    """Tell whether a clause ends in the punctuation between two places of a text."""
    if text[start : start + 1] == "." and is_abbreviated(text[:start]):
        return False
    return _between_clauses.search(text, start, end) is not None


def folded(token: re.Match[str]) -> str:
    """Return a word as it is compared."""
    return token[0].casefold().replace("’", "'")
