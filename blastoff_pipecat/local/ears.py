"""The embedded speech recognition: loaded once, shared by all calls of the process."""

import importlib.util
import threading
from typing import Any, ClassVar

import numpy as np

from blastoff_pipecat.local.errors import EngineMissing

if importlib.util.find_spec("faster_whisper") is None:
    raise EngineMissing("faster-whisper", "use another speech-to-text service of Pipecat")

from faster_whisper import WhisperModel  # pyright: ignore[reportMissingTypeStubs]  # has none

SAMPLE_RATE = 16_000
"""Samples a second that Whisper hears at."""


class Ears(WhisperModel):
    """A Whisper model that searches greedily unless told otherwise: one candidate, no timestamps.

    Utterances of several calls wait for each other in the engine.
    """

    _loaded: ClassVar[dict[tuple[object, ...], "Ears"]] = {}
    _loading: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def shared(cls, path: str, *, device: str, compute_type: str, threads: int) -> "Ears":
        """The model of that kind, loaded on the first call. Blocks for about two seconds then.

        It has transcribed a moment of silence, so that the first utterance is not slower.

        Args:
            path: The folder of its weights.
            device: As for ``WhisperModel``.
            compute_type: As for ``WhisperModel``.
            threads: Processor threads.
        """
        kind = (path, device, compute_type, threads)
        with cls._loading:
            if kind not in cls._loaded:
                ears = cls(path, device=device, compute_type=compute_type, cpu_threads=threads)
                segments, _ = ears.transcribe(np.zeros(SAMPLE_RATE, np.float32), language="en")
                list(segments)  # they are decoded only as they are asked for
                cls._loaded[kind] = ears
            return cls._loaded[kind]

    def transcribe(self, *arguments: Any, **options: Any) -> Any:
        """As ``WhisperModel.transcribe``."""
        options = {"beam_size": 1, "without_timestamps": True, **options}
        whisper: Any = super()
        return whisper.transcribe(*arguments, **options)
