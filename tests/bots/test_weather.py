"""The voice bot's one function, against a weather service on loopback and none at all."""

import socket
import time
from typing import Any

import pytest
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat.testing import ScriptedEndpoint
from bots import voice_bot
from tests.bots.cast import Cast


@pytest.fixture(autouse=True)
def loopback(scripted: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOCODING_URL", f"{scripted.services_url}/search")
    monkeypatch.setenv("WEATHER_URL", f"{scripted.services_url}/forecast")


async def told(place: str) -> dict[str, Any]:
    """What the large model is told when it asks for the weather of a place."""
    results: list[dict[str, Any]] = []

    async def take(result: Any, **_: Any) -> None:
        results.append(result)

    nothing: Any = None
    params = FunctionCallParams("get_weather", "1", {}, nothing, nothing, nothing, take)
    await voice_bot.get_weather(params, place)
    (result,) = results
    return result


async def test_a_place_has_weather() -> None:
    """The model is told the sky, the temperatures and the wind of the place that was found."""
    assert await told("Paris") == {
        "place": "Paris, France",
        "sky": "rain",
        "degrees_celsius": 18,
        "wind_km_per_hour": 11,
        "highest_today": 22,
        "lowest_today": 12,
    }


async def test_an_unknown_place_is_said_to_be_unknown() -> None:
    """Where there is no such place, the model is told so, and has nothing to make weather of."""
    assert await told("Zzyzzx") == {"error": "The weather service knows no place called Zzyzzx."}


async def test_offline_the_service_is_said_to_be_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refused connection is a result that the model can speak, at once."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        refusing = f"http://127.0.0.1:{nobody.getsockname()[1]}/search"
        monkeypatch.setenv("GEOCODING_URL", refusing)
        assert "cannot be reached" in (await told("Paris"))["error"]


async def test_a_service_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the timeout the caller is told, instead of being left in silence."""
    monkeypatch.setattr(voice_bot, "WEATHER_TIMEOUT_SECS", 0.2)
    async with ScriptedEndpoint.unanswered_url() as url:
        monkeypatch.setenv("GEOCODING_URL", url)
        began = time.monotonic()
        assert "cannot be reached" in (await told("Paris"))["error"]
        assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    ("code", "sky"),
    [
        (0, "clear sky"),
        (3, "overcast"),
        (48, "fog"),
        (55, "drizzle"),
        (57, "freezing drizzle"),
        (65, "rain"),
        (77, "snow"),
        (82, "rain showers"),
        (86, "snow showers"),
        (99, "thunderstorm"),
    ],
)
def test_every_shade_of_weather_has_words(code: int, sky: str) -> None:
    """A code that is not in the table is a shade of the one before it."""
    assert voice_bot.sky_of(code) == sky
