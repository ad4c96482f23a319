"""A voice bot in a real pipeline, of which tests see every frame and every word spoken."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    DataFrame,
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
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TextAggregationMode, TTSService
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
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


@dataclass
class _Said(DataFrame):
    """Stands in a voice's queue behind what it says."""

    event: asyncio.Event = field(default_factory=asyncio.Event)


class WordTTS(RecordingTTS):
    """A voice that tells when it says which word, as streaming voices do.

    Args:
        unspaced: Whether words are single signs with nothing between them (Chinese).
    """

    def __init__(self, *, unspaced: bool = False, **kwargs: Any) -> None:
        super().__init__(push_text_frames=False, **kwargs)
        self._unspaced = unspaced
        self._growing = ""
        self._at = 0.0

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        async for frame in super().run_tts(text, context_id):
            yield frame
        self._growing += text
        if self._is_streaming_tokens:
            whole, space, growing = self._growing.rpartition(" ")
            await self._time(whole, context_id)
            self._growing = space + growing
        else:
            await self._time(self._growing, context_id)
            self._growing = ""
        # Saying it takes time: the next text comes after these words.
        said = _Said()
        await self.append_to_audio_context(context_id, said)
        await said.event.wait()

    async def on_turn_context_completed(self) -> None:
        if self._turn_context_id:
            await self._time(self._growing, self._turn_context_id)
        self._growing = ""
        await super().on_turn_context_completed()

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, _Said):
            frame.event.set()
        else:
            await super().push_frame(frame, direction)

    async def _time(self, text: str, context_id: str) -> None:
        for word in re.findall(r"\w\W*", text) if self._unspaced else text.split():
            self._at += 0.001
            await self.add_word_timestamps(
                [(word, self._at)], context_id, includes_inter_frame_spaces=self._unspaced
            )


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
    front: Ear
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
            if isinstance(message, dict)  # else in one provider's own shape
            and message.get("role") == "assistant"
            and message.get("content")
        ]

    def metrics(self, kind: type[MetricsData]) -> list[Any]:
        frames = self.of(MetricsFrame)
        return [data for frame in frames for data in frame.data if isinstance(data, kind)]

    @property
    def reports(self) -> list[DualLLMMetricsData]:
        return self.metrics(DualLLMMetricsData)


def quick_stops() -> list[Any]:
    """Turn stop strategies: a turn ends after a short silence."""
    return [SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.05)]


def quick_turns() -> UserTurnStrategies:
    """Pipecat's turn strategies, where a short silence ends a turn."""
    return UserTurnStrategies(stop=quick_stops())


@asynccontextmanager
async def talking_to(
    llm: Any,
    *,
    messages: list[Any] | None = None,
    tools: Any = None,
    tts: bool | RecordingTTS = True,
    mode: TextAggregationMode = TextAggregationMode.SENTENCE,
    front: list[FrameProcessor] | None = None,
    behind: list[FrameProcessor] | None = None,
    output: list[FrameProcessor] | None = None,
    params: PipelineParams | None = None,
    enable_rtvi: bool = False,
    observers: list[Any] | None = None,
    pair: Callable[[LLMContext], LLMContextAggregatorPair] | None = None,
    worker_options: dict[str, Any] | None = None,
) -> AsyncGenerator[Bot]:
    """Run a bot around an LLM service until the block ends.

    Args:
        llm: The service.
        messages: The context's first messages.
        tools: The context's tools.
        tts: Whether the bot has a voice, or the voice.
        mode: How a voice that is not given aggregates text.
        front: Processors in front of the user aggregator.
        behind: Processors between the service and the voice.
        output: Processors between the voice and the assistant aggregator.
        params: The pipeline's parameters.
        enable_rtvi: Whether an RTVI processor runs in front.
        observers: The pipeline's observers.
        pair: Makes the two context aggregators; None for such as do without a turn model.
        worker_options: More options of the worker.
    """
    context = LLMContext(messages or [], **({"tools": tools} if tools is not None else {}))
    changed = asyncio.Event()
    in_front, before, after, end = (Ear(changed.set) for _ in range(4))
    voice = tts if isinstance(tts, RecordingTTS) else None
    if tts and not voice:
        voice = RecordingTTS(text_aggregation_mode=mode)
    if voice:
        voice.on_said = changed.set
    aggregators = (
        pair(context)
        if pair
        else LLMContextAggregatorPair(
            context, user_params=LLMUserAggregatorParams(user_turn_strategies=quick_turns())
        )
    )
    pipeline = Pipeline(
        [
            *(front or []),
            in_front,
            aggregators.user(),
            before,
            llm,
            after,
            *(behind or []),
            *([voice] if voice else []),
            *(output or []),
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
        yield Bot(llm, worker, context, in_front, before, after, end, voice, changed)
    finally:
        await worker.queue_frame(EndFrame())
        await asyncio.wait_for(running, PATIENCE_SECS)
