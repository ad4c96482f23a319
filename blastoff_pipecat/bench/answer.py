"""One answer, timed as a listener hears it.

Times are seconds on the event loop's monotonic clock, from just before the request to the moment
the text is in this process.
"""

import re
from dataclasses import dataclass

from blastoff_pipecat.relay.scripts import is_abbreviated

_SENTENCE_END = re.compile(r"[!?…。！？]|\.(?=\s|$)")


@dataclass(kw_only=True)
class Answer:
    """One answer, measured. Durations are seconds, None where not reached.

    Attributes:
        mode: How it was asked for.
        question: What was asked.
        round: Which round of questions it belongs to, from 1.
        first_text: Until its first text, whichever model said it.
        first_sentence: Until its first sentence was whole, by its mark; an answer without any
            mark is one sentence.
        large_ttft: From the large model's own request to its first text; None where that
            cannot be seen from here.
        total: Until its last text.
        chars: Characters of text.
        outcome: Who spoke: ``relayed`` (both models), ``large_only``, ``small_only``; None where
            that cannot be seen from here.
        failure: Why there is no whole answer; None where there is one. The times of an answer
            that failed do not count.
        trouble: What went wrong on the way to an answer that came all the same.
    """

    mode: str
    question: str
    round: int = 0
    first_text: float | None = None
    first_sentence: float | None = None
    large_ttft: float | None = None
    total: float | None = None
    chars: int = 0
    outcome: str | None = None
    failure: str | None = None
    trouble: str | None = None


class Ear:
    """Notes when the texts of one answer come."""

    def __init__(self, answer: Answer, started: float) -> None:
        """Listen to an answer that was asked for at `started`."""
        self._answer = answer
        self._started = started
        self._sentence = ""

    def hear(self, text: str, now: float) -> None:
        """Note a text."""
        if not text:
            return
        answer, since = self._answer, now - self._started
        answer.chars += len(text)
        answer.total = since
        if answer.first_text is None:
            answer.first_text = since
        if answer.first_sentence is None:
            self._sentence += text
            if _has_sentence(self._sentence):
                answer.first_sentence = since

    def end(self) -> None:
        """Note that the answer is whole."""
        answer = self._answer
        if answer.first_text is None:
            answer.failure = answer.failure or "an answer without text"
        elif answer.first_sentence is None:
            answer.first_sentence = answer.total


def _has_sentence(text: str) -> bool:
    for mark in _SENTENCE_END.finditer(text):
        before = text[: mark.start()]
        if mark[0] != "." or not (is_abbreviated(before) or before[-1:].isdigit()):
            return True
        if before[-1:].isdigit() and text[mark.end() :].strip():
            return True  # no decimal point: something else follows the blank
    return False
