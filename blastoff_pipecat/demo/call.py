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
from blastoff_pipecat.service.service import DualLLMService

NOTICE_SECS = 12.0
"""How long after the question a reply may take to begin: Pipecat gives up on a turn without words
after 5 s, and recognition of a long question takes a few more on a slow computer."""

PATIENCE_SECS = 90.0
"""How long a reply may take to be spoken, from its beginning."""

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
        remembered: What the bot's context then holds as its own words, message by message.
        errors: What went wrong, in words.
    """

    asked_until: float
    heard: str
    reply: Reply
    remembered: Sequence[str] = ()
    errors: Sequence[str] = ()


class NoAnswer(RuntimeError):
    """The bot did not answer."""


async def ask(question: Question, llm: DualLLMService) -> Turn:
    """Speak a question to a bot in real time and listen to its reply.

    Raises:
        NoAnswer: Nothing was said in time; the message says how far the bot came.
    """
    reply = Reply()
    ear, playout = TextEar(reply), Playout(reply)
    context = LLMContext()
    aggregators = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    speech = LocalSTTService(), LocalTTSService()
    pipeline = Pipeline(
        [speech[0], aggregators.user(), llm, ear, speech[1], playout, aggregators.assistant()]
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
        await _first_of(started, running)
        asked_until = await _speak(question, worker)
        listening = asyncio.create_task(_stay_silent(worker))
        try:
            if await _first_of(ear.began, running, within=NOTICE_SECS):
                await _first_of(playout.ended, running, within=PATIENCE_SECS)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        ended = playout.ended.is_set()
        await (worker.queue_frame(EndFrame()) if ended else worker.cancel())
    except BaseException:
        await worker.cancel()
        raise
    finally:
        await running
    heard = " ".join(_words_of("user", context))
    if not ended or reply.over is None:
        raise NoAnswer(_why_not(heard, reply, errors))
    return Turn(asked_until, heard, reply, _words_of("assistant", context), tuple(errors))


def _words_of(role: str, context: LLMContext) -> tuple[str, ...]:
    messages = [message for message in context.get_messages() if isinstance(message, dict)]
    return tuple(str(m.get("content")) for m in messages if m.get("role") == role)


def _why_not(heard: str, reply: Reply, errors: Sequence[str]) -> str:
    if errors:
        return "The bot could not answer:\n" + "\n".join(f"  {error}" for error in errors)
    if not heard:
        return "The bot heard no words in the question. Is it speech, in English, and loud enough?"
    how = f"had not finished “{reply.text}”" if reply.text else "had said nothing"
    return f"The bot heard “{heard}”, but {how} after {PATIENCE_SECS:.0f} s."


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


async def _first_of(
    event: asyncio.Event, running: asyncio.Task[None], *, within: float | None = None
) -> bool:
    """Wait for an event, or the end of the pipeline, or some seconds; tell whether it happened."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({waiting, running}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return event.is_set()
