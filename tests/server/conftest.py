"""Two scripted models, the server over them on a loopback port, and clients of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
import pytest
import uvicorn
from openai import AsyncOpenAI

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.server.app import ServerOptions, create_app
from blastoff_pipecat.testing import Script, ScriptedEndpoint

OPENING = "Sure, let me look at that."
ANSWER = "The museum opens at nine."


@dataclass
class Served:
    """A running server."""

    url: str
    uvicorn: uvicorn.Server
    running: asyncio.Task[None]

    async def stop(self) -> None:
        """Stop it as a signal does, and wait for its end."""
        self.uvicorn.should_exit = True
        await self.running


Serve: TypeAlias = Callable[..., Awaitable[Served]]


@asynccontextmanager
async def served(options: ServerOptions) -> AsyncIterator[Served]:
    """Serve on a free port, as the command does."""
    config = uvicorn.Config(
        create_app(options),
        port=0,
        loop="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:  # uvicorn tells of its start in no other way
        if running.done():
            running.result()
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    one = Served(f"http://127.0.0.1:{port}", server, running)
    try:
        yield one
    finally:
        await one.stop()


@pytest.fixture
async def models() -> AsyncIterator[ScriptedEndpoint]:
    """Two models that answer at once."""
    async with ScriptedEndpoint() as running:
        running.play("small", Script(OPENING))
        running.play("large", Script(ANSWER, ttft=0.05))
        yield running


@pytest.fixture
async def serve(models: ScriptedEndpoint) -> AsyncIterator[Serve]:
    """Start a server of two models; fields of `ServerOptions` may be given."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Served:
            small = ChatEndpoint(base_url=models.url, model="small")
            large = ChatEndpoint(base_url=models.url, model="large")
            made = ServerOptions(**{"small": small, "large": large, **options})
            return await stack.enter_async_context(served(made))

        yield start


@pytest.fixture
async def http(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A plain client of a server."""
    running = await serve()
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def openai(serve: Serve) -> AsyncIterator[AsyncOpenAI]:
    """The stock client of a server."""
    running = await serve()
    async with AsyncOpenAI(base_url=f"{running.url}/v1", api_key="any", max_retries=0) as client:
        yield client
