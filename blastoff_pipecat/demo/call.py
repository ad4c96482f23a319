"""One question through a real pipeline: speech in, recognition, reply, voice, speech out."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import EndFrame, ErrorFrame, InputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.workers.runner import WorkerRunner

from blastoff_pipecat.demo.playout import Playout, Reply, TextEar
from blastoff_pipecat.demo.question import SAMPLE_RATE, Question
from blastoff_pipecat.local.stt import LocalSTTService
from blastoff_pipecat.local.tts import LocalTTSService
from blastoff_pipecat.service import DualLLMService

PATIENCE_SECS = 60.0
"""How long the whole turn may take, beyond the question's own length."""

_CHUNK_SECS = 0.02
_LEAD_IN_SECS = 0.3
_SILENCE = b"\0\0" * round(SAMPLE_RATE * _CHUNK_SECS)


@dataclass(frozen=True)
class Turn:
    """One question and its reply.

    Attributes:
        asked_until: When the last sound of the question was spoken (monotonic seconds).
        heard: The question as speech recognition understood it.
        reply: The reply as a listener heard it.
        errors: What went wrong, in words.
    """

    asked_until: float
    heard: str
    reply: Reply
    errors: Sequence[str]


class NoAnswer(RuntimeError):
    """The bot did not answer."""


async def ask(question: Question, llm: DualLLMService) -> Turn:
    """Speak a question to a bot in real time and listen to its reply.

    Raises:
        NoAnswer: The reply did not end in time; the message says how far it came.
    """
    reply = Reply()
    playout = Playout(reply)
    context = LLMContext()
    aggregators = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline(
        [
            LocalSTTService(),
            aggregators.user(),
            llm,
            TextEar(reply),
            LocalTTSService(),
            playout,
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=SAMPLE_RATE, enable_metrics=True),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    started, errors = asyncio.Event(), list[str]()

    async def on_started(_worker: Any, _frame: Any) -> None:
        started.set()

    async def on_error(_worker: Any, frame: ErrorFrame) -> None:
        errors.append(frame.error)

    worker.add_event_handler("on_pipeline_started", on_started)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
    worker.add_event_handler("on_pipeline_error", on_error)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        await started.wait()
        asked_until = await _speak(question, worker)
        listening = asyncio.create_task(_stay_silent(worker))
        try:
            await _until_answered(playout, running)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
    finally:
        await worker.queue_frame(EndFrame())
        await running
    said = [m for m in context.get_messages() if isinstance(m, dict) and m.get("role") == "user"]
    heard = " ".join(str(message.get("content")) for message in said)
    if not playout.ended.is_set():
        what = f"it heard “{heard}”" if heard else "it heard no words in the question"
        told = f": {'; '.join(errors)}" if errors else ""
        raise NoAnswer(f"no reply within {PATIENCE_SECS:.0f} s; {what}{told}")
    return Turn(asked_until, heard, reply, tuple(errors))


async def _speak(question: Question, worker: PipelineWorker) -> float:
    """Feed the question in real time; return when its last sound was spoken."""
    size = len(_SILENCE)
    chunks = [question.pcm[at : at + size] for at in range(0, len(question.pcm), size)]
    begins = time.monotonic()
    lead_in = round(_LEAD_IN_SECS / _CHUNK_SECS)
    for index, chunk in enumerate([_SILENCE] * lead_in + chunks):
        await asyncio.sleep(max(0.0, begins + index * _CHUNK_SECS - time.monotonic()))
        await worker.queue_frame(InputAudioRawFrame(chunk.ljust(size, b"\0"), SAMPLE_RATE, 1))
    return time.monotonic()


async def _stay_silent(worker: PipelineWorker) -> None:
    while True:
        await asyncio.sleep(_CHUNK_SECS)
        await worker.queue_frame(InputAudioRawFrame(_SILENCE, SAMPLE_RATE, 1))


async def _until_answered(playout: Playout, running: asyncio.Task[None]) -> None:
    """Wait for the end of the reply, or of the pipeline, or of patience."""
    ended = asyncio.create_task(playout.ended.wait())
    try:
        await asyncio.wait(
            {ended, running}, timeout=PATIENCE_SECS, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        ended.cancel()
