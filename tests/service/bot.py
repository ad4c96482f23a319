"""A voice bot in a real pipeline, of which tests see every frame and every word spoken."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMTextFrame,
    MetricsFrame,
    TTSAudioRawFrame,
)
from pipecat.metrics.metrics import MetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TextAggregationMode, TTSService
from pipecat.workers.runner import WorkerRunner

from blastoff_pipecat import DualLLMMetricsData, OpeningTextFrame

PATIENCE_SECS = 10.0


class RecordingTTS(TTSService):
    """A voice that notes what it is asked to say, and when; each text is 20 ms of silence."""

    def __init__(self, **kwargs: Any) -> None:
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=16000,
            settings=settings,
            **kwargs,
        )
        self.said: list[tuple[str, float]] = []
        self.on_said: Callable[[], None] = lambda: None

    def can_generate_metrics(self) -> bool:
        return False

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.said.append((text, time.monotonic()))
        self.on_said()
        yield TTSAudioRawFrame(b"\0" * 640, 16000, 1, context_id=context_id)


class Ear(FrameProcessor):
    """Notes the frames that pass, and when."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self.frames: list[tuple[Frame, FrameDirection, float]] = []
        self._changed = changed

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append((frame, direction, time.monotonic()))
        self._changed()
        await self.push_frame(frame, direction)


@dataclass
class Bot:
    """A running bot."""

    llm: Any
    worker: PipelineWorker
    context: LLMContext
    before: Ear
    after: Ear
    end: Ear
    tts: RecordingTTS | None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, text: str) -> float:
        """Say something to the bot; return when."""
        now = time.monotonic()
        message: Any = {"role": "user", "content": text}
        await self.worker.queue_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))
        return now

    async def hear_reply(self, text: str = "Hello?") -> str:
        """Say something and wait until the reply has been spoken; return the reply's text."""
        replies = self.ended
        messages = len(self.context.get_messages())
        await self.ask(text)
        await self.until(lambda: self.ended > replies)
        if self.text_of_last_reply.strip():
            await self.until(lambda: len(self.context.get_messages()) > messages + 1)
        return self.text_of_last_reply

    async def interrupt(self) -> None:
        """Interrupt the bot; return once the interruption has passed the whole pipeline."""
        seen = len(self.of(InterruptionFrame, at=self.end))
        await self.worker.queue_frame(InterruptionFrame())
        await self.until(lambda: len(self.of(InterruptionFrame, at=self.end)) > seen)

    async def until(self, condition: Callable[[], bool], within: float = PATIENCE_SECS) -> None:
        """Wait until a condition holds, looking whenever a frame passes or a word is said."""
        deadline = time.monotonic() + within
        while not condition():
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), deadline - time.monotonic())
            except TimeoutError:
                if condition():
                    return
                names = [type(f).__name__ for f, _, _ in self.after.frames][-30:]
                raise AssertionError(f"waited {within} s in vain; frames: {names}") from None

    def of(self, kind: type[Frame], *, at: Ear | None = None) -> list[Any]:
        """Return the frames of a kind that went downstream behind the service (or `at` an ear)."""
        ear = at or self.after
        return [
            frame
            for frame, direction, _ in ear.frames
            if isinstance(frame, kind) and direction is FrameDirection.DOWNSTREAM
        ]

    @property
    def started(self) -> int:
        return len(self.of(LLMFullResponseStartFrame))

    @property
    def ended(self) -> int:
        return len(self.of(LLMFullResponseEndFrame))

    @property
    def text_of_last_reply(self) -> str:
        """All text that the service sent towards the voice since the last reply began."""
        text = ""
        for frame, direction, _ in self.after.frames:
            if direction is not FrameDirection.DOWNSTREAM:
                continue
            if isinstance(frame, LLMFullResponseStartFrame):
                text = ""
            elif isinstance(frame, LLMTextFrame | OpeningTextFrame):
                text += frame.text
        return text

    @property
    def errors(self) -> list[ErrorFrame]:
        return [frame for frame, _, _ in self.before.frames if isinstance(frame, ErrorFrame)]

    @property
    def spoken(self) -> list[str]:
        """What the voice was asked to say, text by text."""
        return [text for text, _ in self.tts.said] if self.tts else []

    @property
    def assistant_messages(self) -> list[str]:
        return [
            str(message["content"])
            for message in self.context.get_messages()
            if message.get("role") == "assistant" and message.get("content")
        ]

    def metrics(self, kind: type[MetricsData]) -> list[Any]:
        frames = self.of(MetricsFrame)
        return [data for frame in frames for data in frame.data if isinstance(data, kind)]

    @property
    def reports(self) -> list[DualLLMMetricsData]:
        return self.metrics(DualLLMMetricsData)


@asynccontextmanager
async def talking_to(
    llm: Any,
    *,
    messages: list[Any] | None = None,
    tools: Any = None,
    tts: bool = True,
    mode: TextAggregationMode = TextAggregationMode.SENTENCE,
    behind: list[FrameProcessor] | None = None,
    params: PipelineParams | None = None,
    enable_rtvi: bool = False,
    observers: list[Any] | None = None,
    pair: Callable[[LLMContext], LLMContextAggregatorPair] = LLMContextAggregatorPair,
    worker_options: dict[str, Any] | None = None,
) -> AsyncGenerator[Bot]:
    """Run a bot around an LLM service until the block ends.

    Args:
        llm: The service.
        messages: The context's first messages.
        tools: The context's tools.
        tts: Whether the bot has a voice.
        mode: How the voice aggregates text.
        behind: Processors between the service and the voice.
        params: The pipeline's parameters.
        enable_rtvi: Whether an RTVI processor runs in front.
        observers: The pipeline's observers.
        pair: Makes the two context aggregators.
        worker_options: More options of the worker.
    """
    context = LLMContext(messages or [], **({"tools": tools} if tools is not None else {}))
    changed = asyncio.Event()
    before, after, end = Ear(changed.set), Ear(changed.set), Ear(changed.set)
    voice = RecordingTTS(text_aggregation_mode=mode) if tts else None
    if voice:
        voice.on_said = changed.set
    aggregators = pair(context)
    pipeline = Pipeline(
        [
            aggregators.user(),
            before,
            llm,
            after,
            *(behind or []),
            *([voice] if voice else []),
            aggregators.assistant(),
            end,
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=params or PipelineParams(enable_metrics=True, enable_usage_metrics=True),
        cancel_on_idle_timeout=False,
        enable_rtvi=enable_rtvi,
        observers=observers or [],
        **(worker_options or {}),
    )
    ready = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def _(_worker: Any, _frame: Any) -> None:
        ready.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        await asyncio.wait_for(ready.wait(), PATIENCE_SECS)
        yield Bot(llm, worker, context, before, after, end, voice, changed)
    finally:
        await worker.queue_frame(EndFrame())
        await asyncio.wait_for(running, PATIENCE_SECS)
