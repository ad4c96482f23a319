"""Who speaks, and what a reply answers."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams, LLMService

from blastoff_pipecat import DualLLMService, OpeningTextFrame
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.timeline.listener import (
    began_at,
    calling,
    check_all,
    play,
    zero,
)
from tests.timeline.voices import (
    ASIDE,
    CONTINUATION,
    OPENING,
)


async def test_the_large_model_alone_has_no_opening(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Switched to the large model, the page is told so from the reply's first message on."""
    play(server, ttft=0.2)
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        assert (await call.hear(1))["mode"] == "two models"
        switch = LLMUpdateSettingsFrame(delta=DualLLMService.Settings(opening="never"))
        await call.bot.worker.queue_frame(switch)
        await call.say("When does it open?")
        message = await call.hear(2)
        assert {each["mode"] for each in call.page.of(2)} == {"large alone"}
        times, began = message["times"], zero(call)
        heard = call.speaker.heard(opening=False, since=began)
        assert times["continuation_heard"] == call.near(heard[0] - began)
        assert times["opening_text"] is times["opening_heard"] is times["opening_over"] is None
        assert (message["opening"], message["gap"]) == ("", None)
        check_all(call.page)


@pytest.mark.parametrize("fault", [Fault.STATUS_500, Fault.HANG_BEFORE_FIRST_TOKEN])
async def test_a_reply_without_its_opening_is_still_one_of_two_models(
    server: ScriptedEndpoint, make_llm: Any, fault: Fault
) -> None:
    """Whatever two models cost, or spare, is theirs: how the bot is set is the mode."""
    server.play("small", Script(fault=fault))
    server.play("large", CONTINUATION)
    async with calling(make_llm(small_first_token_timeout_secs=0.3)) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert {each["mode"] for each in call.page.messages} == {"two models"}
        assert message["metrics"]["outcome"] == "large_only"
        assert message["continuation"].strip() == CONTINUATION.strip()
        check_all(call.page)


async def test_a_lost_continuation_is_said_by_the_small_model(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """What the small model says in the large one's place follows the opening."""
    server.play("small", Script(OPENING), Script("It opens at nine."))
    server.play("large", Script(fault=Fault.STATUS_500))
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert (message["mode"], message["metrics"]["outcome"]) == ("two models", "small_only")
        assert message["continuation"].strip() == "It opens at nine."
        assert message["gap"] == call.near(call.speaker.gap)
        check_all(call.page)


async def test_two_lost_models_are_a_reply_without_a_word(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The reply is done, and the next is as ever."""
    for model in ("small", "large"):
        server.play(model, Script(fault=Fault.STATUS_500))
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["metrics"]["outcome"] == "failed"
        assert (message["opening"], message["continuation"]) == ("", "")
        assert {name for name, at in message["times"].items() if at} == {"turn_ended"}
        play(server)
        await call.say("And now?")
        assert (await call.hear(2))["gap"] == call.near(call.speaker.gap)
        check_all(call.page)


async def test_without_metrics_the_timeline_goes_on(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Metrics are the service's own, and switched off they are None."""
    play(server)
    params = PipelineParams(enable_metrics=False)
    async with calling(make_llm(), params=params) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["metrics"] is None
        assert message["mode"] == "two models"
        assert message["gap"] == call.near(call.speaker.gap)


async def test_a_greeting_counts_from_its_own_beginning(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Where nobody spoke, there is no turn; typed text after a turn is no part of that turn."""
    play(server)
    async with calling(make_llm()) as call:
        await call.bot.worker.queue_frame(LLMRunFrame())
        greeting = await call.hear(1)
        began = began_at(call)
        assert greeting["times"]["turn_ended"] is None
        assert greeting["times"]["continuation_heard"] == call.near(
            call.speaker.heard(opening=False)[0] - began
        )
        await call.say("When does it open?")
        assert (await call.hear(2))["times"]["turn_ended"] > 0
        await call.bot.ask("And tomorrow?")
        typed = await call.hear(3)
        began = began_at(call)
        assert typed["times"]["turn_ended"] is None
        assert typed["times"]["opening_heard"] == call.near(
            call.speaker.heard(opening=True, since=began)[0] - began
        )
        check_all(call.page)


@dataclass
class Museum:
    """A tool."""

    secs: float = 0.0

    async def look_up(self, params: FunctionCallParams) -> None:
        """Look it up."""
        await asyncio.sleep(self.secs)
        await params.result_callback({"opens": "nine"})


@pytest.mark.parametrize("secs", [0.0, 0.7])
async def test_a_tool_s_answer_is_a_reply_of_its_own(
    server: ScriptedEndpoint, make_llm: Any, secs: float
) -> None:
    """It counts from its own beginning, also if it is written while the opening is heard."""
    server.play("small", OPENING)
    server.play("large", Script.tool_call("look_up"), Script(CONTINUATION))
    async with calling(make_llm(), tools=[Museum(secs).look_up]) as call:
        await call.say("When does it open?")
        first, second = await call.hear(1), await call.hear(2)
        began = zero(call)
        assert (first["opening"], first["continuation"]) == (OPENING, "")
        assert (second["opening"], second["continuation"].strip()) == ("", CONTINUATION.strip())
        assert (first["mode"], second["mode"]) == ("two models", "large alone")
        assert {message["mode"] for message in call.page.of(2)} == {"large alone"}
        assert first["times"]["over"] == call.near(call.speaker.heard(opening=True)[1] - began)
        heard = call.speaker.heard(opening=False)
        began = began_at(call)
        assert second["times"]["continuation_heard"] == call.near(heard[0] - began)
        assert second["times"]["over"] == call.near(heard[1] - began)
        assert first["times"]["turn_ended"] > 0
        assert second["times"]["turn_ended"] is None
        assert first["gap"] is second["gap"] is None
        check_all(call.page)


async def test_what_a_bot_says_beside_its_replies_is_in_none(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A `TTSSpeakFrame` before a reply delays it, and in its midst is no part of it."""
    go_on = asyncio.Event()
    server.play("small", OPENING)
    server.play("large", Script([go_on, CONTINUATION]))
    async with calling(make_llm()) as call:
        await call.bot.worker.queue_frame(TTSSpeakFrame(ASIDE))
        await call.until(lambda: call.bot.spoken == [ASIDE])
        await call.bot.ask("When does it open?")
        await call.until(lambda: call.bot.spoken == [ASIDE, OPENING])
        await call.bot.llm.push_frame(TTSSpeakFrame(ASIDE))
        await call.until(lambda: len(call.bot.spoken) == 3)
        go_on.set()
        message = await call.hear(1)
        times, heard, began = message["times"], call.speaker.heard, began_at(call)
        assert times["opening_heard"] == call.near(heard(opening=True)[0] - began)
        assert times["opening_heard"] > 0.3
        assert times["over"] == call.near(heard(opening=False)[1] - began)
        assert message["gap"] == call.near(call.speaker.gap)
        check_all(call.page)


async def test_a_withdrawn_reply_is_never_told(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A reply that was prepared for a turn that went on leaves no trace; a confirmed one is one."""
    play(server)
    async with calling(make_llm()) as call:
        context = LLMContext([{"role": "user", "content": "When does"}])
        worker = call.bot.worker
        await worker.queue_frame(LLMContextFrame(context=context, speculation=True))
        await server.until(lambda: [r.completed for r in server.requests_for("large")] == [True])
        await worker.queue_frame(EagerEndOfTurnCancelFrame())
        await call.until(lambda: [r.outcome for r in call.bot.reports] == ["withdrawn"])
        assert call.page.messages == []
        await worker.queue_frame(LLMContextFrame(context=context, speculation=True))
        await server.until(lambda: len(server.requests_for("large")) == 2)
        await server.until(lambda: server.requests_for("large")[1].completed)
        await worker.queue_frame(UserStoppedSpeakingFrame())
        message = await call.hear(1)
        assert message["metrics"]["speculative"]
        assert message["times"]["turn_ended"] == 0
        assert message["times"]["continuation_text"] == call.near(0)
        check_all(call.page)


async def test_a_continuation_in_the_words_of_the_opening_is_told() -> None:
    """What is said twice is told twice: only what observers are shown of an opening is not."""
    async with calling(Parrot(), tts=False, transport=False) as call:
        await call.say("Hello?")
        message = await call.hear(1)
        assert (message["opening"], message["continuation"]) == ("Hello.", "Hello.")


class Parrot(LLMService[Any]):
    """Says in its continuation what its opening was."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(OpeningTextFrame("Hello."))
        await self.push_frame(LLMTextFrame("Hello."))
        await self.push_frame(LLMFullResponseEndFrame())
