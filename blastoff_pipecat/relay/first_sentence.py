"""The beginning of an answer, gathered until it may be heard.

A voice says a sentence at a time. So the large model's first words are gathered here until their
first sentence is whole, or until its first clause is let go, or until it is certain that nothing is
gained by waiting.
"""

from blastoff_pipecat.relay.clauses import clause_end, ends_sentence
from blastoff_pipecat.relay.scripts import count_words

MOST_CHARS = 280
"""A first sentence that is longer than this is not waited for."""

_FEWEST_WORDS = 2  # a lone word sounds shouted
_MARKUP = frozenset("<[{*`")  # what text filters between the service and the voice look for


class FirstSentence:
    """Gathers text up to the end of its first sentence.

    Attributes:
        text: What was gathered and not taken yet.
        has_clause: Whether a clause of two words or more was ever whole.
        is_whole: Whether the first sentence was ever whole, and a character came behind it, which
            is what a voice that gathers sentences waits for.
    """

    __slots__ = ("_searched", "_seen", "has_clause", "is_whole", "text")

    def __init__(self) -> None:
        """Start with nothing."""
        self.text = ""
        self.has_clause = self.is_whole = False
        self._seen = ""  # all of it, taken or not
        self._searched = 0  # up to here no sentence ends

    def feed(self, text: str) -> None:
        """Take more of the answer."""
        self.text += text
        if self.is_whole:
            return
        seen = self._seen = self._seen + text
        while (end := clause_end(seen, self._searched)) is not None:
            clause = seen[:end]
            self.has_clause = self.has_clause or count_words(clause) >= _FEWEST_WORDS
            if ends_sentence(clause):
                self.is_whole = bool(seen[end:].strip())
                return
            self._searched = end
        if len(seen) > MOST_CHARS:
            self.has_clause = self.is_whole = True

    @property
    def clause(self) -> str:
        """The clauses that are whole; empty where there is none to be spoken by itself."""
        end, at = 0, clause_end(self.text)
        while at is not None:
            end, at = at, clause_end(self.text, at)
        clause = self.text[:end]
        if count_words(clause) < _FEWEST_WORDS or not _MARKUP.isdisjoint(clause):
            return ""
        return clause

    def take(self, chars: int | None = None) -> str:
        """Hand over what was gathered, or the first `chars` characters of it."""
        taken = self.text[:chars]
        self.text = self.text[len(taken) :]
        return taken
