"""Plays one script to one request: what is sent, when, and how it goes wrong."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from aiohttp import web

from blastoff_pipecat.testing.errors import error_content_type, error_payload
from blastoff_pipecat.testing.prefill import PREFILL_SHAPES
from blastoff_pipecat.testing.request import Request
from blastoff_pipecat.testing.script import Fault, Script, Step, tokens
from blastoff_pipecat.testing.wire import (
    GARBAGE,
    GARBAGE_JSON,
    HTML_PAGE,
    WRONG_SHAPES,
    Wire,
    odd_pieces,
    usage_of,
)

_NEVER_ENDING_THOUGHT = "Let me think about that once more. "
_RESET_AFTER = 0.01  # s: lets the client read what was sent before the reset throws it away

_Beat = bytes | float | asyncio.Event


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
        self,
        script: Script,
        request: web.BaseRequest,
        record: Request,
        changed: Callable[[], None],
    ) -> None:
        """Prepare the reply; nothing is sent yet."""
        self._script = script
        self._request = request
        self._record = record
        self._changed = changed
        self._prefill = record.prefill
        self._steps = script.steps(self._prefill)
        self._wire = Wire(
            record.model,
            crlf=script.crlf,
            space=not script.no_space_after_data,
            list_content=script.list_content,
        )
        comment = ": keep-alive" if script.comments is True else script.comments
        self._comment = self._wire.comment(comment) if comment else b""
        self._response = web.StreamResponse()
        self._opening = b""  # events that go out in one write with the first token
        self._held: list[bytes] = []  # events that wait to be sent in one write
        self._group = 1 << 30 if script.coalesce is True else int(script.coalesce)

    async def send(self) -> web.StreamResponse:
        """Answer the request; returns the response, complete."""
        script, fault = self._script, self._script.fault
        if fault is Fault.NO_RESPONSE:
            await self._close_connection()
        if fault is Fault.HANG_BEFORE_HEADERS:
            await self._hang()
        if script.refuses_prefill(self._prefill):
            return await self._refuse_prefill()
        if fault is not None and fault.status is not None:
            return await self._answer_error(fault.status, script.error_message)
        if not self._record.streaming:
            return await self._answer_whole()
        await self._until(self._record.started + script.headers_after)
        self._response.content_type = "text/event-stream"
        self._response.headers["Cache-Control"] = "no-cache"
        if fault is Fault.HTML_200:
            self._response.content_type = "text/html"
        await self._prepare(200)
        if fault is Fault.EMPTY_BODY:
            return await self._end()
        if fault is Fault.HTML_200:
            return await self._end(HTML_PAGE)
        return await self._stream()

    # -- streamed -------------------------------------------------------------------------------

    async def _stream(self) -> web.StreamResponse:
        script = self._script
        if script.empty_choices:
            self._opening += self._wire.empty_choices()
        first: dict[str, Any] = {
            "role": "assistant",
            "content": None if script.null_content else "",
        }
        self._opening += self._wire.delta(first)
        if script.early_role:
            await self._response.write(self._opening)
            self._opening = b""
        if self._comment:
            await self._response.write(self._comment)
        if script.fault is Fault.HANG_BEFORE_FIRST_TOKEN:
            await self._hang()
        due = self._record.started + max(script.ttft, script.headers_after)
        for beat in self._beats():
            if isinstance(beat, asyncio.Event):
                await self._flush()
                await beat.wait()
                due = time.monotonic()
                continue
            if not isinstance(beat, bytes):
                due += beat
                continue
            if self._record.tokens == script.after and await self._break():
                return self._response
            await self._until(due)
            due += script.pace
            self._record.tokens += 1
            await self._write(beat)
        await self._until(min(due, time.monotonic()))
        if self._record.tokens <= script.after and await self._break():
            return self._response
        await self._write(self._closing())
        await self._flush()
        return await self._end()

    def _beats(self) -> Iterator[_Beat]:
        """The tokens in their order, encoded one at a time, and the waits between them."""
        script, wire = self._script, self._wire
        thoughts = tokens(script.reasoning)
        if script.fault is Fault.ENDLESS_REASONING:
            thoughts = thoughts or tokens(_NEVER_ENDING_THOUGHT)
            while True:
                for thought in thoughts:
                    yield wire.reasoning(thought, script.reasoning_field)
                    if script.pace == 0:
                        yield 0.005
        for thought in thoughts:
            yield wire.reasoning(thought, script.reasoning_field)
        for step in self._steps:
            yield wire.text(step) if isinstance(step, str) else step
        for index, call in enumerate(script.tool_calls):
            yield from wire.call_pieces(index, self._call_id(index), call.name, call.json)

    def _closing(self) -> bytes:
        """Finish, usage and end marker."""
        script, wire, usage = self._script, self._wire, self._usage()
        if script.usage_in_choice:
            closing = wire.finish(self._reason(), null_content=script.null_content, usage=usage)
        else:
            closing = wire.finish(self._reason(), null_content=script.null_content)
            if usage is not None:
                closing += wire.usage(usage)
        return closing if script.no_done else closing + wire.done()

    async def _break(self) -> bool:
        """Do what the fault does at this place; True when the response is over with it."""
        script, fault = self._script, self._script.fault
        if fault is Fault.WRONG_SHAPES:
            await self._write(self._wire.event(WRONG_SHAPES[script.wrong_shape].encode()))
            return False
        last: bytes | None = None
        if fault is Fault.EOF_WITHOUT_DONE:
            last = b""
        elif fault is Fault.GARBAGE:
            last = GARBAGE
        elif fault is Fault.GARBAGE_JSON:
            last = self._wire.event(GARBAGE_JSON.encode())
        elif fault is Fault.ERROR_IN_STREAM:
            payload = error_payload(script.error_shape, 502, script.error_message)
            last = self._wire.error(payload, script.error_shape)
        elif fault is Fault.FINISH_ERROR:
            last = self._closing()
        if last is not None:
            if self._record.tokens == 0:
                await self._until(self._record.started + script.ttft)
            await self._write(last)
            await self._flush()
            await self._end()
            return True
        if fault in (Fault.STALL, Fault.DISCONNECT, Fault.HANG_UP):
            if self._record.tokens == 0:
                await self._until(self._record.started + script.ttft)
            await self._flush()
            if fault is Fault.STALL:
                await self._hang()
            await self._close_connection(reset=fault is Fault.DISCONNECT)
        return False

    async def _write(self, event: bytes) -> None:
        """Send an event, or hold it until its group is full."""
        if self._record.first_byte is None:
            self._record.first_byte = time.monotonic()
        if self._opening:
            event = self._opening + event
            self._opening = b""
        if self._group > 1:
            self._held.append(event)
            if len(self._held) >= self._group:
                await self._flush()
        elif self._script.split_bytes:
            for piece in odd_pieces(event):
                await self._response.write(piece)
                for _ in range(3):  # turns of the loop, so that a client on it reads each piece
                    await asyncio.sleep(0)
        elif event:
            await self._response.write(event)
            # The loop goes on with others: a fast script must not keep them from running.
            await asyncio.sleep(0)
        self._changed()

    async def _flush(self) -> None:
        if self._held:
            held, self._held = b"".join(self._held), []
            await self._response.write(held)

    # -- in one piece ---------------------------------------------------------------------------

    async def _answer_whole(self) -> web.StreamResponse:
        """Answer with one chat.completion, after the time that the stream would have taken."""
        script, fault = self._script, self._script.fault
        self._response.content_type = "application/json"
        whole = fault is None or fault in (
            Fault.CLOSE_IDLE,
            Fault.CLOSE_ON_REUSE,
            Fault.FINISH_ERROR,
        )
        count = self._token_count()
        spoken = count if whole else min(script.after, count)
        await self._until(self._record.started + script.ttft + script.pace * spoken)
        for step in self._steps if whole else ():
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif not isinstance(step, str):
                await asyncio.sleep(step)
        if fault in (Fault.HANG_BEFORE_FIRST_TOKEN, Fault.STALL, Fault.ENDLESS_REASONING):
            await self._hang()
        if fault in (Fault.DISCONNECT, Fault.HANG_UP):
            await self._close_connection(reset=fault is Fault.DISCONNECT)
        body = self._whole_body()
        if fault is Fault.HTML_200:
            body, self._response.content_type = HTML_PAGE, "text/html"
        elif fault is Fault.EMPTY_BODY:
            body = b""
        elif fault is Fault.GARBAGE:
            body = GARBAGE
        elif fault is Fault.GARBAGE_JSON:
            body = GARBAGE_JSON.encode()
        elif fault is Fault.EOF_WITHOUT_DONE:
            body = body[: len(body) // 2]
        elif fault is Fault.ERROR_IN_STREAM:
            body = error_payload(script.error_shape, 502, script.error_message).encode()
        elif fault is Fault.WRONG_SHAPES:
            body = WRONG_SHAPES[script.wrong_shape].replace('"delta"', '"message"').encode()
        else:
            self._record.tokens = count
        self._response.content_length = len(body)
        await self._prepare(200)
        return await self._end(body)

    def _whole_body(self) -> bytes:
        script = self._script
        calls = [
            {
                "id": self._call_id(index),
                "type": "function",
                "function": {"name": call.name, "arguments": call.json},
            }
            for index, call in enumerate(script.tool_calls)
        ]
        # Every server reports usage here unless it has none to report.
        usage = self._usage() if script.usage is not None else self._counts()
        return self._wire.completion(
            text="".join(_texts(self._steps)),
            reasoning=script.reasoning,
            reasoning_field=script.reasoning_field,
            calls=calls,
            reason=self._reason(),
            usage=usage,
        )

    async def _refuse_prefill(self) -> web.StreamResponse:
        assert self._prefill is not None
        words = self._script.error_message or PREFILL_SHAPES[self._prefill.shape]
        return await self._answer_error(
            422 if self._script.error_shape == "fastapi" else 400, words
        )

    async def _answer_error(self, status: int, message: str | None) -> web.StreamResponse:
        shape = self._script.error_shape
        body = error_payload(shape, status, message).encode()
        await self._until(self._record.started + self._script.ttft)
        self._response.content_type = error_content_type(shape)
        self._response.content_length = len(body)
        if status == 429:
            self._response.headers["Retry-After"] = "2"
        await self._prepare(status)
        return await self._end(body)

    # -- details of the reply -------------------------------------------------------------------

    def _call_id(self, index: int) -> str:
        call = self._script.tool_calls[index]
        return call.id if call.id is not None else f"call_{call.name}_{index}"

    def _reason(self) -> str:
        if self._script.finish_reason is not None:
            return self._script.finish_reason
        if self._script.fault is Fault.FINISH_ERROR:
            return "error"
        return "tool_calls" if self._script.tool_calls else "stop"

    def _token_count(self) -> int:
        calls = sum(1 + -(-len(call.json) // 5) for call in self._script.tool_calls)
        return len(tokens(self._script.reasoning)) + len(_texts(self._steps)) + calls

    def _counts(self) -> dict[str, Any]:
        thoughts = len(tokens(self._script.reasoning))
        return usage_of(self._record.body, self._token_count(), thoughts)

    def _usage(self) -> dict[str, Any] | None:
        """What the stream reports, None for nothing."""
        usage = self._script.usage
        if usage is None:
            options: Any = self._record.body.get("stream_options")
            usage = isinstance(options, dict) and bool(options.get("include_usage"))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]  # untyped JSON
        if isinstance(usage, bool):
            return self._counts() if usage else None
        return dict(usage)

    # -- time and the connection ----------------------------------------------------------------

    async def _until(self, due: float) -> None:
        """Wait for that time, with comments where the script has them."""
        while (left := due - time.monotonic()) > 0:
            if not (self._comment and self._response.prepared):
                await asyncio.sleep(left)
                return
            await asyncio.sleep(min(left, self._script.comment_every))
            if time.monotonic() < due:
                await self._response.write(self._comment)

    async def _hang(self) -> NoReturn:
        """Send nothing more (but comments) until the connection is lost, which cancels this."""
        await self._until(float("inf")) if self._comment else await _forever()
        raise AssertionError("unreachable")

    async def _close_connection(self, *, reset: bool = False) -> NoReturn:
        """Close the TCP connection from this side, with a reset if asked for."""
        self._record.ended = time.monotonic()
        transport = self._request.transport
        if transport is not None and reset:
            await asyncio.sleep(_RESET_AFTER)
            connection: socket.socket = transport.get_extra_info("socket")
            # Lingering for no time at all turns the close into a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._changed()
        if transport is not None:
            transport.abort() if reset else transport.close()
        await _forever()

    async def _prepare(self, status: int) -> None:
        self._response.set_status(status)
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


def _texts(steps: list[Step]) -> list[str]:
    return [step for step in steps if isinstance(step, str)]


async def _forever() -> NoReturn:
    """Wait until cancelled."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("unreachable")
