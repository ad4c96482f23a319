"""Pipecat's filter of incomplete user turns, whose markers come from the large model."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    LLMMarkerFrame,
    LLMMarkerResponseFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    UserTurnInferenceCompletedFrame,
)
from pipecat.services.settings import LLMSettings
from pipecat.turns.user_turn_completion_mixin import UserTurnCompletionConfig
from pipecat.turns.user_turn_strategies import FilterIncompleteUserTurnStrategies

from blastoff_pipecat import OpeningTextFrame
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.bot import Bot, quick_stops, talking_to
from tests.kit.phone import on_the_phone

OPENING = "Sure, let me look at that."
CONFIG = UserTurnCompletionConfig(incomplete_short_timeout=0.2, incomplete_long_timeout=0.2)


@pytest.fixture(params=["stock", "dual"])
def llm(request: pytest.FixtureRequest, make_llm: Any, make_stock: Any) -> Any:
    """The same bot with either service."""
    return (make_stock if request.param == "stock" else make_llm)(system_instruction="Be kind.")


@pytest.fixture
def filtering() -> FilterIncompleteUserTurnStrategies:
    return FilterIncompleteUserTurnStrategies(config=CONFIG, stop=quick_stops())


async def switch_on(bot: Bot) -> None:
    """Switch the filter on, as Pipecat's turn strategies do."""
    delta = LLMSettings(filter_incomplete_user_turns=True, user_turn_completion_config=CONFIG)
    await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        ("● It is nine.", "It is nine."),
        (["●", " It", " is", " nine."], "It is nine."),
        (["● It is", " nine."], "It is nine."),
        ("◐", ""),
        ("○", ""),
        ("◐ Go on, I am listening.", ""),
        ("No marker at all.", "No marker at all."),
    ],
)
async def test_markers_are_handled_as_by_stock(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any, said: Any, spoken: str
) -> None:
    """What is spoken, remembered and told of a marker is the same with either service."""
    server.play("small", OPENING)
    server.play("large", Script(said), "● Are you there?")
    outcomes = []
    for llm in (make_stock(), make_llm()):
        server.play("large", Script(said), "● Are you there?")
        async with talking_to(llm) as bot:
            await switch_on(bot)
            await bot.ask("When does it")
            await bot.until(lambda bot=bot: bot.of(LLMMarkerResponseFrame))
            await bot.until(lambda bot=bot: bot.assistant_messages)
            (told,) = bot.of(LLMMarkerResponseFrame)
            outcomes.append(
                (
                    "".join(frame.text for frame in bot.of(LLMTextFrame)).strip(),
                    [frame.marker for frame in bot.of(LLMMarkerFrame)],
                    (told.raw, told.marker, told.kind),
                    len(bot.of(UserTurnInferenceCompletedFrame)),
                    bot.assistant_messages[:1],
                    bot.spoken,
                )
            )
            assert not bot.of(OpeningTextFrame)
            await bot.interrupt()
    stock, dual = outcomes
    assert dual == stock
    assert dual[0] == spoken
    assert server.requests_for("small") == []


async def test_a_turn_goes_on_until_it_is_complete(
    server: ScriptedEndpoint, llm: Any, filtering: FilterIncompleteUserTurnStrategies
) -> None:
    """On the phone: a fragment is waited out, the whole turn is answered, both by the large."""
    server.play("small", OPENING)
    server.play("large", "◐", "● It opens at nine.")
    async with on_the_phone(llm, strategies=filtering) as caller:
        bot = caller.bot
        await caller.say("When does the")
        await bot.until(lambda: bot.assistant_messages == ["◐"])
        assert bot.spoken == []
        await caller.say("museum open?")
        await bot.until(lambda: "● It opens at nine." in bot.assistant_messages)
        assert bot.spoken == ["It opens at nine."]
        assert caller.speaker.text_of("bot-llm-text").strip() == "It opens at nine."
        assert bot.errors == []
    assert server.requests_for("small") == []
    system = server.requests_for("large")[0].body["messages"][0]["content"]
    assert system.startswith("Be kind.\n\n")
    assert "TURN COMPLETION PROTOCOL" in system


async def test_a_silent_user_is_asked_again(
    server: ScriptedEndpoint, llm: Any, filtering: FilterIncompleteUserTurnStrategies
) -> None:
    """After the wait the large model is told to encourage the user, and does, without opening."""
    server.play("small", OPENING)
    server.play("large", "○", "● Take your time.")
    async with on_the_phone(llm, strategies=filtering) as caller:
        await caller.say("Let me think")
        await caller.bot.until(lambda: caller.bot.spoken == ["Take your time."])
    assert server.requests_for("small") == []


async def test_openings_return_when_the_filter_is_switched_off(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Only while the filter is on is every turn the large model's alone."""
    server.play("small", OPENING)
    server.play("large", "● Nine.", "Ten.")
    async with talking_to(make_llm(opening="always")) as bot:
        await switch_on(bot)
        assert await bot.hear_reply() == "Nine."
        delta = LLMSettings(filter_incomplete_user_turns=False)
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        assert await bot.hear_reply() == f"{OPENING} Ten."
