"""How a scripted model fails."""

import json
import time
from typing import Any

import httpx
import pytest

from blastoff_pipecat.testing import ERROR_SHAPES, WRONG_SHAPES, Fault, Script, ScriptedEndpoint

STATUSES = [fault for fault in Fault if fault.status is not None]
WORDS = ["one", " two", " three", " four"]


@pytest.mark.parametrize("fault", STATUSES, ids=lambda fault: fault.name)
@pytest.mark.parametrize("shape", ERROR_SHAPES)
async def test_statuses_come_in_every_providers_shape(
    server: ScriptedEndpoint, ask: Any, fault: Fault, shape: str
):
    """Each error status is answered in each shape, with the message where one is given."""
    server.play("m", Script(fault=fault, error_shape=shape, error_message="no luck with sk-123"))
    answer = await ask.whole(stream=True)
    assert answer.status_code == fault.status
    assert "no luck with sk-123" in answer.text
    if shape == "html":
        assert answer.headers["content-type"].startswith("text/html")
        return
    told = answer.json()
    found = {
        "openai": lambda: told["error"]["type"],
        "mistral": lambda: told["object"] == "error" and told["message"],
        "openrouter": lambda: told["error"]["code"] == fault.status,
        "fastapi": lambda: told["detail"][0]["msg"],
        "google": lambda: told[0]["error"]["code"] == fault.status,
    }
    assert found[shape]()


async def test_too_many_requests_says_when_to_come_back(server: ScriptedEndpoint, ask: Any):
    """A 429 carries Retry-After, in seconds."""
    server.play("m", Script(fault=Fault.STATUS_429))
    assert (await ask.whole()).headers["retry-after"] == "2"


async def test_an_error_answer_can_be_late(server: ScriptedEndpoint, ask: Any):
    """The script's ttft is also how long an error answer takes."""
    server.play("m", Script(fault=Fault.STATUS_503, ttft=0.1))
    started = time.monotonic()
    assert (await ask.whole()).status_code == 503
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize("fault", [Fault.HANG_BEFORE_HEADERS, Fault.NO_RESPONSE])
@pytest.mark.parametrize("stream", [True, False])
async def test_there_may_be_no_response_at_all(
    server: ScriptedEndpoint, ask: Any, fault: Fault, stream: bool
):
    """The server hangs, or closes the connection, before it sends a status."""
    server.play("m", Script("Hi", fault=fault))
    expected = (
        httpx.ReadTimeout if fault is Fault.HANG_BEFORE_HEADERS else httpx.RemoteProtocolError
    )
    ask.client.timeout = httpx.Timeout(0.5)
    with pytest.raises(expected):
        await ask.whole(stream=stream)
    await server.until(lambda: server.requests[0].ended)
    assert server.requests[0].status is None
    assert server.requests[0].disconnected is (fault is Fault.HANG_BEFORE_HEADERS)


async def test_it_hangs_before_the_first_token(server: ScriptedEndpoint, ask: Any):
    """The headers come at once, and then nothing."""
    server.play("m", Script("Hi", fault=Fault.HANG_BEFORE_FIRST_TOKEN))
    ask.client.timeout = httpx.Timeout(0.5)
    heard = await ask.stream()
    assert heard.status == 200
    assert heard.raw == b""
    assert isinstance(heard.broken, httpx.ReadTimeout)


async def test_it_stalls_after_some_tokens_though_comments_go_on(
    server: ScriptedEndpoint, ask: Any
):
    """After N tokens only comments come, which keep the connection from looking dead."""
    server.play("m", Script(WORDS, fault=Fault.STALL, after=2, comments=True, comment_every=0.02))
    seen = b""
    async with ask.open() as response:
        async for read in response.aiter_raw():
            seen += read
            if seen.endswith(b": keep-alive\n\n" * 4):
                break
    assert server.requests[0].tokens == 2
    assert b'" two"' in seen
    assert b'" three"' not in seen


async def test_the_connection_is_reset_after_some_tokens(server: ScriptedEndpoint, ask: Any):
    """What was sent is received; then the TCP connection breaks, and that was not the client."""
    server.play("m", Script(WORDS, fault=Fault.DISCONNECT, after=2))
    heard = await ask.stream()
    assert heard.text == "one two"
    assert isinstance(heard.broken, httpx.ReadError)
    await server.until(lambda: server.open_connections == 0)
    assert not server.requests[0].disconnected
    assert not server.requests[0].completed


async def test_the_connection_is_closed_in_the_middle_of_the_body(
    server: ScriptedEndpoint, ask: Any
):
    """HANG_UP closes the connection in order, with the HTTP body unfinished."""
    server.play("m", Script(WORDS, fault=Fault.HANG_UP, after=4))
    heard = await ask.stream()
    assert heard.text == "one two three four"
    assert isinstance(heard.broken, httpx.RemoteProtocolError)


@pytest.mark.parametrize("after", [0, 2, 4, 9])
async def test_the_body_ends_without_a_finish(server: ScriptedEndpoint, ask: Any, after: int):
    """The HTTP body ends properly after N tokens, or all of them, and says nothing of an end."""
    server.play("m", Script(WORDS, fault=Fault.EOF_WITHOUT_DONE, after=after))
    heard = await ask.stream()
    assert heard.broken is None
    assert heard.text == "".join(WORDS[:after])
    assert heard.finish_reasons == []
    assert "[DONE]" not in heard.data


@pytest.mark.parametrize("shape", ["openai", "mistral", "openrouter", "fastapi", "google"])
async def test_an_error_comes_inside_the_stream(server: ScriptedEndpoint, ask: Any, shape: str):
    """The error object is an event of the HTTP 200 stream, the last one."""
    server.play("m", Script(WORDS, fault=Fault.ERROR_IN_STREAM, after=1, error_shape=shape))
    heard = await ask.stream()
    assert heard.status == 200
    last = json.loads(heard.data[-1])
    assert "Provider returned error" in json.dumps(last)
    assert heard.broken is None
    if shape == "openrouter":
        assert last["choices"][0]["finish_reason"] == "error"


async def test_the_finish_reason_can_be_an_error(server: ScriptedEndpoint, ask: Any):
    """The stream ends in order, with a finish_reason that means a failure."""
    server.play(
        "m",
        Script(WORDS, fault=Fault.FINISH_ERROR, after=1),
        Script(WORDS, fault=Fault.FINISH_ERROR, finish_reason="network_error"),
    )
    heard = await ask.stream()
    assert (heard.text, heard.finish_reasons) == ("one", ["error"])
    assert (await ask.stream()).finish_reasons == ["network_error"]


async def test_the_stream_turns_into_garbage(server: ScriptedEndpoint, ask: Any):
    """After N tokens come bytes that are no events, or an event whose JSON is cut off."""
    server.play(
        "m",
        Script(WORDS, fault=Fault.GARBAGE, after=1),
        Script(WORDS, fault=Fault.GARBAGE_JSON, after=1),
    )
    heard = await ask.stream()
    assert heard.raw.endswith(b"<<<>>>\n\n")
    heard = await ask.stream()
    assert len(heard.data) == 3
    with pytest.raises(json.JSONDecodeError):
        json.loads(heard.data[-1])


async def test_the_answer_is_a_web_page_or_empty(server: ScriptedEndpoint, ask: Any):
    """A 200 may be a login page, or hold nothing."""
    server.play("m", Script(fault=Fault.HTML_200), Script(fault=Fault.EMPTY_BODY))
    page = await ask.stream()
    assert page.content_type.startswith("text/html")
    assert page.raw.startswith(b"<!DOCTYPE html>")
    nothing = await ask.stream()
    assert (nothing.status, nothing.content_type) == (200, "text/event-stream")
    assert nothing.raw == b""


@pytest.mark.parametrize("shape", WRONG_SHAPES)
async def test_chunks_can_have_wrong_shapes(server: ScriptedEndpoint, ask: Any, shape: str):
    """A chunk of each wrong shape comes after N tokens, and the rest follows it."""
    server.play("m", Script(WORDS, fault=Fault.WRONG_SHAPES, wrong_shape=shape, after=2))
    heard = await ask.stream()
    assert heard.data[3] == WRONG_SHAPES[shape]
    assert heard.data[-1] == "[DONE]"


async def test_reasoning_can_be_endless(server: ScriptedEndpoint, ask: Any):
    """Reasoning comes and comes, and no content."""
    server.play("m", Script("Hi", fault=Fault.ENDLESS_REASONING))
    async with ask.open():
        await server.until(lambda: server.requests[0].tokens > 20)
    await server.until(lambda: server.requests[0].disconnected)


NOT_WHOLE = [
    Fault.HTML_200,
    Fault.EMPTY_BODY,
    Fault.GARBAGE,
    Fault.GARBAGE_JSON,
    Fault.EOF_WITHOUT_DONE,
    Fault.WRONG_SHAPES,
    Fault.ERROR_IN_STREAM,
]


@pytest.mark.parametrize("fault", NOT_WHOLE, ids=lambda fault: fault.name)
async def test_faults_hold_without_a_stream_too(server: ScriptedEndpoint, ask: Any, fault: Fault):
    """A non-streaming answer with such a fault is a 200 that is no completion."""
    server.play("m", Script("Hi", fault=fault))
    answer = await ask.whole()
    assert answer.status_code == 200
    with pytest.raises((ValueError, KeyError, TypeError)):
        answer.json()["choices"][0]["message"]["content"]


async def test_it_hangs_or_breaks_without_a_stream_too(server: ScriptedEndpoint, ask: Any):
    """A non-streaming request is stalled, reset and cut off as a stream is."""
    server.play(
        "m", *(Script("Hi", fault=f) for f in (Fault.DISCONNECT, Fault.HANG_UP, Fault.STALL))
    )
    ask.client.timeout = httpx.Timeout(0.5)
    for error in (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout):
        with pytest.raises(error):
            await ask.whole()
