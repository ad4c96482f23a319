"""Programs that are measured, each of which lives as long as a block does."""

import asyncio
import json
import os
import socket
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from blastoff_pipecat.bench.beside.models import Served
from blastoff_pipecat.bench.child import child, line_of
from blastoff_pipecat.bench.process import ProcessTree

PATIENCE_SECS = 120.0
"""How long a program may take to start: LiteLLM's takes most of a minute on a busy computer."""

_LOOK_SECS = 0.05
_END_SECS = 10.0


class Program(NamedTuple):
    """A running program that answers HTTP on this computer: where, and what it uses."""

    port: int
    tree: ProcessTree


class Models:
    """The models' running process.

    Attributes:
        program: Where they are, and what they use.
    """

    def __init__(self, process: Process, url: str) -> None:
        """Made by `models`."""
        self._process = process
        self._url = url
        self.program = Program(urlsplit(url).port or 0, ProcessTree(process.pid))

    def url_for(self, asker: str) -> str:
        """Return their base URL for one that is to be known by its requests."""
        return self._url.replace("/v1", f"/{asker}/v1")

    async def log(self) -> list[Served]:
        """Return what they were asked since this was last called, in the order of first words."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return [Served(*each) for each in json.loads(await line_of(self._process))]


@asynccontextmanager
async def models() -> AsyncGenerator[Models]:
    """Run the two models.

    Raises:
        RuntimeError: They do not start.
    """
    async with child("beside.models", stdin=PIPE) as process:
        yield Models(process, await line_of(process))


@asynccontextmanager
async def program(
    *command: str, port: int, health: str, environment: Mapping[str, str] = {}
) -> AsyncGenerator[Program]:
    """Run a program, once it says that it is well.

    Args:
        command: How it is started.
        port: Where it was told to listen.
        health: The path at which it then answers with a status of 200.
        environment: Variables that are set for it, beside this process's own.

    Raises:
        RuntimeError: It does not start; the message has the last line of what it complained.
    """
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, "NO_PROXY": "*", **environment},
            start_new_session=True,  # Ctrl-C is for the bench, which then ends it
        )
        try:
            until = time.monotonic() + PATIENCE_SECS
            while not await _is_well(port, health):
                if process.returncode is not None or time.monotonic() > until:
                    said.seek(0)
                    complaint = said.read().decode(errors="replace").split("\n")
                    last = next(filter(str.strip, reversed(complaint)), "it said nothing")
                    raise RuntimeError(f"{Path(command[0]).name} did not start: {last}")
                await asyncio.sleep(_LOOK_SECS)
            yield Program(port, ProcessTree(process.pid))
        finally:
            await _end(process)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def _is_well(port: int, path: str) -> bool:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE_SECS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    return False


async def _end(process: Process) -> None:
    """Have a program end, and see to it that it has."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.communicate(), _END_SECS)
        except TimeoutError:
            process.kill()
    await process.communicate()
