"""The embedded voice: text to 16-bit sound with Hibari, without the silence it puts around it."""

import importlib
import importlib.util
import threading
from collections.abc import Generator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from blastoff_pipecat.local.errors import EngineMissing
from blastoff_pipecat.relay.clauses import ends_sentence

DEFAULT_VOICE = "heart"
"""The voice inside the ``hibari-tts`` wheel; the others are fetched by Hibari on first use."""

SAMPLE_RATE = 24_000
"""Samples a second that a voice speaks at."""

_SOUND = 0.002
"""Amplitude from which a sample is speech: -54 dB; what Hibari puts around speech is zero."""

_ONSET_SECS = 0.02
"""Silence kept before the first sound. Hibari puts about 0.3 s there: a listener waits for it."""

_CLAUSE_PAUSE_SECS = 0.12
_SENTENCE_PAUSE_SECS = 0.35
"""Silence kept after the last sound, in the middle of a sentence and at its end. Hibari puts about
0.45 s there whatever the text ends in, which with the next onset makes a gap of 0.75 s at a comma.
"""


class Voice:
    """One loaded voice, about 0.2 GB, shared by all services of the process.

    Only one sentence is synthesised at a time: the engine uses one thread, and its text analysis
    is not made for several.
    """

    _loaded: ClassVar[dict[str, "Voice"]] = {}
    _loading: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str) -> None:
        """Load the voice; use ``shared`` to load it once a process."""
        hibari: Any = importlib.import_module("hibari")  # it ships no types
        self._engine = hibari.Hibari(voice=name, threads=1)
        self._turn = threading.Lock()
        for _ in self.stream("Warm up, please."):  # loads the dictionaries: half a second
            pass

    @staticmethod
    def check_installed() -> None:
        """Raise EngineMissing where the engine is not installed."""
        if importlib.util.find_spec("hibari") is None:
            raise EngineMissing("hibari-tts", "use another text-to-speech service of Pipecat")

    @classmethod
    def shared(cls, name: str) -> "Voice":
        """The voice of that name, loaded on the first call. Blocks for about a second then.

        Raises:
            EngineMissing: ``hibari-tts`` is not installed.
            ValueError: There is no such voice.
            RuntimeError: The voice is not the one in the wheel, and could not be downloaded.
        """
        cls.check_installed()
        with cls._loading:
            if name not in cls._loaded:
                cls._loaded[name] = cls(name)
            return cls._loaded[name]

    def stream(self, text: str, speed: float = 1.0) -> Generator[bytes]:
        """Speak a text.

        Args:
            text: The text; one piece of sound is made for each of its sentences.
            speed: The pace, from 0.5 to 2.0.

        Yields:
            16-bit little-endian mono PCM at ``SAMPLE_RATE``.
        """
        with self._turn:
            sentences: list[str] = self._engine.phonemize(text)
        whole = ends_sentence(text)
        for index, phonemes in enumerate(sentences):
            with self._turn:
                samples: NDArray[np.float32] = self._engine.from_phonemes(phonemes, speed)
            is_sentence = whole or index + 1 < len(sentences)
            pause = _SENTENCE_PAUSE_SECS if is_sentence else _CLAUSE_PAUSE_SECS
            samples = without_silence(samples, _ONSET_SECS, pause)
            if samples.size:
                yield (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def without_silence(
    samples: NDArray[np.float32], before_secs: float, after_secs: float
) -> NDArray[np.float32]:
    """Cut the silence around speech to at most the given lengths; all of it where none speaks."""
    loud = np.flatnonzero(np.abs(samples) >= _SOUND)
    if not loud.size:
        return samples[:0]
    start = max(0, int(loud[0]) - int(before_secs * SAMPLE_RATE))
    return samples[start : int(loud[-1]) + 1 + int(after_secs * SAMPLE_RATE)]
