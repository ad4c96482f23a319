"""A module of the bench as a process of its own: as others see it, and as it reads from them."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_PACKAGE = __name__.rpartition(".")[0]
_LINE_LIMIT = 2**24
_PATIENCE_SECS = 60.0


@asynccontextmanager
async def child(
    module: str, *arguments: str, stdin: int = DEVNULL, stderr: int | None = None
) -> AsyncGenerator[Process]:
    """Run a module until the block ends, and no longer.

    Args:
        module: Its name within `blastoff_pipecat.bench`.
        arguments: Its command line.
        stdin: What it reads, by default nothing.
        stderr: Where its complaints go, by default where this process's go.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"{_PACKAGE}.{module}", *arguments),
        stdin=stdin,
        stdout=PIPE,
        stderr=stderr,
        limit=_LINE_LIMIT,
        start_new_session=True,  # Ctrl-C is for the bench, which then ends it
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def told(module: str, *arguments: str) -> dict[str, float]:
    """Run a module to its end; return the JSON that it prints.

    Raises:
        RuntimeError: It failed; the message has the last line of what it complained.
    """
    async with child(module, *arguments, stderr=PIPE) as process:
        printed, complaint = await process.communicate()
    if process.returncode:
        lines = complaint.decode(errors="replace").splitlines() or ["it said nothing"]
        ran = " ".join((module.rpartition(".")[2], *arguments))
        raise RuntimeError(f"`{ran}` ended with {process.returncode}: {lines[-1]}")
    return json.loads(printed)


async def line_of(process: Process) -> str:
    """Return the next line that a server process prints.

    Raises:
        RuntimeError: It prints none.
    """
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _PATIENCE_SECS)
    except TimeoutError:
        raise RuntimeError(f"no word of the scripted server in {_PATIENCE_SECS:g} s") from None
    if not line:
        raise RuntimeError("the scripted server ended")
    return line.decode().strip()


async def commands() -> asyncio.StreamReader:
    """Return what this process is told on its standard input, whose end ends it."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader
