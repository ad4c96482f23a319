"""A bot at the phone: audio comes in, is heard and understood, and audio goes out."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
    TranscriptionFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601

from tests.kit.bot import Bot, quick_turns, talking_to

RATE = 16000
CHUNK_SECS = 0.02
LOUD = b"\xff\x3f" * int(RATE * CHUNK_SECS)
QUIET = b"\0\0" * int(RATE * CHUNK_SECS)


class Microphone(BaseInputTransport):
    """Sends what a user's room sounds like: silence, but while the user speaks."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_in_enabled=True, audio_in_sample_rate=RATE))
        self.speech = 0
        """Pieces of speech that are still to come."""
        self._sending: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._sending = self.create_task(self._send())

    async def cleanup(self) -> None:
        await super().cleanup()
        if self._sending:
            await self.cancel_task(self._sending)

    async def _send(self) -> None:
        while True:
            audio = LOUD if self.speech else QUIET
            self.speech = max(0, self.speech - 1)
            await self.push_audio_frame(InputAudioRawFrame(audio, RATE, 1))
            await asyncio.sleep(CHUNK_SECS)


class LoudnessVAD(VADAnalyzer):
    """Takes whatever is loud for speech."""

    def __init__(self) -> None:
        params = VADParams(start_secs=0.04, stop_secs=0.06, min_volume=0.0)
        super().__init__(sample_rate=RATE, params=params)

    def num_frames_required(self) -> int:
        return int(RATE * CHUNK_SECS)

    def voice_confidence(self, buffer: bytes) -> float:
        return 1.0 if any(buffer) else 0.0


class ScriptedSTT(SegmentedSTTService):
    """Understands, of whatever it hears, what the user is known to say."""

    def __init__(self) -> None:
        settings = STTSettings(model=None, language=None)
        super().__init__(sample_rate=RATE, ttfs_p99_latency=0.05, settings=settings)
        self.next_words = ""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield TranscriptionFrame(self.next_words, "user", time_now_iso8601(), finalized=True)


class Speaker(BaseOutputTransport):
    """Plays audio (ten times as fast as a listener hears it) and takes messages for a client."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE))
        self.messages: list[dict[str, Any]] = []
        self.played = 0
        self.changed: Callable[[], None] = lambda: None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self.played += len(frame.audio)
        await asyncio.sleep(len(frame.audio) / 2 / RATE / 10)
        return True

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        self.messages.append(frame.message)
        self.changed()

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the RTVI messages of some types, in order."""
        return [message for message in self.messages if message.get("type") in kinds]

    def text_of(self, kind: str) -> str:
        """Join the texts of the RTVI messages of one type."""
        return "".join(message["data"]["text"] for message in self.of(kind))


@dataclass
class Caller:
    """A user on the phone with a bot."""

    bot: Bot
    microphone: Microphone
    stt: ScriptedSTT
    speaker: Speaker

    async def say(self, words: str) -> None:
        """Say something; return once the bot's ears have taken it for a whole turn."""
        heard = len(self.bot.of(TranscriptionFrame, at=self.bot.front))
        self.stt.next_words = words
        self.microphone.speech = 8
        await self.bot.until(
            lambda: len(self.bot.of(TranscriptionFrame, at=self.bot.front)) > heard
        )


@asynccontextmanager
async def on_the_phone(
    llm: Any, *, strategies: UserTurnStrategies | None = None, **options: Any
) -> AsyncGenerator[Caller]:
    """Call a bot: microphone, STT, VAD, LLM, TTS, speaker, with an RTVI client at the line.

    Args:
        llm: The LLM service.
        strategies: When the user's turn starts and ends.
        **options: As for `talking_to`.
    """
    microphone, stt, speaker = Microphone(), ScriptedSTT(), Speaker()

    def pair(context: LLMContext) -> LLMContextAggregatorPair:
        return LLMContextAggregatorPair(
            context,
            user_params=LLMUserAggregatorParams(
                vad_analyzer=LoudnessVAD(),
                user_turn_strategies=strategies or quick_turns(),
            ),
        )

    options = {"enable_rtvi": True, "pair": pair, **options}
    async with talking_to(llm, front=[microphone, stt], output=[speaker], **options) as bot:
        speaker.changed = bot.changed.set
        yield Caller(bot, microphone, stt, speaker)
