"""One embedded language model: llama.cpp in a child process, behind a loopback URL."""

import asyncio
import atexit
import contextlib
import importlib.util
import json
import math
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import httpx

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.local import openmp
from blastoff_pipecat.local.errors import LANGUAGE_WAY_OUT, EngineFailed, EngineMissing

_STOP_TIMEOUT_SECS = 5.0
_READ_TIMEOUT_SECS = 60.0
_COUNTING = {
    "messages": [{"role": "user", "content": "Count from one to twenty, in words."}],
    "max_tokens": 12,
}


def check_installed() -> None:
    """Raise where the engine is not there, before anything is fetched for it.

    Raises:
        EngineMissing: ``xllamacpp`` is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise EngineMissing("xllamacpp", LANGUAGE_WAY_OUT)


_POLITE_THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
"""Threads of llama.cpp that wait for each other sleep: spinning, they would take the processor from
the voice, the ear and the other model, and then wait for one another all the longer.
"""


class EmbeddedModel:
    """One language model in a child process, from ``start`` to ``stop``."""

    def __init__(self, name: str, path: Path, *, prompt_threads: int = 1) -> None:
        """Start nothing yet.

        Args:
            name: The model's name in requests.
            path: The GGUF file.
            prompt_threads: Processor threads that read the prompt; one writes the reply.
        """
        self.name = name
        self._key = secrets.token_urlsafe(24)
        self._options = {
            "path": str(path),
            "name": name,
            "api_key": self._key,
            "prompt_threads": prompt_threads,
        }
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[bytes] | None = None
        self._base_url: str | None = None

    @property
    def pid(self) -> int | None:
        """The child's process number while it runs."""
        return self._process.pid if self._process is not None else None

    def endpoint(self, *, choice: str = "auto") -> ChatEndpoint:
        """Where the model is and how to talk to it.

        Args:
            choice: How the endpoint constrains a choice; llama.cpp has ``"grammar"``.

        Raises:
            EngineFailed: The model is not running.
        """
        if self._base_url is None:
            raise EngineFailed(f"{self.name} is not running: start() it first.")
        return ChatEndpoint(
            base_url=self._base_url,
            model=self.name,
            api_key=self._key,
            continuation="trailing",
            choice=choice,
        )

    async def start(self) -> None:
        """Load the model and serve it; the event loop goes on meanwhile.

        Raises:
            EngineMissing: ``xllamacpp`` is not installed.
            EngineFailed: llama.cpp could not load the model.
        """
        if self._process is not None:
            return
        check_installed()
        process = self._launch()
        answering = asyncio.ensure_future(asyncio.to_thread(self._answer, process))
        try:
            answer = await asyncio.shield(answering)
        except asyncio.CancelledError:
            process.kill()  # it does not read its input while it loads
            await asyncio.wait([answering])
            await self.stop()
            raise
        if "address" not in answer:
            await self.stop()
            way_out = "delete the file if it may be damaged, free memory"
            if openmp.LIBRARY in answer["error"]:
                way_out = openmp.WAY_OUT
            raise EngineFailed(
                f"llama.cpp did not start {self.name}: {answer['error']}. "
                f"What to do: {way_out}, or {LANGUAGE_WAY_OUT}."
            )
        self._base_url = answer["address"] + "/v1"

    async def measure(self) -> float:
        """Return how fast it writes now, in tokens a second; infinite where that cannot be told."""
        url = f"{self.endpoint().base_url}/chat/completions"
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            async with httpx.AsyncClient(timeout=_READ_TIMEOUT_SECS, trust_env=False) as client:
                reply = await client.post(url, json=_COUNTING, headers=headers)
            return float(reply.json()["timings"]["predicted_per_second"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return math.inf

    async def stop(self) -> None:
        """End the child process and wait for its end. Safe to call twice."""
        await asyncio.to_thread(self._end)

    def _launch(self) -> "subprocess.Popen[str]":
        """Start the child."""
        # -P: the script's folder must not come first in the search path of imports.
        command = [sys.executable, "-P", str(Path(__file__).with_name("llama_process.py"))]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the child lives
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **_POLITE_THREADS, **openmp.find_openmp()},
            text=True,
            encoding="utf-8",
        )
        atexit.register(self._end)
        return self._process

    def _answer(self, process: "subprocess.Popen[str]") -> dict[str, str]:
        """Give the child its options, and wait until it serves or gives up."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(self._options) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        return json.loads(line) if line else {"error": self._last_words(process.wait())}

    def _last_words(self, status: int) -> str:
        """The end of what the child wrote, for an error message."""
        assert self._log is not None
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        said = " / ".join(line.strip() for line in lines[-3:])
        return f"the process ended with status {status}" + (f": {said}" if said else "")

    def _end(self) -> None:
        """End the child; its standard input ends and it leaves, or it is killed."""
        process, self._process = self._process, None
        self._base_url = None
        if process is None:
            return
        atexit.unregister(self._end)
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(timeout=_STOP_TIMEOUT_SECS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        if self._log is not None:
            self._log.close()
            self._log = None
