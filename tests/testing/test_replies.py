"""What a scripted model says."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.testing import Script, ScriptedEndpoint, ToolCall
from blastoff_pipecat.testing.script import tokens

TEXT = "Sure, let me look at that."


async def test_text_comes_in_tokens_and_ends_as_openai_ends(server: ScriptedEndpoint, ask: Any):
    """A text arrives whole, in several chunks, with role first, one finish_reason and [DONE]."""
    server.play("m", Script(TEXT))
    heard = await ask.stream()
    assert heard.status == 200
    assert heard.content_type == "text/event-stream"
    assert heard.text == TEXT
    assert len(heard.chunks) > 6
    assert heard.deltas[0] == {"role": "assistant", "content": ""}
    assert heard.finish_reasons == ["stop"]
    assert heard.data[-1] == "[DONE]"


async def test_chunks_weigh_what_real_ones_weigh(server: ScriptedEndpoint, ask: Any):
    """A token costs about 310 bytes, so that what a client needs to parse it is realistic."""
    server.play("m", Script("one two three four"))
    heard = await ask.stream()
    sizes = [len(data) for data in heard.data[1:4]]
    assert all(280 <= size <= 340 for size in sizes)


@given(st.text())
def test_tokens_joined_are_the_text(text: str):
    """Cutting a text into tokens loses nothing and makes no empty token."""
    assert "".join(tokens(text)) == text
    assert all(tokens(text))


def test_words_begin_with_their_space():
    """A token carries the space before it, as models' tokens do."""
    assert tokens("Let me look") == ["Let", " me", " look"]


async def test_a_list_is_sent_as_it_is(server: ScriptedEndpoint, ask: Any):
    """A list of chunks is sent one chunk an item."""
    server.play("m", Script(["Hel", "lo the", "re"]))
    heard = await ask.stream()
    assert [delta["content"] for delta in heard.deltas[1:4]] == ["Hel", "lo the", "re"]


async def test_time_to_first_token_and_pace_are_kept(server: ScriptedEndpoint, ask: Any):
    """The first token comes after ttft, the others pace apart, and the headers before them."""
    server.play("m", Script(["a", "b", "c"], ttft=0.1, pace=0.05))
    async with ask.open() as response:
        assert server.requests[0].tokens == 0
        assert response.status_code == 200
        await response.aread()
    request = server.requests[0]
    assert 0.1 <= request.first_byte - request.started < 2
    assert 0.2 <= request.ended - request.started < 2


async def test_an_event_in_the_text_holds_the_rest_back(server: ScriptedEndpoint, ask: Any):
    """What stands after an asyncio.Event is sent when the test sets it, not before."""
    go = asyncio.Event()
    server.play("m", Script(["before", go, " after"]))
    reply = asyncio.create_task(ask.stream())
    await server.until(lambda: server.requests and server.requests[0].tokens == 1)
    assert not reply.done()
    go.set()
    assert (await reply).text == "before after"


async def test_a_number_in_the_text_is_a_wait(server: ScriptedEndpoint, ask: Any):
    """A number among the chunks is a silence of so many seconds, streamed or not."""
    server.play("m", Script(["a", 0.1, "b", 0.1]))
    assert (await ask.stream()).text == "ab"
    assert (await ask.whole()).status_code == 200
    assert all(request.ended - request.started >= 0.2 for request in server.requests)


async def test_several_scripts_are_one_a_request_and_the_last_repeats(
    server: ScriptedEndpoint, ask: Any
):
    """Scripts are played in order, and the last one again for what follows."""
    server.play("m", "first", Script("second"))
    assert [(await ask.stream()).text for _ in range(3)] == ["first", "second", "second"]


async def test_a_function_makes_the_script_from_the_request(server: ScriptedEndpoint, ask: Any):
    """A function given to play gets the request's body and decides."""
    server.play("m", lambda body: Script(f"You said: {body['messages'][-1]['content']}"))
    heard = await ask.stream(messages=[{"role": "user", "content": "Ciao"}])
    assert heard.text == "You said: Ciao"


async def test_a_wrong_assumption_in_a_function_fails_the_test():
    """What a function given to play raises is answered with a 500 and raised at the end."""

    def angry(body: dict[str, Any]) -> Script:
        raise KeyError("tools")

    with pytest.raises(KeyError, match="tools"):  # noqa: PT012  # leaving the block raises
        async with ScriptedEndpoint() as server, httpx.AsyncClient() as client:
            server.play("m", angry)
            url = f"{server.url}/chat/completions"
            assert (await client.post(url, json={"model": "m"})).status_code == 500


async def test_an_unknown_model_is_a_404_and_a_star_is_any_model(
    server: ScriptedEndpoint, ask: Any
):
    """A model without a script is refused as unknown, unless "*" has one."""
    refused = await ask.whole()
    assert refused.status_code == 404
    assert "`m` does not exist" in refused.json()["error"]["message"]
    server.play("*", "anything")
    assert (await ask.stream()).text == "anything"


async def test_reasoning_comes_first_in_the_field_asked_for(server: ScriptedEndpoint, ask: Any):
    """Reasoning tokens come before the text, under either name that providers use."""
    for name in ("reasoning_content", "reasoning"):
        server.play("m", Script("Yes.", reasoning="Let me think.", reasoning_field=name))
        heard = await ask.stream()
        thoughts = [place for place, delta in enumerate(heard.deltas) if name in delta]
        assert "".join(heard.deltas[place][name] for place in thoughts) == "Let me think."
        assert heard.deltas[thoughts[-1] + 1]["content"] == "Yes."


async def test_a_tool_call_comes_in_fragments(server: ScriptedEndpoint, ask: Any):
    """A function call's name comes first, its arguments in pieces, and the reason is tool_calls."""
    server.play("m", Script.tool_call("get_weather", {"city": "Tromsø"}, id="call_7", text="Wait."))
    heard = await ask.stream()
    calls = [delta["tool_calls"][0] for delta in heard.deltas if "tool_calls" in delta]
    assert heard.text == "Wait."
    assert calls[0]["id"] == "call_7"
    assert calls[0]["function"] == {"name": "get_weather", "arguments": ""}
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert json.loads(arguments) == {"city": "Tromsø"}
    assert len(calls) > 3
    assert heard.finish_reasons == ["tool_calls"]


async def test_several_tool_calls_have_their_own_index_and_id(server: ScriptedEndpoint, ask: Any):
    """Parallel calls are told apart by index, and each has an id of its own."""
    server.play("m", Script(tool_calls=[ToolCall("f", {"a": 1}), ToolCall("f", {"a": 2})]))
    heard = await ask.stream()
    named = [
        call
        for delta in heard.deltas
        for call in delta.get("tool_calls", [])
        if "name" in call["function"]
    ]
    assert [call["index"] for call in named] == [0, 1]
    assert len({call["id"] for call in named}) == 2


@pytest.mark.parametrize(
    ("usage", "asked", "reported"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
async def test_usage_is_reported_where_it_is_wanted(
    server: ScriptedEndpoint, ask: Any, usage: bool | None, asked: bool, reported: bool
):
    """Usage comes where the request asks for it, or as the script says, after the finish."""
    server.play("m", Script("Yes it is.", usage=usage))
    fields: dict[str, Any] = {"stream_options": {"include_usage": True}} if asked else {}
    chunks = (await ask.stream(**fields)).chunks
    assert bool(chunks[-1]["usage"]) is reported
    if reported:
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["completion_tokens"] == 3


async def test_usage_can_be_given(server: ScriptedEndpoint, ask: Any):
    """A usage mapping is reported as it is; Moonshot's place for it can be chosen."""
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "cached_tokens": 4}
    server.play("m", Script("Hi", usage=usage), Script("Hi", usage=usage, usage_in_choice=True))
    assert (await ask.stream()).chunks[-1]["usage"] == usage
    last = (await ask.stream()).chunks[-1]
    assert last["usage"] is None
    assert last["choices"][0]["usage"] == usage


async def test_a_request_without_stream_gets_one_completion(server: ScriptedEndpoint, ask: Any):
    """The same script answers a non-streaming request, in the time that streaming takes."""
    script = Script(
        "Yes it is.", reasoning="Hm.", tool_calls=[ToolCall("f", {"a": 1})], ttft=0.05, pace=0.01
    )
    server.play("m", script)
    started = time.monotonic()
    completion = (await ask.whole()).json()
    assert time.monotonic() - started >= 0.1
    message = completion["choices"][0]["message"]
    assert completion["object"] == "chat.completion"
    assert message["content"] == "Yes it is."
    assert message["reasoning_content"] == "Hm."
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert completion["choices"][0]["finish_reason"] == "tool_calls"
    assert completion["usage"]["completion_tokens"] == server.requests[0].tokens == 7


async def test_the_models_are_listed_under_any_path(server: ScriptedEndpoint, ask: Any):
    """GET …/models lists what is played, and any base path serves."""
    server.play("small", "a")
    server.play("large", "b")
    base = server.url.removesuffix("/v1")
    listed = (await ask.client.get(f"{base}/beta/models")).json()
    assert [model["id"] for model in listed["data"]] == ["small", "large"]
    assert (await ask.client.get(f"{base}/nowhere")).status_code == 404


@pytest.mark.parametrize("content", [b"{", b"[]"])
async def test_a_body_that_is_no_object_is_a_400(
    server: ScriptedEndpoint, ask: Any, content: bytes
):
    """A body that is not a JSON object is refused in OpenAI's shape."""
    refused = await ask.client.post(f"{server.url}/chat/completions", content=content)
    assert refused.status_code == 400
    assert "JSON body" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"ttft": -1},
        {"comment_every": 0},
        {"error_shape": "soap"},
        {"reasoning_field": "thoughts"},
        {"wrong_shape": "round"},
        {"refuses": {"sideways"}},
        {"continues": "sideways"},
    ],
)
def test_a_script_that_no_server_could_play_is_refused(wrong: dict[str, Any]):
    """A wrong field is a ValueError when the script is made, not a strange test later."""
    told = "shape of prefill" if "sideways" in str(wrong) else next(iter(wrong))
    with pytest.raises(ValueError, match=told):
        Script("x", **wrong)
