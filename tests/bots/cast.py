"""Two scripted models and a weather service for a voice bot, in a thread beside the tests."""

import asyncio
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from blastoff_pipecat.testing.script import ToolCall

OPENING = "Let's see,"
SKY = " the sky is blue because sunlight is scattered by the air."
STORY = " ".join(["Once upon a time there was a cat who lived in an old house by the sea."] * 8)
FRANCE = "The capital of France is Paris."
ITALY = "The capital of Italy is Rome."
ROOM = "https://127.0.0.1:1/room"
"""A Daily room where nobody is."""
UNREACHABLE = "Atlantis"
"""Asked for this place, the weather service breaks the connection."""


@dataclass
class Cast:
    """What a bot talks to, and what it was asked.

    Attributes:
        url: The models' base URL.
        services_url: The weather service's, and Daily's.
        endpoint: The models; its requests may be read from the tests' thread.
        places: What the weather service was asked for.
    """

    url: str
    services_url: str
    endpoint: ScriptedEndpoint
    places: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send a bot to these models and this weather service."""
        return {
            "SMALL_MODEL_URL": self.url,
            "SMALL_MODEL_NAME": "small",
            "LARGE_MODEL_URL": self.url,
            "LARGE_MODEL_NAME": "large",
            "LARGE_MODEL_SUPPORTS_PREFIX": "true",
            "GEOCODING_URL": f"{self.services_url}/search",
            "WEATHER_URL": f"{self.services_url}/forecast",
            "DAILY_API_URL": f"{self.services_url}/daily",
            "DAILY_API_KEY": "none",
        }


def answer(body: dict[str, Any]) -> Script:
    """The large model: it answers by what it finds in the user's words, or in a tool's result."""
    last = [m for m in body["messages"] if m["role"] in ("user", "tool")][-1]
    if last["role"] == "tool":
        result = json.loads(last["content"])
        if "error" in result:
            return Script(f"I am sorry. {result['error']}")
        return Script(f"In {result['place']} there is {result['sky']} now.", ttft=0.1)
    asked = str(last["content"]).lower()
    for about, said in {"france": FRANCE, "italy": ITALY, "story": STORY}.items():
        if about in asked:
            return Script(f" {said}", ttft=0.3, pace=0.005)
    if "goodbye" in asked:
        return Script(tool_calls=[ToolCall("end_call", {"farewell": "Goodbye!"})])
    if "weather" in asked:
        place = UNREACHABLE if UNREACHABLE.lower() in asked else "Paris"
        return Script(tool_calls=[ToolCall("get_weather", {"place": place})], ttft=0.1)
    return Script(SKY, ttft=1.5)  # so late that an opening is wanted


@contextmanager
def cast() -> Generator[Cast]:
    """Run models and weather until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    places: list[str] = []
    services = _Services(places)
    endpoint = ScriptedEndpoint()
    endpoint.play("small", Script(OPENING, ttft=0.05))
    endpoint.play("large", answer)
    try:
        run(endpoint.__aenter__())
        yield Cast(endpoint.url, run(services.start()), endpoint, places)
        run(services.stop())
        run(endpoint.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Services:
    """Open-Meteo's two questions, answered for Paris, and Daily's two, for a room that is not."""

    def __init__(self, places: list[str]) -> None:
        self._places = places
        app = web.Application()
        app.router.add_get("/search", self._search)
        app.router.add_get("/forecast", self._forecast)
        app.router.add_post("/daily/rooms", self._room)
        app.router.add_post("/daily/meeting-tokens", self._token)
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> str:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0]
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _search(self, request: web.Request) -> web.Response:
        name = request.query["name"]
        self._places.append(name)
        if name == UNREACHABLE and request.transport is not None:
            request.transport.abort()
        if name != "Paris":
            return web.json_response({"generationtime_ms": 0.3})
        paris = {"name": "Paris", "country": "France", "latitude": 48.85, "longitude": 2.35}
        return web.json_response({"results": [paris]})

    async def _forecast(self, request: web.Request) -> web.Response:
        assert (request.query["latitude"], request.query["longitude"]) == ("48.85", "2.35")
        return web.json_response(
            {
                "current": {"temperature_2m": 18.4, "weather_code": 63, "wind_speed_10m": 11.2},
                "daily": {"temperature_2m_max": [21.7], "temperature_2m_min": [12.1]},
            }
        )

    async def _room(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "id": "1",
                "name": "room",
                "api_created": True,
                "privacy": "public",
                "url": ROOM,
                "created_at": "2026-01-01T00:00:00Z",
                "config": {},
            }
        )

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response({"token": "none"})
