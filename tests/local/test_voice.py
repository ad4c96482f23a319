"""The silence that is cut from around speech."""

import numpy as np

from blastoff_pipecat.local.voice import SAMPLE_RATE, without_silence


def _speech(before: float, loud: float, after: float) -> "np.ndarray[tuple[int], np.dtype]":
    parts = [np.zeros(int(before * SAMPLE_RATE)), np.full(int(loud * SAMPLE_RATE), 0.5)]
    return np.concatenate([*parts, np.zeros(int(after * SAMPLE_RATE))]).astype(np.float32)


def test_silence_is_cut_to_what_is_asked() -> None:
    """Speech keeps its length, with the given silence before and after it."""
    cut = without_silence(_speech(0.3, 1.0, 0.45), 0.02, 0.12)
    assert abs(cut.size / SAMPLE_RATE - 1.14) < 0.001
    assert np.count_nonzero(cut) == SAMPLE_RATE


def test_silence_is_never_added() -> None:
    """Speech that begins and ends at once stays as it is."""
    speech = _speech(0.0, 0.5, 0.0)
    assert np.array_equal(without_silence(speech, 0.02, 0.35), speech)


def test_nothing_but_silence_is_nothing() -> None:
    """A text with no sound in it makes no audio frame."""
    assert without_silence(_speech(0.5, 0.0, 0.5), 0.02, 0.35).size == 0
