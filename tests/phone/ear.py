"""A speech recogniser that has nothing to do with the bot."""

import re
from functools import cache

import numpy as np
from faster_whisper import WhisperModel

from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.weights.store import ModelStore
from tests.phone.wire import RATE


def words(pcm: bytes) -> str:
    """What a listener on the telephone understands, in small letters."""
    samples = np.frombuffer(pcm, "<i2")
    at = np.arange(0, len(samples), RATE / 16000)
    audio = np.interp(at, np.arange(len(samples)), samples / 32768).astype(np.float32)
    segments, _ = _model().transcribe(audio, language="en", beam_size=1)
    return " ".join(re.findall(r"[a-z0-9]+", " ".join(s.text for s in segments).lower()))


@cache
def _model() -> WhisperModel:
    return WhisperModel(str(ModelStore().fetch(WHISPER_TINY_EN)), device="cpu", compute_type="int8")
