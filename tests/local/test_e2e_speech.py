"""The embedded voice and ear, with their real weights, in real pipelines."""

import re
import threading
import time
from collections.abc import Sequence

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
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
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.tests.utils import run_test
from pipecat.transcriptions.language import Language

from blastoff_pipecat.local.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.store import ModelStore
from blastoff_pipecat.local.stt import LocalSTTService
from blastoff_pipecat.local.tts import LocalTTSService

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
    text: str, rate: int, settings: LocalTTSService.Settings | None = None
) -> Sequence[Frame]:
    """What a pipeline with the voice sends on for a text."""
    down, up = await run_test(
        LocalTTSService(settings=settings),
        frames_to_send=[TTSSpeakFrame(text)],
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


def _word_errors(said: list[str], heard: list[str]) -> int:
    """Words replaced, left out or added."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (word != other))
    return row[-1]


@pytest.mark.parametrize("rate", [24_000, 16_000, 8_000])
async def test_what_the_voice_says_the_ear_understands(rate: int) -> None:
    """At the rates of a browser and of a phone, at most one word in twenty is misheard."""
    sounds = [_sound(await _speak(sentence, rate)) for sentence in SENTENCES]
    heard = await _hear(sounds, rate)
    assert len(heard) == len(SENTENCES)
    errors = sum(_word_errors(_words(s), _words(h)) for s, h in zip(SENTENCES, heard, strict=True))
    assert errors <= 0.05 * sum(len(_words(sentence)) for sentence in SENTENCES), heard


async def test_sound_comes_in_the_pipelines_rate_and_shape() -> None:
    """Frames are 16-bit mono at the pipeline's rate, framed by started and stopped."""
    frames = await _speak("Hello there.", 8_000)
    sounds = [frame for frame in frames if isinstance(frame, TTSAudioRawFrame)]
    assert {(frame.sample_rate, frame.num_channels) for frame in sounds} == {(8_000, 1)}
    assert isinstance(frames[-1], TTSStoppedFrame)
    assert 0.5 < len(_sound(frames)) / 2 / 8_000 < 1.5


async def test_the_first_sound_is_not_silence() -> None:
    """A listener does not wait for leading silence, and a comma is no long pause."""
    sound = _sound(await _speak("Good question, let me think,", 24_000))
    samples = memoryview(sound).cast("h")
    loud = [index for index, sample in enumerate(samples) if abs(sample) > 300]
    assert loud[0] / 24_000 < 0.08
    assert (len(samples) - loud[-1]) / 24_000 < 0.25


async def test_speed_changes_the_pace() -> None:
    """The speed setting makes the same words shorter."""
    slow = _sound(await _speak(SENTENCES[0], 24_000))
    fast = _sound(await _speak(SENTENCES[0], 24_000, LocalTTSService.Settings(speed=1.5)))
    assert len(fast) < 0.8 * len(slow)


async def test_a_text_without_words_is_silent_and_harmless() -> None:
    """Text that the voice cannot read makes no sound and no error."""
    assert _sound(await _speak("你好", 24_000)) == b""


class _Interrupter(FrameProcessor):
    """Interrupts the bot at the first sound it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupted = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame) and not self.interrupted:
            self.interrupted = True
            await self.broadcast_interruption()


async def test_an_interrupted_voice_is_silent_at_once() -> None:
    """After an interruption no sound of that reply follows, and its thread is soon at rest."""
    started = time.monotonic()
    down, _ = await run_test(
        Pipeline([LocalTTSService(), _Interrupter()]),
        frames_to_send=[
            LLMFullResponseStartFrame(),
            _aggregated(LONG),
            LLMFullResponseEndFrame(),
        ],
        start_timeout=30,
    )
    took = time.monotonic() - started
    index = next(i for i, frame in enumerate(down) if isinstance(frame, InterruptionFrame))
    assert not [frame for frame in down[index:] if isinstance(frame, TTSAudioRawFrame)]
    assert 0 < len(_sound(down)) / 2 / 24_000 < 60, f"it went on speaking ({took:.1f} s)"
    for thread in threading.enumerate():
        if thread.name.startswith("local-tts"):
            thread.join(2)
            assert not thread.is_alive()


async def test_the_voice_speaks_again_after_an_interruption() -> None:
    """An interruption ends one reply, not the service."""
    down, _ = await run_test(
        Pipeline([LocalTTSService(), _Interrupter()]),
        frames_to_send=[
            LLMFullResponseStartFrame(),
            _aggregated(LONG),
            LLMFullResponseEndFrame(),
            TTSSpeakFrame("And this is something else."),
        ],
        start_timeout=30,
    )
    texts = [getattr(frame, "text", "") for frame in down]
    assert "And this is something else." in texts


async def test_a_language_that_the_ear_does_not_know_is_refused() -> None:
    """Asking an English-only model for German is an error at construction."""
    with pytest.raises(ValueError, match="'de'"):
        LocalSTTService(settings=LocalSTTService.Settings(language=Language.DE))
