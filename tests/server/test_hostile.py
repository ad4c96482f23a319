"""Hostile clients of `blastoff serve`: what each costs it, and that honest ones do not notice.

The server is a process of its own, whose processor time and memory are its alone. An attack's
processor time bounds the stall that it causes, on a busy machine too.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from blastoff_pipecat.bench.process import ProcessTree
from blastoff_pipecat.endpoints.connections import MOST_IDLE
from tests.kit import attacks
from tests.kit.attacks import ATTACKS, CHAT, Attack
from tests.kit.environment import clean_environment

MOST_SECS = 0.2
MOST_BYTES = 50_000_000
LISTENERS = 50
STARTING_SECS = 60.0
_LISTENS = "0A"  # a socket's state in Linux's /proc/net/tcp
ANSWER = "The museum opens at nine in the morning, and closes at six."

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is read from Linux's /proc"
)


@dataclass
class Target:
    """The server that is attacked."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def cpu_secs(self) -> float:
        """Processor time that it has used, in seconds."""
        return ProcessTree(self.process.pid).cpu_secs()

    @property
    def memory(self) -> int:
        """What it holds, in bytes."""
        return self._status("VmRSS")

    @property
    def most_memory(self) -> int:
        """The most that it held since `forget_most_memory`, in bytes."""
        return self._status("VmHWM")

    def forget_most_memory(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    @property
    def sockets(self) -> "Sockets":
        """The connections that it has open."""
        folder = Path(f"/proc/{self.process.pid}")
        held = {_link(each) for each in (folder / "fd").iterdir()}
        of_clients, of_models = 0, 0
        for line in (folder / "net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            own, state = fields[1], fields[3]
            if f"socket:[{fields[9]}]" in held and state != _LISTENS:
                if int(own.rpartition(":")[2], 16) == self.port:
                    of_clients += 1
                else:
                    of_models += 1
        return Sockets(of_clients, of_models)

    def _status(self, name: str) -> int:
        found = re.search(
            rf"^{name}:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text(), re.M
        )
        assert found
        return int(found[1]) * 1024


@dataclass(frozen=True)
class Sockets:
    """How many connections there are with clients, and with the models."""

    of_clients: int
    of_models: int


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""  # the descriptor of the listing itself


@contextmanager
def running(arguments: Sequence[str], folder: Path, **environment: str) -> Iterator[Target]:
    """Run a module that serves until the block ends; it tells its address in its output."""
    log = folder / f"{arguments[0]}.log"  # a pipe that nobody reads would fill, and stop it
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env=clean_environment(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            # Tests may themselves run in the background, where Ctrl-C is ignored and inherited so.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        deadline = time.monotonic() + STARTING_SECS
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)  # nothing else tells that it listens
        yield Target(process, int(found[1]))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


@contextmanager
def attacked_server(folder: Path, pace: float = 0.05) -> Iterator[Target]:
    """Serve two scripted models; what the large one says takes as long as speech."""
    models = ["blastoff_pipecat.testing", "--large-text", ANSWER, "--large-pace", str(pace)]
    with ExitStack() as stack:
        upstream = stack.enter_context(running(models, folder))
        url = f"http://127.0.0.1:{upstream.port}/v1"
        environment = {
            "SMALL_MODEL_URL": url,
            "SMALL_MODEL_NAME": "small",
            "LARGE_MODEL_URL": url,
            "LARGE_MODEL_NAME": "large",
            "LOG_LEVEL": "INFO",  # at which uvicorn tells the port
        }
        serve = ["blastoff_pipecat", "serve", "--port", "0"]
        yield stack.enter_context(running(serve, folder, **environment))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked_server(tmp_path_factory.mktemp("attacked")) as server:
        asyncio.run(listen(server.port))  # so that what is made once is made
        yield server


async def listen(port: int) -> str:
    """Ask as an honest client does; return the large model's words."""
    asking = {"messages": [{"role": "user", "content": "When does the museum open?"}]}
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        whole = await client.post(CHAT, json=asking)
        return whole.json()["choices"][0]["message"]["content"]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have attackers leave soon."""
    monkeypatch.setattr(attacks, "PATIENCE_SECS", 0.5)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_what_an_attack_costs_is_bounded(target: Target, attack: Attack) -> None:
    """None costs more than 0.2 s of the processor or 50 MB, and the server goes on."""
    target.forget_most_memory()
    memory, secs = target.memory, target.cpu_secs
    await attack(target.port)
    assert target.cpu_secs - secs < MOST_SECS
    assert target.most_memory - memory < MOST_BYTES
    assert target.process.poll() is None


async def test_honest_clients_notice_nothing(target: Target) -> None:
    """While all attacks go on at once, fifty replies come whole; afterwards nothing is left."""
    listening = [asyncio.create_task(listen(target.port)) for _ in range(LISTENERS)]
    await asyncio.gather(*(attack(target.port) for attack in ATTACKS.values()))
    heard = await asyncio.gather(*listening)
    assert len(heard) == LISTENERS
    assert all(text.endswith(ANSWER) for text in heard)
    async with asyncio.timeout(20):
        while target.sockets.of_clients:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.1)
    # Connections to the models are kept, but no more than so many.
    assert target.sockets.of_models <= 2 * MOST_IDLE
