"""One request to a model, measured."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass

from blastoff_pipecat.endpoints import (
    Ask,
    ChatClient,
    EndpointTimeout,
    ReasoningDelta,
    TextDelta,
    UsageReport,
)
from blastoff_pipecat.relay.first_sentence import FirstSentence

ANSWER_SECS = 20.0
"""How long one answer may take, in seconds: whoever needs longer is no model for a call."""

_CHARS_PER_TOKEN = 4
_LEAST_SECS = 0.005  # an answer that comes in one piece tells no pace


@dataclass(slots=True)
class Answer:
    """What came, and when, in seconds since the request; None for what did not come.

    Attributes:
        text: The answer.
        reasoning: What the model thought, as far as it was sent.
        first_text: When the answer's first text came.
        first_clause: When its first clause was whole.
        first_sentence: When its first sentence was.
        total: When it was over.
        tokens: How many tokens the server counted, or about how many there were.
        first_output: When its first output of any kind came.
    """

    text: str = ""
    reasoning: str = ""
    first_text: float | None = None
    first_clause: float | None = None
    first_sentence: float | None = None
    total: float = 0.0
    tokens: int = 0
    first_output: float | None = None

    @property
    def thinks(self) -> bool:
        """Whether the model thought before or in its answer."""
        return bool(self.reasoning.strip()) or "<think>" in self.text

    @property
    def tokens_per_sec(self) -> float | None:
        """Tokens a second from the first one on; None where that cannot be told."""
        lasted = self.total - (self.first_output or 0.0)
        return self.tokens / lasted if self.tokens > 1 and lasted > _LEAST_SECS else None


async def ask(client: ChatClient, asked: Ask) -> Answer:
    """Ask once and listen to the end.

    Raises:
        EndpointError: The model could not be asked, or took longer than `ANSWER_SECS`.
    """
    answer, sentence = Answer(), FirstSentence()
    began = time.monotonic()
    stream = client.stream(asked)
    try:
        async with asyncio.timeout(ANSWER_SECS), aclosing(stream):
            async for deltas in stream:
                at = time.monotonic() - began
                for delta in deltas:
                    match delta:
                        case TextDelta(text):
                            answer.first_output = answer.first_output or at
                            answer.text += text
                            sentence.feed(text)
                            answer.first_text = answer.first_text or at
                            if answer.first_clause is None and sentence.has_clause:
                                answer.first_clause = at
                            if answer.first_sentence is None and sentence.is_whole:
                                answer.first_sentence = at
                        case ReasoningDelta(text):
                            answer.first_output = answer.first_output or at
                            answer.reasoning += text
                        case UsageReport():
                            answer.tokens = delta.completion_tokens
                        case _:
                            pass
    except TimeoutError as late:
        if isinstance(late, EndpointTimeout):
            raise
        what = "first token" if answer.first_text is None else "stall"
        raise EndpointTimeout(client.endpoint, what, ANSWER_SECS) from None
    answer.total = time.monotonic() - began
    answer.tokens = answer.tokens or len(answer.text) // _CHARS_PER_TOKEN
    answer.first_sentence = answer.first_sentence or answer.total
    answer.first_clause = answer.first_clause or answer.first_sentence
    return answer
