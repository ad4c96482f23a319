"""Recorded questions, good and bad."""

import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blastoff_pipecat.demo.question import MAX_SECS, SAMPLE_RATE, Question, UnreadableQuestion


def _tone(secs: float, rate: int) -> NDArray[np.int16]:
    at = np.arange(round(secs * rate)) / rate
    return (8000 * np.sin(2 * np.pi * 300 * at)).astype("<i2")


def _wav(
    path: Path, samples: bytes, *, rate: int = 16000, channels: int = 1, width: int = 2
) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "question.wav"


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
async def test_any_rate_is_brought_to_the_rate_of_recognition(path: Path, rate: int) -> None:
    """A second of sound stays a second of sound, at 16 kHz."""
    question = await Question.read(_wav(path, _tone(1.0, rate).tobytes(), rate=rate))
    assert question.secs == pytest.approx(1.0, abs=0.02)
    assert len(question.pcm) == pytest.approx(2 * SAMPLE_RATE, rel=0.02)


async def test_both_channels_are_heard(path: Path) -> None:
    """A voice on one channel of two is heard."""
    left = np.stack([_tone(1.0, 16000), np.zeros(16000, "<i2")], axis=1)
    question = await Question.read(_wav(path, left.tobytes(), channels=2))
    assert question.secs == pytest.approx(1.0, abs=0.02)
    assert np.abs(np.frombuffer(question.pcm, "<i2")).max() > 3000


async def test_silence_at_the_end_is_no_part_of_the_question(path: Path) -> None:
    """The reply is timed from the last sound, not from the end of the file."""
    sound = np.concatenate([_tone(0.5, 16000), np.zeros(32000, "<i2")])
    question = await Question.read(_wav(path, sound.tobytes()))
    assert question.secs == pytest.approx(0.5, abs=0.01)


async def test_a_recording_that_was_cut_off_is_taken_as_far_as_it_goes(path: Path) -> None:
    """The header promises more than there is, and the last sample is half."""
    _wav(path, _tone(2.0, 16000).tobytes())
    os.truncate(path, 44 + 16000 * 2 + 1)
    assert (await Question.read(path)).secs == pytest.approx(1.0, abs=0.01)


async def test_a_recording_from_a_pipe_is_taken(path: Path) -> None:
    """Its header could not be corrected and says that it is 4 GB long."""
    _as_from_a_pipe(path)
    assert (await Question.read(path)).secs == pytest.approx(1.0, abs=0.01)


def _as_from_a_pipe(path: Path) -> None:
    whole = bytearray(_wav(path, _tone(1.0, 16000).tobytes()).read_bytes())
    whole[4:8] = whole[40:44] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(whole)


def _eight_bit(path: Path) -> None:
    _wav(path, bytes(8000), rate=8000, width=1)


def _float(path: Path) -> None:
    whole = bytearray(_wav(path, _tone(1.0, 16000).tobytes()).read_bytes())
    whole[20:22] = struct.pack("<H", 3)
    path.write_bytes(whole)


def _odd_rate(path: Path) -> None:
    _wav(path, _tone(1.0, 16000).tobytes(), rate=7)


def _too_long(path: Path) -> None:
    _wav(path, _tone(MAX_SECS + 1, 8000).tobytes(), rate=8000)


def _nothing(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("This is no sound.")


def _half_a_header(path: Path) -> None:
    path.write_bytes(b"RIFF\x24\0\0\0WAVEfm")


def _silent(path: Path) -> None:
    _wav(path, bytes(32000))


def _no_samples(path: Path) -> None:
    _wav(path, b"")


def _folder(path: Path) -> None:
    path.mkdir()


def _missing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_eight_bit, "8-bit"),
        (_float, "no WAV file of plain PCM"),
        (_odd_rate, "7 samples a second"),
        (_too_long, "longer than the 30 s"),
        (_nothing, "no WAV file"),
        (_text, "no WAV file"),
        (_half_a_header, "no WAV file"),
        (_silent, "silent"),
        (_no_samples, "silent"),
        (_folder, "cannot be read"),
        (_missing, "no file"),
    ],
)
async def test_what_is_no_question_is_refused_in_one_message(path: Path, make, says: str) -> None:
    """The message names the file and what is wrong with it."""
    make(path)
    with pytest.raises(UnreadableQuestion, match=says) as refusal:
        await Question.read(path)
    assert "question.wav" in str(refusal.value)
