"""The listener's loudspeaker: what it played, and when."""

import asyncio
import time
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pipecat.frames.frames import OutputAudioRawFrame, StartFrame
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from blastoff_pipecat.bench.heard.voice import RATE

Samples: TypeAlias = NDArray[np.int16]

AHEAD_SECS = 0.04
"""How much waits at the listener, so that sound has no holes: one of Pipecat's pieces."""


class Speaker(BaseOutputTransport):
    """Plays in real time.

    Attributes:
        played: Pieces of sound, and when each began to play (seconds, monotonic).
    """

    def __init__(self, *, ahead_secs: float = AHEAD_SECS) -> None:
        """Be silent; so much audio, in seconds, is taken before it is played."""
        params = TransportParams(
            audio_out_enabled=True, audio_out_sample_rate=RATE, audio_out_end_silence_secs=0
        )
        super().__init__(params)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        self.played: list[tuple[float, Samples]] = []
        self._ahead_secs = ahead_secs
        self._free = 0.0

    async def start(self, frame: StartFrame) -> None:
        """Begin to play what comes."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play a piece; return when the next one is needed."""
        starts = max(time.monotonic(), self._free)
        samples: Any = np.frombuffer(frame.audio, "<i2")
        self.played.append((starts, samples))
        self._free = starts + len(samples) / RATE
        await asyncio.sleep(max(0.0, self._free - self._ahead_secs - time.monotonic()))
        return True
