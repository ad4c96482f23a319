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

_RATES = range(4_000, 400_000)
_WAY_OUT = (
    "A WAV file of 16-bit PCM is needed; ffmpeg makes one: "
    "ffmpeg -i QUESTION -ac 1 -ar 16000 -c:a pcm_s16le question.wav"
)
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
            with path.open("rb") as raw, wave.open(raw) as file:
                channels, width, rate, *_ = file.getparams()
                if width != 2:
                    raise UnreadableQuestion(f"{path} has {8 * width}-bit samples. {_WAY_OUT}")
                if rate not in _RATES:
                    raise UnreadableQuestion(f"{path} has {rate} samples a second. {_WAY_OUT}")
                # What is read counts, not what the header says: a recorder that was cut off, or
                # wrote to a pipe, could not correct it.
                pcm = file.readframes(round(MAX_SECS * rate) + 1)
        except FileNotFoundError:
            raise UnreadableQuestion(f"There is no file {path}.") from None
        except (wave.Error, EOFError) as error:
            why = f" ({error})" if str(error) else ""
            raise UnreadableQuestion(
                f"{path} is no WAV file of plain PCM{why}. {_WAY_OUT}"
            ) from None
        except OSError as error:
            raise UnreadableQuestion(f"{path} cannot be read: {error.strerror}.") from None
        frames = len(pcm) // (2 * channels)
        if frames > MAX_SECS * rate:
            raise UnreadableQuestion(f"{path} is longer than the {MAX_SECS:.0f} s that are taken.")
        samples = np.frombuffer(pcm, dtype="<i2", count=frames * channels)
        mono = samples.reshape(-1, channels).mean(axis=1).astype("<i2")
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
            raise UnreadableQuestion(f"{source} is silent: there is no question in it.")
        return cls(samples[: audible[-1] + 1].tobytes(), source)
