"""A spoken question: a WAV file, or a text that the local voice speaks."""

import asyncio
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pipecat.audio.resamplers.soxr_resampler import SOXRAudioResampler

from blastoff_pipecat.local.voice import DEFAULT_VOICE, Voice
from blastoff_pipecat.local.voice import SAMPLE_RATE as VOICE_RATE

SAMPLE_RATE = 16000
"""Samples a second that speech recognition hears."""

BUNDLED_QUESTION = "Why is the sky blue?"

MAX_SECS = 30.0
"""The longest question that is taken, in seconds."""

_AUDIBLE = 300  # of 32768: below this, the last samples of a recording are its room, not its voice


class UnreadableQuestion(ValueError):
    """The WAV file cannot be used."""


@dataclass(frozen=True)
class Question:
    """A question as speech.

    Attributes:
        pcm: 16-bit mono samples at `SAMPLE_RATE`, ending with the last audible one.
        source: What it is, in words.
    """

    pcm: bytes
    source: str

    @property
    def secs(self) -> float:
        """How long the question is, in seconds."""
        return len(self.pcm) / 2 / SAMPLE_RATE

    @classmethod
    async def read(cls, path: Path) -> Self:
        """Read a question from a WAV file of 16-bit samples, any rate, any channels.

        Raises:
            UnreadableQuestion: There is no such file, it is no such WAV file, it is silent, or it
                is longer than `MAX_SECS`.
        """
        try:
            with wave.open(str(path), "rb") as file:
                width, channels = file.getsampwidth(), file.getnchannels()
                rate, frames = file.getframerate(), file.getnframes()
                if width != 2:
                    raise UnreadableQuestion(
                        f"{path} has {8 * width}-bit samples; 16-bit PCM is needed"
                    )
                if frames > MAX_SECS * rate:
                    raise UnreadableQuestion(
                        f"{path} lasts {frames / rate:.0f} s; at most {MAX_SECS:.0f} s are taken"
                    )
                samples = np.frombuffer(file.readframes(frames), dtype=np.int16)
        except FileNotFoundError:
            raise UnreadableQuestion(f"there is no file {path}") from None
        except (wave.Error, EOFError, OSError) as error:
            raise UnreadableQuestion(f"{path} is no WAV file of plain PCM ({error})") from None
        mono = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
        return await cls._of(mono.tobytes(), rate, str(path))

    @classmethod
    async def speak(cls, text: str) -> Self:
        """Have the local voice speak a question."""
        pcm = await asyncio.to_thread(lambda: b"".join(Voice.shared(DEFAULT_VOICE).stream(text)))
        return await cls._of(pcm, VOICE_RATE, f"“{text}”, spoken by the local voice")

    @classmethod
    async def _of(cls, pcm: bytes, rate: int, source: str) -> Self:
        if rate != SAMPLE_RATE:
            pcm = await SOXRAudioResampler().resample(pcm, rate, SAMPLE_RATE)
        samples = np.frombuffer(pcm, dtype=np.int16)
        audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > _AUDIBLE)
        if not len(audible):
            raise UnreadableQuestion(f"{source} holds no audible speech")
        return cls(samples[: audible[-1] + 1].tobytes(), source)
