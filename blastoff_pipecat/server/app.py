"""The server, put together: routes over one conductor, behind a guard."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.report import ReplyReport
from blastoff_pipecat.endpoints import Ask, ChatClient, EndpointError
from blastoff_pipecat.server import body, fields, openapi, wire
from blastoff_pipecat.server.body import BadRequest
from blastoff_pipecat.server.chat import RelayedAnswer, Unanswered, Writer
from blastoff_pipecat.server.direct import DirectAnswer
from blastoff_pipecat.server.guard import Guard
from blastoff_pipecat.server.load import Load
from blastoff_pipecat.server.options import ServerOptions
from blastoff_pipecat.server.prometheus import Exporter, wants_text
from blastoff_pipecat.server.request import ChatRequest, read_chat
from blastoff_pipecat.server.responses import ResponseAnswer, read_responses
from blastoff_pipecat.server.stats import Mode, Stats
from blastoff_pipecat.server.streaming import ClientGone, EventStream, while_connected

MODE_HEADER = "x-blastoff-mode"
"""Says how a reply was made: ``two-models``, or ``large-alone`` and why."""

DEEP_HEALTH_SECS = 10.0
"""How long `/health?deep=1` waits for each model."""


def create_app(options: ServerOptions) -> Starlette:
    """Make the application; connections are opened when it starts and closed when it stops."""
    server = _Server(options)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with server.running():
            yield

    app = Starlette(
        routes=[
            Route("/", server.root),
            Route("/health", server.health),
            Route("/openapi.json", server.openapi),
            Route("/v1/models", server.models),
            Route("/v1/models/{name:path}", server.model),
            Route("/metrics", server.metrics),
            Route("/metrics/reset", server.reset, methods=["POST"]),
            Route("/v1/chat/completions", server.chat, methods=["POST"]),
            Route("/v1/responses", server.responses, methods=["POST"]),
        ],
        exception_handlers={
            BadRequest: _tell_bad,
            Unanswered: _tell_unanswered,
            ClientGone: _tell_gone,
            HTTPException: _tell_http,
            Exception: _tell_broken,
        },
        middleware=[Middleware(Guard, options=options)],
        lifespan=lifespan,
    )
    # A redirect would name the host that the client says it asked.
    app.router.redirect_slashes = False
    return app


class _Server:
    """The routes."""

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        lines = options.policy.max_waiting_lines if options.waiting_lines else 0
        # Text streams as it comes: what gathers it is on the client's side.
        self._policy = replace(options.policy, clause_release=False, max_waiting_lines=lines)
        self._stats: Stats  # is there as long as the server runs
        self._exporter = Exporter()
        self._load = Load()
        self._small, self._large = (
            ChatClient(each, connect_timeout=options.connect_timeout_secs)
            for each in (options.small, options.large)
        )
        self._conductor = Conductor(self._small, self._large, pause=self._load.pause)
        self._started = time.time()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Open connections and statistics; close them at the end."""
        self._stats = Stats(self._options.stats_folder)
        tasks = [asyncio.create_task(each) for each in (self._conductor.warm(), self._load.watch())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._conductor.aclose()
            self._stats.close()

    async def root(self, _request: Request) -> Response:
        """Name what there is."""
        return wire.Json({"name": openapi.TITLE, "endpoints": openapi.ENDPOINTS})

    async def openapi(self, _request: Request) -> Response:
        """Describe it for programs."""
        return wire.Json(openapi.DOCUMENT)

    async def health(self, request: Request) -> Response:
        """Tell whether the server lives; with `deep`, whether the models answer."""
        if not _flag(request, "deep"):
            return wire.Json({"status": "ok"})
        small, large = await asyncio.gather(_answers(self._small), _answers(self._large))
        status = "ok" if small and large else "degraded" if small or large else "down"
        told = {"status": status, "small": small, "large": large}
        return wire.Json(told, status_code=503 if status == "down" else 200)

    async def models(self, _request: Request) -> Response:
        """List the models; whatever name a client uses, both answer."""
        endpoints = (self._options.large, self._options.small)
        names = dict.fromkeys(("blastoff", *(endpoint.model for endpoint in endpoints)))
        return wire.Json({"object": "list", "data": [self._model(name) for name in names]})

    async def model(self, request: Request) -> Response:
        """Describe one model; a client may use any name."""
        return wire.Json(self._model(request.path_params["name"]))

    def _model(self, name: str) -> dict[str, Any]:
        created = int(self._started)
        return {"id": name, "object": "model", "created": created, "owned_by": "blastoff"}

    async def metrics(self, request: Request) -> Response:
        """Sum up the latency of all replies since the last reset."""
        accept = request.headers.get("accept", "")
        if wants_text(accept):
            text, headers = self._exporter.render(accept)
            return Response(text, headers=headers)
        return wire.Json(await asyncio.to_thread(self._stats.as_dict))

    async def reset(self, _request: Request) -> Response:
        """Forget the latency measured so far; Prometheus counters go on."""
        self._stats.reset()
        return wire.Json({"status": "reset"})

    async def chat(self, request: Request) -> Response:
        """Answer a chat-completions request."""
        given = await body.read(request.receive)
        asked = read_chat(given, request.headers, self._options.manner)
        handed_on = fields.for_large_alone(asked.params) or (asked.has_prefill and "prefill")
        if handed_on:
            direct = DirectAnswer(
                self._large,
                asked,
                self._policy,
                lambda report: self._note("direct", report),
                self._options.whole_answer_secs,
            )
            return await self._answered(direct, asked, handed_on, request)
        writer = wire.ChatAnswer(asked.model, include_usage=asked.include_usage)
        return await self._relayed(asked, writer, request)

    async def responses(self, request: Request) -> Response:
        """Answer a request of the Responses protocol."""
        given = await body.read(request.receive)
        asked, repeated = read_responses(given, request.headers, self._options.manner)
        return await self._relayed(asked, ResponseAnswer(asked.model, repeated), request)

    async def _relayed(self, asked: ChatRequest, writer: Writer, request: Request) -> Response:
        mode: Mode = "direct" if asked.alone else "relayed"
        answer = RelayedAnswer(
            self._conductor, asked, self._policy, writer, lambda report: self._note(mode, report)
        )
        return await self._answered(answer, asked, answer.why_alone, request)

    async def _answered(
        self,
        answer: RelayedAnswer | DirectAnswer,
        asked: ChatRequest,
        alone: str | None,
        request: Request,
    ) -> Response:
        """Answer whole, or with a stream once its first event is there: errors can be a status."""
        headers = {MODE_HEADER: f"large-alone; {alone}" if alone else "two-models"}
        if not asked.stream:
            async with while_connected(request.receive):
                whole = await answer.whole()
            return wire.Json(whole, headers=headers)
        events = answer.stream()
        try:
            async with while_connected(request.receive):
                first = await anext(events)
        except BaseException:
            await events.aclose()
            raise
        return EventStream(first, events, headers, unread_secs=self._options.unread_secs)

    def _note(self, mode: Mode, report: ReplyReport) -> None:
        self._stats.add(mode, report)
        self._exporter.observe(mode, report)


async def _answers(model: ChatClient) -> bool:
    """Ask a model for one token."""
    try:
        async with asyncio.timeout(DEEP_HEALTH_SECS):
            messages = [{"role": "user", "content": "Hi"}]
            await model.complete(Ask(messages=messages, params={"max_tokens": 1}, thinks=True))
    except (EndpointError, TimeoutError):
        return False
    return True


async def _tell_unanswered(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Unanswered)
    return wire.Json(error.body, status_code=error.status)


async def _tell_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it; 499 is what nginx logs for a client gone


async def _tell_bad(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadRequest)
    told = wire.error(str(error), "invalid_request_error", param=error.param)
    return wire.Json(told, status_code=400)


_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _flag(request: Request, name: str) -> bool:
    """Take a parameter of the query that is true or false, or not there.

    Raises:
        BadRequest: It is something else.
    """
    given = request.query_params.get(name, "false").lower()
    if given not in (*_YES, *_NO):
        raise BadRequest(f"{name}: this is neither true nor false.", name)
    return given in _YES


_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    429: "rate_limit_exceeded",
}


async def _tell_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    return wire.refusal(status, str(error.detail), _CODES.get(status), error.headers)


async def _tell_broken(_request: Request, _error: Exception) -> Response:
    told = wire.error("The server failed.", "server_error", code="internal_error")
    return wire.Json(told, status_code=500)
