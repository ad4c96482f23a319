"""A session: one service in a Pipecat pipeline of its own, with an ear behind it.

Nothing else is in the pipeline, and nothing measures in it, so that no observer is called. Contexts
are queued at the service, and text frames end in the ear.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from blastoff_pipecat.bench.overhead.contestants import Kind
from blastoff_pipecat.bench.pipeline import Service, ServicePipeline


class Ear(FrameProcessor):
    """Notes each text and when it came; tells when the large model speaks and the reply ends."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        self.openings: list[tuple[float, str]] = []
        self.texts: list[tuple[float, str]] = []
        self.speaking = asyncio.Event()  # or the reply has ended without a text
        self.ended = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note a text; let everything else pass."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            self.texts.append((time.monotonic(), frame.text))
            self.speaking.set()
        elif isinstance(frame, AggregatedTextFrame):
            self.openings.append((time.monotonic(), frame.text))
        else:
            if isinstance(frame, LLMFullResponseEndFrame):
                self.speaking.set()
                self.ended.set()
            await self.push_frame(frame, direction)


class Session(ServicePipeline):
    """One service at work."""

    def __init__(self, kind: Kind, service: Service, *, opens: bool | None = None) -> None:
        """Put a service into a pipeline; `running` runs it.

        Args:
            kind: Which of the two it is.
            service: The service.
            opens: Whether its replies have openings; by default those of ours have.
        """
        self.kind = kind
        self._opens = kind == "dual" if opens is None else opens
        self.ear = Ear()
        super().__init__(kind, service, (service, self.ear), PipelineParams())

    async def ask(self, context: LLMContext) -> float:
        """Have the service answer; return when it was asked, once the reply has begun to come."""
        self.ear.openings.clear()
        self.ear.texts.clear()
        self.ear.speaking.clear()
        self.ear.ended.clear()
        asked = time.monotonic()
        await self.service.queue_frame(LLMContextFrame(context))
        return asked

    async def hear(self, context: LLMContext, tokens: int | None = None) -> float:
        """Have the service answer, and wait for the end of the reply.

        Args:
            context: What to answer.
            tokens: How many tokens the large model's text must have; None for any number.

        Returns:
            When it was asked (seconds, monotonic).

        Raises:
            RuntimeError: The reply is not the one expected: nothing that is measured counts.
        """
        asked = await self.ask(context)
        await self._wait(self.ear.ended, "no end of a reply")
        opened = bool(self.ear.openings) == self._opens
        if self.error or not opened or (tokens is not None and self.tokens != tokens):
            openings = [text for _, text in self.ear.openings]
            raise self._failure(f"{self.tokens} tokens after {openings}")
        return asked

    async def speaks(self) -> None:
        """Wait until the large model speaks, or the reply has ended.

        Raises:
            RuntimeError: Neither comes.
        """
        await self._wait(self.ear.speaking, "no text")

    @property
    def tokens(self) -> int:
        """How many of the large model's tokens were heard in this reply so far."""
        return sum(text.count(" ") for _, text in self.ear.texts)

    @property
    def first_text(self) -> float:
        """When the first text of this reply was heard, whoever said it (seconds, monotonic)."""
        return (self.ear.openings or self.ear.texts)[0][0]

    @property
    def first_continuation(self) -> float:
        """When the large model's first text of this reply was heard (seconds, monotonic)."""
        return self.ear.texts[0][0]


async def cpu_secs(answer: Callable[[], Awaitable[object]], times: int) -> float:
    """Return the CPU that this process uses for one of so many answers, in seconds."""
    before = time.process_time()
    for _ in range(times):
        await answer()
    return (time.process_time() - before) / times
