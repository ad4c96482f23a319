"""Two models behind a port, at the least cost: what they use, the server under test cannot.

A crowd's models, server and clients share one machine. `ScriptedEndpoint` can do anything, and took
45 us of a processor for each token where this, which plays one script only, takes a fraction. Every
token of the large model is a write of its own, on time, about as long as OpenAI's, and says when it
was due on a clock that processes share.

A process of its own: `python -m blastoff_pipecat.bench.beside.models` prints its base URL, then a
line of JSON for each line that it reads: what it was asked since the last. It ends with its input.
"""

import asyncio
import gc
import heapq
import json
import os
import re
import time
from typing import NamedTuple, cast

from blastoff_pipecat.bench.child import commands
from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.testing.wire import Wire

OPENING = "Good question, let me see what we have on that."
SMALL_TTFT_SECS = 0.1
LARGE_TTFT_SECS = 0.5
PACE_SECS = 0.02
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_SMALL = re.compile(rb'"model": ?"small"')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_WORDS = re.compile(rb"in (\d+) words")
_MARK = "<a token>"
_EARLY_SECS = 0.0005  # timers are kept to the millisecond


class Served(NamedTuple):
    """One request; times are seconds on the monotonic clock.

    Attributes:
        asker: The path's first part, which says who asks.
        model: ``small`` or ``large``.
        received: When it was whole.
        first_word: When the answer's first word was written.
    """

    asker: str
    model: str
    received: float
    first_word: float


class Ticker:
    """Has every reply's next token said when it is due: one timer for all of them."""

    def __init__(self) -> None:
        """Start with none."""
        self._loop = asyncio.get_running_loop()
        self._due: list[tuple[float, int, PacedModel]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0

    def add(self, due: float, reply: "PacedModel") -> None:
        """Have a reply begin, at a time of the loop's clock."""
        self._number += 1
        heapq.heappush(self._due, (due, self._number, reply))
        if self._due[0][2] is reply:
            self._set()

    def _set(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due[0][0], self._tick) if self._due else None

    def _tick(self) -> None:
        self._timer = None
        waiting = self._due
        until = self._loop.time() + _EARLY_SECS
        while waiting and waiting[0][0] <= until:
            due, number, reply = waiting[0]
            if reply.say_token(due):
                heapq.heapreplace(waiting, (due + PACE_SECS, number, reply))
            else:
                heapq.heappop(waiting)
        self._set()


class PacedModel(asyncio.Protocol):
    """One connection: `small` says an opening, any other model as many tokens as asked for."""

    def __init__(self, ticker: Ticker, served: list[Served]) -> None:
        """Take what tells when to speak, and where to write down what was asked.

        Args:
            ticker: The process's.
            served: Gets each request with its first word.
        """
        self._ticker = ticker
        self._served = served
        self._asked = b""
        self._asker = self._role = ""
        self._received = 0.0
        self._left = self._index = 0
        # What the client compares with is a clock that processes share.
        self._ahead = time.monotonic() - asyncio.get_running_loop().time()
        wire = Wire("large")
        before, after = wire.text(_MARK).split(_MARK.encode())
        self._before, self._after = before, after + b"\r\n"
        self._around = len(before) + len(after)
        self._end = _chunk(wire.finish("stop") + wire.done()) + _LAST_CHUNK
        self._opening = _HEAD + _chunk(wire.text(OPENING)) + self._end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = cast(asyncio.Transport, transport)
        self._socket: int = transport.get_extra_info("socket").fileno()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop in mid-answer."""
        self._left = 0

    def data_received(self, data: bytes) -> None:
        """Answer a request once it is whole; the next comes after the answer's end."""
        self._asked += data
        head, end_of_head, body = self._asked.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end_of_head or len(body) < int(length[1] if length else 0):
            return
        self._asked = b""
        self._received = time.monotonic()
        now = asyncio.get_running_loop().time()
        self._index = 0
        self._asker = head.split(b"/", 2)[1].decode("latin-1")
        if _SMALL.search(body):
            self._role, self._left = "small", 1
            self._ticker.add(now + SMALL_TTFT_SECS, self)
        else:
            words = _WORDS.search(body)
            self._role, self._left = "large", int(words[1]) if words else 1
            self._ticker.add(now + LARGE_TTFT_SECS, self)

    def say_token(self, due: float) -> bool:
        """Say what is due at that time of the loop's clock; tell whether more is to be said."""
        if not self._left:
            return False
        self._left -= 1
        index = self._index
        self._index += 1
        if not index:
            served = Served(self._asker, self._role, self._received, time.monotonic())
            self._served.append(served)
        if self._role == "small":
            self._write(self._opening)
            return False
        token = b" w%d@%.4f" % (index, due + self._ahead)
        said = b"%x\r\n%b%b%b" % (self._around + len(token), self._before, token, self._after)
        if not index:
            said = _HEAD + said
        self._write(said if self._left else said + self._end)
        return self._left > 0

    def _write(self, data: bytes) -> None:
        """Write at once: a loop's own way through its buffers takes longer than the system call."""
        if not self._transport.get_write_buffer_size():
            try:
                data = data[os.write(self._socket, data) :]
            except BlockingIOError:
                pass
            except OSError:  # the client has gone, which the loop is about to tell
                self._left = 0
                return
        if data:
            self._transport.write(data)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _serve() -> None:
    told, ticker, served = await commands(), Ticker(), list[Served]()
    server = await asyncio.get_running_loop().create_server(
        lambda: PacedModel(ticker, served), "127.0.0.1", 0, backlog=1024
    )
    async with server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
        while await told.readline():
            print(json.dumps(served), flush=True)
            served.clear()


if __name__ == "__main__":
    gc.disable()  # a pause here is none of the server's
    run(_serve())
