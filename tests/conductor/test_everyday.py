"""Everyday turns in fourteen languages, with small models that answer well, so so, and badly."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import pytest

from blastoff_pipecat.bench.seam.sets import Turn, turns
from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.relay.actions import SayOpening
from blastoff_pipecat.relay.commitments import commits
from blastoff_pipecat.relay.language import language_of, same_script
from blastoff_pipecat.relay.lead_in import leads_in
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.occasions import needs_none
from blastoff_pipecat.relay.scripts import plain
from blastoff_pipecat.testing import Script, ScriptedEndpoint

AT_ONCE = 24
ALWAYS = Policy(
    opening="always", handover="beside", small_first_token_timeout_secs=8.0, max_silence_secs=60.0
)
BAD = (
    "Paris is the capital of France.",
    "Of course, I have already cancelled that for you.",
    "Yes, absolutely!",
    "Das ist eine gute Frage.",
    "It costs 12 dollars and 50 cents.",
    "",
    "Assistant: <think>hm</think>",
    "好问题，让我来告诉你答案是什么吧，因为这很重要。",
)

Small: TypeAlias = Callable[[Turn, int], str]


def good(turn: Turn, number: int) -> str:
    """Decline where nothing is needed; else a lead-in in the user's language."""
    if turn.opening == "never":
        return "-"
    return LINES[turn.language].sentences[number % 4]


def mediocre(turn: Turn, number: int) -> str:
    """Say the same English line to everything."""
    return "Let me look into that."


def bad(turn: Turn, number: int) -> str:
    """Claim, promise, say yes, and speak in tongues."""
    return BAD[number % len(BAD)]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        running.play("large", Script("This is the answer. It is short."))
        yield running


async def openings(server: ScriptedEndpoint, small: Small) -> list[str]:
    """Have every turn answered by both models; return what was said before each answer."""
    numbers = {turn.text: number for number, turn in enumerate(turns())}

    def answer(body: dict[str, Any]) -> Script:
        number = numbers[body["messages"][-1]["content"]]
        return Script(small(turns()[number], number))

    server.play("small", answer)
    conductor = Conductor(
        ChatClient(ChatEndpoint(base_url=server.url, model="small")),
        ChatClient(ChatEndpoint(base_url=server.url, model="large")),
    )
    gate = asyncio.Semaphore(AT_ONCE)

    async def opening(turn: Turn) -> str:
        conversation = Conversation(messages=[{"role": turn.role, "content": turn.text}])
        async with gate, aclosing(conductor.reply(conversation, ALWAYS)) as reply:
            return "".join([each.text async for each in reply if isinstance(each, SayOpening)])

    try:
        return await asyncio.gather(*map(opening, turns()))
    finally:
        await conductor.aclose()


@pytest.mark.parametrize("small", [good, mediocre, bad])
async def test_nothing_is_said_where_it_would_hurt(server: ScriptedEndpoint, small: Small) -> None:
    """To greetings, thanks, goodbyes, yes, no, numbers, bad news, distress and emergencies.

    A good small model declines what the words alone do not settle.
    """
    said = await openings(server, small)
    wrong = [
        (turn, line)
        for turn, line in zip(turns(), said, strict=True)
        if turn.opening == "never" and line
        if small is good or turn.role == "developer" or needs_none(turn.text)
    ]
    assert wrong == []


@pytest.mark.parametrize("small", [good, mediocre, bad])
async def test_what_is_said_claims_nothing_in_no_other_language(
    server: ScriptedEndpoint, small: Small
) -> None:
    """A lead-in, in the user's language, without promise or digit; or nothing."""
    for turn, line in zip(turns(), await openings(server, small), strict=True):
        if known := language_of(turn.text):  # else the script is all that is to go by
            assert language_of(line) in (None, known), (turn, line)
            assert leads_in(line, known), (turn, line)
        assert not line or same_script(line, turn.text), (turn, line)
        assert not commits(line), (turn, line)
        assert not any(char.isdigit() for char in line), (turn, line)


async def test_questions_and_requests_are_opened(server: ScriptedEndpoint) -> None:
    """With a good small model, at least four of five of them."""
    said = await openings(server, good)
    welcome = [line for turn, line in zip(turns(), said, strict=True) if turn.opening == "should"]
    assert sum(map(bool, welcome)) >= 0.8 * len(welcome)


async def test_no_line_is_said_twice_in_a_row(server: ScriptedEndpoint) -> None:
    """A small model that repeats itself is not repeated, while there is another line."""
    server.play("small", Script("Let me look into that."))
    conductor = Conductor(
        ChatClient(ChatEndpoint(base_url=server.url, model="small")),
        ChatClient(ChatEndpoint(base_url=server.url, model="large")),
    )
    messages: list[dict[str, Any]] = []
    said: list[str] = []
    for number in range(8):
        messages.append({"role": "user", "content": f"What is the {'very ' * number}best book?"})
        text = ""
        async with aclosing(conductor.reply(Conversation(messages=messages), ALWAYS)) as reply:
            async for each in reply:
                text += getattr(each, "text", "")
                if isinstance(each, SayOpening):
                    said.append(plain(each.text))
        messages.append({"role": "assistant", "content": text})
    await conductor.aclose()
    assert len(said) == 8
    assert all(one != other for one, other in itertools.pairwise(said))
