"""How many streaming replies one server process holds.

`python -m blastoff_pipecat.bench.overhead.crowd`; with
`--rounds 9 --json blastoff_pipecat/bench/overhead/crowd.json` the README's figures are measured
anew.

Three processes: scripted models, the server, and this client. Every token of the large model is
numbered and says when it is due, so the client sees what each was late by, and whether one was lost
or came out of order. The same crowd asks the models directly too: what the server adds is the
difference.
"""

import argparse
import asyncio
import gc
import json
import math
import os
import random
import re
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.bench.overhead.paced_models import PacedModel
from blastoff_pipecat.bench.overhead.report import machine
from blastoff_pipecat.bench.process import ProcessTree

OPENING = "Good question, let me see what we have on that."
ARRIVAL_SECS = 4.0  # over which a crowd comes in
PATIENCE_SECS = 120.0
_TOKEN = re.compile(rb"\bw(\d+)@(\d+\.\d+)")
_HEAD = (
    "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
    "content-type: application/json\r\ncontent-length: {}\r\n\r\n"
)


@dataclass
class Tally:
    """What a crowd saw.

    Attributes:
        late: What each token of the large model was late by, in seconds.
        first: How long after it asked a client got the first text, in seconds.
        replies: How many there were.
        broken: How many of them were not whole.
    """

    late: list[float] = field(default_factory=list[float])
    first: list[float] = field(default_factory=list[float])
    replies: int = 0
    broken: int = 0

    def percentiles(self) -> dict[str, float]:
        """How late tokens were, and how soon the first text came, in milliseconds."""
        late, first = sorted(self.late), sorted(self.first)
        told = {f"p{q}": 1e3 * late[len(late) * q // 100] for q in (50, 95, 99)}
        return told | {f"first p{q}": 1e3 * first[len(first) * q // 100] for q in (50, 95)}

    def told(self) -> str:
        """Sum it up in a line."""
        told = ", ".join(f"{name} {ms:.1f}" for name, ms in self.percentiles().items())
        return (
            f"{self.replies} replies, {len(self.late)} tokens, {self.broken} replies lost or "
            f"reordered a token; late, and first text, in ms: {told}"
        )


class Caller(asyncio.Protocol):
    """One client, which only notes what came when: the crowd shares its processor."""

    def __init__(self, tally: Tally, tokens: int) -> None:
        """Take where to write it down, and how many tokens a reply has."""
        self._tally = tally
        self._tokens = tokens
        self._reads: list[tuple[float, bytes]] = []
        self.asked = 0.0
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Note it; look at it after the end."""
        self._reads.append((time.monotonic(), data))
        if b"[DONE]" in data and not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a reply that broke off end."""
        if not self.ended.done():
            self.ended.set_result(None)

    def count(self) -> None:
        """Read the reply, token by token."""
        rest, following, in_order, ended = b"", 0, True, False
        for at, data in self._reads:
            whole, _, rest = (rest + data).rpartition(b"\n\n")
            ended = ended or b"[DONE]" in whole
            for index, due in _TOKEN.findall(whole):
                in_order = in_order and int(index) == following
                following += 1
                self._tally.late.append(at - float(due))
        texts = (at for at, data in self._reads if b'"content":' in data)
        self._tally.first.append(next(texts, math.inf) - self.asked)
        self._tally.replies += 1
        self._tally.broken += not (ended and in_order and following == self._tokens)


async def ask(port: int, body: bytes, caller: Caller) -> asyncio.Transport:
    """Send one request over a connection of its own."""
    loop = asyncio.get_running_loop()
    caller.asked = time.monotonic()
    transport, _ = await loop.create_connection(lambda: caller, "127.0.0.1", port)
    transport.write(_HEAD.format(len(body)).encode() + body)
    return transport


async def crowd(port: int, body: bytes, *, size: int, tokens: int) -> Tally:
    """Let that many clients listen at once, each to a reply that starts a little later."""
    tally = Tally()

    callers = [Caller(tally, tokens) for _ in range(size)]

    async def one(number: int, caller: Caller) -> None:
        await asyncio.sleep(number * ARRIVAL_SECS / size)
        transport = await ask(port, body, caller)
        await asyncio.wait_for(caller.ended, PATIENCE_SECS)
        transport.close()

    await asyncio.gather(*(one(number, caller) for number, caller in enumerate(callers)))
    for caller in callers:
        caller.count()
    return tally


async def droppers(port: int, body: bytes, *, count: int, at_once: int = 100) -> None:
    """Open connections, ask, and hang up at random moments, some before the answer begins."""
    chance = random.Random(7)
    places = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with places:
            caller = Caller(Tally(), 0)
            transport = await ask(port, body, caller)
            with suppress(TimeoutError):
                await asyncio.wait_for(caller.ended, chance.uniform(0, 1.2))
            transport.abort()

    await asyncio.gather(*(one() for _ in range(count)))


def request(model: str) -> bytes:
    """Write a request's body."""
    said = "Tell me about the museum, please."
    return (
        f'{{"model": "{model}", "stream": true, '
        f'"messages": [{{"role": "user", "content": "{said}"}}]}}'
    ).encode()


def sockets_of(pid: int) -> int:
    """Sockets that a process has open (Linux)."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(OSError):
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return found


@asynccontextmanager
async def process(*command: str, until: bytes, **environ: str) -> AsyncGenerator[tuple[int, int]]:
    """Run a part of the bench; give its process number, and the port that it listens on."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert child.stdout is not None
    draining: asyncio.Task[bytes] | None = None
    try:
        port = None
        async with asyncio.timeout(60):
            while True:
                line = await child.stdout.readline()
                if not line:
                    raise RuntimeError(f"{command} ended")
                if found := re.search(rb"http://127.0.0.1:(\d+)", line):
                    port = int(found[1])
                if port is not None and until in line:
                    break
        draining = asyncio.create_task(child.stdout.read())
        yield child.pid, port
    finally:
        if child.returncode is None:
            child.terminate()
        if draining is not None:
            await draining
        await child.wait()


async def serve_models(tokens: int) -> None:
    """Be the models' process."""
    server = await asyncio.get_running_loop().create_server(
        lambda: PacedModel(OPENING, tokens), "127.0.0.1", 0, backlog=1024
    )
    async with server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
        await server.serve_forever()


async def measure(size: int, tokens: int, rounds: int, drops: int) -> dict[str, Any]:
    """Measure, say so, and return the figures: of several rounds the median one, by its p95."""
    figures: dict[str, Any] = {"about": machine(), "size": size, "tokens": tokens, "drops": drops}
    me = ("-m", "blastoff_pipecat.bench.overhead.crowd", "--models", "--tokens", str(tokens))
    async with process(*me, until=b"http") as (models_pid, models_port):
        url = f"http://127.0.0.1:{models_port}/v1"
        names = {"SMALL_MODEL_URL": url, "LARGE_MODEL_URL": url, "PORT": "0", "HOST": "127.0.0.1"}
        names |= {"SMALL_MODEL_NAME": "small", "LARGE_MODEL_NAME": "large", "LOG_LEVEL": "INFO"}
        command = ("-m", "blastoff_pipecat", "serve")
        async with process(*command, until=b"startup complete", **names) as (pid, port):
            await crowd(port, request("x"), size=4, tokens=tokens)  # the first is slower
            trees = {"models": ProcessTree(models_pid), "server": ProcessTree(pid)}
            seen: dict[str, list[dict[str, float]]] = {"models alone": [], "server": []}
            for _ in range(rounds):
                for name, at, body in (
                    ("models alone", models_port, request("large")),
                    ("server", port, request("x")),
                ):
                    used = {part: tree.cpu_secs() for part, tree in trees.items()}
                    started = time.monotonic()
                    tally = await crowd(at, body, size=size, tokens=tokens)
                    took = time.monotonic() - started
                    seen[name].append({**tally.percentiles(), "broken": tally.broken})
                    print(f"{name}: {size} at once, {tally.told()}")
                    cpu = {part: tree.cpu_secs() - used[part] for part, tree in trees.items()}
                    told = ", ".join(f"{part} {secs / took:.0%}" for part, secs in cpu.items())
                    print(
                        f"  in {took:.1f} s; CPU: {told} "
                        f"({1e6 * cpu['server'] / len(tally.late):.0f} us a token); "
                        f"server's memory {trees['server'].memory_bytes() / 1e6:.0f} MB"
                    )
            for name, runs in seen.items():
                runs.sort(key=itemgetter("p95"))
                figures[name] = {
                    **runs[len(runs) // 2],
                    "broken": sum(run["broken"] for run in runs),
                    "p95 of each round": [run["p95"] for run in runs],
                }
            before = sockets_of(pid)
            await droppers(port, request("x"), count=drops)
            deadline = time.monotonic() + 10
            while sockets_of(pid) > before and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            figures["sockets left"] = max(0, sockets_of(pid) - before)
            print(f"{drops} connections dropped: {figures['sockets left']} more sockets open")
    return figures


def main() -> None:
    """Run the bench, or the part of it that is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m blastoff_pipecat.bench.overhead.crowd", description=__doc__
    )
    parser.add_argument("--size", type=int, default=400, help="replies at once")
    parser.add_argument("--tokens", type=int, default=250, help="tokens of a reply")
    parser.add_argument("--rounds", type=int, default=1, help="how often; the median counts")
    parser.add_argument("--drops", type=int, default=2000, help="connections opened and dropped")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--models", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    gc.disable()  # a pause of a part of the bench is none of the server's
    with suppress(KeyboardInterrupt):
        if options.models:
            run(serve_models(options.tokens))
        else:
            figures = run(measure(options.size, options.tokens, options.rounds, options.drops))
            if options.json:
                options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
