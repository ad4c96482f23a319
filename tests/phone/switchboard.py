"""Answers the calls of several carriers in one process, to spare the tests further ones.

Each carrier has a port, and the guard, of its own; behind all of them is the phone bot's `bot`. In
place of Pipecat's runner there is its one route.

    python -m tests.phone.switchboard BOT HOST PORT_OF_TELNYX PORT_OF_PLIVO PORT_OF_EXOTEL
"""

import asyncio
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.runner.types import WebSocketRunnerArguments

from blastoff_pipecat.phone import guard_phone

CARRIERS = ("telnyx", "plivo", "exotel")


def load(path: Path) -> Any:
    """Import a script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def application(carrier: str, host: str, phone_bot: Any) -> FastAPI:
    """One carrier's routes, behind its guard."""
    app = FastAPI()

    @app.websocket("/ws")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await phone_bot.bot(WebSocketRunnerArguments(websocket=websocket))

    guard_phone(app, ["-t", carrier, "--proxy", host])
    return app


async def main(bot: str, host: str, *ports: str) -> None:
    phone_bot = load(Path(bot))
    servers = [
        uvicorn.Server(
            uvicorn.Config(application(carrier, host, phone_bot), port=int(port), lifespan="off")
        )
        for carrier, port in zip(CARRIERS, ports, strict=True)
    ]
    await asyncio.gather(*(server.serve() for server in servers))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # which the servers raise again when they have ended
        asyncio.run(main(*sys.argv[1:]))
