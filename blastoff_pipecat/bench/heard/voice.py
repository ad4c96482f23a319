"""A voice at the usual pace, whose sound tells whose words it says."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from blastoff_pipecat.relay.scripts import speech_seconds

RATE = 16000
"""Samples a second, all the way to the listener."""

LATENCY_SECS = 0.15
"""From a text to its first sound."""

QUIET, LOUD = 4000, 12000
"""The samples of the small model's words and of the large one's."""

_PIECE_SECS = 0.04  # Pipecat plays in such pieces, and keeps what is left of one to itself


class PacedVoice(TTSService):
    """Says each text at the pace of speech; its audio comes faster than it is heard.

    Attributes:
        said: The texts that it was given, in order.
    """

    def __init__(self, answer: str) -> None:
        """Take the large model's answer: what is not of it, the small model says."""
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=RATE,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._answer = answer
        self.said: list[str] = []

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Say a text."""
        self.said.append(text)
        await asyncio.sleep(LATENCY_SECS)
        loudness = LOUD if text.strip() in self._answer else QUIET
        samples, piece = round(speech_seconds(text) * RATE), round(_PIECE_SECS * RATE)
        audio = np.zeros(piece * -(-samples // piece), "<i2")
        audio[:samples] = loudness
        for at in range(0, len(audio), piece):
            sound = audio[at : at + piece].tobytes()
            yield TTSAudioRawFrame(sound, RATE, 1, context_id=context_id)
