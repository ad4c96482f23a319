import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from blastoff_pipecat.endpoints import (
    ConnectFailed,
    EndpointError,
    EndpointTimeout,
    Finished,
    GarbledStream,
    ReasoningDelta,
    RequestRefused,
    ServerFailed,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    UsageReport,
)
from blastoff_pipecat.testing import ERROR_SHAPES, WRONG_SHAPES, Fault, Script, ScriptedEndpoint
from tests.endpoints.conftest import BODY, KEY, MakeClient, reply

TEXT = "Sure — let me look\u2028at that, 好的, it is 😀."


def text_of(deltas: list[Any]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


async def test_a_reply_comes_token_by_token(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """Each token is given before the next is sent; usage and the end come last."""
    heard = [asyncio.Event(), asyncio.Event()]
    server.play("m", Script(["Sure,", heard[0], " let me", heard[1], " look."]))
    stream = connect(server.url).stream(BODY)
    async with asyncio.timeout(5.0), aclosing(stream):
        assert await anext(stream) == [TextDelta("Sure,")]
        heard[0].set()
        assert await anext(stream) == [TextDelta(" let me")]
        heard[1].set()
        rest = [delta async for deltas in stream for delta in deltas]
    assert rest[0] == TextDelta(" look.")
    assert isinstance(rest[1], UsageReport)
    assert rest[2:] == [Finished("stop")]


async def test_the_request_is_whole(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """Model, stream and usage are added, extra and headers win, and the body stays as it was."""
    server.play("m", Script("Hi."))
    client = connect(
        server.url,
        extra={"chat_template_kwargs": {"enable_thinking": False}, "temperature": None, "n": 1},
        headers={"X-Title": "bot", "User-Agent": "mine"},
    )
    body = {**BODY, "temperature": 0.7, "chat_template_kwargs": {"a": {"b": 1}}}
    before = {**body}
    await reply(client, body)
    (request,) = server.requests
    assert request.body == {
        **BODY,
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "chat_template_kwargs": {"a": {"b": 1}, "enable_thinking": False},
        "n": 1,
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert (request.headers["X-Title"], request.headers["User-Agent"]) == ("bot", "mine")
    assert request.headers["Accept-Encoding"] == "identity"
    assert body == before


async def test_a_large_body_arrives_whole(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """A conversation with pictures is megabytes, also when it has to be sent a second time."""
    server.play("m", Script("Hi.", fault=Fault.CLOSE_ON_REUSE))
    picture = "x" * 900_000
    client = connect(server.url)
    for _ in range(3):
        await reply(client, {"messages": [{"role": "user", "content": picture}]})
    assert server.connections == 3
    assert {request.messages[0]["content"] for request in server.requests} == {picture}


async def test_a_body_may_name_its_own_model(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """A settings change of the model needs no new client; a client without key sends none."""
    server.play("other", Script("Hi."))
    await reply(connect(server.url, api_key=None), {**BODY, "model": "other"})
    assert server.requests[0].model == "other"
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "oddities",
    [
        {"crlf": True},
        {"no_space_after_data": True},
        {"comments": ": OPENROUTER PROCESSING", "ttft": 0.12},
        {"no_done": True},
        {"empty_choices": True, "null_content": True},
        {"split_bytes": True},
        {"split_bytes": True, "crlf": True, "no_space_after_data": True, "no_done": True},
        {"coalesce": True},
        {"coalesce": 3, "pace": 0.001},
        {"list_content": True},
        {"usage_in_choice": True},
        {"early_role": True, "ttft": 0.02},
    ],
    ids=str,
)
async def test_every_oddity_of_servers_reads_the_same(
    server: ScriptedEndpoint, connect: MakeClient, oddities: dict[str, Any]
) -> None:
    """Text, reasoning and usage arrive whole, whatever the server's habits."""
    server.play("m", Script(TEXT, reasoning="Let me think.", usage=True, **oddities))
    got = await reply(connect(server.url))
    assert text_of(got) == TEXT
    thoughts = "".join(delta.text for delta in got if isinstance(delta, ReasoningDelta))
    assert thoughts == "Let me think."
    assert isinstance(got[-2], UsageReport)
    assert got[-1] == Finished("stop")
    assert sum(isinstance(delta, Finished) for delta in got) == 1


async def test_tool_calls_are_put_together(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """A call's fragments make its arguments."""
    server.play("m", Script.tool_call("get_weather", {"city": "Oslo"}, id="call_1"))
    got = await reply(connect(server.url))
    calls = [delta for delta in got if isinstance(delta, ToolCallDelta)]
    assert [(c.id, c.name) for c in calls if c.id or c.name] == [("call_1", "get_weather")]
    assert "".join(call.arguments for call in calls) == '{"city": "Oslo"}'
    assert got[-1] == Finished("tool_calls")


async def test_a_completion_is_the_whole_reply(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """Without streaming the same things are told at once."""
    script = Script.tool_call("f", {"a": 1}, id="c", text=TEXT, reasoning="Hm.", usage=True)
    server.play("m", script)
    got = await connect(server.url).complete({**BODY, "stream_options": {"x": 1}})
    assert (got.text, got.reasoning, got.finish_reason) == (TEXT, "Hm.", "tool_calls")
    assert got.tool_calls == (ToolCall("c", "f", '{"a": 1}'),)
    assert got.usage is not None
    assert server.requests[0].body["stream"] is False
    assert "stream_options" not in server.requests[0].body


async def test_replies_share_one_connection(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """Uninterrupted turns open no second connection."""
    server.play("m", Script("Hi.", pace=0.001))
    client = connect(server.url)
    for _ in range(20):
        await reply(client)
        await client.complete(BODY)
    assert server.connections == 1


async def test_refusals_keep_the_connection(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """An error answer is read to its end, so that the next way goes out at once."""
    server.play("m", Script(fault=Fault.STATUS_400), Script("Hi."))
    client = connect(server.url)
    with pytest.raises(RequestRefused):
        await reply(client)
    assert text_of(await reply(client)) == "Hi."
    assert server.connections == 1


@pytest.mark.parametrize("carrier", ["own pool"], indirect=True)
async def test_warming_opens_one_connection_for_the_first_reply(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """A warm client connects once, without a request, and the reply takes that connection."""
    server.play("m", Script("Hi."))
    client = connect(server.url)
    await client.warm()
    await client.warm()
    assert (server.connections, server.requests) == (1, [])
    await reply(client)
    assert server.connections == 1


@pytest.mark.parametrize("carrier", ["own pool"], indirect=True)
async def test_warming_replaces_a_connection_that_was_closed(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """After a silence in which the server hung up, warming connects anew."""
    client = connect(server.url)
    await client.warm()
    await server.until(lambda: server.open_connections == 1)
    server.close_idle()
    await server.until(lambda: server.open_connections == 0)
    async with asyncio.timeout(2.0):
        while server.connections < 2:  # the client has still to see that the server hung up
            await client.warm()
            await asyncio.sleep(0)
    assert server.requests == []


async def test_warming_never_raises(connect: MakeClient) -> None:
    """Whatever is wrong is said by the request, not by the preparation for it."""
    await connect(ScriptedEndpoint.dead_url()).warm()
    await connect("http://no-such-host.invalid/v1").warm()
    async with ScriptedEndpoint.unanswered_url() as url:
        await connect(url, connect_timeout=0.05).warm()
    client = connect(ScriptedEndpoint.dead_url())
    await client.aclose()
    await client.warm()


@pytest.mark.parametrize("fault", [Fault.CLOSE_IDLE, Fault.CLOSE_ON_REUSE])
async def test_a_closed_connection_is_replaced_unseen(
    server: ScriptedEndpoint, connect: MakeClient, fault: Fault
) -> None:
    """Back-to-back replies from a server that hangs up after each one all arrive."""
    server.play("m", Script("Hi.", fault=fault))
    client = connect(server.url)
    for _ in range(20):
        assert text_of(await reply(client)) == "Hi."
    assert server.connections == 20


async def test_a_new_connection_that_is_closed_is_not_tried_again(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """A server that hangs up on every request has failed, after one request."""
    server.play("m", Script(fault=Fault.NO_RESPONSE))
    with pytest.raises(ServerFailed, match="no response"):
        await reply(connect(server.url))
    assert len(server.requests) == 1


async def test_closing_the_stream_reaches_the_server_at_once(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """An interruption is over within milliseconds, on both sides."""
    server.play("m", Script(TEXT * 50, pace=0.01))
    stream = connect(server.url).stream(BODY)
    await anext(stream)
    started = time.monotonic()
    await stream.aclose()
    assert time.monotonic() - started < 0.25
    await server.until(lambda: server.requests[0].disconnected, timeout=2.0)


@pytest.mark.parametrize(
    "script",
    [
        Script("Hi.", fault=Fault.HANG_BEFORE_HEADERS),
        Script("Hi.", fault=Fault.HANG_BEFORE_FIRST_TOKEN),
        Script(TEXT, fault=Fault.STALL, after=3),
        Script(TEXT, fault=Fault.STALL, after=3, comments=True),
        Script(fault=Fault.ENDLESS_REASONING, pace=0.01),
    ],
    ids=lambda script: script.fault.name,
)
@pytest.mark.parametrize("how", ["stream", "complete"])
async def test_cancelling_reaches_the_server_at_once(
    server: ScriptedEndpoint, connect: MakeClient, script: Script, how: str
) -> None:
    """Wherever a request hangs, cancelling its task closes its connection and does not wait."""
    server.play("m", script)
    client = connect(server.url)
    task = asyncio.create_task(reply(client) if how == "stream" else client.complete(BODY))
    await server.until(lambda: len(server.requests) == 1)
    if how == "stream":
        await server.until(lambda: server.requests[0].tokens >= script.after)
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 0.25
    await server.until(lambda: server.requests[0].disconnected, timeout=2.0)


async def test_a_reply_works_after_an_interruption(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """The next turn takes a connection that was opened meanwhile."""
    server.play("m", Script(TEXT * 50, pace=0.01), Script("Hi."))
    client = connect(server.url)
    stream = client.stream(BODY)
    await anext(stream)
    await stream.aclose()
    await client.warm()
    assert text_of(await reply(client)) == "Hi."
    assert server.connections == 2


@pytest.mark.parametrize("shape", sorted(ERROR_SHAPES))
@pytest.mark.parametrize(
    "fault", [fault for fault in Fault if fault.status is not None], ids=lambda fault: fault.name
)
async def test_an_error_answer_says_whose_fault_it_is(
    server: ScriptedEndpoint, connect: MakeClient, fault: Fault, shape: str
) -> None:
    """4xx is ours, 5xx the server's, and what was said is said again without the key."""
    message = f"something is odd with {KEY}"
    server.play("m", Script(fault=fault, error_shape=shape, error_message=message))
    assert fault.status is not None
    with pytest.raises(RequestRefused if fault.status < 500 else ServerFailed) as caught:
        await reply(connect(server.url))
    assert caught.value.status_code == fault.status
    assert "something is odd with ***" in str(caught.value)
    assert KEY not in str(caught.value) + repr(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script(TEXT, fault=Fault.DISCONNECT, after=3), ServerFailed),
        (Script(TEXT, fault=Fault.HANG_UP, after=3), ServerFailed),
        (Script(TEXT, fault=Fault.ERROR_IN_STREAM, after=3), ServerFailed),
        (Script(TEXT, fault=Fault.ERROR_IN_STREAM, error_shape="mistral"), ServerFailed),
        (Script(TEXT, fault=Fault.FINISH_ERROR, after=3), ServerFailed),
        (
            Script(TEXT, fault=Fault.FINISH_ERROR, finish_reason="network_error", after=3),
            ServerFailed,
        ),
        (Script(TEXT, fault=Fault.GARBAGE), GarbledStream),
        (Script(TEXT, fault=Fault.GARBAGE, after=3), EndpointError),
        (Script(TEXT, fault=Fault.GARBAGE_JSON, after=3), GarbledStream),
        (Script(fault=Fault.HTML_200), GarbledStream),
        (Script(fault=Fault.EMPTY_BODY), GarbledStream),
        (Script(fault=Fault.DISCONNECT), ServerFailed),
    ],
    ids=lambda value: value.fault.name if isinstance(value, Script) else value.__name__,
)
async def test_a_reply_that_fails_midway_is_one_clear_error(
    server: ScriptedEndpoint, connect: MakeClient, script: Script, error: type[EndpointError]
) -> None:
    """What was said before is kept; then one error of the right kind, and the next reply works."""
    server.play("m", script, Script("Hi."))
    client = connect(server.url)
    got: list[Any] = []
    stream = client.stream(BODY)
    with pytest.raises(error) as caught:
        await _collect(stream, got)
    assert TEXT.startswith(text_of(got))
    if script.after and script.fault is not Fault.DISCONNECT:  # a reset may overtake the text
        assert text_of(got)
    assert caught.value.endpoint is client.endpoint
    assert text_of(await reply(client)) == "Hi."


@pytest.mark.parametrize("after", [1, 3])
async def test_a_body_that_ends_properly_is_a_reply_that_ends(
    server: ScriptedEndpoint, connect: MakeClient, after: int
) -> None:
    """A server may say neither finish_reason nor [DONE]: the end of its body says it."""
    script = Script(["It ", "opens ", "at ", "nine."], fault=Fault.EOF_WITHOUT_DONE, after=after)
    server.play("m", script)
    client = connect(server.url)
    for _ in range(2):
        got = await reply(client)
        assert text_of(got) == "".join(["It ", "opens ", "at ", "nine."][:after])
        assert got[-1] == Finished("stop")
    assert server.connections == 1


@pytest.mark.parametrize("after", [2, 3])
async def test_a_call_that_is_cut_off_is_a_failure(
    server: ScriptedEndpoint, connect: MakeClient, after: int
) -> None:
    """A body that ends properly in the middle of a call's arguments has broken off."""
    arguments = {"city": "Oslo", "unit": "celsius"}
    fault = Fault.EOF_WITHOUT_DONE
    script = Script.tool_call("get_weather", arguments, fault=fault, after=after)
    server.play("m", script, replace(script, after=99))
    client = connect(server.url)
    with pytest.raises(ServerFailed, match="in the middle of a tool call's arguments"):
        await reply(client)
    assert (await reply(client))[-1] == Finished("tool_calls")


async def test_a_web_page_is_told_in_words(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """Of an error page and of a login page is told what can be read there, and no markup."""
    server.play(
        "m",
        Script(fault=Fault.STATUS_502, error_shape="html"),
        Script(fault=Fault.STATUS_404, error_shape="html"),
        Script(fault=Fault.HTML_200),
    )
    client = connect(server.url)
    for error, words in (
        (ServerFailed, "HTTP 502: a web page: 502 Error 502 Provider returned"),
        (RequestRefused, "HTTP 404 for /v1/chat/completions: a web page: 404 Error"),
        (
            GarbledStream,
            "a web page, HTTP 200, instead of a reply (check the path in base_url): 'Sign in ",
        ),
    ):
        with pytest.raises(error) as caught:
            await reply(client)
        assert words in str(caught.value)
        assert "<" not in str(caught.value)


async def test_a_path_that_is_not_there_is_named(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """A 404 says what was asked for, for a base URL lacks its /v1 more often than not."""
    url = server.url.removesuffix("/v1") + "/vl"
    with pytest.raises(RequestRefused, match=r"HTTP 404 for /vl/chat/completions: "):
        await reply(connect(url))


async def _collect(stream: Any, into: list[Any]) -> None:
    async for deltas in stream:
        into += deltas


@pytest.mark.parametrize("shape", sorted(WRONG_SHAPES))
async def test_a_wrong_shape_is_garbled_or_harmless(
    server: ScriptedEndpoint, connect: MakeClient, shape: str
) -> None:
    """No JSON that a server sends raises anything but an endpoint's error."""
    server.play("m", Script(TEXT, fault=Fault.WRONG_SHAPES, after=2, wrong_shape=shape))
    try:
        text = text_of(await reply(connect(server.url)))
    except EndpointError as error:
        text = TEXT if isinstance(error, GarbledStream | ServerFailed) else str(error)
    assert text == TEXT


async def test_nobody_there_is_no_connection(connect: MakeClient) -> None:
    """A closed port and an unknown name fail as connections, and say so at once."""
    for url in (ScriptedEndpoint.dead_url(), "http://no-such-host.invalid/v1"):
        with pytest.raises(ConnectFailed) as caught:
            await reply(connect(url))
        assert caught.value.status_code is None


async def test_a_host_that_does_not_answer_is_a_timeout(connect: MakeClient) -> None:
    """Connecting has its own deadline."""
    async with ScriptedEndpoint.unanswered_url() as url:
        started = time.monotonic()
        with pytest.raises(EndpointTimeout, match=r"0\.1 s") as caught:
            await reply(connect(url, connect_timeout=0.1))
        assert caught.value.what == "connect"
        assert 0.09 < time.monotonic() - started < 1.5


async def test_a_closed_client_says_so(server: ScriptedEndpoint, connect: MakeClient) -> None:
    """Closing is idempotent, closes its own connections, and later requests fail as such."""
    server.play("m", Script("Hi."))
    client = connect(server.url)
    await reply(client)
    await client.aclose()
    await client.aclose()
    kept = 0 if client.endpoint.http_client is None else 1  # somebody else's
    await server.until(lambda: server.open_connections == kept, timeout=2.0)
    with pytest.raises(ConnectFailed, match="closed"):
        await reply(client)


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.HANG_BEFORE_HEADERS])
async def test_closing_the_client_ends_its_streams(
    server: ScriptedEndpoint, connect: MakeClient, fault: Fault
) -> None:
    """A request under way ends with an error, and does not hang."""
    server.play("m", Script(TEXT, fault=fault))
    client = connect(server.url)
    task = asyncio.create_task(reply(client))
    await server.until(lambda: len(server.requests) == 1)
    await server.until(lambda: fault is Fault.HANG_BEFORE_HEADERS or server.requests[0].status)
    await client.aclose()
    with pytest.raises(ConnectFailed, match="closed"):
        await asyncio.wait_for(task, 1.0)


async def test_many_replies_at_once_keep_apart(
    server: ScriptedEndpoint, connect: MakeClient
) -> None:
    """Concurrent streams of one client do not mix."""
    server.play("m", lambda body: Script(body["messages"][0]["content"] * 5, pace=0.002))
    client = connect(server.url)
    bodies = [{"messages": [{"role": "user", "content": f"<{n}>"}]} for n in range(20)]
    texts = [text_of(got) for got in await asyncio.gather(*(reply(client, b) for b in bodies))]
    assert texts == [f"<{n}>" * 5 for n in range(20)]


async def test_a_body_that_is_no_json_is_the_callers_mistake(connect: MakeClient) -> None:
    """What cannot be sent is a TypeError, before any connection."""
    with pytest.raises(TypeError):
        await reply(connect(ScriptedEndpoint.dead_url()), {"messages": [object()]})
