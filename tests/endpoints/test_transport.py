"""Oddities of TCP, TLS and HTTP that a well-behaved HTTP server cannot show."""

import asyncio
import gc
import ssl
import subprocess
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blastoff_pipecat.endpoints import (
    ChatClient,
    ChatEndpoint,
    ConnectFailed,
    EndpointError,
    EndpointTimeout,
    Finished,
    GarbledStream,
    RequestRefused,
    ServerFailed,
    TextDelta,
    connections,
)
from blastoff_pipecat.endpoints.connections import _ssl_context, proxy_for, shared_ssl_context
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.endpoints.conftest import KEY, MakeClient, reads, reply
from tests.endpoints.events import DONE, said, stop
from tests.kit.environment import clear_environment

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(raw: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(raw), raw)


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serves each connection with ``serve``, and closes it after."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    tasks: set[asyncio.Task[None] | None] = set()
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http{'s' if tls else ''}://localhost:{port}/v1"
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)
        await server.wait_closed()


async def request_of(reader: asyncio.StreamReader) -> bytes:
    """Reads one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].split(b":")[1]))


async def test_a_body_that_never_ends_costs_half_a_second(connect: MakeClient) -> None:
    """After finish_reason usage is waited for, briefly, when neither it nor the end comes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED + chunk(said("Hi.") + stop()))
        await reader.read()

    async with serving(serve) as url:
        started = time.monotonic()
        assert await reply(connect(url)) == [TextDelta("Hi."), Finished("stop")]
        assert 0.45 < time.monotonic() - started < 2.0


async def test_the_end_mark_ends_a_reply_at_once(connect: MakeClient) -> None:
    """With [DONE] nothing is waited for before the last delta, though the body stays open."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED + chunk(said("Hi.") + stop() + DONE))
        await reader.read()

    async with serving(serve) as url:
        stream = connect(url).stream({"messages": []})
        started = time.monotonic()
        assert await anext(stream) == [TextDelta("Hi.")]
        assert await anext(stream) == [Finished("stop")]
        assert time.monotonic() - started < 0.4
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        assert time.monotonic() - started < 0.49


@pytest.mark.parametrize("end", [b"", chunk(DONE)])
async def test_a_connection_cut_after_the_last_word_is_a_whole_reply(
    connect: MakeClient, end: bytes
) -> None:
    """Once the server said why it stopped, it does not matter how it hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED + chunk(said("Hi.") + stop()) + end)

    async with serving(serve) as url:
        client = connect(url)
        for _ in range(5):
            assert await reply(client) == [TextDelta("Hi."), Finished("stop")]


async def test_a_body_may_end_with_its_connection(connect: MakeClient) -> None:
    """A body without length or chunks, as HTTP/1.0 servers send it, is read to its end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(HEAD + b"Connection: close\r\n\r\n" + said("Hi.") + stop() + DONE)

    async with serving(serve) as url:
        client = connect(url)
        for _ in range(3):
            assert await reply(client) == [TextDelta("Hi."), Finished("stop")]


async def test_chunks_that_arrive_in_one_read_are_one_delta(
    connect: MakeClient, carrier: str
) -> None:
    """HTTP chunks say nothing about reads: what waits is taken together."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED)
        writer.write(b"".join(chunk(said(f"{n} ")) for n in range(50)))
        writer.write(chunk(stop() + DONE) + b"0\r\n\r\n")

    async with serving(serve) as url:
        got = await reads(connect(url))
        assert len(got) < 20 or carrier == "an httpx client"  # which takes chunks one by one
        text = "".join(d.text for ds in got for d in ds if isinstance(d, TextDelta))
        assert text == "".join(f"{n} " for n in range(50))


@pytest.mark.parametrize("reset", [False, True])
async def test_a_kept_connection_that_dies_under_a_request_is_replaced(
    connect: MakeClient, reset: bool
) -> None:
    """The server takes a second request on a connection, and hangs up without a byte."""
    requests: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(2):
            await request_of(reader)
            requests.append(number)
            if number == 1:
                if reset:
                    writer.transport.abort()
                return
            writer.write(CHUNKED + chunk(said("Hi.") + stop() + DONE) + b"0\r\n\r\n")

    async with serving(serve) as url:
        client = connect(url)
        for _ in range(4):
            assert await reply(client) == [TextDelta("Hi."), Finished("stop")]
        assert requests == [0, 1, 0, 1, 0, 1, 0]


async def test_a_response_that_broke_off_is_not_asked_for_twice(connect: MakeClient) -> None:
    """Once bytes of a response came, a second request might say something else."""
    requests: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(2):
            await request_of(reader)
            requests.append(number)
            end = b"" if number else chunk(stop() + DONE) + b"0\r\n\r\n"
            writer.write(CHUNKED + chunk(said("Hi.")) + end)

    async with serving(serve) as url:
        client = connect(url)
        await reply(client)
        with pytest.raises(ServerFailed, match="broke off"):
            await reply(client)
        assert requests == [0, 1]


@pytest.mark.parametrize("raw", [b"not HTTP at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 99])
async def test_another_protocol_is_an_endpoints_error(connect: MakeClient, raw: bytes) -> None:
    """A port where something else listens is the server's failure, in one line."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(raw)

    async with serving(serve) as url:
        with pytest.raises((ServerFailed, ConnectFailed, GarbledStream)) as caught:
            await reply(connect(url))
        assert len(str(caught.value).splitlines()) == 1


async def test_a_redirect_is_not_followed(connect: MakeClient) -> None:
    """A key is never sent on to another place; the message says where the server has moved."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(
            b"HTTP/1.1 308 Moved\r\nLocation: https://new.test/v1\r\nContent-Length: 0\r\n\r\n"
        )

    async with serving(serve) as url:
        with pytest.raises(RequestRefused, match=r"https://new\.test/v1: change base_url"):
            await reply(connect(url))


async def test_an_endless_error_body_is_cut_short(connect: MakeClient) -> None:
    """An error answer is read for two seconds at most, and 64 KB."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(chunk(b"x" * 4096))
            await writer.drain()

    async with serving(serve) as url:
        started = time.monotonic()
        with pytest.raises(ServerFailed) as caught:
            await reply(connect(url))
        assert time.monotonic() - started < 1.9
        assert len(str(caught.value)) < 400


async def test_cancelling_an_upload_does_not_wait_for_the_server(connect: MakeClient) -> None:
    """A server that reads nothing does not hold up an interruption."""
    connected = asyncio.Event()
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport as well
        connected.set()
        await gone.wait()

    async with serving(serve) as url:
        body = {"messages": [{"role": "user", "content": "x" * 20_000_000}]}
        task = asyncio.create_task(reply(connect(url), body))
        await connected.wait()
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 1.0  # filling the socket's buffer takes some of it
        gone.set()


async def test_a_tls_handshake_that_hangs_is_a_timeout(connect: MakeClient) -> None:
    """The connect deadline covers TLS."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with serving(serve) as url:
        with pytest.raises(EndpointTimeout) as caught:
            await reply(connect(url.replace("http:", "https:"), connect_timeout=0.2))
        assert caught.value.what == "connect"


async def test_plain_http_on_a_tls_url_is_no_connection(connect: MakeClient) -> None:
    """A scheme that does not fit the port fails as a connection, and is told so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(serve) as url:
        with pytest.raises(ConnectFailed, match="speaks no TLS: write http://"):
            await reply(connect(url.replace("http:", "https:")))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x46", EndpointError),
        (
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
            RequestRefused,
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html><head><title>400 The plain"
            b" HTTP request was sent to HTTPS port</title></head></html>",
            RequestRefused,
        ),
        (b"", ServerFailed),
    ],
    ids=["alert", "Go", "nginx", "silence"],
)
async def test_a_tls_port_says_so(
    connect: MakeClient, answer: bytes, error: type[EndpointError]
) -> None:
    """Plain HTTP to a TLS port is answered in as many ways as there are servers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(answer)

    async with serving(serve) as url:
        with pytest.raises(error, match="the port speaks TLS: write https:// in base_url"):
            await reply(connect(url))


async def test_a_server_that_spoke_http_is_not_taken_for_a_tls_port(connect: MakeClient) -> None:
    """When it hangs up later, it is its own fault."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await request_of(reader))
        if len(requests) == 1:
            writer.write(HEAD + b"Connection: close\r\n\r\n" + said("Hi.") + stop() + DONE)

    async with serving(serve) as url:
        client = connect(url)
        await reply(client)
        with pytest.raises(ServerFailed) as caught:
            await reply(client)
    assert "TLS" not in str(caught.value)


async def test_a_real_tls_server_is_no_plain_one(connect: MakeClient, tls: ssl.SSLContext) -> None:
    """OpenSSL just hangs up: that it may be TLS is said too."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(serve, tls) as url:
        with pytest.raises(ServerFailed, match="write https:// in base_url"):
            await reply(connect(url.replace("https:", "http:")))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key, for localhost."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += [
        "-addext",
        "subjectAltName=DNS:localhost,DNS:model.internal.example",
        "-days",
        "2",
        "-keyout",
        "-",
        "-out",
        "-",
    ]
    try:
        made = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no openssl to make a certificate with: {error}")
    path.write_bytes(made.stdout)
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process trusts the certificate, as a company's own is trusted, for one test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    _ssl_context.cache_clear()
    yield
    _ssl_context.cache_clear()


async def test_an_unknown_certificate_is_no_connection(
    connect: MakeClient, tls: ssl.SSLContext
) -> None:
    """Nothing is sent to a server that cannot show who it is."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await request_of(reader))

    async with serving(serve, tls) as url:
        with pytest.raises(ConnectFailed, match=r"(?i)certificate"):
            await reply(connect(url))
    assert requests == []


async def test_tls_connections_are_kept_and_closed(
    connect: MakeClient, tls: ssl.SSLContext, trusted: None, carrier: str
) -> None:
    """Over TLS too: one connection for several replies, a prompt hang-up, and nothing left open."""
    connections: list[int] = []
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while b"HANG" not in await request_of(reader):
            writer.write(CHUNKED + chunk(said("Hi.") + stop() + DONE) + b"0\r\n\r\n")
        writer.write(CHUNKED + chunk(said("Hi.")))
        assert not await reader.read()
        gone.set()

    async with serving(serve, tls) as url:
        client = connect(url)
        await client.warm()
        for _ in range(3):
            assert await reply(client) == [TextDelta("Hi."), Finished("stop")]
        stream = client.stream({"messages": [{"role": "user", "content": "HANG"}]})
        await anext(stream)
        started = time.monotonic()
        await stream.aclose()
        assert time.monotonic() - started < 0.25
        await asyncio.wait_for(gone.wait(), 2.0)
        await client.warm()
        await client.aclose()
    assert len(connections) == (2 if carrier == "own pool" else 1)  # the other is not warmed


async def test_a_proxy_of_the_environment_is_used(
    connect: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host outside goes through the proxy, with the request's own key and in one connection."""
    heads: list[bytes] = []
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while True:
            heads.append(await request_of(reader))
            writer.write(CHUNKED + chunk(said("Hi.") + stop() + DONE) + b"0\r\n\r\n")

    async with serving(serve) as url:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, url.removesuffix("/v1").replace("//", "//user:secret@"))
        client = connect("http://model.example.com/v1")
        await client.warm()
        for _ in range(2):
            assert await reply(client) == [TextDelta("Hi."), Finished("stop")]
    assert len(connections) == 1
    assert heads[0].startswith(b"POST http://model.example.com/v1/chat/completions HTTP/1.1")
    for head in heads:
        assert KEY.encode() in head
        assert b"Basic dXNlcjpzZWNyZXQ=" in head


async def test_tls_goes_through_a_proxy_of_the_environment(
    connect: MakeClient, carrier: str, tls: ssl.SSLContext, trusted: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The proxy is asked for a tunnel and sees neither the key nor the words."""
    asked: list[bytes] = []
    seen = bytearray()

    async def model(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            assert KEY.encode() in await request_of(reader)
            writer.write(CHUNKED + chunk(said("Hi.") + stop() + DONE) + b"0\r\n\r\n")

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        port = int(inner.rpartition(":")[2].removesuffix("/v1"))
        up, down = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while raw := await source.read(65_536):
                seen.extend(raw)
                sink.write(raw)
            sink.close()

        try:
            await asyncio.gather(pass_on(reader, down), pass_on(up, writer))
        finally:
            down.close()

    async with serving(model, tls) as inner, serving(proxy) as url:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, url.removesuffix("/v1").replace("//", "//user:secret@"))
        # A name that only the proxy knows; the certificate is for it.
        client = connect("https://model.internal.example/v1")
        for _ in range(2):
            assert await reply(client) == [TextDelta("Hi."), Finished("stop")]
        await client.aclose()
        if client.endpoint.http_client is not None:
            await client.endpoint.http_client.aclose()
    assert len(asked) == 1
    assert asked[0].startswith(b"CONNECT model.internal.example:443 HTTP/1.1")
    assert b"Basic dXNlcjpzZWNyZXQ=" in asked[0]
    assert KEY.encode() not in seen


@pytest.mark.parametrize("carrier", ["own pool"], indirect=True)
async def test_a_kind_of_proxy_that_is_not_spoken_is_named(
    connect: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SOCKS proxy needs a client of yours, and that is said."""
    for name in ("ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "socks5://user:pass-word-1@127.0.0.1:1")
    with pytest.raises(ConnectFailed, match=r"socks5.*http_client") as caught:
        await reply(connect("http://model.example.com/v1"))
    assert "pass-word-1" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://api.test/v1", "http://proxy.test:3128"),
        ("http://api.test/v1", None),
        ("https://inner.corp/v1", None),
        ("https://localhost:8000/v1", None),
        ("https://127.0.0.9/v1", None),
        ("https://[::1]:8000/v1", None),
    ],
)
def test_a_proxy_is_chosen_by_scheme_and_host(
    url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """no_proxy counts, and this machine never goes through a proxy."""
    clear_environment(monkeypatch)
    monkeypatch.setenv("https_proxy", "proxy.test:3128")
    monkeypatch.setenv("no_proxy", "inner.corp")
    assert proxy_for(url) == proxy


def test_there_is_one_tls_context_in_a_process() -> None:
    """Services share what is dear to make."""
    assert shared_ssl_context() is shared_ssl_context()


def test_a_client_costs_next_to_nothing_to_make() -> None:
    """Under a millisecond and under 50 KB each, before its first use."""

    def make() -> ChatClient:
        return ChatClient(ChatEndpoint(base_url="https://api.test/v1", model="m", api_key=KEY))

    make()
    started = time.perf_counter()
    clients = [make() for _ in range(100)]
    assert (time.perf_counter() - started) / 100 < 0.001
    clients.clear()
    gc.collect()
    tracemalloc.start()
    try:
        clients = [make() for _ in range(100)]
        assert tracemalloc.get_traced_memory()[0] / len(clients) < 50_000
    finally:
        tracemalloc.stop()


async def test_using_a_client_keeps_little(connect: MakeClient) -> None:
    """An open pool with a kept connection is under 50 KB, a TLS context for all aside."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request_of(reader)
            writer.write(CHUNKED + chunk(said("Hi.") + stop() + DONE) + b"0\r\n\r\n")

    async with serving(serve) as url:
        await reply(connect(url))
        clients = [connect(url) for _ in range(20)]
        tracemalloc.start()
        try:
            for client in clients:
                await reply(client)
            gc.collect()
            # The server's side of each connection is in this figure too.
            assert tracemalloc.get_traced_memory()[0] / len(clients) < 50_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("carrier", ["own pool"], indirect=True)
async def test_a_rush_of_replies_leaves_few_connections(
    server: ScriptedEndpoint, connect: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the connections that many replies at once have opened, no more than so many are kept."""
    monkeypatch.setattr(connections, "MOST_IDLE", 3)
    on = asyncio.Event()
    server.play("m", Script([on, "Nine."]))
    client = connect(server.url)
    asked = [asyncio.create_task(reply(client)) for _ in range(12)]
    await server.until(lambda: len(server.requests) == 12)
    on.set()
    await asyncio.gather(*asked)
    await server.until(lambda: server.open_connections == 3)
    await reply(client)
    assert server.connections == 12
