"""Plays one script to one request: when what is sent, and how the connection goes wrong."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import NoReturn

from aiohttp import web

from blastoff_pipecat.testing.content import ReplyContent
from blastoff_pipecat.testing.errors import error_content_type, error_payload
from blastoff_pipecat.testing.prefill import PREFILL_SHAPES
from blastoff_pipecat.testing.request import Request
from blastoff_pipecat.testing.script import Fault, Script
from blastoff_pipecat.testing.wire import odd_pieces

_RESET_AFTER = 0.01  # s: lets the client read what was sent before the reset throws it away
_ALL = 1 << 30  # events of a reply that is sent in one write: more than any has


class ScriptedReply:
    """The answer to one request.

    Its `send` is cancelled when the connection is lost: nothing here polls for that.

    Args:
        script: What to play.
        request: The HTTP request to answer.
        record: Its entry in the log, kept up to date.
        changed: Called after each change of the record.
    """

    def __init__(
        self, script: Script, request: web.BaseRequest, record: Request, changed: Callable[[], None]
    ) -> None:
        """Prepare the reply; nothing is sent yet."""
        self._script = script
        self._request = request
        self._record = record
        self._changed = changed
        self._prefill = record.prefill
        self._content = ReplyContent(script, record.body, record.model, self._prefill)
        self._response = web.StreamResponse()
        self._comment = self._content.comment()
        self._opening = b""  # goes out in one write with the first token
        self._held: list[bytes] = []  # events that wait until their group is full
        self._group = _ALL if script.coalesce is True else int(script.coalesce)

    async def send(self) -> web.StreamResponse:
        """Answer the request; returns the response, complete."""
        try:
            return await self._answer()
        except ConnectionError:
            # A write came before the news that the connection is lost, which cancels this.
            if self._request.transport is not None:
                self._request.transport.abort()
            await _forever()

    async def _answer(self) -> web.StreamResponse:
        script, fault = self._script, self._script.fault
        if fault is Fault.NO_RESPONSE:
            await self._close_connection()
        if fault is Fault.HANG_BEFORE_HEADERS:
            await _forever()
        if self._prefill is not None and script.refuses_prefill(self._prefill):
            words = script.error_message or PREFILL_SHAPES[self._prefill.shape]
            return await self._error(422 if script.error_shape == "fastapi" else 400, words)
        if fault is not None and fault.status is not None:
            return await self._error(fault.status, script.error_message)
        if not self._record.streaming:
            return await self._whole()
        return await self._stream()

    # -- streamed -------------------------------------------------------------------------------

    async def _stream(self) -> web.StreamResponse:
        script, content, record = self._script, self._content, self._record
        await self._until(record.started + script.headers_after)
        html = script.fault is Fault.HTML_200
        self._response.headers["Cache-Control"] = "no-cache"
        await self._prepare(200, "text/html" if html else "text/event-stream")
        if html or script.fault is Fault.EMPTY_BODY:
            return await self._end(content.whole())
        self._opening = content.opening()
        if script.early_role:
            await self._response.write(self._opening)
            self._opening = b""
        if self._comment:
            await self._response.write(self._comment)
        if script.fault is Fault.HANG_BEFORE_FIRST_TOKEN:
            await self._hang()
        due = record.started + max(script.ttft, script.headers_after)
        for beat in content.beats():
            if isinstance(beat, asyncio.Event):
                await self._flush()
                await beat.wait()
                due = time.monotonic()
            elif isinstance(beat, bytes):
                await self._until(due)
                if record.tokens == script.after and await self._break():
                    return self._response
                record.tokens += 1
                await self._write(beat)
                due += script.pace
            else:
                due += beat
        # The end follows the last token at once, or after the wait that the script ends with.
        await self._until(due - script.pace if record.tokens else due)
        if record.tokens <= script.after and await self._break():
            return self._response
        await self._write(content.closing(record.tokens))
        await self._flush()
        return await self._end()

    async def _break(self) -> bool:
        """Do what the fault does at this place; True when the response is over with it."""
        fault = self._script.fault
        if fault is None:
            return False
        if fault is Fault.WRONG_SHAPES:
            await self._write(self._content.wrong_shape())
        elif fault is Fault.STALL:
            await self._flush()
            await self._hang()
        elif fault in (Fault.DISCONNECT, Fault.HANG_UP):
            await self._flush()
            await self._close_connection(reset=fault is Fault.DISCONNECT)
        elif (last := self._content.last_words(self._record.tokens)) is not None:
            await self._write(last)
            await self._flush()
            await self._end()
            return True
        return False

    async def _write(self, event: bytes) -> None:
        """Send an event, or hold it until its group is full."""
        if self._record.first_byte is None and event:
            self._record.first_byte = time.monotonic()
        if self._opening:
            event, self._opening = self._opening + event, b""
        if self._group > 1:
            self._held.append(event)
            if len(self._held) >= self._group:
                await self._flush()
        elif self._script.split_bytes:
            for piece in odd_pieces(event):
                await self._response.write(piece)
                for _ in range(3):  # turns of the loop, in which a client on it reads the piece
                    await asyncio.sleep(0)
        elif event:
            await self._response.write(event)
            if not self._script.pace:  # the loop goes on with others, though nothing is waited for
                await asyncio.sleep(0)
        self._changed()

    async def _flush(self) -> None:
        if self._held:
            held, self._held = b"".join(self._held), []
            await self._response.write(held)

    # -- in one piece ---------------------------------------------------------------------------

    async def _whole(self) -> web.StreamResponse:
        """Answer with one body, after the time that the stream would have taken."""
        script, fault, length = self._script, self._script.fault, self._content.length
        told = fault in (None, Fault.CLOSE_IDLE, Fault.CLOSE_ON_REUSE)
        spoken = length if told else min(script.after, length)
        await self._until(self._record.started + script.ttft + script.pace * spoken)
        for wait in self._content.waits() if told else ():
            await (wait.wait() if isinstance(wait, asyncio.Event) else asyncio.sleep(wait))
        if fault in (Fault.HANG_BEFORE_FIRST_TOKEN, Fault.STALL, Fault.ENDLESS_REASONING):
            await _forever()
        if fault in (Fault.DISCONNECT, Fault.HANG_UP):
            await self._close_connection(reset=fault is Fault.DISCONNECT)
        body = self._content.whole()
        self._record.tokens = spoken
        self._response.content_length = len(body)
        await self._prepare(200, "text/html" if fault is Fault.HTML_200 else "application/json")
        return await self._end(body)

    async def _error(self, status: int, message: str | None) -> web.StreamResponse:
        shape = self._script.error_shape
        body = error_payload(shape, status, message).encode()
        await self._until(self._record.started + self._script.ttft)
        self._response.content_length = len(body)
        if status == 429:
            self._response.headers["Retry-After"] = "2"
        await self._prepare(status, error_content_type(shape))
        return await self._end(body)

    # -- time and the connection ----------------------------------------------------------------

    async def _until(self, due: float) -> None:
        """Wait for that time, with comments where the script has them and headers were sent."""
        while (left := due - time.monotonic()) > 0:
            if not (self._comment and self._record.status and self._record.streaming):
                await asyncio.sleep(left)
                return
            await asyncio.sleep(min(left, self._script.comment_every))
            if time.monotonic() < due:
                await self._response.write(self._comment)

    async def _hang(self) -> NoReturn:
        """Send nothing more (but comments) until the connection is lost, which cancels this."""
        if self._comment:
            await self._until(float("inf"))
        await _forever()

    async def _close_connection(self, *, reset: bool = False) -> NoReturn:
        """Close the TCP connection from this side, with a reset if asked for."""
        self._record.ended = time.monotonic()
        self._changed()
        transport = self._request.transport
        if transport is not None and reset:
            await asyncio.sleep(_RESET_AFTER)
            connection: socket.socket = transport.get_extra_info("socket")
            # Lingering for no time at all turns the close into a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        elif transport is not None:
            transport.close()
        await _forever()

    async def _prepare(self, status: int, content_type: str) -> None:
        """Send the HTTP status and headers."""
        self._response.set_status(status)
        self._response.content_type = content_type
        await self._response.prepare(self._request)
        self._record.status = status
        self._changed()

    async def _end(self, body: bytes = b"") -> web.StreamResponse:
        """Complete the response."""
        if body and self._record.first_byte is None:
            self._record.first_byte = time.monotonic()
        await self._response.write_eof(body)
        self._record.completed = True
        self._record.ended = time.monotonic()
        self._changed()
        return self._response


async def _forever() -> NoReturn:
    """Wait until cancelled."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("unreachable")
