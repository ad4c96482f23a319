"""Two models behind a port, at the least cost: what they use, the server under test cannot.

A crowd's models, server and clients share one machine. `ScriptedEndpoint` can do anything, and took
45 us of a processor for each token where this, which plays one script only, took 27. Every token of
the large model is a write of its own, on time, about as long as OpenAI's.
"""

import asyncio
import time
from typing import cast

from blastoff_pipecat.testing.wire import Wire

SMALL_TTFT_SECS = 0.1
LARGE_TTFT_SECS = 0.5
PACE_SECS = 0.02
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class PacedModel(asyncio.Protocol):
    """One connection to the models; `small` says an opening at once, any other numbered tokens."""

    def __init__(self, opening: str, tokens: int) -> None:
        """Take what the small model says, and how many tokens the large one."""
        self._opening = opening
        self._tokens = tokens
        self._loop = asyncio.get_running_loop()
        self._asked = b""
        self._timer: asyncio.TimerHandle | None = None
        self._wire = Wire("large")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop in mid-answer."""
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer a request once it is whole; the next comes after the answer's end."""
        self._asked += data
        head, end_of_head, body = self._asked.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not end_of_head or len(body) < int(length or 0):
            return
        self._asked = b""
        if b'"model":"small"' in body.replace(b'": "', b'":"'):
            self._timer = self._loop.call_later(SMALL_TTFT_SECS, self._say_opening)
        else:
            self._first = self._loop.time() + LARGE_TTFT_SECS
            # What the client compares with is a clock that processes share.
            self._ahead = time.monotonic() - self._loop.time()
            self._timer = self._loop.call_at(self._first, self._say_token, 0)

    def _say_opening(self) -> None:
        said = self._wire.text(self._opening)
        self._transport.write(_HEAD + _chunk(said + self._end()) + _LAST_CHUNK)

    def _say_token(self, index: int) -> None:
        due = self._first + index * PACE_SECS
        said = _chunk(self._wire.text(f" w{index}@{due + self._ahead:.4f}"))
        index += 1
        if index == self._tokens:
            self._transport.write(said + _chunk(self._end()) + _LAST_CHUNK)
            return
        self._transport.write(said if index > 1 else _HEAD + said)
        self._timer = self._loop.call_at(self._first + index * PACE_SECS, self._say_token, index)

    def _end(self) -> bytes:
        return self._wire.finish("stop") + self._wire.done()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
