"""The stock OpenAI client, unchanged."""

import json
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError
from openai.types.chat import ChatCompletionChunk

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from blastoff_pipecat.testing import ToolCall as ScriptedCall

QUESTION: Any = [{"role": "user", "content": "When does the museum open?"}]
WHOLE = "Sure, let me look at that. The museum opens at nine."

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


async def chunks_of(client: AsyncOpenAI, **request: Any) -> list[ChatCompletionChunk]:
    """Ask for a stream and return all of it."""
    request = {"model": "any-name", "messages": QUESTION, **request}
    stream = await client.chat.completions.create(stream=True, **request)
    return [chunk async for chunk in stream]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    """Join what a stream says."""
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def reasons_of(chunks: list[ChatCompletionChunk]) -> list[str]:
    """List how a stream ended; it should be once."""
    return [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]


async def test_streams_opening_and_continuation_as_one_reply(openai: AsyncOpenAI) -> None:
    """A streamed reply is one message: the small model's words, then the large model's."""
    chunks = await chunks_of(openai)
    assert text_of(chunks) == WHOLE
    assert reasons_of(chunks) == ["stop"]
    assert [c.choices[0].delta.role for c in chunks] == ["assistant"] + [None] * (len(chunks) - 1)
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {"any-name"}
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}


async def test_answers_whole(openai: AsyncOpenAI) -> None:
    """Without `stream` the same reply comes as one completion, with both models' tokens."""
    reply = await openai.chat.completions.create(model="any-name", messages=QUESTION)
    (choice,) = reply.choices
    assert choice.message.content == WHOLE
    assert choice.message.role == "assistant"
    assert choice.finish_reason == "stop"
    assert reply.model == "any-name"
    assert reply.object == "chat.completion"
    assert reply.usage is not None


@pytest.mark.parametrize("stream", [True, False])
async def test_usage_is_that_of_both_models(
    openai: AsyncOpenAI, models: ScriptedEndpoint, stream: bool
) -> None:
    """Usage is the sum of what both models' servers reported."""
    models.play("small", Script("Sure, one moment.", usage=_usage(100, 5)))
    models.play("large", Script("At nine.", ttft=0.05, usage=_usage(200, 7)))
    if stream:
        chunks = await chunks_of(openai, stream_options={"include_usage": True})
        assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
        assert chunks[-1].choices == []
        usage = chunks[-1].usage
    else:
        usage = (await openai.chat.completions.create(model="m", messages=QUESTION)).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (300, 12, 312)


async def test_no_usage_unless_asked_for(openai: AsyncOpenAI) -> None:
    """A stream carries a usage chunk only where the client asked for one."""
    chunks = await chunks_of(openai)
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


async def test_a_length_finish_is_passed_on(openai: AsyncOpenAI, models: ScriptedEndpoint) -> None:
    """A reply cut by the token limit says so."""
    models.play("large", Script("The museum opens", finish_reason="length"))
    assert reasons_of(await chunks_of(openai)) == ["length"]
    whole = await openai.chat.completions.create(model="m", messages=QUESTION)
    assert whole.choices[0].finish_reason == "length"


async def test_tools_go_to_the_large_model_and_its_calls_come_back(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """The large model's calls come back whole, after the opening; the small sees no tools."""
    models.play("large", _two_calls())
    whole = await openai.chat.completions.create(model="m", messages=QUESTION, tools=[WEATHER])
    (choice,) = whole.choices
    assert choice.finish_reason == "tool_calls"
    calls: Any = choice.message.tool_calls
    assert [(c.function.name, json.loads(c.function.arguments)) for c in calls] == _CALLED
    assert len({call.id for call in calls}) == 2
    assert models.requests_for("large")[0].body["tools"] == [WEATHER]
    assert "tools" not in models.requests_for("small")[0].body


async def test_streams_tool_calls(openai: AsyncOpenAI, models: ScriptedEndpoint) -> None:
    """Put together by index, as every client does, the streamed calls are those of the model."""
    models.play("large", _two_calls())
    chunks = await chunks_of(openai, tools=[WEATHER])
    calls: dict[int, list[str]] = {}
    for chunk in chunks:
        for delta in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            call = calls.setdefault(delta.index, ["", "", ""])
            assert delta.function is not None
            call[0] += delta.id or ""
            call[1] += delta.function.name or ""
            call[2] += delta.function.arguments or ""
    assert [(name, json.loads(arguments)) for _, name, arguments in calls.values()] == _CALLED
    assert all(call[0] for call in calls.values())
    assert reasons_of(chunks) == ["tool_calls"]


async def test_a_tool_result_is_answered_by_the_large_model_alone(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """After a tool's result there is no second opening, and the result reaches the large model."""
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        *QUESTION,
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]
    assert text_of(await chunks_of(openai, messages=messages)) == "The museum opens at nine."
    assert models.requests_for("small") == []
    assert [m["role"] for m in models.requests_for("large")[0].messages][-1] == "tool"


async def test_the_large_model_alone_on_request(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """With `disable_quick_response` the large model answers alone, and never sees the field."""
    chunks = await chunks_of(openai, extra_body={"disable_quick_response": True})
    assert text_of(chunks) == "The museum opens at nine."
    assert models.requests_for("small") == []
    assert "disable_quick_response" not in models.requests_for("large")[0].body


@pytest.mark.parametrize(
    "field",
    [
        {"n": 2},
        {"logprobs": True},
        {"response_format": {"type": "json_object"}},
        {"logit_bias": {"50256": -100}},
    ],
    ids=lambda field: next(iter(field)),
)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_two_models_cannot_do_the_large_does_alone(
    openai: AsyncOpenAI, models: ScriptedEndpoint, field: Any, stream: bool
) -> None:
    """What cannot be relayed goes to the large model as it came, and comes back as it was said."""
    if stream:
        chunks = await chunks_of(openai, **field)
        assert text_of(chunks) == "The museum opens at nine."
        assert {chunk.model for chunk in chunks} == {"any-name"}
        assert all(chunk.choices for chunk in chunks), "usage was not asked for"
    else:
        whole = await openai.chat.completions.create(model="any-name", messages=QUESTION, **field)
        assert whole.choices[0].message.content == "The museum opens at nine."
        assert whole.model == "any-name"
    assert models.requests_for("small") == []
    (asked,) = models.requests_for("large")
    assert {name: asked.body[name] for name in field} == field
    assert asked.messages == QUESTION


async def test_fields_of_the_request_reach_the_large_model(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """Sampling fields are the large model's; the client's model name is nobody's."""
    await chunks_of(openai, temperature=0.3, max_tokens=200, stop=["END"], seed=7, user="caller-7")
    (large,), (small,) = models.requests_for("large"), models.requests_for("small")
    assert large.model == "large"
    assert large.body["temperature"] == 0.3
    assert large.body["max_tokens"] == 200
    assert large.body["stop"] == ["END"]
    assert small.body["temperature"] != 0.3
    assert "stop" not in small.body


@pytest.mark.parametrize(
    "fields",
    [
        {"call": {"id": "c1"}, "phoneNumber": {}, "customer": {"number": "+1"}, "metadata": {}},
        {"call": {"id": "c1"}, "timestamp": 1, "assistant": {"name": "Ada"}, "chatId": "c"},
        {"call": {"id": "c1"}, "tier": "gold", "crm": {"id": 7}},  # metadata, destructured
        {"user_id": "u1", "elevenlabs_extra_body": {"any": "thing"}},
    ],
    ids=["vapi", "vapi's later fields", "vapi's metadata", "elevenlabs"],
)
async def test_what_a_voice_platform_says_of_its_call_stays_here(
    openai: AsyncOpenAI, models: ScriptedEndpoint, fields: dict[str, Any]
) -> None:
    """A platform's own fields neither cost the caller the opening nor reach a model."""
    chunks = await chunks_of(openai, extra_body=fields)
    assert text_of(chunks) == WHOLE
    for asked in models.requests:
        assert not fields.keys() & asked.body.keys()


async def test_a_bad_request_is_openais_error(openai: AsyncOpenAI) -> None:
    """A request without messages raises the client's own BadRequestError, naming the field."""
    with pytest.raises(BadRequestError) as caught:
        await openai.chat.completions.create(model="m", messages=[])
    assert caught.value.param == "messages"
    assert caught.value.type == "invalid_request_error"


async def test_lists_the_models(openai: AsyncOpenAI) -> None:
    """`/v1/models` names the models behind the server."""
    names = [model.id async for model in await openai.models.list()]
    assert names == ["blastoff", "large", "small"]
    assert (await openai.models.retrieve("blastoff")).id == "blastoff"


_CALLED = [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"})]


def _two_calls() -> Script:
    calls = tuple(
        ScriptedCall(name, arguments, f"id-{i}") for i, (name, arguments) in enumerate(_CALLED)
    )
    return Script(tool_calls=calls, ttft=0.05)


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
