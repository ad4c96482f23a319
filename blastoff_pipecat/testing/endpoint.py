"""The scripted endpoint: an OpenAI-compatible server on a loopback port."""

import asyncio
import itertools
import json
import socket
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias, cast

from aiohttp import web

from blastoff_pipecat.testing.errors import error_payload
from blastoff_pipecat.testing.hosts import HostedModel
from blastoff_pipecat.testing.reply import ScriptedReply
from blastoff_pipecat.testing.request import Request
from blastoff_pipecat.testing.script import Fault, Script

Part: TypeAlias = Script | str | HostedModel | Callable[[dict[str, Any]], Script]
"""What `ScriptedEndpoint.play` takes: a script, its text alone, a model as one of `HOSTS` would
serve it, or a function of the request."""


class ScriptedEndpoint:
    """A model server that says what it is told to, and writes down what it was asked.

    Serves `POST …/chat/completions` (streamed and whole) and `GET …/models` under any path. Used
    as an async context manager; leaving it closes every connection, also in the middle of a
    stream, and leaves no task and no socket behind. Everything happens in the running event loop.

    Args:
        host: Where to listen.
        port: The port, 0 for any free one.
        keep_log: False keeps no requests, for long measurements.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, keep_log: bool = True) -> None:
        """Make the endpoint; it listens from `async with` on."""
        self._host = host
        self._port = port
        self._keep_log = keep_log
        self._url: str | None = None
        self._parts: dict[str, Iterator[Part]] = {}
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._mistakes: list[Exception] = []
        self._server: _Server | None = None
        self._listener: asyncio.Server | None = None
        self.requests: list[Request] = []
        """Every request received, in order; empty with `keep_log=False`."""
        self.connections = 0
        """TCP connections accepted so far."""

    # -- life -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = _Server(self)
        self._listener = await asyncio.get_running_loop().create_server(
            self._server, self._host, self._port, backlog=1024
        )
        port = self._listener.sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Close everything.

        Raises:
            Exception: What a function given to `play` raised, where nothing else was raised.
        """
        assert self._listener is not None
        assert self._server is not None
        self._listener.close()
        await self._server.stop()
        await self._listener.wait_closed()
        if error is None and self._mistakes:
            raise self._mistakes[0]

    # -- what it plays --------------------------------------------------------------------------

    def play(self, model: str, *parts: Part) -> None:
        """Set what a model answers: one part a request, the last one again for all that follow.

        A model that was never given one is answered with a 404, as an unknown model is.

        Args:
            model: The model's name in the request; "*" for every model without parts of its own.
            parts: A script, a text, a hosted model, or a function that gets the request's body
                and returns a script. What such a function raises, the end of the `async with` block
                raises.

        Raises:
            ValueError: No part was given.
        """
        if not parts:
            raise ValueError("play needs at least one script")
        self._parts[model] = itertools.chain(parts, itertools.repeat(parts[-1]))

    # -- what can be asked of it ----------------------------------------------------------------

    @property
    def url(self) -> str:
        """The base URL, such as "http://127.0.0.1:40123/v1".

        Raises:
            RuntimeError: It does not listen yet.
        """
        if self._url is None:
            raise RuntimeError("the endpoint has a URL inside `async with` only")
        return self._url

    @property
    def open_connections(self) -> int:
        """TCP connections that are open now."""
        return 0 if self._server is None else len(self._server.open)

    def requests_for(self, model: str) -> list[Request]:
        """The logged requests for one model, in order."""
        return [request for request in self.requests if request.model == model]

    async def until(
        self,
        condition: Callable[[], object],
        timeout: float = 5.0,  # noqa: ASYNC109  # its message tells the log
    ) -> None:
        """Wait until a condition on this endpoint's log or connections holds.

        It is looked at now and after each change here (a request, its headers, a token, its end, a
        connection opened or closed), so it must depend on nothing else.

        Args:
            condition: What to wait for; what it raises is raised here.
            timeout: Seconds to wait at most.

        Raises:
            TimeoutError: It did not hold in time; the message holds the log.
        """
        if condition():
            return
        waiting = (lambda: bool(condition()), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(timeout):
                await waiting[1]
        except TimeoutError:
            raise TimeoutError(f"not within {timeout} s; the log:\n{self._story()}") from None
        finally:
            self._waiting.remove(waiting)

    def close_idle(self) -> None:
        """Close the connections that serve no request now, as a server does after a silence."""
        if self._server is not None:
            self._server.close_idle()

    @staticmethod
    def dead_url() -> str:
        """A base URL where the connection is refused: nothing listens on port 1."""
        return "http://127.0.0.1:1/v1"

    @staticmethod
    @asynccontextmanager
    async def unanswered_url() -> AsyncGenerator[str]:
        """A base URL where connecting never ends: a listener whose queue is full (Linux)."""
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(4)]
        try:
            listener, *clients = sockets
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for client in clients:
                client.setblocking(False)
                client.connect_ex(listener.getsockname())
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            for each in sockets:
                each.close()

    # -- for the server -------------------------------------------------------------------------

    def changed(self) -> None:
        """Look at the conditions that `until` waits for. Called by the server on each change."""
        for condition, future in self._waiting:
            if future.done():
                continue
            try:
                if condition():
                    future.set_result(None)
            except Exception as error:
                future.set_exception(error)

    def script_for(self, request: Request) -> Script | None:
        """The script of the next reply, None for an unknown model. Called by the server."""
        name = request.model if request.model in self._parts else "*"
        parts = self._parts.get(name)
        if parts is None:
            return None
        part = next(parts)
        if isinstance(part, str):
            return Script(part)
        if isinstance(part, Script):
            return part
        if isinstance(part, HostedModel):
            return part.script_for(request)
        try:
            return part(request.body)
        except Exception as error:
            self._mistakes.append(error)
            return Script(fault=Fault.STATUS_500, error_message=f"the script raised {error!r}")

    def log(self, request: Request) -> None:
        """Write a request down. Called by the server."""
        if self._keep_log:
            self.requests.append(request)
        self.changed()

    @property
    def models(self) -> list[str]:
        """The models that it plays."""
        return [model for model in self._parts if model != "*"]

    def _story(self) -> str:
        lines = [
            f"  {request.model} on connection {request.connection}: status={request.status} "
            f"tokens={request.tokens} completed={request.completed} "
            f"disconnected={request.disconnected}"
            for request in self.requests
        ]
        lines.append(f"  connections: {self.connections}, open: {self.open_connections}")
        return "\n".join(lines)


class _Connection(web.RequestHandler):
    """A TCP connection, whose task the server can wait for."""

    __slots__ = ("closed_on_reuse", "number", "record", "server")

    def __init__(self, server: "_Server") -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # pyright: ignore[reportArgumentType]  # how aiohttp writes no log
        )
        self.server = server
        self.number = 0
        self.record: Request | None = None
        self.closed_on_reuse = False

    async def start(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.server.tasks.add(task)
        task.add_done_callback(self.server.tasks.discard)
        await super().start()


class _Server(web.Server):
    """Accepts connections, answers requests, and sees each connection's end."""

    def __init__(self, endpoint: ScriptedEndpoint) -> None:
        # The handler is cancelled in the moment in which its connection is lost.
        super().__init__(self._handle, handler_cancellation=True)
        self._endpoint = endpoint
        self._stopping = False
        self.open: dict[_Connection, asyncio.Transport] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def __call__(self) -> _Connection:
        return _Connection(self)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        connection = cast(_Connection, handler)
        if self._stopping:
            transport.abort()
            return
        self._endpoint.connections += 1
        connection.number = self._endpoint.connections
        self.open[connection] = transport
        self._endpoint.changed()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        super().connection_lost(handler, exc)
        connection = cast(_Connection, handler)
        self.open.pop(connection, None)
        record = connection.record
        if record is not None and record.ended is None:
            record.ended = time.monotonic()
            record.disconnected = not self._stopping
        self._endpoint.changed()

    def close_idle(self) -> None:
        for connection, transport in list(self.open.items()):
            if connection.record is None or connection.record.ended is not None:
                transport.close()

    async def stop(self) -> None:
        self._stopping = True
        for transport in list(self.open.values()):
            transport.abort()
        while tasks := set(self.tasks):
            await asyncio.gather(*tasks, return_exceptions=True)
            # From Python 3.12 on, a gather of finished tasks returns before their callbacks ran.
            self.tasks -= tasks
        await self.shutdown(0)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        if request.method == "GET" and request.path.endswith("/models"):
            models = [
                {"id": model, "object": "model", "created": 0, "owned_by": "script"}
                for model in self._endpoint.models
            ]
            return web.json_response({"object": "list", "data": models})
        if request.method != "POST" or not request.path.endswith("/chat/completions"):
            return _error(404, f"Invalid URL ({request.method} {request.path})")
        try:
            body: Any = json.loads(raw)
        except ValueError:
            return _error(400, "We could not parse the JSON body of your request.")
        if not isinstance(body, dict):
            return _error(400, "The JSON body of your request is no object.")
        return await self._play(request, cast("dict[str, Any]", body))

    async def _play(self, request: web.BaseRequest, body: dict[str, Any]) -> web.StreamResponse:
        connection = cast(_Connection, request.protocol)
        model = body.get("model")
        record = Request(
            model=model if isinstance(model, str) else "",
            body=body,
            headers=request.headers,
            path=request.path,
            connection=connection.number,
            started=time.monotonic(),
        )
        connection.record = record
        self._endpoint.log(record)
        if connection.closed_on_reuse:
            script = Script(fault=Fault.NO_RESPONSE)
        else:
            script = self._endpoint.script_for(record) or Script(
                fault=Fault.STATUS_404, error_message=f"The model `{record.model}` does not exist."
            )
        response = await ScriptedReply(script, request, record, self._endpoint.changed).send()
        if script.fault is Fault.CLOSE_IDLE and request.transport is not None:
            request.transport.close()
        connection.closed_on_reuse = script.fault is Fault.CLOSE_ON_REUSE
        return response


def _error(status: int, message: str) -> web.Response:
    text = error_payload("openai", status, message)
    return web.Response(status=status, text=text, content_type="application/json")
