"""The README's pictures of the page, as they are committed."""

import numpy as np
import pytest
from PIL import Image

from tests.page.filmed import VIEW
from tests.page.pictures import FOLDER, MOST_SECS, SCHEMES, STILL

MOST_BYTES = 1_500_000


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_film_moves_and_is_short(scheme: str) -> None:
    """As large as it was filmed, and over before one looks away."""
    path = FOLDER / f"conversation-{scheme}.webp"
    assert path.stat().st_size < MOST_BYTES
    with Image.open(path) as film:
        assert film.size == (VIEW["width"], VIEW["height"])
        assert film.n_frames > 20
        lengths = list[int]()
        for frame in range(film.n_frames):
            film.seek(frame)
            film.load()
            lengths.append(film.info["duration"])
    assert sum(lengths) <= 1000 * MOST_SECS


def test_each_scheme_has_pictures_of_its_own() -> None:
    """The light ones are light, the dark ones dark."""
    for kind, size in (("screenshot", STILL), ("conversation", VIEW)):
        suffix = "png" if kind == "screenshot" else "webp"
        light, dark = (FOLDER / f"{kind}-{scheme}.{suffix}" for scheme in SCHEMES)
        with Image.open(light) as day, Image.open(dark) as night:
            assert day.size == night.size == (size["width"], size["height"])
            assert np.mean(day.convert("L")) > 200
            assert np.mean(night.convert("L")) < 60
