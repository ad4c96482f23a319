"""`blastoff serve` with no key: the embedded models behind the server, for any OpenAI client."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from blastoff_pipecat.bench.process import ProcessTree
from blastoff_pipecat.relay.lines import LINES
from tests.kit.environment import clean_environment

pytestmark = pytest.mark.e2e

STARTING_SECS = 300.0
ENDING_SECS = 20.0


@dataclass
class Server:
    """The command, running."""

    process: asyncio.subprocess.Process
    url: str = ""
    log: list[str] = field(default_factory=list[str])

    async def read(self, *, until: str | None = None) -> str:
        """Read what it prints, up to a line that matches, or to its end."""
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            self.log.append(raw.decode())
            if until and re.search(until, self.log[-1]):
                return self.log[-1]
        assert until is None, "".join(self.log)
        return ""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """Start it where no model is named, in a folder without a `.env`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blastoff_pipecat", "serve", "--port", "0"),
        cwd=tmp_path,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # A shell's background jobs are deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    running = Server(process)
    try:
        async with asyncio.timeout(STARTING_SECS):
            found = re.search(r"http://\S+:\d+", await running.read(until=r"http://\S+:\d+"))
        assert found is not None
        running.url = found[0]
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_the_server_answers_without_a_key_and_leaves_nothing_behind(
    server: Server, signum: signal.Signals
) -> None:
    """The answer, after approved lines if any; told to stop, it takes its models with it."""
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
        whole = await client.chat.completions.create(
            model="any", messages=[{"role": "user", "content": "What is the capital of France?"}]
        )
    text = whole.choices[0].message.content or ""
    for line in LINES["en"].sentences + LINES["en"].waiting:
        text = text.replace(line, "")
    assert "Paris" in text.split(".")[0]
    children = ProcessTree(server.process.pid).pids()
    assert len(children) >= 3, "the server and two models"
    server.process.send_signal(signum)
    async with asyncio.timeout(ENDING_SECS):
        await server.read()
        status = await server.process.wait()
    assert status == 0
    assert "Traceback" not in "".join(server.log)
    left = [pid for pid in children if _runs(pid)]
    assert left == []


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
