"""A bot and its page, as a process of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx


class BotServer:
    """A bot's process on a port of its own, which it keeps when it is started again."""

    def __init__(self, script: Path, folder: Path, environment: Mapping[str, str] = os.environ):
        self._script, self._folder, self._log = script, folder, folder / "log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://localhost:{self.port}"

    def start(self, options: Sequence[str] = ("-t", "webrtc"), within: float = 60.0) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, str(self._script), "--port", str(self.port), *options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + within
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the bot did not start:\n{self.log}")
            time.sleep(0.05)  # nothing tells of a port that is listened to

    def stop(self, within: float = 30.0) -> None:
        """End it as Ctrl-C would, with the processes that it has started itself."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(within)
            finally:
                self.kill()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process is not None and self._process.poll() is None

    def do(self, what: str, data: Any = None) -> dict[str, Any]:
        """Have the scripted bot do something."""
        return httpx.post(f"{self.url}/test/{what}", json=data, timeout=30.0).json()

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(errors="replace")

    def _answers(self) -> bool:
        try:
            socket.create_connection(("localhost", self.port)).close()
        except OSError:
            return False
        return True
