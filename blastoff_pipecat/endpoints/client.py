"""The chat-completions client of one endpoint."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from blastoff_pipecat.endpoints.ask import Ask, body_of
from blastoff_pipecat.endpoints.connections import Connections
from blastoff_pipecat.endpoints.continuation import ContinuationWay, is_refusal, memory
from blastoff_pipecat.endpoints.decoder import MAX_PENDING_BYTES, MAX_REPLY_BYTES, ReplyDecoder
from blastoff_pipecat.endpoints.deltas import Alive, Completion, Delta
from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.errors import (
    ConnectFailed,
    EndpointError,
    GarbledStream,
    ServerFailed,
    error_in,
    excerpt,
    refusal,
)
from blastoff_pipecat.endpoints.providers import fitted
from blastoff_pipecat.endpoints.sse import SseDecoder
from blastoff_pipecat.endpoints.transport import Response, StaleConnection, Transport
from blastoff_pipecat.endpoints.wire_json import dumps, loads

_TAIL_SECS = 0.5  # after finish_reason: how long usage and the end of the body may take
_DRAIN_SECS = 0.1  # after [DONE]: how long the end of the body may take
_REFUSAL_SECS = 2.0  # how long the body of an error response may take
_REFUSAL_BYTES = 65_536
_USER_AGENT = "blastoff-pipecat"


class ChatClient:
    """Asks one model, over connections of its own that are kept between requests.

    Making one costs next to nothing; the pool and the TLS context come with the first use. Whoever
    makes one closes it with `aclose`. It belongs to the event loop that first uses it.
    """

    __slots__ = ("_connections", "_headers", "endpoint")

    def __init__(self, endpoint: ChatEndpoint, *, connect_timeout: float = 2.0) -> None:
        """Prepare to ask ``endpoint``.

        Args:
            endpoint: Where the model is and how to talk to it.
            connect_timeout: How long DNS, TCP and TLS may take together, in seconds.

        Raises:
            ValueError: ``connect_timeout`` is not above 0.
        """
        _check_connect_timeout(connect_timeout)
        self.endpoint = endpoint
        self._connections: Transport
        if endpoint.http_client is None:
            self._connections = Connections(endpoint.url, connect_timeout)
        else:
            from blastoff_pipecat.endpoints.own_client import OwnClient  # and httpx with it

            self._connections = OwnClient(endpoint.http_client, endpoint.url, connect_timeout)
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream, application/json",
            "accept-encoding": "identity",  # compression would hold tokens back
            "user-agent": _USER_AGENT,
        }
        if endpoint.api_key is not None:
            headers["authorization"] = f"Bearer {endpoint.api_key}"
        headers |= {name.lower(): value for name, value in endpoint.headers.items()}
        self._headers = headers

    @property
    def connect_timeout(self) -> float:
        """How long DNS, TCP and TLS may take together, in seconds; from the next connection on.

        Raises:
            ValueError: It is set to what is not above 0.
        """
        return self._connections.connect_timeout

    @connect_timeout.setter
    def connect_timeout(self, secs: float) -> None:
        _check_connect_timeout(secs)
        self._connections.connect_timeout = secs

    @property
    def name(self) -> str:
        """The model's name, as the server knows it; from the next request on."""
        return self.endpoint.model

    @name.setter
    def name(self, model: str) -> None:
        self.endpoint = replace(self.endpoint, model=model)

    def describe(self) -> str:
        """Name the model and its host, for messages; holds no key."""
        return str(self.endpoint)

    def ways(self) -> tuple[ContinuationWay, ...]:
        """Return the ways in which the model can go on from what was said, best first."""
        return memory.ways_for(self.endpoint)

    def was_refused(self, error: Exception, ask: Ask) -> bool:
        """Tell whether the server declined the way of handing over, and remember it if so."""
        refused = bool(ask.said) and isinstance(error, EndpointError) and is_refusal(error)
        if refused:
            memory.refuse(self.endpoint, ask.way)
        return refused

    async def warm(self) -> None:
        """Have an open connection ready; cheap where one is idle. Never raises."""
        if self._connections.closed:
            return
        # Whatever is wrong with the endpoint, the next request says it better.
        with contextlib.suppress(Exception):
            await self._connections.warm()

    async def stream(self, asked: Ask | Mapping[str, Any]) -> AsyncGenerator[list[Delta], None]:
        """Ask for a reply and yield it as it comes, one non-empty list per network read.

        Closing the generator, or cancelling the task that runs it, closes the connection, which the
        server sees as a disconnect. Only connecting has a deadline here: how long a token may take
        is the caller's to decide.

        Args:
            asked: What is asked; or the request's body as its server takes it, without ``model``,
                ``stream`` and ``stream_options``. It is not changed.

        Yields:
            Deltas; ``Finished`` is the last, after the usage where the server reports it.

        Raises:
            ConnectFailed: No connection.
            EndpointTimeout: No connection in time.
            RequestRefused: The server declined.
            ServerFailed: The server failed, before or in the middle of the reply.
            GarbledStream: What came is no reply.
            TypeError: The body cannot be written as JSON.
        """
        response = await self._send(self._write(asked, stream=True))
        try:
            signs = isinstance(asked, Ask) and asked.signs
            if signs:
                yield [Alive("headers")]
            decoder = ReplyDecoder(self.endpoint)
            read = response.read  # once: it is called for every token
            try:
                while raw := await read():
                    deltas = decoder.feed(raw)
                    if deltas:
                        signs = False
                        yield deltas
                    elif signs:
                        signs = False
                        yield [Alive("role")]
                    if decoder.finish_reason is not None or decoder.done:
                        break
            except self._connections.broken as exc:
                raise self._broken(exc) from None
            if decoder.finish_reason is not None:
                # The reply is complete: whatever is wrong from here on costs at most the usage.
                deadline = asyncio.get_running_loop().time() + _TAIL_SECS
                while not decoder.done and (raw := await self._next(read, deadline)):
                    deltas = decoder.feed(raw)
                    if deltas:
                        yield deltas
            yield decoder.end(is_whole=response.is_framed and response.has_ended)
            # A body that is read to its end leaves a connection to be used again.
            deadline = asyncio.get_running_loop().time() + _DRAIN_SECS
            while not response.has_ended and await self._next(read, deadline):
                pass
        finally:
            await response.release()

    async def complete(self, asked: Ask | Mapping[str, Any]) -> Completion:
        """Ask for a reply and return it whole.

        Args:
            asked: As for `stream`.

        Raises:
            EndpointError: As for `stream`.
            TypeError: The body cannot be written as JSON.
        """
        response = await self._send(self._write(asked, stream=False))
        decoder = ReplyDecoder(self.endpoint)
        deltas: list[Delta] = []
        try:
            while raw := await response.read():
                deltas += decoder.feed(raw)
                if decoder.done:
                    break
        except self._connections.broken as exc:
            raise self._broken(exc) from None
        finally:
            await response.release()
        whole = response.is_framed and response.has_ended
        return Completion.of(deltas + decoder.end(is_whole=whole))

    async def raw(
        self, asked: Ask | Mapping[str, Any], *, stream: bool
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Ask for a reply and yield what the server sends, unread: its chunks, or its completion.

        Args:
            asked: As for `stream`.
            stream: Whether the reply is to be streamed.

        Raises:
            EndpointError: As for `stream`.
            TypeError: The body cannot be written as JSON.
        """
        response = await self._send(self._write(asked, stream=stream))
        sse, whole, size = SseDecoder(), bytearray(), 0
        try:
            while raw := await response.read():
                payloads = sse.feed(raw)
                whole += raw
                if sse.is_stream:
                    whole.clear()
                size += len(raw)
                if sse.pending > MAX_PENDING_BYTES or size > MAX_REPLY_BYTES:
                    raise GarbledStream(self.endpoint, "an endless body", raw)
                for payload in payloads:
                    if payload.strip() != b"[DONE]":
                        yield self._parsed(payload)
            if whole.strip():
                yield self._parsed(bytes(whole))
        except self._connections.broken as exc:
            raise self._broken(exc) from None
        finally:
            await response.release()

    def _parsed(self, payload: bytes) -> dict[str, Any]:
        """Parse one chunk or completion that is to be handed on."""
        try:
            chunk: object = loads(payload)
        except ValueError:
            chunk = None
        if not isinstance(chunk, dict):
            raise GarbledStream(self.endpoint, "no JSON object", payload)
        known = cast("dict[str, Any]", chunk)
        if failed := error_in(known):
            raise ServerFailed(self.endpoint, failed[0], status_code=failed[1])
        if "choices" not in known:
            raise GarbledStream(self.endpoint, "no chat completion", payload)
        return known

    async def hang_up(self) -> None:
        """Close the connections that are idle; the next request opens another."""
        await self._connections.hang_up()

    async def aclose(self) -> None:
        """Close every connection; may be called more than once."""
        await self._connections.aclose()

    def _write(self, asked: Ask | Mapping[str, Any], *, stream: bool) -> bytes:
        """Write the request's body."""
        body = body_of(asked, self.endpoint) if isinstance(asked, Ask) else asked
        whole: dict[str, Any] = {"model": self.endpoint.model, **body, "stream": stream}
        if stream:
            whole["stream_options"] = {"include_usage": True}
        else:
            whole.pop("stream_options", None)
        whole = fitted(self.endpoint, whole)
        return dumps(_merged(whole, self.endpoint.extra) if self.endpoint.extra else whole)

    async def _send(self, content: bytes) -> Response:
        """Send a request until a connection takes it, and return a response with status 2xx."""
        while True:
            if self._connections.closed:
                raise ConnectFailed(self.endpoint, "the client was closed")
            try:
                response = await self._connections.send(self._headers, content)
            except StaleConnection:
                # Each of these uses up a kept-alive connection: the next is new, or is still good.
                continue
            except self._connections.broken as exc:
                raise self._connections.why_unreachable(self.endpoint, exc) from None
            if 200 <= response.status < 300:
                return response
            try:
                raise await self._refusal(response)
            finally:
                await response.release()

    async def _refusal(self, response: Response) -> EndpointError:
        """Read why the server did not answer with a reply."""
        body = b""
        with contextlib.suppress(*self._connections.broken, TimeoutError):
            async with asyncio.timeout(_REFUSAL_SECS):
                while raw := await response.read():
                    body += raw
                    if len(body) > _REFUSAL_BYTES:
                        break
        return refusal(self.endpoint, response.status, body, response.location)

    async def _next(self, read: Callable[[], Awaitable[bytes]], deadline: float) -> bytes:
        """Return the next read; nothing at the end, when it breaks off, or at the deadline."""
        with contextlib.suppress(*self._connections.broken, TimeoutError):
            async with asyncio.timeout_at(deadline):
                return await read()
        return b""

    def _broken(self, exc: Exception) -> EndpointError:
        """Say that a reply broke off."""
        if self._connections.closed:
            return ConnectFailed(self.endpoint, "the client was closed")
        said = excerpt(str(exc) or type(exc).__name__)
        return ServerFailed(self.endpoint, f"the stream broke off: {said}")


def _check_connect_timeout(secs: float) -> None:
    if not secs > 0:
        raise ValueError(f"ChatClient connect_timeout {secs!r} must be above 0 (seconds).")


def _merged(body: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``body`` with ``extra`` merged in; None there removes a field."""
    merged = dict(body)
    for name, value in extra.items():
        below = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = _merged(below, value)  # pyright: ignore[reportUnknownArgumentType]  # JSON
        else:
            merged[name] = value
    return merged
