"""The large model's answer on its way: what was asked of it, what has come, what was learnt.

Until it is heard, its first sentence is gathered here. When that is whole, and its first clause
before, tells how late this model is; so both are noted whoever speaks meanwhile.
"""

from blastoff_pipecat.relay.first_sentence import FirstSentence
from blastoff_pipecat.relay.forecast import Expectation, Sign
from blastoff_pipecat.relay.seam import Seam


class Answer:
    """The answer of one reply. Times are seconds on the caller's clock, None where not reached.

    Attributes:
        asked_at: When the large model was asked last.
        clause_at: When its first clause was whole.
        alone_at: When a voice would have had its first sentence, had it been asked alone.
        called: Whether it calls tools.
        ended: Why it ended, in its server's words, where that is not to be heard yet.
        goes_on: Whether it was asked to go on from what had been said.
        expected: What is expected of its request.
    """

    def __init__(self, expectation: Expectation) -> None:
        """Take what is to be expected of it."""
        self.asked_at: float | None = None
        self.clause_at: float | None = None
        self.alone_at: float | None = None
        self.called = self.goes_on = False
        self.ended: str | None = None
        self.expected = expectation
        self._first = FirstSentence()
        self._ahead = 0.0  # by so many seconds it was asked sooner than it would have been alone

    @property
    def text(self) -> str:
        """What was gathered and not taken yet."""
        return self._first.text

    @property
    def clause(self) -> str:
        """The gathered clauses that are whole; empty where none may be spoken by itself."""
        return self._first.clause

    @property
    def is_whole(self) -> bool:
        """Whether the first sentence was ever whole."""
        return self._first.is_whole

    def ask(self, now: float, said: str) -> None:
        """Note that it is asked for, to go on from `said`."""
        self.asked_at = now
        self.goes_on = bool(said)
        self._first = FirstSentence()

    def was_asked(self, at: float, sentence_at: float | None) -> None:
        """Note that it was asked for earlier than was said, and when its first sentence came."""
        if self.asked_at is not None:
            self._ahead = self.asked_at - at
        self.asked_at = at
        if sentence_at is not None:
            self.note_alone(sentence_at)

    def note_sign(self, sign: Sign, now: float) -> None:
        """Note what its server sent before any answer."""
        if self.asked_at is not None:
            self.expected.sign(sign, now - self.asked_at)

    def gather(self, text: str, now: float) -> None:
        """Take more of it."""
        first = self._first
        was_whole = first.is_whole
        first.feed(text)
        if self.asked_at is None or was_whole:
            return
        if first.has_clause and self.clause_at is None:
            self.clause_at = now
            self.expected.clause(now - self.asked_at)
        if first.is_whole:
            self.expected.sentence(now - self.asked_at)
            self.note_alone(now)

    def note_alone(self, now: float) -> None:
        """Note that a voice would have something to say of it by now, had it been asked alone."""
        if self.alone_at is None and not self.goes_on:
            self.alone_at = now + self._ahead

    def take(self, chars: int | None = None) -> str:
        """Hand over what was gathered, or the first `chars` characters of it."""
        return self._first.take(chars)

    def join_to(self, seam: Seam, held: str, now: float) -> None:
        """Join what was gathered to what was said meanwhile, and what a seam held back before."""
        self._first.text = seam.feed(self._first.text)
        self.gather(seam.feed(held), now)

    def give_up(self, now: float) -> None:
        """Learn that nobody waits for it any longer."""
        if self.asked_at is not None and self.clause_at is None:
            self.expected.gave_up(now - self.asked_at)
