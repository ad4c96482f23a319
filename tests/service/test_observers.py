"""What observers of the pipeline are shown of a reply by two models."""

from collections.abc import Callable
from typing import Any

import pytest
from pipecat.frames.frames import LLMTextFrame, TextFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.observers.loggers.debug_log_observer import DebugLogObserver
from pipecat.observers.loggers.llm_log_observer import LLMLogObserver
from pipecat.observers.user_bot_latency_observer import LatencyBreakdown, UserBotLatencyObserver

from blastoff_pipecat import OpeningTextFrame
from blastoff_pipecat.service.frames import ShownOpening
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.kit.phone import on_the_phone

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine."


class Reader(BaseObserver):
    """Keeps the text frames that a service is seen to push."""

    def __init__(self, source: Any) -> None:
        super().__init__(observe_every_push=False)
        self._source = source
        self.texts: list[TextFrame] = []
        self.changed: Callable[[], None] = lambda: None

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.source is self._source and isinstance(data.frame, TextFrame):
            self.texts.append(data.frame)
            self.changed()


async def test_opening_is_shown_by_a_class_of_its_own(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Right after an opening comes its text once more, told apart by its class."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=0.05))
    llm = make_llm()
    reader = Reader(llm)
    async with talking_to(llm, observers=[reader]) as bot:
        reader.changed = bot.changed.set
        await bot.hear_reply()
        await bot.until(lambda: reader.texts[-1] in bot.of(LLMTextFrame))
        first, second, *rest = reader.texts
        assert (type(first), first.text) == (OpeningTextFrame, OPENING)
        assert (type(second), second.text) == (ShownOpening, OPENING)
        assert {type(each) for each in rest} == {LLMTextFrame}


@pytest.mark.parametrize(
    "observer", [LLMLogObserver, lambda: DebugLogObserver(frame_types=(LLMTextFrame,))]
)
async def test_pipecats_logs_have_the_opening(
    server: ScriptedEndpoint,
    make_llm: Any,
    observer: Callable[[], BaseObserver],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Observers that log a model's text log the opening first, as the service's."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=0.05))
    async with talking_to(make_llm(), observers=[observer()]) as bot:
        await bot.hear_reply()
    first = next(each for each in caplog.messages if "LLM GENERATING" in each or " text: " in each)
    assert repr(OPENING) in first
    assert "DualLLMService" in first


async def test_pipecats_latency_is_that_of_the_opening(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The latency observer takes the opening for the first text, not the large model's words."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=0.6))
    observer = UserBotLatencyObserver()
    told: list[LatencyBreakdown] = []
    async with on_the_phone(make_llm(), observers=[observer]) as caller:

        @observer.event_handler("on_latency_breakdown")
        async def _(_observer: Any, breakdown: LatencyBreakdown) -> None:
            told.append(breakdown)
            caller.bot.changed.set()

        await caller.say("When does it open?")
        await caller.bot.until(lambda: bool(told))
        parts = {each.key: each.duration_secs for each in told[0].contributions}
        assert parts["llm_inference"] < 0.3
