"""Speech to text on this computer, as a Pipecat service."""

import os
from collections.abc import AsyncGenerator
from typing import Any

from pipecat.audio.utils import (
    create_file_resampler,  # pyright: ignore[reportUnknownVariableType]  # untyped kwargs
)
from pipecat.frames.frames import Frame
from pipecat.utils.types import is_given, require_given

from blastoff_pipecat.local.ears import SAMPLE_RATE, Ears
from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.weights.store import ModelStore

# isort: split
# Pipecat's own comes last: where the engine is missing, `ears` says what to do about it.
from pipecat.services.whisper.stt import WhisperSTTService, WhisperSTTSettings

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
        """Load the model, where no call of this process has: that blocks for about two seconds.

        And for the download, where the weights are not here.

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
        """Take the model that all calls share, with our number of threads."""
        self._model = Ears.shared(
            require_given(self._settings.model, "Whisper model"),
            device=self._device,
            compute_type=self._compute_type,
            threads=self._threads,
        )
        unsupported = self._unsupported_language()
        if unsupported:
            raise ValueError(unsupported)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Transcribe an utterance; telephone sound is brought to the rate that Whisper needs.

        Args:
            audio: 16-bit mono PCM at the pipeline's input rate.

        Yields:
            TranscriptionFrame: What was said, if anything.
        """
        if self.sample_rate != SAMPLE_RATE:
            audio = await create_file_resampler().resample(audio, self.sample_rate, SAMPLE_RATE)
        async for frame in super().run_stt(audio):
            yield frame
