"""A bot as a process of its own, on a free port."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.kit.environment import clean_environment

ROOT = Path(__file__).parents[2]
VOICE_BOT = ROOT / "bots" / "voice_bot.py"
PHONE_BOT = ROOT / "bots" / "phone_bot.py"
MINIMAL_BOT = ROOT / "bots" / "minimal_bot.py"

PATIENCE_SECS = 90.0
"""How long a bot may take to start: Pipecat, its turn model and the speech engines are imported."""


@dataclass
class ServedBot:
    """A running bot.

    Attributes:
        url: Where it serves.
        process: Its process.
        log: The file that holds all it has written.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """Return all that it has written so far."""
        return self.log.read_text(errors="replace")

    def stop(self, signum: int = signal.SIGINT) -> int:
        """Stop it as a terminal does; return its exit status."""
        self.process.send_signal(signum)
        return self.process.wait(PATIENCE_SECS)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(
    folder: Path,
    environment: Mapping[str, str],
    *,
    bot: Path = VOICE_BOT,
    flags: Sequence[str] = (),
) -> Generator[ServedBot]:
    """Run a bot in an empty folder until the block ends."""
    port, log = free_port(), folder / "bot.log"
    command = [sys.executable, str(bot), "--host", "127.0.0.1", "--port", str(port), *flags]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment({"LOG_LEVEL": "DEBUG", **environment}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Tests may themselves run in the background, where Ctrl-C is ignored and inherited so.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    running = ServedBot(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_until_served(running)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_served(bot: ServedBot) -> None:
    deadline = time.monotonic() + PATIENCE_SECS
    with httpx.Client(trust_env=False) as http:
        while time.monotonic() < deadline and bot.process.poll() is None:
            try:
                http.get(f"{bot.url}/status")
                return
            except httpx.HTTPError:
                time.sleep(0.1)  # nothing else tells that it listens
    raise AssertionError(f"the bot did not start:\n{bot.said()}")
