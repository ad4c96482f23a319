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

from blastoff_pipecat.demo.listener import Listener, Reply
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
        heard: The question as speech recognition understood it.
        reply: The reply as a listener heard it, timed from the last sound of the question on.
        remembered: What the bot's context then holds as its own words, message by message.
        errors: What went wrong, in words.
    """

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
    listener = Listener()
    context = LLMContext()
    aggregators = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    stt, user, tts = LocalSTTService(), aggregators.user(), LocalTTSService()
    worker = PipelineWorker(
        Pipeline([stt, user, llm, tts, aggregators.assistant()]),
        params=PipelineParams(audio_in_sample_rate=SAMPLE_RATE, enable_metrics=True),
        observers=[listener.observer],
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    started, errors = asyncio.Event(), list[str]()

    async def on_started(_worker: Any, _frame: Any) -> None:
        started.set()

    async def on_turn_started(_user: Any, _strategy: Any) -> None:
        listener.forget()

    async def on_error(_worker: Any, frame: ErrorFrame) -> None:
        errors.append(frame.error)

    worker.add_event_handler("on_pipeline_started", on_started)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
    worker.add_event_handler("on_pipeline_error", on_error)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
    user.add_event_handler("on_user_turn_started", on_turn_started)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        await _first_of(started, running)
        await _speak(question, worker)
        listener.observer.fall_silent()
        listening = asyncio.create_task(_stay_silent(worker))
        try:
            if await _first_of(listener.began, running, within=NOTICE_SECS):
                await _first_of(listener.over, running, within=PATIENCE_SECS)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        reply = listener.reply if listener.over.is_set() else None
        await (worker.queue_frame(EndFrame()) if reply else worker.cancel())
    except BaseException:
        await worker.cancel()
        raise
    finally:
        await running
    heard = " ".join(_words_of("user", context))
    if not reply or reply.told["times"]["over"] is None:
        raise NoAnswer(_why_not(heard, listener.reply, errors))
    return Turn(heard, reply, _words_of("assistant", context), tuple(errors))


def _words_of(role: str, context: LLMContext) -> tuple[str, ...]:
    messages = [message for message in context.get_messages() if isinstance(message, dict)]
    return tuple(str(m.get("content")) for m in messages if m.get("role") == role)


def _why_not(heard: str, reply: Reply | None, errors: Sequence[str]) -> str:
    if errors:
        return "The bot could not answer:\n" + "\n".join(f"  {error}" for error in errors)
    if not heard:
        return "The bot heard no words in the question. Is it speech, in English, and loud enough?"
    how = f"had not finished “{reply.text}”" if reply and reply.text else "had said nothing"
    return f"The bot heard “{heard}”, but {how} after {PATIENCE_SECS:.0f} s."


async def _speak(question: Question, worker: PipelineWorker) -> None:
    """Feed the question in real time; return when its last sound has been spoken."""
    size = len(_SILENCE)
    chunks = [question.pcm[at : at + size] for at in range(0, len(question.pcm), size)]
    begins = time.monotonic()
    lead_in = round(_LEAD_IN_SECS / _CHUNK_SECS)
    for index, chunk in enumerate([_SILENCE] * lead_in + chunks):
        await asyncio.sleep(max(0.0, begins + index * _CHUNK_SECS - time.monotonic()))
        await worker.queue_frame(InputAudioRawFrame(chunk.ljust(size, b"\0"), SAMPLE_RATE, 1))


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
