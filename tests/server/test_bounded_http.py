"""Connections that somebody holds, or fills, without an end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from blastoff_pipecat.server import bounded_http
from blastoff_pipecat.server.bounded_http import HEADER_BYTES, MOST_PIPELINED, write_parts
from tests.kit.server import Served, listening

PATIENCE_SECS = 10.0
ASKING = b"GET / HTTP/1.1\r\nhost: localhost\r\n"


class Application:
    """Answers once its request is whole and what there is to wait for has happened."""

    def __init__(self) -> None:
        self.on: asyncio.Event | None = None
        self.asked = asyncio.Event()
        self.gone = asyncio.Event()
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.bodies.append(body)
        self.asked.set()
        if self.on is not None:
            going = asyncio.ensure_future(receive())
            waiting = asyncio.ensure_future(self.on.wait())
            await asyncio.wait((going, waiting), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if going.done():
                self.gone.set()
                return
            going.cancel()
        headers = [(b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
async def server(app: Application) -> AsyncIterator[Served]:
    async with listening(app, lifespan="off") as running:
        yield running


class Client:
    """A client that writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """Read until the server closes."""
        async with asyncio.timeout(PATIENCE_SECS):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def send_for_ever(self, raw: bytes, most: int = 4_000) -> int:
        """Send until the server closes; return how often that was possible."""
        for count in range(most):
            try:
                await self.send(raw)
            except (ConnectionResetError, BrokenPipeError):
                return count
            if self.reader.at_eof():
                return count
            await asyncio.sleep(0)
        return most


@asynccontextmanager
async def client_of(server: Served) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def is_served(server: Served) -> bool:
    """Whether an honest client is answered."""
    async with client_of(server) as client:
        await client.send(ASKING + b"connection: close\r\n\r\n")
        return (await client.rest()).endswith(b"hello")


@pytest.mark.parametrize(
    "start",
    [
        ASKING + b"x: ",
        ASKING,
        b"GET /",
        ASKING + b"x: y\r\n",
    ],
    ids=["value", "name", "path", "another"],
)
async def test_headers_have_a_size(server: Served, app: Application, start: bytes) -> None:
    """A header, or a path, that never ends is a 431, wherever it is; the application sees none."""
    async with client_of(server) as client:
        await client.send(start)
        more = b"y: z\r\n" * 500 if start.endswith(b"y\r\n") else b"a" * 3000
        assert await client.send_for_ever(more) < 4_000
        answer = await client.rest()
        assert not answer or b" 431 " in answer or b" 400 " in answer
    assert app.bodies == []
    assert await is_served(server)


async def test_large_headers_within_the_size_are_taken(server: Served) -> None:
    """What an honest client may send (cookies, traces) is taken, in pieces of any size."""
    whole = ASKING + b"connection: close\r\nx: " + b"a" * (HEADER_BYTES - 200) + b"\r\n\r\n"
    async with client_of(server) as client:
        for start in range(0, len(whole), 7000):
            await client.send(whole[start : start + 7000])
        assert (await client.rest()).endswith(b"hello")


@pytest.mark.parametrize("sent", [b"", b"G", ASKING, b"\r\n", ASKING + b"\r\n" + ASKING], ids=repr)
async def test_headers_have_a_time(
    server: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """A connection without a request, a first or another one, is closed."""
    monkeypatch.setattr(bounded_http, "HEADER_SECS", 0.2)
    async with client_of(server) as client:
        await client.send(sent)
        answer = await client.rest()
    assert b" 408 " in answer


async def test_an_answer_under_way_is_not_cut_off_by_a_slow_next_request(
    server: Served, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stray byte behind a request costs the connection, not the answer."""
    monkeypatch.setattr(bounded_http, "HEADER_SECS", 0.1)
    app.on = asyncio.Event()
    async with client_of(server) as client:
        await client.send(ASKING + b"\r\n")
        await app.asked.wait()
        await client.send(b"\r\n")
        await asyncio.sleep(0.3)
        app.on.set()
        assert (await client.rest()).endswith(b"hello")


async def test_the_rest_of_a_body_that_was_refused_is_read_for_a_while(
    server: Served, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever goes on sending what nobody wants is closed at last."""

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})

    monkeypatch.setattr(bounded_http, "HEADER_SECS", 0.3)
    async with listening(refuse, lifespan="off") as server, client_of(server) as client:
        await client.send(b"POST / HTTP/1.1\r\ncontent-length: 999999999\r\n\r\n")
        async with asyncio.timeout(PATIENCE_SECS):
            while await client.send_for_ever(b"a", 10) == 10:  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "piece",
    [b"1\r\na\r\n" * 1000, b"1;" + b"e" * 3000 + b"\r\na\r\n", b"0\r\nx: " + b"a" * 3000],
    ids=["tiny chunks", "extensions", "trailers"],
)
async def test_what_is_around_chunks_has_a_size(
    server: Served, app: Application, piece: bytes
) -> None:
    """Chunks of one byte, their extensions, and trailers, do not go on for ever."""
    async with client_of(server) as client:
        await client.send(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        if piece.startswith(b"0"):
            await client.send(piece)
            piece = b"a" * 3000
        assert await client.send_for_ever(piece, 1000) < 1000
    assert app.bodies == []


async def test_a_chunked_body_is_taken(server: Served, app: Application) -> None:
    """Chunks of an honest size are a body, of any length."""
    chunk = b"1000\r\n" + b"a" * 4096 + b"\r\n"
    async with client_of(server) as client:
        await client.send(
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )
        for _ in range(500):
            await client.send(chunk)
        await client.send(b"0\r\n\r\n")
        assert (await client.rest()).endswith(b"hello")
    assert len(app.bodies[0]) == 500 * 4096


async def test_few_requests_may_be_sent_ahead(server: Served, app: Application) -> None:
    """A client that pipelines a little is answered; one that never reads is closed."""
    app.on = asyncio.Event()
    async with client_of(server) as client:
        await client.send((ASKING + b"\r\n") * MOST_PIPELINED)
        await app.asked.wait()
        app.on.set()
        got = b""
        async with asyncio.timeout(PATIENCE_SECS):
            while got.count(b"hello") < MOST_PIPELINED:
                got += await client.reader.read(10_000)
    app.on, app.bodies = asyncio.Event(), []
    async with client_of(server) as client:
        assert await client.send_for_ever((ASKING + b"\r\n") * 100, 100) < 100
    await app.gone.wait()
    assert len(app.bodies) == 1


async def test_a_flood_of_idle_connections_shuts_nobody_out(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of connections without a request the oldest go; those with one stay, and new ones come in."""
    monkeypatch.setattr(bounded_http, "MOST_WAITING", 20)
    async with client_of(server) as early:
        await early.send(ASKING)
        flood = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(60)]
        try:
            assert await is_served(server)
            assert await early.rest() == b""
            assert len(server.uvicorn.server_state.connections) <= 21
        finally:
            for _, writer in flood:
                writer.transport.abort()
            for _, writer in flood:
                await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_a_client_that_half_closes_gets_its_answer(server: Served, app: Application) -> None:
    """Whoever says that it will send no more still reads."""
    app.on = asyncio.Event()
    async with client_of(server) as client:
        await client.send(ASKING + b"\r\n")
        client.writer.write_eof()
        await app.asked.wait()
        await asyncio.sleep(0.8)  # longer than it is looked for
        app.on.set()
        answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert answer.endswith(b"hello")
    assert not app.gone.is_set()


async def test_a_client_that_closes_is_seen_to_have_gone(server: Served, app: Application) -> None:
    """Whoever reads no more is found out at once, before any answer."""
    app.on = asyncio.Event()
    async with client_of(server) as client:
        await client.send(ASKING + b"\r\n")
        await app.asked.wait()
        client.writer.close()
        async with asyncio.timeout(2):
            await app.gone.wait()


async def test_a_client_that_half_closes_without_a_request_is_closed(server: Served) -> None:
    """There is nothing to wait for."""
    async with client_of(server) as client:
        client.writer.write_eof()
        assert await client.rest() == b""


class Streaming:
    """Answers with parts, past the layers where that can be."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts
        self.waited = 0
        self.past_layers: bool | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        write = write_parts(scope)
        self.past_layers = write is not None
        for part in self.parts if write else ():
            if (waiting := write(part)) is not None:
                self.waited += 1
                await waiting
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def answer_of(app: Streaming, method: str, *, late: float = 0.0) -> tuple[bytes, bytes]:
    """Ask, and read the answer's head and body only after so many seconds."""
    async with listening(app, lifespan="off") as server, client_of(server) as client:
        await client.send(f"{method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        await asyncio.sleep(late)
        head, _, body = (await client.reader.read(-1)).partition(b"\r\n\r\n")
        return head, body


async def test_parts_past_the_layers_are_chunks_of_the_answer() -> None:
    """Each is one, in order; an empty one, which would end the answer, is none."""
    app = Streaming([b"one", b"", b"a second part"])
    head, body = await answer_of(app, "GET")
    assert b"transfer-encoding: chunked" in head
    assert body == b"3\r\none\r\nd\r\na second part\r\n0\r\n\r\n"
    assert app.waited == 0


async def test_a_slow_reader_is_waited_for() -> None:
    """What a client has not read does not gather here; all of it comes."""
    app = Streaming([b"%06d" % number * 10_000 for number in range(200)])
    _, body = await answer_of(app, "GET", late=0.3)
    assert app.waited > 0
    assert [int(each[:6]) for each in body.split(b"\r\n")[1:-3:2]] == list(range(200))


async def test_an_answer_without_a_body_has_no_parts() -> None:
    """HEAD is answered with a head."""
    app = Streaming([b"one"])
    assert (await answer_of(app, "HEAD"))[1] == b""
    assert app.past_layers is False
