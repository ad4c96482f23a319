"""What the endpoint notes of its connections, and how it closes them."""

import asyncio
from typing import Any

import httpx
import pytest

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint

WAITING = {
    "before the headers": Script(fault=Fault.HANG_BEFORE_HEADERS),
    "before the first token": Script("Hi", ttft=60),
    "before the first token, with comments": Script("Hi", ttft=60, comments=True),
    "between tokens": Script(["Hi", " there"], pace=60),
    "stalled": Script(["Hi"], fault=Fault.STALL, after=1),
    "at the test's event": Script(["Hi", asyncio.Event(), " there"]),
    "in the middle of fast tokens": Script(["Hi "] * 100_000),
}


@pytest.mark.parametrize("script", WAITING.values(), ids=WAITING)
async def test_a_client_that_hangs_up_is_noticed_at_once(
    server: ScriptedEndpoint, ask: Any, script: Script
):
    """Whatever the script is waiting for, the log tells promptly that the client is gone."""
    server.play("m", script)
    first = 1 if isinstance(script.text, list) else 0
    reply = asyncio.create_task(ask.stream())
    await server.until(lambda: server.requests and server.requests[0].tokens >= first)
    reply.cancel()
    await asyncio.wait([reply])
    await server.until(lambda: server.requests[0].disconnected, timeout=2.0)
    assert not server.requests[0].completed
    assert server.requests[0].ended is not None
    assert server.open_connections == 0


async def test_a_client_that_hangs_up_without_a_stream_is_noticed(
    server: ScriptedEndpoint, ask: Any
):
    """The same holds for a request that is not streamed."""
    server.play("m", Script("Hi", ttft=60))
    reply = asyncio.create_task(ask.whole())
    await server.until(lambda: server.requests)
    reply.cancel()
    await asyncio.wait([reply])
    await server.until(lambda: server.requests[0].disconnected, timeout=2.0)


async def test_a_complete_answer_is_no_disconnect(server: ScriptedEndpoint, ask: Any):
    """A client that goes away after the whole answer did not interrupt it."""
    server.play("m", "Hi")
    await ask.stream()
    await ask.client.aclose()
    await server.until(lambda: server.open_connections == 0)
    assert server.requests[0].completed
    assert not server.requests[0].disconnected


async def test_connections_are_counted_and_numbered(server: ScriptedEndpoint, ask: Any):
    """A kept connection is one; a second client is another; each request names its own."""
    server.play("m", "Hi")
    await ask.stream()
    await ask.stream()
    async with httpx.AsyncClient() as other:
        await other.post(f"{server.url}/chat/completions", json=ask.body())
        assert server.connections == server.open_connections == 2
    assert [request.connection for request in server.requests] == [1, 1, 2]
    await server.until(lambda: server.open_connections == 1)


async def test_an_idle_connection_is_closed_after_its_answer(server: ScriptedEndpoint, ask: Any):
    """CLOSE_IDLE answers wholly and closes, though it said that it would not."""
    server.play("m", Script("Hi", fault=Fault.CLOSE_IDLE))
    answer = await ask.whole()
    assert answer.headers.get("connection") != "close"
    await server.until(lambda: server.open_connections == 0)
    assert server.requests[0].completed
    assert (await ask.stream()).text == "Hi"
    assert server.connections == 2


async def test_a_kept_connection_is_found_closed(server: ScriptedEndpoint, ask: Any):
    """CLOSE_ON_REUSE takes no request on the same connection again; a new one is served."""
    server.play("m", Script("first", fault=Fault.CLOSE_ON_REUSE), "second")
    assert (await ask.stream()).text == "first"
    broken = (await ask.stream()).broken
    assert isinstance(broken, httpx.RemoteProtocolError)
    assert (await ask.stream()).text == "second"
    assert [request.connection for request in server.requests] == [1, 1, 2]
    assert [request.completed for request in server.requests] == [True, False, True]
    assert not any(request.disconnected for request in server.requests)


async def test_close_idle_leaves_a_running_reply_alone(server: ScriptedEndpoint, ask: Any):
    """close_idle closes what serves nothing now, as servers do after a silence."""
    go = asyncio.Event()
    server.play("m", "Hi", Script(["a", go, "b"]))
    await ask.stream()
    async with httpx.AsyncClient() as other:
        await other.get(f"{server.url}/models")
        reply = asyncio.create_task(ask.stream())
        await server.until(lambda: len(server.requests) == 2 and server.requests[1].tokens)
        server.close_idle()
        await server.until(lambda: server.open_connections == 1)
        go.set()
        assert (await reply).text == "ab"


async def test_leaving_closes_what_still_streams():
    """The end of the block ends streams in the middle; they are not the clients' disconnects."""
    async with httpx.AsyncClient() as client:
        async with ScriptedEndpoint() as server:
            server.play("m", Script(["Hi"] * 1000, pace=0.01), Script(fault=Fault.STALL))
            body = {"model": "m", "stream": True}
            url = f"{server.url}/chat/completions"
            replies = [asyncio.create_task(client.post(url, json=body)) for _ in range(5)]
            await server.until(lambda: len(server.requests) == 5)
            assert server.open_connections == 5
        assert server.open_connections == 0
        await asyncio.wait(replies)
        assert all(isinstance(reply.exception(), httpx.TransportError) for reply in replies)
        assert not any(request.disconnected for request in server.requests)
        assert all(request.ended for request in server.requests)


async def test_a_port_can_be_used_again_at_once():
    """The listener is gone when the block is left, whoever was connected."""
    async with ScriptedEndpoint() as server, httpx.AsyncClient() as client:
        await client.get(f"{server.url}/models")
        port = int(server.url.split(":")[2].removesuffix("/v1"))
    async with ScriptedEndpoint(port=port) as again:
        assert again.url == server.url


async def test_a_dead_url_refuses_and_an_unanswered_one_does_not():
    """A connection is refused at dead_url, and neither accepted nor refused at unanswered_url."""
    async with httpx.AsyncClient(timeout=0.2) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(ScriptedEndpoint.dead_url())
        async with ScriptedEndpoint.unanswered_url() as url:
            with pytest.raises(httpx.ConnectTimeout):
                await client.get(url)


async def test_until_tells_the_log_when_it_gives_up(server: ScriptedEndpoint, ask: Any):
    """A condition that does not come true is a TimeoutError that tells what did happen."""
    server.play("m", "Hi")
    await ask.stream()
    with pytest.raises(TimeoutError, match="m on connection 1: status=200 tokens=1 completed=True"):
        await server.until(lambda: server.requests[0].disconnected, timeout=0.01)


async def test_until_raises_what_its_condition_raises(server: ScriptedEndpoint, ask: Any):
    """A condition that raises, at once or later, raises in the test."""
    with pytest.raises(IndexError):
        await server.until(lambda: server.requests[0])
    server.play("m", "Hi")
    reply = asyncio.create_task(ask.stream())
    with pytest.raises(ZeroDivisionError):
        await server.until(lambda: server.requests and 1 / 0)
    await reply


async def test_the_log_can_be_left_out():
    """With keep_log=False no request is kept, and connections are still counted."""
    async with ScriptedEndpoint(keep_log=False) as server, httpx.AsyncClient() as client:
        server.play("m", "Hi")
        await client.post(f"{server.url}/chat/completions", json={"model": "m"})
        assert server.requests == []
        assert server.connections == 1


async def test_the_log_holds_what_was_asked(server: ScriptedEndpoint, ask: Any):
    """Body, headers and path are in the log, and requests can be had by model."""
    server.play("*", "Hi")
    url = f"{server.url}/chat/completions"
    headers = {"Authorization": "Bearer k"}
    body = {"model": "large", "messages": [{"role": "user", "content": "?"}], "top_k": 1}
    await ask.client.post(url, json=body, headers=headers)
    await ask.stream()
    (request,) = server.requests_for("large")
    assert request.body == body
    assert request.messages == body["messages"]
    assert request.headers["authorization"] == "Bearer k"
    assert request.path == "/v1/chat/completions"
    assert not request.streaming


def test_the_url_needs_a_running_endpoint():
    """Asking for the URL outside of the block is an error that says so."""
    with pytest.raises(RuntimeError, match="async with"):
        _ = ScriptedEndpoint().url


def test_playing_nothing_is_refused():
    """A model needs at least one script."""
    with pytest.raises(ValueError, match="at least one"):
        ScriptedEndpoint().play("m")
