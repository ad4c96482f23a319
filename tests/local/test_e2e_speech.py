"""The embedded voice and ear, with their real weights, in real pipelines."""

import asyncio
import re
import threading
from collections.abc import Sequence

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    LLMFullResponseStartFrame,
    TextType,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.tests.utils import run_test
from pipecat.transcriptions.language import Language
from pipecat.workers.runner import WorkerRunner

from blastoff_pipecat.local.stt import LocalSTTService
from blastoff_pipecat.local.tts import LocalTTSService
from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.weights.store import ModelStore
from tests.kit.word_errors import word_errors

pytestmark = pytest.mark.e2e

SENTENCES = [
    "What is the capital city of France?",
    "Can you tell me how to make a good cup of tea?",
    "I would like to book a table for four people tomorrow evening.",
    "Please remind me to call my mother after work.",
    "The weather will be sunny in the morning, with some rain in the afternoon.",
]
LONG = " ".join(f"This is sentence number {n} of a very long story." for n in range(1, 60))


def _aggregated(text: str) -> AggregatedTextFrame:
    return AggregatedTextFrame(text, TextType.SENTENCE)


async def _speak(
    rate: int, *texts: str, settings: LocalTTSService.Settings | None = None
) -> Sequence[Frame]:
    """What a pipeline with the voice sends on for some texts."""
    down, up = await run_test(
        LocalTTSService(settings=settings),
        frames_to_send=[TTSSpeakFrame(text) for text in texts],
        pipeline_params=PipelineParams(audio_out_sample_rate=rate),
        start_timeout=30,
    )
    assert not [frame for frame in up if isinstance(frame, ErrorFrame)]
    return down


async def _hear(sounds: Sequence[bytes], rate: int) -> list[str]:
    """What a pipeline with the ear makes of utterances."""
    await ModelStore().fetch_in_thread(WHISPER_TINY_EN)
    frames: list[Frame] = []
    for sound in sounds:
        frames += [
            VADUserStartedSpeakingFrame(),
            InputAudioRawFrame(sound, rate, 1),
            VADUserStoppedSpeakingFrame(),
        ]
    down, _ = await run_test(
        LocalSTTService(),
        frames_to_send=frames,
        pipeline_params=PipelineParams(audio_in_sample_rate=rate),
        start_timeout=30,
    )
    return [frame.text for frame in down if isinstance(frame, TranscriptionFrame)]


def _sound(frames: Sequence[Frame]) -> bytes:
    return b"".join(frame.audio for frame in frames if isinstance(frame, TTSAudioRawFrame))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


@pytest.mark.parametrize("rate", [16_000, 8_000])
async def test_what_the_voice_says_the_ear_understands(rate: int) -> None:
    """At the rates of a browser and of a phone, at most one word in twenty is misheard."""
    sounds: dict[str | None, bytes] = {}
    for frame in await _speak(rate, *SENTENCES):
        if isinstance(frame, TTSAudioRawFrame):
            sounds[frame.context_id] = sounds.get(frame.context_id, b"") + frame.audio
    heard = await _hear(list(sounds.values()), rate)
    assert len(heard) == len(SENTENCES)
    errors = sum(word_errors(_words(s), _words(h)) for s, h in zip(SENTENCES, heard, strict=True))
    assert errors <= 0.05 * sum(len(_words(sentence)) for sentence in SENTENCES), heard


async def test_sound_comes_in_the_pipelines_rate_and_shape() -> None:
    """Frames are 16-bit mono at the pipeline's rate, framed by started and stopped."""
    frames = await _speak(8_000, "Hello there.")
    sounds = [frame for frame in frames if isinstance(frame, TTSAudioRawFrame)]
    assert {(frame.sample_rate, frame.num_channels) for frame in sounds} == {(8_000, 1)}
    assert isinstance(frames[-1], TTSStoppedFrame)
    assert 0.5 < len(_sound(frames)) / 2 / 8_000 < 1.5


async def test_the_first_sound_is_not_silence() -> None:
    """A listener does not wait for leading silence, and a comma is no long pause."""
    sound = _sound(await _speak(24_000, "Good question, let me think,"))
    samples = memoryview(sound).cast("h")
    loud = [index for index, sample in enumerate(samples) if abs(sample) > 300]
    assert loud[0] / 24_000 < 0.08
    assert (len(samples) - loud[-1]) / 24_000 < 0.25


async def test_speed_changes_the_pace() -> None:
    """The speed setting makes the same words shorter."""
    slow = _sound(await _speak(24_000, SENTENCES[0]))
    fast = _sound(await _speak(24_000, SENTENCES[0], settings=LocalTTSService.Settings(speed=1.5)))
    assert len(fast) < 0.8 * len(slow)


async def test_a_text_without_words_is_silent_and_harmless() -> None:
    """Text that the voice cannot read is a moment of silence, and no error that retires it."""
    sound = _sound(await _speak(24_000, "你好"))
    assert 0 < len(sound) / 2 / 24_000 < 0.2
    assert not any(sound)


class _Listener(FrameProcessor):
    """Interrupts the bot at the first sound it hears, and keeps what it hears afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupted = asyncio.Event()
        self.before: list[Frame] = []
        self.after: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        (self.after if self.interrupted.is_set() else self.before).append(frame)
        if isinstance(frame, TTSAudioRawFrame) and not self.interrupted.is_set():
            self.interrupted.set()
            await self.broadcast_interruption()


async def test_an_interrupted_voice_stops_and_speaks_again() -> None:
    """After an interruption nothing of that reply is heard, the next is, and no thread is left."""
    listener = _Listener()
    worker = PipelineWorker(
        Pipeline([LocalTTSService(), listener]), enable_rtvi=False, cancel_on_idle_timeout=False
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await worker.queue_frames([LLMFullResponseStartFrame(), _aggregated(LONG)])
    await asyncio.wait_for(listener.interrupted.wait(), 30)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("local-tts")]
    await worker.queue_frames([TTSSpeakFrame("And now something else."), EndFrame()])
    await asyncio.wait_for(running, 30)
    assert "And now something else." in [getattr(frame, "text", "") for frame in listener.after]
    assert 0.5 < len(_sound(listener.after)) / 2 / 24_000 < 3, "the interrupted reply went on"
    assert len(threads) == 1
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


async def test_a_language_that_the_ear_does_not_know_is_refused() -> None:
    """Asking an English-only model for German is an error at construction."""
    with pytest.raises(ValueError, match="'de'"):
        LocalSTTService(settings=LocalSTTService.Settings(language=Language.DE))
