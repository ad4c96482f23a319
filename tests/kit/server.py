"""The server on a free loopback port, in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from blastoff_pipecat.server.app import ServerOptions, create_app
from blastoff_pipecat.server.bounded_http import BoundedHttp


@dataclass
class Served:
    """A running server."""

    url: str
    uvicorn: uvicorn.Server
    running: asyncio.Task[None]

    @property
    def port(self) -> int:
        """Its port, on this computer."""
        return int(self.url.rpartition(":")[2])

    async def stop(self) -> None:
        """Stop it as a signal does, and wait for its end."""
        self.uvicorn.should_exit = True
        await self.running


@asynccontextmanager
async def served(options: ServerOptions) -> AsyncIterator[Served]:
    """Serve on a free port, as the command does."""
    async with listening(create_app(options)) as server:
        yield server


@asynccontextmanager
async def listening(app: Any, **options: Any) -> AsyncIterator[Served]:
    """Serve any application on a free port, over the connections that the command has."""
    config = uvicorn.Config(
        app,
        port=0,
        loop="none",
        http=BoundedHttp,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=10,
        **options,
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
