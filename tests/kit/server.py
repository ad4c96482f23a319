"""The server on a free loopback port, in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn

from blastoff_pipecat.server.app import ServerOptions, create_app


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
