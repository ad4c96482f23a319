"""A session: one service in a Pipecat pipeline of its own, with an ear behind it.

The pipeline is the least that Pipecat runs a service in: `PipelineWorker` with the service and the
ear, without RTVI, turn tracking, idle timeout or metrics, so that no observer is called. Contexts
are queued at the service, and text frames end in the ear.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from blastoff_pipecat.bench.overhead import contestants
from blastoff_pipecat.bench.overhead.contestants import Kind, Service

PATIENCE_SECS = 60.0


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


class Session:
    """One service at work."""

    def __init__(self, kind: Kind, service: Service) -> None:
        """Put a service into a pipeline; `running` runs it."""
        self.kind = kind
        self.service = service
        self.ear = Ear()
        self.ready = asyncio.Event()
        self.error: str | None = None
        self.worker = PipelineWorker(
            Pipeline([service, self.ear]),
            params=PipelineParams(),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
        )

        @self.worker.event_handler("on_pipeline_started")
        async def _(_worker: Any, _frame: Any) -> None:
            self.ready.set()

        @self.worker.event_handler("on_pipeline_error")
        async def _(_worker: Any, frame: ErrorFrame) -> None:
            self.error = frame.error

    async def starts(self) -> None:
        """Wait until the pipeline runs.

        Raises:
            RuntimeError: It does not.
        """
        await self._wait(self.ready, "the pipeline has not started")

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
        opened = bool(self.ear.openings) == (self.kind == "dual")
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

    async def _wait(self, event: asyncio.Event, missing: str) -> None:
        try:
            await asyncio.wait_for(event.wait(), PATIENCE_SECS)
        except TimeoutError:
            raise self._failure(f"{missing} within {PATIENCE_SECS:g} s") from None

    def _failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"{self.kind}: {what}" + (f"; {self.error}" if self.error else ""))

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


@asynccontextmanager
async def running(sessions: Sequence[Session]) -> AsyncGenerator[None]:
    """Run the pipelines of sessions until the block ends; if it fails, replies are broken off."""
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(*(session.worker for session in sessions))
    task = asyncio.create_task(runner.run())
    try:
        for session in sessions:
            await session.starts()
        yield
        for session in sessions:
            await session.worker.queue_frame(EndFrame())
        await asyncio.wait_for(asyncio.shield(task), PATIENCE_SECS)
    finally:
        await runner.cancel()
        await asyncio.wait_for(task, PATIENCE_SECS)
        for session in sessions:
            await contestants.close(session.service)
