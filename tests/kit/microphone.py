"""What a browser's fake microphone hears: spoken questions, with time to answer them."""

import asyncio
import wave
from collections.abc import Sequence
from pathlib import Path

from blastoff_pipecat.demo.question import SAMPLE_RATE, Question

FAKE_MICROPHONE = "--use-fake-device-for-media-stream"
"""The flag of a browser whose microphone beeps, or plays a recording."""


def record(path: Path, questions: Sequence[str], *, before_secs: float, pause_secs: float) -> None:
    """Write a recording in which questions are asked.

    Args:
        path: The WAV file.
        questions: What is asked.
        before_secs: Silence before the first question.
        pause_secs: Silence after each.
    """

    async def speak() -> list[Question]:
        return [await Question.speak(text) for text in questions]

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * round(before_secs * SAMPLE_RATE)))
        for question in asyncio.run(speak()):
            file.writeframes(question.pcm)
            file.writeframes(bytes(2 * round(pause_secs * SAMPLE_RATE)))


def listens_to(recording: Path) -> tuple[str, ...]:
    """The flags of a browser whose microphone plays a recording, over and over."""
    return (
        FAKE_MICROPHONE,
        f"--use-file-for-fake-audio-capture={recording}",
        "--use-fake-ui-for-media-stream",
    )
