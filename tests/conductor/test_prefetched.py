"""A request that was made ahead: taken over by the reply that asks the same, or closed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.prefetched import Prefetched
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.conductor.test_conductor import hear, text_of

RESULT = (
    {"role": "user", "content": "When does the museum open?"},
    {"role": "assistant", "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": "nine", "tool_call_id": "1"},
)
ANSWER = "It opens at nine. Bring a coat."
POLICY = Policy(opening="never", clause_release=False)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        running.play("large", Script(ANSWER, ttft=0.05, usage=True))
        yield running


@pytest.fixture
async def conductor(server: ScriptedEndpoint) -> AsyncIterator[Conductor]:
    made = Conductor(
        *(ChatClient(ChatEndpoint(base_url=server.url, model=name)) for name in ("small", "large"))
    )
    yield made
    await made.aclose()


def ahead(conductor: Conductor, policy: Policy = POLICY) -> Prefetched:
    return Prefetched(conductor, Conversation(messages=RESULT), policy)


async def reply(conductor: Conductor, prefetched: Prefetched, *messages: dict[str, Any]) -> Any:
    return await hear(conductor, *(messages or RESULT), policy=POLICY, prefetched=prefetched)


async def come(prefetched: Prefetched, server: ScriptedEndpoint) -> None:
    """Wait until the answer is there."""
    await server.until(lambda: server.requests and server.requests[0].completed)
    while prefetched.sentence_at is None:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.005)


async def test_the_reply_that_asks_the_same_takes_it_over(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """Nothing is asked twice; what it took counts from when it was asked."""
    prefetched = ahead(conductor)
    await come(prefetched, server)
    assert not prefetched.was_taken
    heard, made = await reply(conductor, prefetched)
    assert prefetched.was_taken
    assert text_of(heard) == ANSWER
    assert len(server.requests) == 1
    assert made.report.large_ttft >= 0.05
    assert made.report.answer_text < 0.05
    assert prefetched.discard() == []


async def test_it_may_be_taken_over_while_it_is_awaited(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """What comes later goes to the reply."""
    heard, _ = await reply(conductor, ahead(conductor))
    assert text_of(heard) == ANSWER
    assert len(server.requests) == 1


async def test_what_was_foreseen_wrong_is_closed(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """What its server has reported of its use is told all the same, once."""
    prefetched = ahead(conductor)
    await come(prefetched, server)
    heard, _ = await reply(conductor, prefetched, RESULT[0])
    assert not prefetched.was_taken
    assert text_of(heard) == ANSWER
    assert len(server.requests) == 2
    used = [each for each in heard if type(each).__name__ == "ModelUsed"]
    assert [(each.role, each.model) for each in used] == [("large", "large")] * 2
    assert prefetched.discard() == []


async def test_one_that_is_discarded_hangs_up(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """Its server sees that, and it is handed over no more."""
    server.play("large", Script(["word "] * 500, pace=0.01))
    prefetched = ahead(conductor)
    await server.until(lambda: len(server.requests) == 1)
    assert prefetched.discard() == []
    await server.until(lambda: server.requests[0].disconnected)
    server.play("large", ANSWER)
    await reply(conductor, prefetched)
    assert not prefetched.was_taken


@pytest.mark.parametrize("late", [True, False])
async def test_one_that_has_failed_or_is_late_is_asked_anew(
    server: ScriptedEndpoint, conductor: Conductor, late: bool
) -> None:
    """A reply would not wait for it any more."""
    fault = Fault.HANG_BEFORE_FIRST_TOKEN if late else Fault.STATUS_500
    server.play("large", Script(fault=fault), ANSWER)
    prefetched = ahead(conductor, replace(POLICY, large_first_token_timeout_secs=0.1))
    await server.until(lambda: len(server.requests) == 1)
    await asyncio.sleep(0.2)
    heard, made = await reply(conductor, prefetched)
    assert not prefetched.was_taken
    assert text_of(heard) == ANSWER
    assert len(server.requests) == 2
    assert made.report.outcome == "large_only"


@pytest.mark.parametrize(
    ("text", "has_sentence"),
    [
        (["It opens at nine. B", 9.0], True),
        (["It opens at", 9.0], False),
        (["It opens at"], True),  # all of it has come
        ([""], False),
        (["<think>It opens at nine. Bring a coat.", 9.0], False),
    ],
)
async def test_when_its_first_sentence_has_come_is_noted(
    server: ScriptedEndpoint, conductor: Conductor, text: list[Any], has_sentence: bool
) -> None:
    """That is when a voice would have had it."""
    server.play("large", Script(text))
    began = asyncio.get_running_loop().time()
    prefetched = ahead(conductor)
    await server.until(lambda: server.requests and server.requests[0].first_byte)
    await asyncio.sleep(0.2)
    assert (prefetched.sentence_at is not None) is has_sentence
    if prefetched.sentence_at is not None:
        assert began < prefetched.sentence_at < began + 0.2
    prefetched.discard()
