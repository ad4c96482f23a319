"""Speech to text on this computer, as a Pipecat service."""

import asyncio
import importlib.util
import os
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
from pipecat.audio.utils import (
    create_file_resampler,  # pyright: ignore[reportUnknownVariableType]  # untyped kwargs
)
from pipecat.frames.frames import Frame, StartFrame
from pipecat.utils.types import is_given, require_given

from blastoff_pipecat.local.errors import EngineMissing
from blastoff_pipecat.local.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.store import ModelStore

if importlib.util.find_spec("faster_whisper") is None:
    raise EngineMissing("faster-whisper", "use another speech-to-text service of Pipecat")

from faster_whisper import WhisperModel  # pyright: ignore[reportMissingTypeStubs]  # has none
from pipecat.services.whisper.stt import WhisperSTTService, WhisperSTTSettings

_RATE = 16_000
"""Samples a second that Whisper hears at; Pipecat's own service takes any rate for this one."""

_TTFS_P99_SECS = 1.4
"""Within which an utterance is transcribed, nearly always, on two busy processors: as seen with the
example bots. Where there are no words by then, Pipecat takes the turn to be over."""


class LocalSTTService(WhisperSTTService):
    """Pipecat's own Whisper service on the manifest's weights: English, int8, on the processor.

    It transcribes a whole utterance when the user stops speaking. Its answer decides when the bot
    can begin to think, so the search is greedy: one candidate instead of Pipecat's five.
    """

    def __init__(
        self,
        *,
        store: ModelStore | None = None,
        threads: int | None = None,
        settings: WhisperSTTSettings | None = None,
        **kwargs: Any,
    ) -> None:
        """Load the model. Blocks for about a second, and for the download where it is not here.

        Await ``ModelStore().fetch_in_thread(WHISPER_TINY_EN)`` first to download without blocking.

        Args:
            store: Where the weights are found or fetched; by default an own one.
            threads: Processor threads; by default all, but at most four: the language models rest
                while an utterance is transcribed.
            settings: Settings of ``WhisperSTTService``; a ``model`` among them replaces ours.
            **kwargs: More arguments for ``WhisperSTTService``.

        Raises:
            ModelUnavailable: The weights could not be had.
            ValueError: The language is not English.
        """
        self._threads = threads or min(4, os.cpu_count() or 1)
        own = WhisperSTTSettings()
        if settings is not None:
            own.apply_update(settings)
        if not is_given(own.model):
            own.model = str((store or ModelStore()).fetch(WHISPER_TINY_EN))
        own_way = {"device": "cpu", "compute_type": "int8", "ttfs_p99_latency": _TTFS_P99_SECS}
        kwargs = {**own_way, **kwargs}
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # its kwargs have no types
            settings=own, **kwargs
        )

    def _load(self) -> None:
        """Load the model with our number of threads, and its greedy search as the default."""
        self._model = _Greedy(
            require_given(self._settings.model, "Whisper model"),
            device=self._device,
            compute_type=self._compute_type,
            cpu_threads=self._threads,
        )
        unsupported = self._unsupported_language()
        if unsupported:
            raise ValueError(unsupported)

    async def start(self, frame: StartFrame) -> None:
        """Transcribe a moment of silence, so that the first utterance is not slower."""
        await super().start(frame)
        if self._model is not None:
            await asyncio.to_thread(self._transcribe_silence)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Transcribe an utterance; telephone sound is brought to the rate that Whisper needs.

        Args:
            audio: 16-bit mono PCM at the pipeline's input rate.

        Yields:
            TranscriptionFrame: What was said, if anything.
        """
        if self.sample_rate != _RATE:
            audio = await create_file_resampler().resample(audio, self.sample_rate, _RATE)
        async for frame in super().run_stt(audio):
            yield frame

    def _transcribe_silence(self) -> None:
        model: Any = self._model
        segments, _ = model.transcribe(np.zeros(_RATE, np.float32), language="en")
        list(segments)  # they are decoded only as they are asked for


class _Greedy(WhisperModel):
    """A Whisper model whose ``transcribe`` searches greedily unless told otherwise."""

    def transcribe(self, *arguments: Any, **options: Any) -> Any:
        """As ``WhisperModel.transcribe``."""
        options = {"beam_size": 1, "without_timestamps": True, **options}
        whisper: Any = super()
        return whisper.transcribe(*arguments, **options)
