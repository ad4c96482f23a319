"""How many function calls a reply costs: a measure of work that no busy computer changes.

`python -m blastoff_pipecat.bench.overhead.calls` counts and prints; with `--write` the counts are
kept in `calls.json` for this version of Python, against which a test holds every change.

Models and clients live in a thread of their own, whose calls are not counted. Every token is let go
when the one before it was heard, so that each is a read and a wake-up of its own. What still varies
between two replies is whether the end of a body comes with what is before it, or by itself: of
several replies the median counts.
"""

import argparse
import asyncio
import json
import platform
import statistics
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

import uvicorn
from loguru import logger
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.bench.overhead.contestants import KINDS, Kind, conversation, make
from blastoff_pipecat.bench.overhead.server import OPENING, words
from blastoff_pipecat.bench.pipeline import ServicePipeline, running
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.server.app import ServerOptions, create_app
from blastoff_pipecat.server.bounded_http import BoundedHttp
from blastoff_pipecat.testing import Script, ScriptedEndpoint

Counts: TypeAlias = dict[str, float]

COUNTED = Path(__file__).with_name("calls.json")
"""For each minor version of Python: the counts of ours, and of Pipecat's own service."""

MOST_GROWTH = 1.1
TOKENS = 10
_MORE_TOKENS = 40
_BURST_TOKENS = 150  # that fit into one read
_REPLIES = 7
_WARM_UPS = 3


class Counter:
    """Counts the calls that this thread makes, of Python's functions and of C's."""

    def __init__(self) -> None:
        """Start at nought, not counting."""
        self.count = 0

    def __enter__(self) -> None:
        """Count from now on."""
        self.count = 0
        sys.setprofile(self._called)

    def __exit__(self, *_: object) -> None:
        """Count no more."""
        sys.setprofile(None)

    def _called(self, _frame: FrameType, event: str, _arg: object) -> None:
        if event in ("call", "c_call"):
            self.count += 1


class Stage:
    """The models, in a thread of their own, whose tokens are let go one by one.

    Attributes:
        url: Their base URL.
        loop: The thread's loop.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self.url = ""
        self.loop = asyncio.new_event_loop()
        self._gates: list[asyncio.Event] = []
        self._open = 0

    def let_go(self) -> None:
        """Let the next token go; from the thread of the models."""
        if self._open < len(self._gates):
            self._gates[self._open].set()
        self._open += 1

    def let_go_from_outside(self) -> None:
        """Let the next token go; from any other thread."""
        self.loop.call_soon_threadsafe(self.let_go)

    @asynccontextmanager
    async def playing(self) -> AsyncGenerator[None]:
        """Play until the block ends."""
        over = asyncio.Event()
        ready = threading.Event()

        async def play() -> None:
            async with ScriptedEndpoint(keep_log=False) as endpoint:
                endpoint.play("opener", Script(OPENING, coalesce=True))
                for tokens in (TOKENS, _MORE_TOKENS):
                    endpoint.play(f"gated-{tokens}", self._gated(tokens))
                for tokens in (TOKENS, _BURST_TOKENS):
                    endpoint.play(f"burst-{tokens}", Script(words(tokens), coalesce=True))
                self.url = endpoint.url
                ready.set()
                await over.wait()

        thread = threading.Thread(target=lambda: self.loop.run_until_complete(play()))
        thread.start()
        await asyncio.to_thread(ready.wait)
        try:
            yield
        finally:
            self.loop.call_soon_threadsafe(over.set)
            await asyncio.to_thread(thread.join)
            self.loop.close()

    def _gated(self, tokens: int) -> Callable[[dict[str, Any]], Script]:
        def script(_body: dict[str, Any]) -> Script:
            self._gates = [asyncio.Event() for _ in range(tokens)]
            for gate in self._gates[: self._open]:
                gate.set()
            steps: list[str | float | asyncio.Event] = []
            for gate, token in zip(self._gates, words(tokens), strict=True):
                steps += (gate, token)
            return Script(steps)

        return script

    def begin(self, *, now: bool) -> None:
        """Begin a reply.

        Args:
            now: Whether the first token is let go by itself, since nothing is heard before it.
        """
        self._open = int(now)


class _Ear(FrameProcessor):
    """Lets the next token go when something is heard."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        self._stage = stage
        self.ended = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame | AggregatedTextFrame):
            self._stage.let_go_from_outside()
        else:
            if isinstance(frame, LLMFullResponseEndFrame):
                self.ended.set()
            await self.push_frame(frame, direction)


async def of_services(stage: Stage) -> dict[Kind, Counts]:
    """Count what both services call."""
    counts: dict[Kind, Counts] = {}
    for kind in KINDS:

        async def reply(model: str, kind: Kind = kind) -> int:
            service = make(kind, stage.url, model)
            ear = _Ear(stage)
            pipeline = ServicePipeline(kind, service, (service, ear), PipelineParams())
            counter, context = Counter(), conversation(12)

            async def hear() -> None:
                ear.ended.clear()
                stage.begin(now=kind == "stock")
                await service.queue_frame(LLMContextFrame(context))
                await asyncio.wait_for(ear.ended.wait(), 30)

            async with running([pipeline]):
                return await _median(counter, hear)

        counted = await _counted(reply)
        whole = await reply(f"burst-{TOKENS}")
        burst = await reply(f"burst-{_BURST_TOKENS}") - whole
        counted["a token in a burst"] = burst / (_BURST_TOKENS - TOKENS)
        counter = Counter()
        with counter:
            make(kind, stage.url, "any")
        counts[kind] = {**counted, "construction": counter.count}
    return counts


async def of_server(stage: Stage) -> Counts:
    """Count what the server calls."""

    async def reply(model: str) -> int:
        small, large = (ChatEndpoint(base_url=stage.url, model=name) for name in ("opener", model))
        app = create_app(ServerOptions(small=small, large=large, policy=Policy(opening="always")))
        config = uvicorn.Config(
            app, port=0, loop="none", http=BoundedHttp, log_level="warning", access_log=False
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve())  # pyright: ignore[reportPrivateUsage]  # `serve` takes signals
        while not server.started:  # noqa: ASYNC110  # uvicorn tells of it in no other way
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]

        async def hear() -> None:
            stage.begin(now=False)
            asking = asyncio.run_coroutine_threadsafe(_client(port, stage), stage.loop)
            await asyncio.wrap_future(asking)

        try:
            return await _median(Counter(), hear)
        finally:
            server.should_exit = True
            await serving

    counted = await _counted(reply)
    return {f"{name}, of the server": count for name, count in counted.items()}


async def _counted(reply: Callable[[str], Awaitable[int]]) -> Counts:
    """Count a reply, and what a token more costs."""
    whole = await reply(f"gated-{TOKENS}")
    more = await reply(f"gated-{_MORE_TOKENS}") - whole
    return {f"a reply of {TOKENS} tokens": whole, "a token": more / (_MORE_TOKENS - TOKENS)}


async def _median(counter: Counter, hear: Callable[[], Awaitable[None]]) -> int:
    found: list[int] = []
    for number in range(_WARM_UPS + _REPLIES):
        with counter:
            await hear()
        if number >= _WARM_UPS:
            found.append(counter.count)
        await asyncio.sleep(0.01)  # what a reply leaves to do is no other's
    return statistics.median_low(found)


async def _client(port: int, stage: Stage) -> None:
    """Ask the server for one reply, and hear it to its end."""
    said = b'{"stream":true,"messages":[{"role":"user","content":"When does it open?"}]}'
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(said)}\r\n\r\n"
        writer.write(head.encode() + said)
        while b"[DONE]" not in (data := await reader.read(65536)):
            if not data:
                raise RuntimeError("the server broke off")
            if b'"content":' in data:
                stage.let_go()
    finally:
        writer.close()


async def count() -> dict[str, Counts]:
    """Count everything, for this version of Python."""
    stage = Stage()
    async with stage.playing():
        services = await of_services(stage)
        return {"ours": {**services["dual"], **await of_server(stage)}, "stock": services["stock"]}


def grown(counts: Mapping[str, Counts], kept: Mapping[str, Mapping[str, Counts]]) -> list[str]:
    """Say what has grown by more than a tenth over what is kept.

    Args:
        counts: As `count` returns them.
        kept: The same, for each minor version of Python. Where this one is missing, the newest's is
            taken, in proportion to what Pipecat's own service calls.
    """
    version = minor()
    known = kept.get(version)
    own = known is not None
    if known is None:
        known = kept[max(kept, key=_version)]
    told: list[str] = []
    for name, now in counts["ours"].items():
        before = known["ours"][name]
        if not own and name in known["stock"]:
            before *= counts["stock"][name] / known["stock"][name]
        if now > before * MOST_GROWTH:
            told.append(f"{name}: {now:,.1f} calls, where {before:,.1f} were counted")
    return told


def minor() -> str:
    """Return this Python's version, as far as calls depend on it."""
    return ".".join(platform.python_version_tuple()[:2])


def _version(told: str) -> tuple[int, ...]:
    return tuple(map(int, told.split(".")))


def main() -> None:
    """Count, and print or keep what was counted."""
    parser = argparse.ArgumentParser(
        prog="python -m blastoff_pipecat.bench.overhead.calls", description=__doc__
    )
    parser.add_argument("--write", action="store_true", help=f"keep the counts in {COUNTED.name}")
    options = parser.parse_args()
    logger.remove()
    counts = run(count())
    if options.write:
        kept: dict[str, Any] = {}
        if COUNTED.exists():
            kept = json.loads(COUNTED.read_text(encoding="utf-8"))
        kept[minor()] = counts
        written = json.dumps(
            dict(sorted(kept.items(), key=lambda each: _version(each[0]))), indent=1
        )
        COUNTED.write_text(written + "\n", encoding="utf-8")
    print(json.dumps(counts, indent=1))


if __name__ == "__main__":
    main()
