"""Text to speech on this computer, as a Pipecat service."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from loguru import logger
from pipecat.frames.frames import ErrorFrame, Frame, StartFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language
from pipecat.utils.tracing.service_decorators import (
    traced_tts,  # pyright: ignore[reportUnknownVariableType]  # its functions have no types
)
from pipecat.utils.types import NOT_GIVEN, NotGiven, assert_given, require_given

from blastoff_pipecat.local.voice import DEFAULT_VOICE, SAMPLE_RATE, Voice


@dataclass
class LocalTTSSettings(TTSSettings):
    """Settings for LocalTTSService.

    Parameters:
        speed: The pace, from 0.5 (slow) to 2.0 (fast). Default: 1.0.
    """

    speed: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)


class LocalTTSService(TTSService):
    """English speech from Hibari, a neural voice of 14 MB that needs no key and no download.

    Synthesis runs in a thread of its own, one sentence at a time, so that the event loop goes on
    and an interruption takes effect at once: what the thread is still working on is dropped.
    """

    Settings = LocalTTSSettings
    _settings: LocalTTSSettings  # pyright: ignore[reportIncompatibleVariableOverride]  # its way

    def __init__(self, *, settings: LocalTTSSettings | None = None, **kwargs: Any) -> None:
        """Load nothing yet: the voice is loaded and warmed when the pipeline starts.

        Args:
            settings: ``voice`` (default ``"heart"``, the one that needs no download) and ``speed``.
            **kwargs: More arguments for ``TTSService``.

        Raises:
            EngineMissing: ``hibari-tts`` is not installed.
        """
        Voice.check_installed()
        default_settings = self.Settings(
            model="hibari", voice=DEFAULT_VOICE, language=Language.EN, speed=1.0
        )
        if settings is not None:
            default_settings.apply_update(settings)
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # its kwargs have no types
            push_start_frame=True, push_stop_frames=True, settings=default_settings, **kwargs
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-tts")

    def can_generate_metrics(self) -> bool:
        """Whether this service reports metrics: it does."""
        return True

    async def start(self, frame: StartFrame) -> None:
        """Load and warm the voice before the pipeline runs, so that no sentence waits for it."""
        await super().start(frame)
        try:
            await self._in_thread(Voice.shared, self._voice_name())
        except Exception as error:
            await self.push_error(
                error_msg=f"The voice could not be loaded: {error}", exception=error
            )

    async def cleanup(self) -> None:
        """End the thread."""
        await super().cleanup()
        self._thread.shutdown(wait=False, cancel_futures=True)

    @traced_tts
    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak a text.

        Args:
            text: The text.
            context_id: The audio context that the sound belongs to.

        Yields:
            TTSAudioRawFrame: The sound, at the pipeline's sample rate.
            ErrorFrame: The engine failed.
        """
        sound = self._sound(text)
        try:
            await self.start_tts_usage_metrics(text)
            async for frame in self._stream_audio_frames_from_iterator(
                sound, in_sample_rate=SAMPLE_RATE, context_id=context_id
            ):
                await self.stop_ttfb_metrics()
                yield frame
        except Exception as error:
            logger.exception(f"{self}: could not speak [{text}]")
            yield ErrorFrame(error=f"Speech could not be made: {error}")
        finally:
            await sound.aclose()
            await self.stop_ttfb_metrics()

    async def _sound(self, text: str) -> AsyncGenerator[bytes, None]:
        """The sound of a text in pieces, each made in the thread."""
        voice = await self._in_thread(Voice.shared, self._voice_name())
        pieces = voice.stream(text, assert_given(self._settings.speed))
        silent = True
        try:
            while (piece := await self._in_thread(next, pieces, None)) is not None:
                silent = False
                for start in range(0, len(piece), self._piece_bytes):
                    yield piece[start : start + self._piece_bytes]
            if silent:
                # Pipecat retires a voice that stays silent for three texts in a row.
                logger.warning(f"{self}: there is nothing in [{text}] that this voice can say")
                yield bytes(self._piece_bytes // 2)
        finally:
            # In the thread: it may still be at work on a piece that nobody waits for any more.
            self._thread.submit(pieces.close)

    _piece_bytes = SAMPLE_RATE * 2 // 5
    """Bytes of one frame: 0.2 s."""

    def _voice_name(self) -> str:
        return require_given(self._settings.voice, "local TTS voice")

    def _in_thread(self, call: Any, *arguments: Any) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
