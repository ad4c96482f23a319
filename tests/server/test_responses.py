"""The Responses protocol, as the stock OpenAI client speaks it."""

import json
from typing import Any

import httpx
import pytest
from openai import APIStatusError, AsyncOpenAI, BadRequestError
from openai.types.responses import ResponseStreamEvent
from pydantic import BaseModel

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from blastoff_pipecat.testing import ToolCall as ScriptedCall
from tests.server.conftest import ANSWER

ASKED = "When does the museum open?"
WHOLE = "Sure, let me look at that. The museum opens at nine."
USAGE = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": None,
}


async def events_of(client: AsyncOpenAI, **request: Any) -> list[ResponseStreamEvent]:
    """Ask for a stream and return all of it."""
    request = {"model": "any-name", "input": ASKED, **request}
    stream = await client.responses.create(stream=True, **request)
    return [event async for event in stream]


async def test_answers_whole(openai: AsyncOpenAI, models: ScriptedEndpoint) -> None:
    """A response is one message of both models, with the tokens of both."""
    models.play("small", Script("Sure, let me look at that.", usage=USAGE))
    models.play("large", Script(ANSWER, ttft=0.05, usage=USAGE))
    answer = await openai.responses.create(
        model="any-name", input=ASKED, instructions="You are a guide.", max_output_tokens=200
    )
    assert answer.output_text == WHOLE
    assert (answer.status, answer.model, answer.instructions) == (
        "completed",
        "any-name",
        "You are a guide.",
    )
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (200, 10)
    asked = models.requests_for("large")[0]
    assert asked.messages[0]["role"] == "system"
    assert asked.messages[0]["content"].startswith("You are a guide.")
    assert asked.body["max_tokens"] == 200


async def test_streams_one_message_in_order(openai: AsyncOpenAI) -> None:
    """Every event is there once, numbered, and the last one holds the whole response."""
    events = await events_of(openai)
    kinds = list(dict.fromkeys(event.type for event in events))
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [each for each in events if each.type == "response.output_text.delta"]
    assert "".join(delta.delta for delta in deltas) == WHOLE
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == WHOLE
    parts = [each.to_dict()["extra_content"]["blastoff"]["part"] for each in deltas]
    assert parts[0] == "opening"
    assert parts[-1] == "answer"


async def test_the_clients_own_reading_of_a_stream_agrees(openai: AsyncOpenAI) -> None:
    """The client's accumulator, which checks every event, ends with the same response."""
    async with openai.responses.stream(model="any-name", input=ASKED) as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_response()
    assert final.output_text == WHOLE


async def test_tools_are_called_and_their_results_answered(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """Calls come back whole behind the opening; their outputs go to the large model as results."""
    calls = tuple(
        ScriptedCall("get_weather", {"city": city}, f"id-{city}") for city in ("Oslo", "Bergen")
    )
    models.play("large", Script(tool_calls=calls, ttft=0.05), Script("It is sunny."))
    async with openai.responses.stream(
        model="any-name", input=ASKED, tools=[WEATHER], tool_choice="auto"
    ) as stream:
        async for _ in stream:
            pass
        first = await stream.get_final_response()
    assert [item.type for item in first.output] == ["message", "function_call", "function_call"]
    called = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(each.arguments)["city"] for each in called] == ["Oslo", "Bergen"]
    tool = models.requests_for("large")[0].body["tools"][0]
    assert tool["type"] == "function"
    assert tool["function"]["name"] == "get_weather"

    outputs = [
        {"type": "function_call_output", "call_id": each.call_id, "output": "sunny"}
        for each in called
    ]
    again: Any = [{"role": "user", "content": ASKED}, *first.output, *outputs]
    second = await openai.responses.create(model="any-name", input=again, tools=[WEATHER])
    assert second.output_text == "It is sunny."
    roles = [each["role"] for each in models.requests_for("large")[1].messages]
    assert [role for role in roles if role != "system"] == ["user", "assistant", "tool", "tool"]
    asked = next(m for m in models.requests_for("large")[1].messages if m["role"] == "assistant")
    assert asked["content"] == "Sure, let me look at that."
    assert [call["id"] for call in asked["tool_calls"]] == ["id-Oslo", "id-Bergen"]


async def test_a_schema_is_followed_by_the_large_model_alone(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """What is parsed has no opening in it."""

    class Hours(BaseModel):
        opens: int

    models.play("large", '{"opens": 9}')
    answer = await openai.responses.parse(model="any-name", input=ASKED, text_format=Hours)
    assert answer.output_parsed == Hours(opens=9)
    assert models.requests_for("small") == []
    form = models.requests_for("large")[0].body["response_format"]
    assert form["type"] == "json_schema"
    assert "opens" in form["json_schema"]["schema"]["properties"]


async def test_a_response_that_is_cut_off_is_incomplete(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """The limit of tokens is told as the protocol has it."""
    models.play("large", Script("The museum opens", finish_reason="length"))
    events = await events_of(openai)
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details is not None
    assert events[-1].response.incomplete_details.reason == "max_output_tokens"


async def test_a_failure_before_the_first_word_is_a_status(
    openai: AsyncOpenAI, models: ScriptedEndpoint
) -> None:
    """As in the other protocol."""
    models.play("small", Script(fault=Fault.STATUS_500))
    models.play("large", Script(fault=Fault.STATUS_500))
    with pytest.raises(APIStatusError) as caught:
        await events_of(openai)
    assert caught.value.status_code == 502


@pytest.mark.parametrize(
    "fields",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"background": True},
        {"tools": [{"type": "web_search"}]},
        {"tool_choice": {"type": "file_search"}},
        {"input": []},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
        {"input": [{"role": "oracle", "content": "hi"}]},
    ],
    ids=str,
)
async def test_what_cannot_be_done_here_is_a_clear_400(
    openai: AsyncOpenAI, models: ScriptedEndpoint, fields: dict[str, Any]
) -> None:
    """What needs a store or OpenAI's own tools names its field."""
    with pytest.raises(BadRequestError) as caught:
        await openai.responses.create(**{"model": "m", "input": ASKED, **fields})
    assert caught.value.param is not None
    assert models.requests == []


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"input": 7}',
        b'{"input": [7]}',
        b'{"input": "x", "text": 7}',
        b'{"input": "x", "tools": 7}',
        b'{"input": "x", "reasoning": []}',
        b'{"input": [{"role": "user", "content": 7}]}',
        b'{"input": [{"type": []}]}',
    ],
)
async def test_an_odd_body_is_a_clear_400(http: httpx.AsyncClient, body: bytes) -> None:
    """Whatever is sent as a body."""
    headers = {"content-type": "application/json"}
    response = await http.post("/v1/responses", content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_images_reach_the_large_model(openai: AsyncOpenAI, models: ScriptedEndpoint) -> None:
    """In the other protocol's shape."""
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
    ]
    await openai.responses.create(model="m", input=[{"role": "user", "content": content}])  # type: ignore[list-item]
    asked = next(m for m in models.requests_for("large")[0].messages if m["role"] == "user")
    assert asked["content"][1] == {
        "type": "image_url",
        "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"},
    }
