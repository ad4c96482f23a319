"""Thoughts that a provider wants back come back, in their place, with an opening before them."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    Frame,
    LLMContextFrame,
    LLMThoughtTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.kit.providers.play import Call, Play
from tests.kit.providers.server import Provider
from tests.service.inner.stands import STANDS, Stand

OPENING = "Sure, let me look at that."
ANSWER = "It is sunny in Oslo."
THOUGHT = "They want the weather."
pytestmark = pytest.mark.parametrize(
    "stand", [each for each in STANDS.values() if each.thinks], ids=lambda each: each.title
)


async def test_thoughts_of_a_call(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, stand: Stand
) -> None:
    """The thought before a call is sent back with it, first, and is never spoken."""

    async def get_weather(params: FunctionCallParams) -> None:
        """Get the weather."""
        await params.result_callback({"sky": "clear"})

    small.play("small", OPENING)
    call = Call(name="get_weather", arguments="{}")
    provider.play(Play(thought=THOUGHT, call=call), Play(text=(ANSWER,)))
    async with talking_to(make_llm(), tools=[get_weather]) as bot:
        await bot.ask("How is the weather?")
        await bot.until(lambda: any(ANSWER in said for said in bot.assistant_messages))
        assert bot.spoken == [OPENING, ANSWER]
        assert [frame.text for frame in bot.of(LLMThoughtTextFrame)] == [THOUGHT]
        assert bot.errors == []
    answered = provider.asked[1].text
    if stand.title == "Anthropic":  # it wants a thought before all that it led to
        assert 0 < answered.index("signed") < answered.index(OPENING) < answered.index("tool_use")
    else:
        assert "c2lnbmVk" in answered
    assert len(provider.asked) == 2


async def test_thoughts_of_a_text(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, stand: Stand
) -> None:
    """The signature of a text comes back on the message that holds it, opening and all."""
    small.play("small", OPENING)
    provider.play(Play(thought=THOUGHT, text=("It is sunny", " in Oslo."), pace=0.02))
    async with talking_to(make_llm()) as bot:
        assert await bot.hear_reply("How is the weather?") == f"{OPENING} {ANSWER}"
        await bot.hear_reply("And tomorrow?")
        assert bot.errors == []
    again = provider.asked[1].text
    assert f"{OPENING} {ANSWER}" in again
    assert ("signed" if stand.title == "Anthropic" else "c2lnbmVk") in again


@pytest.mark.parametrize(
    ("ends", "heard"), [(EagerEndOfTurnCancelFrame, 0), (UserStoppedSpeakingFrame, 1)]
)
async def test_thoughts_of_a_speculation(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, ends: type[Frame], heard: int
) -> None:
    """Thoughts are told of once the turn is confirmed, and never where it was withdrawn."""
    small.play("small", OPENING)
    provider.play(Play(thought=THOUGHT, text=(ANSWER,)))
    async with talking_to(make_llm()) as bot:
        await bot.before.push_frame(UserStartedSpeakingFrame())
        context = LLMContext([{"role": "user", "content": "How is the weather?"}])
        await bot.before.push_frame(LLMContextFrame(context, speculation=True))
        await provider.until(lambda: bool(provider.asked) and provider.asked[0].over)
        assert bot.of(LLMThoughtTextFrame) == []
        await bot.before.push_frame(ends())
        await bot.until(lambda: len(bot.reports) == 1 and bot.ended == heard)
        assert len(bot.of(LLMThoughtTextFrame)) == heard
