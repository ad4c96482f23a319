"""What only an HTTP client of the author's shows; the rest holds in `test_client` for both."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import httpx2
import pytest

from blastoff_pipecat.endpoints import (
    ChatClient,
    ChatEndpoint,
    ConnectFailed,
    EndpointTimeout,
    Finished,
    RequestRefused,
    TextDelta,
)
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.endpoints.conftest import BODY, KEY, MakeClient, reply
from tests.endpoints.test_transport import serving

HELLO = [TextDelta("Hi."), Finished("stop")]


@pytest.fixture
def carrier() -> str:
    return "an httpx client"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_it_carries_the_requests_and_stays_open(
    server: ScriptedEndpoint, connect: MakeClient, http: httpx.AsyncClient
) -> None:
    """Its headers and hooks count, two endpoints share its connections, and it is not closed."""
    server.play("*", Script("Hi.", usage=False))
    seen: list[tuple[str, int]] = []

    async def hook(response: httpx.Response) -> None:
        seen.append((response.request.url.path, response.status_code))

    http.headers["X-Mine"] = "yes"
    http.event_hooks = {"response": [hook]}
    for name in ("m", "n"):
        client = connect(server.url, model=name, http_client=http)
        await client.warm()
        assert await reply(client) == HELLO
        await client.aclose()
    assert not http.is_closed
    assert seen == [("/v1/chat/completions", 200)] * 2
    assert [request.headers["X-Mine"] for request in server.requests] == ["yes", "yes"]
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert server.requests[0].headers["Accept-Encoding"] == "identity"
    assert server.connections == 1


async def test_its_own_timeouts_do_not_cut_a_reply(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """How long a token may take is the caller's to decide, as with the package's connections."""
    server.play("m", Script(["Hi."], ttft=0.3, usage=False))
    async with httpx.AsyncClient(timeout=0.05, follow_redirects=True) as http:
        assert await reply(connect(server.url, http_client=http)) == HELLO


async def test_a_hook_that_raises_is_a_refusal(
    server: ScriptedEndpoint, connect: MakeClient, http: httpx.AsyncClient
) -> None:
    """`raise_for_status` in a hook does not hide whose fault it is, nor what a hook has read."""
    server.play("m", Script(fault=Fault.STATUS_401))

    async def reads(response: httpx.Response) -> None:
        await response.aread()

    async def raises(response: httpx.Response) -> None:
        response.raise_for_status()

    for hooks, words in (([raises], "HTTP 401"), ([reads, raises], "Incorrect API key")):
        http.event_hooks = {"response": hooks}
        with pytest.raises(RequestRefused, match=words) as caught:
            await reply(connect(server.url, http_client=http))
        assert caught.value.status_code == 401


async def test_a_client_that_its_owner_closed_is_named(
    connect: MakeClient, http: httpx.AsyncClient
) -> None:
    """No traceback of httpx's, and no connection."""
    await http.aclose()
    with pytest.raises(ConnectFailed, match="http_client of this endpoint was closed"):
        await reply(connect("http://localhost:1/v1", http_client=http))


async def test_a_client_without_a_network_works(connect: MakeClient) -> None:
    """A transport that tells nothing of its connections is taken as it is."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if len(requests) == 2:
            raise httpx.ReadError("gone")
        return httpx.Response(200, json={"choices": [{"message": {"content": "Hi."}}]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        client = connect("https://api.openai.com/v1", api_key=None, http_client=http)
        assert await reply(client) == HELLO
        with pytest.raises(Exception, match="gone"):
            await reply(client)
    assert "authorization" not in requests[0].headers
    assert len(requests) == 2


async def test_tcp_and_tls_share_one_deadline(connect: MakeClient) -> None:
    """Left to itself httpx would give each of them as long."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    class SlowConnect(httpx.AsyncHTTPTransport):
        """Connecting takes 0.3 s, before the handshake that hangs."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            trace = request.extensions["trace"]

            async def late(event: str, info: dict[str, Any]) -> None:
                if event == "connection.connect_tcp.complete":
                    await asyncio.sleep(0.3)
                await trace(event, info)

            request.extensions["trace"] = late
            return await super().handle_async_request(request)

    async with (
        serving(serve) as url,
        httpx.AsyncClient(transport=SlowConnect()) as http,
    ):
        started = time.monotonic()
        client = connect(url.replace("http:", "https:"), http_client=http, connect_timeout=0.5)
        with pytest.raises(EndpointTimeout, match=r"no connection within 0\.5 s"):
            await reply(client)
        assert 0.45 < time.monotonic() - started < 0.75


async def test_a_proxy_that_does_not_answer_is_a_timeout(connect: MakeClient) -> None:
    """The way through a proxy is a part of connecting."""

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with (
        serving(proxy) as url,
        httpx.AsyncClient(proxy=url.removesuffix("/v1")) as http,
    ):
        started = time.monotonic()
        client = connect("https://model.test/v1", http_client=http, connect_timeout=0.3)
        with pytest.raises(EndpointTimeout):
            await reply(client)
        assert 0.25 < time.monotonic() - started < 1.5


@pytest.mark.parametrize("proxy_status", [b"407 Proxy Authentication Required", b"502 Oh"])
async def test_a_proxy_that_refuses_is_no_connection(
    connect: MakeClient, proxy_status: bytes
) -> None:
    """What the proxy says is said again."""

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + proxy_status + b"\r\nContent-Length: 0\r\n\r\n")

    async with (
        serving(proxy) as url,
        httpx.AsyncClient(proxy=url.removesuffix("/v1")) as http,
    ):
        with pytest.raises(ConnectFailed, match=proxy_status.decode()):
            await reply(connect("https://model.test/v1", http_client=http))


async def test_an_interruption_while_others_speak_costs_them_nothing(
    server: ScriptedEndpoint, connect: MakeClient, http: httpx.AsyncClient
) -> None:
    """Of ten replies over one client, the one that is left is closed and the rest go on."""
    server.play("m", Script("word " * 20, pace=0.01))
    client = connect(server.url, http_client=http)
    leaving = client.stream(BODY)
    others = [asyncio.create_task(reply(client)) for _ in range(9)]
    async with aclosing(leaving):
        await anext(leaving)
    await server.until(lambda: sum(each.disconnected for each in server.requests) == 1)
    for got in await asyncio.gather(*others):
        text = "".join(delta.text for delta in got if isinstance(delta, TextDelta))
        assert text == "word " * 20


async def test_a_response_that_comes_as_nobody_wants_it_is_closed(connect: MakeClient) -> None:
    """An interruption in the very moment of the headers leaves no connection behind."""
    loop = asyncio.get_running_loop()

    class Body(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b""

        async def aclose(self) -> None:
            self.closed = True

    body = Body()

    def answer(request: httpx.Request) -> httpx.Response:
        loop.call_soon(task.cancel)  # before the one who waits for the response is woken
        return httpx.Response(200, stream=body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        task = asyncio.create_task(reply(connect("http://model.test/v1", http_client=http)))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert body.closed


def test_another_librarys_client_is_refused() -> None:
    """httpx2's looks alike, and is none."""
    for other in (httpx2.AsyncClient(), httpx.Client(), "http://proxy.test:3128"):
        with pytest.raises(ValueError, match=r"http_client is a .*: give an httpx\.AsyncClient"):
            ChatEndpoint(base_url="https://api.test/v1", model="m", http_client=other)  # type: ignore[arg-type]


async def test_its_errors_name_the_endpoint_and_no_key(
    server: ScriptedEndpoint, http: httpx.AsyncClient
) -> None:
    """The repr does not show it, and an error is one of the endpoint's."""
    endpoint = ChatEndpoint(base_url=server.url, model="m", api_key=KEY, http_client=http)
    client = ChatClient(endpoint)
    with pytest.raises(RequestRefused) as caught:
        await reply(client)
    assert KEY not in str(caught.value) + repr(endpoint)
    await client.aclose()
