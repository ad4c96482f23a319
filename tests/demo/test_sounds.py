"""The README's sounds: what was measured can be heard in them."""

import json
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from blastoff_pipecat.demo.readme import MEASURED, SOUNDS

MEASUREMENT: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
MOST_BYTES = 150_000
LOUD = 0.02


def _heard(name: str) -> NDArray[np.float64]:
    """When there is sound, in seconds."""
    with av.open(str(SOUNDS[name])) as container:
        (stream,) = container.streams.audio
        assert stream.layout.name == "mono"
        pieces = [frame.to_ndarray()[0] for frame in container.decode(stream)]
        rate = stream.rate
    return np.flatnonzero(np.abs(np.concatenate(pieces)) > LOUD) / rate


@pytest.mark.parametrize("name", SOUNDS)
def test_the_silence_after_the_question_is_as_long_as_is_told(name: str) -> None:
    """The question is heard, then nothing for that long, then the bot."""
    heard, ends = _heard(name), MEASUREMENT["question_secs"]
    first = MEASUREMENT["replies"][name]["the bot is first heard"]
    middle = ends + first / 2
    assert heard[heard < middle][-1] == pytest.approx(ends, abs=0.15)
    assert heard[heard > middle][0] == pytest.approx(ends + first, abs=0.15)
    over = MEASUREMENT["replies"][name]["the bot has finished"]
    assert heard[-1] == pytest.approx(ends + over, abs=0.2)


def test_two_models_are_heard_sooner_and_are_one_reply() -> None:
    """There is an opening, and none where the large model is alone."""
    alone, both = MEASUREMENT["replies"]["alone"], MEASUREMENT["replies"]["both"]
    assert both["the bot is first heard"] < alone["the bot is first heard"]
    assert (bool(both["opening"]), bool(alone["opening"])) == (True, False)
    assert both["continuation"]


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_small(name: str) -> None:
    """It is fetched by everybody who clones the repository."""
    assert SOUNDS[name].stat().st_size < MOST_BYTES
