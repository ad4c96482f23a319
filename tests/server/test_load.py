"""A busy process gathers tokens; one that has time to spare does not."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from blastoff_pipecat.server import run
from blastoff_pipecat.server.load import GATHER_SECS, Load
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.server.conftest import Serve


def work(busy: float, secs: float) -> None:
    """Use that share of a processor for so long."""
    until = time.thread_time() + busy * secs
    while time.thread_time() < until:
        pass


@pytest.fixture
async def load() -> AsyncIterator[Load]:
    one = Load()
    watching = asyncio.create_task(one.watch())
    yield one
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def until_pause(load: Load, secs: float, *, busy: float) -> None:
    """Be busy until the load asks for that pause."""
    async with asyncio.timeout(10):
        while load.pause() != secs:
            work(busy, 0.02)
            await asyncio.sleep((1 - busy) * 0.02)


async def test_tokens_are_gathered_while_the_process_is_busy(load: Load) -> None:
    """They are from a load near the process's powers on, until half of it is left."""
    assert load.pause() == 0
    await asyncio.sleep(0.3)
    assert load.pause() == 0
    await until_pause(load, GATHER_SECS, busy=0.99)
    await until_pause(load, 0, busy=0.1)


async def test_a_busy_server_sends_fewer_larger_pieces(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """Nothing is lost or reordered by it, and the first words come as they are."""
    words = [f" word{number}" for number in range(300)]
    models.play("small", "Sure, let me look.")
    models.play("large", Script(words, ttft=0.1, pace=0.005))
    server = await serve()

    async def busy() -> None:
        while True:
            work(0.95, 0.004)
            await asyncio.sleep(0)

    working = asyncio.create_task(busy())
    pieces: list[str] = []
    body = {"messages": [{"role": "user", "content": "Go on."}], "stream": True}
    async with (
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client,
        client.stream("POST", "/v1/chat/completions", json=body) as response,
    ):
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                delta = json.loads(line[6:])["choices"][0]["delta"]
                pieces.append(delta.get("content") or "")
    working.cancel()
    assert "".join(pieces) == "Sure, let me look." + "".join(words)
    assert pieces[0] == "Sure, let me look."
    assert len(pieces) < len(words) / 2


async def test_early_callers_wait_until_the_server_has_started() -> None:
    """A client that connects to a server on its way up is answered, not refused."""

    async def app(scope: dict, receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})

    config = uvicorn.Config(app, port=0, loop="none", lifespan="off", log_level="warning")
    listeners = run.listeners(config)
    port = listeners[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        early = [asyncio.create_task(client.get("/")) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert not any(each.done() for each in early)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server._serve(listeners))
        answers = await asyncio.gather(*early)
        assert {answer.text for answer in answers} == {"here"}
    server.should_exit = True
    await running
    assert all(listener.fileno() == -1 for listener in listeners)
