"""Models that fail: one clear answer, whatever happens."""

import json
import time
from typing import Any

import httpx
import pytest
from openai import APIError, AsyncOpenAI, InternalServerError

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.policies import HANDED_OVER
from tests.server.conftest import ANSWER, OPENING, Serve

CHAT = "/v1/chat/completions"
SECRET = "the upstream server's own words"
DEAD = Script(fault=Fault.STATUS_503, error_message=SECRET)
SLOW = Script("Too late.", ttft=30)
HASTY = Policy(
    **HANDED_OVER,
    small_first_token_timeout_secs=0.2,
    large_first_token_timeout_secs=0.4,
    stall_timeout_secs=0.2,
)


def asking(*, stream: bool, **more: Any) -> dict[str, Any]:
    """Make a request's body."""
    question = [{"role": "user", "content": "When does the museum open?"}]
    return {"model": "m", "messages": question, "stream": stream, **more}


async def said_by(url: str, *, stream: bool) -> str:
    """Ask, and return all text of a good answer."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        response = await client.post(CHAT, json=asking(stream=stream))
    assert response.status_code == 200, response.text
    if not stream:
        return response.json()["choices"][0]["message"]["content"]
    chunks = events_of(response.text)
    assert chunks.pop() == "[DONE]"
    return "".join(c["choices"][0]["delta"].get("content") or "" for c in map(json.loads, chunks))


def events_of(text: str) -> list[str]:
    """Cut a stream into the data of its events."""
    assert text.endswith("\n\n")
    return [event.removeprefix("data: ") for event in text.removesuffix("\n\n").split("\n\n")]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("small", [DEAD, SLOW], ids=["dead", "slow"])
async def test_without_the_small_model_the_large_answers(
    serve: Serve, models: ScriptedEndpoint, small: Script, stream: bool
) -> None:
    """A small model that is dead or slow costs the opening and nothing else."""
    models.play("small", small)
    server = await serve(policy=HASTY)
    assert await said_by(server.url, stream=stream) == ANSWER


@pytest.mark.parametrize("stream", [True, False])
async def test_with_the_small_model_unreachable_the_large_answers(
    serve: Serve, stream: bool
) -> None:
    """Nothing listens where the small model should be: the large answers."""
    nowhere = ChatEndpoint(base_url=ScriptedEndpoint.dead_url(), model="small")
    server = await serve(small=nowhere)
    assert await said_by(server.url, stream=stream) == ANSWER


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("large", [DEAD, SLOW], ids=["dead", "slow"])
async def test_without_the_large_model_the_small_finishes(
    serve: Serve, models: ScriptedEndpoint, large: Script, stream: bool
) -> None:
    """A large model that is dead or slow is stood in for by the small one."""
    finish = Script("Sure, let me look at that. It opens at ten.", continues=True)
    models.play("small", Script(OPENING), finish)
    models.play("large", large)
    server = await serve(policy=HASTY)
    said = await said_by(server.url, stream=stream)
    assert said.startswith(OPENING)
    assert said.endswith("It opens at ten.")


@pytest.mark.parametrize("stream", [True, False])
async def test_both_dead_is_one_error_status(
    serve: Serve, models: ScriptedEndpoint, stream: bool
) -> None:
    """Before the first word an error is a status, in OpenAI's shape, in the server's own words."""
    models.play("small", DEAD)
    models.play("large", DEAD)
    server = await serve()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        response = await client.post(CHAT, json=asking(stream=stream))
    assert response.status_code == 502
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == "upstream_failed"
    assert "small model" in error["message"]
    assert "large model" in error["message"]
    assert SECRET not in response.text


@pytest.mark.parametrize("stream", [True, False])
async def test_both_slow_is_one_timeout(
    serve: Serve, models: ScriptedEndpoint, stream: bool
) -> None:
    """Two models that say nothing in time are a 504, in the time that the policy allows."""
    models.play("small", SLOW)
    models.play("large", SLOW)
    server = await serve(policy=HASTY)
    started = time.monotonic()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        response = await client.post(CHAT, json=asking(stream=stream))
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "upstream_timeout"
    assert time.monotonic() - started < 3
    await models.until(lambda: all(r.ended for r in models.requests))
    assert all(request.disconnected for request in models.requests)


async def test_after_the_first_word_an_error_is_an_event(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """Where both die after the opening, the stream ends with an error that the client raises."""
    models.play("small", Script(OPENING), DEAD)
    models.play("large", DEAD)
    server = await serve()
    text = ""
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client:
        stream = await client.chat.completions.create(**asking(stream=True))
        with pytest.raises(APIError, match="No model could") as caught:  # noqa: PT012 - and what was said
            async for chunk in stream:
                text += chunk.choices[0].delta.content or ""
    assert text == OPENING
    assert caught.value.code == "upstream_failed"
    assert SECRET not in str(caught.value)


async def test_an_answer_that_breaks_off_is_no_whole_answer(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """A whole answer is whole: where both die in the middle it is an error, not half a sentence."""
    models.play("small", Script(OPENING), DEAD)
    models.play("large", DEAD)
    server = await serve()
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client:
        with pytest.raises(InternalServerError, match="No model could answer"):
            await client.chat.completions.create(**asking(stream=False))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault.STATUS_400, 400, "upstream_refused"),
        (Fault.STATUS_401, 502, "upstream_failed"),
        (Fault.STATUS_429, 429, "upstream_rate_limit"),
        (Fault.STATUS_500, 502, "upstream_failed"),
        (Fault.HANG_BEFORE_HEADERS, 504, "upstream_timeout"),
        (Fault.HTML_200, 502, "upstream_failed"),
        (Fault.EMPTY_BODY, 502, "upstream_failed"),
        (Fault.GARBAGE, 502, "upstream_failed"),
        (Fault.ERROR_IN_STREAM, 502, "upstream_failed"),
        (Fault.NO_RESPONSE, 502, "upstream_failed"),
    ],
)
@pytest.mark.parametrize("field", [{"n": 2}, {"disable_quick_response": True}], ids=str)
async def test_each_fault_of_the_large_model_alone_is_one_status(
    serve: Serve,
    models: ScriptedEndpoint,
    fault: Fault,
    status: int,
    code: str,
    stream: bool,
    field: dict[str, Any],
) -> None:
    """What the large model alone cannot answer is a status that tells whose fault it is."""
    models.play("small", DEAD)
    models.play("large", Script(ANSWER, fault=fault, error_message=SECRET))
    server = await serve(policy=HASTY, whole_answer_secs=0.4)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        response = await client.post(CHAT, json=asking(stream=stream, **field))
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert SECRET not in response.text


@pytest.mark.parametrize(
    "fault", [Fault.STALL, Fault.DISCONNECT, Fault.EOF_WITHOUT_DONE, Fault.ERROR_IN_STREAM]
)
async def test_a_direct_answer_that_breaks_off_ends_with_an_error_event(
    serve: Serve, models: ScriptedEndpoint, fault: Fault
) -> None:
    """A stream of the large model's own that breaks off never looks like a whole one."""
    models.play("large", Script(ANSWER, fault=fault, after=3, error_message=SECRET))
    server = await serve(policy=HASTY)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        response = await client.post(CHAT, json=asking(stream=True, n=2))
    assert response.status_code == 200
    last = json.loads(events_of(response.text)[-1])
    assert last["error"]["type"] == "upstream_error"
    assert SECRET not in response.text
