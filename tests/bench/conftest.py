"""The bench as a user runs it, beside scripted models and a real server."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from typer.testing import CliRunner, Result

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.cli import app
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.server.app import ServerOptions
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.environment import clear_environment
from tests.kit.policies import HANDED_OVER
from tests.kit.server import served

OPENING = "Good question, let me see."
SENTENCE = ["The", " light", " is", " scattered."]
TOKENS = [*SENTENCE, " So", " it", " looks", " blue."]
SMALL_TTFT = 0.05
LARGE_TTFT = 0.12
PACE = 0.005

Bench: TypeAlias = Callable[..., Awaitable[Result]]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and no setting."""
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bench() -> Bench:
    """Run `blastoff bench` in a thread of its own, beside what is measured."""

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["bench", *arguments])

    return run


@pytest.fixture
async def models() -> AsyncIterator[ScriptedEndpoint]:
    """Two models whose times are known."""
    async with ScriptedEndpoint() as running:
        running.play("small", Script(OPENING, ttft=SMALL_TTFT, coalesce=True))
        running.play("large", Script(TOKENS, ttft=LARGE_TTFT, pace=PACE))
        yield running


@pytest.fixture
def named(models: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two models, named in the environment."""
    for role in ("small", "large"):
        monkeypatch.setenv(f"{role.upper()}_MODEL_URL", models.url)
        monkeypatch.setenv(f"{role.upper()}_MODEL_NAME", role)


@pytest.fixture
async def server(models: ScriptedEndpoint) -> AsyncIterator[str]:
    """The base URL of a real server of the two models."""
    small = ChatEndpoint(base_url=models.url, model="small")
    large = ChatEndpoint(base_url=models.url, model="large")
    policy = Policy(**HANDED_OVER)
    async with served(ServerOptions(small=small, large=large, policy=policy)) as running:
        yield running.url


def written(path: str = "out.json") -> Any:
    """Read the JSON that was written."""
    return json.loads(Path(path).read_text())


def assert_refused(result: Result, *says: str) -> None:
    """One message, no traceback, nothing measured."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    for what in says:
        assert what in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 4, result.stderr


async def started(*arguments: str) -> asyncio.subprocess.Process:
    """Start ``blastoff bench`` as a process that hears Ctrl-C, even from tests that do not."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blastoff_pipecat", "bench", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


async def stopped_by_ctrl_c(command: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Press Ctrl-C and return what was written."""
    command.send_signal(signal.SIGINT)
    return await asyncio.wait_for(command.communicate(), 30)
