"""Loopback stand-ins for all that a bot leans on, and a doctor who asks them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from blastoff_pipecat.doctor.examination import Examination, examine
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.environment import clear_environment

KEYS = {
    "SMALL_MODEL_API_KEY": "sk-small-0123456789",
    "LARGE_MODEL_API_KEY": "sk-large-0123456789",
    "DEEPGRAM_API_KEY": "dg-0123456789abcdef",
    "CARTESIA_API_KEY": "sk_car_0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "twilio-0123456789abcdef",
}
VOICE = "86e30c1d-714b-4074-a1f2-1cb6b552fb49"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Answers every request with one handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def deepgram(request: web.Request) -> web.Response:
    """Deepgram, as far as the doctor asks it."""
    if request.headers.get("Authorization") != f"Token {KEYS['DEEPGRAM_API_KEY']}":
        return web.json_response({"err_code": "INVALID_AUTH"}, status=401)
    if request.path.endswith("/projects"):
        return web.json_response({"projects": []})
    assert (await request.read()).startswith(b"RIFF")
    if request.query.get("model") != "nova-3-general":
        return web.json_response({"err_code": "INVALID_QUERY_PARAMETER"}, status=400)
    metadata = {
        "request_id": "r", "sha256": "s", "created": "2026-11-24T00:00:00Z", "duration": 0.1,
        "channels": 1, "models": [], "model_info": {},
    }  # fmt: skip
    results: dict[str, Any] = {"channels": [{"alternatives": []}]}
    return web.json_response({"metadata": metadata, "results": results})


async def cartesia(request: web.Request) -> web.Response:
    """Cartesia, likewise."""
    sent = {request.headers.get("X-API-Key"), request.headers.get("Authorization")}
    if not sent & {KEYS["CARTESIA_API_KEY"], f"Bearer {KEYS['CARTESIA_API_KEY']}"}:
        return web.json_response({"message": "Invalid API key"}, status=401)
    if not request.path.endswith(f"/voices/{VOICE}"):
        return web.json_response({"message": "Voice not found"}, status=404)
    voice = {
        "id": VOICE, "name": "Ada", "description": "", "language": "en", "is_owner": False,
        "is_public": True, "created_at": "2026-11-24T00:00:00Z",
    }  # fmt: skip
    return web.json_response(voice)


@pytest.fixture(autouse=True)
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clear_environment(monkeypatch)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


Consult = Callable[..., Awaitable[Examination]]


@pytest.fixture
async def consult(server: ScriptedEndpoint) -> AsyncIterator[Consult]:
    """Has the doctor look at an environment that is right but for what a test changes."""
    async with AsyncExitStack() as stack:
        urls = {
            "deepgram_url": await stack.enter_async_context(serving(deepgram)),
            "cartesia_url": await stack.enter_async_context(serving(cartesia)),
        }

        async def ask(changes: dict[str, str | None] | None = None, **options: Any) -> Examination:
            environ = {
                "SMALL_MODEL_URL": server.url,
                "SMALL_MODEL_NAME": "small",
                "LARGE_MODEL_URL": server.url,
                "LARGE_MODEL_NAME": "large",
                **KEYS,
                **(changes or {}),
            }
            given = {name: value for name, value in environ.items() if value is not None}
            return await examine(environ=given, urls=urls, **{"rounds": 1, **options})

        yield ask
