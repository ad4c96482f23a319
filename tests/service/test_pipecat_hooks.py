"""Pipecat still has what `blastoff_pipecat.service.pipecat` leans on, and it still does the same.

Each test is of Pipecat's own `LLMService`. Where a release has moved a hook, the test named after
it says which, and where to look.
"""

import asyncio
from collections.abc import Callable
from inspect import isfunction
from typing import Any

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
    LLMConfigureOutputFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMarkerFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    MetricsFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings
from pipecat.tests.utils import run_test
from pipecat.turns.speculation_gate import SpeculationGate
from pipecat.utils.tracing.service_decorators import traced_llm

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.frames import ShownOpening
from blastoff_pipecat.service.speculation import CONFIRMS, WITHDRAWS
from blastoff_pipecat.service.tool_round import ToolRound, asks_for_answer
from blastoff_pipecat.service.trace import TracedText
from tests.kit.bot import talking_to
from tests.service.pinned import pinned
from tests.service.spans import TRACING, recorder

DOWNSTREAM = FrameDirection.DOWNSTREAM
QUESTION: Any = {"role": "user", "content": "How is the weather?"}
SPECULATIVE = LLMContextFrame(LLMContext(), speculation=True)


class Plain(LLMService[Any]):
    """Pipecat's service, bare but for what each needs: it passes frames on and answers with text.

    Attributes:
        left: What it has pushed, in order; under speculation, what the gate has let go.
    """

    supports_response_schema = True

    def __init__(self) -> None:
        super().__init__(settings=LLMSettings(model="plain"))
        self.left: list[Frame] = []
        self.given: list[Frame] = []
        hooks.after_each_push(self, Plain._note)

    def _note(self, frame: Frame) -> None:
        self.left.append(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self._process_context(frame.context)
        else:
            await self.push_frame(frame, direction)

    @traced_llm
    async def _process_context(self, context: LLMContext) -> None:
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(TracedText("Sure."))
        await self.push_frame(LLMFullResponseEndFrame())

    async def push_frame(self, frame: Frame, direction: FrameDirection = DOWNSTREAM) -> None:
        self.given.append(frame)
        await super().push_frame(frame, direction)


# The speculation gate.


async def test_speculation_gate() -> None:
    """A service has one gate, which knows that a turn may not have ended."""
    with pinned("LLMService._speculation_gate"):
        llm = Plain()
        gate = hooks.speculation_gate(llm)
        assert isinstance(gate, SpeculationGate)
        await llm.process_frame(SPECULATIVE, DOWNSTREAM)
        assert gate.is_speculating
        assert hooks.speculation_gate(llm) is gate


async def test_frames_leave_the_gate_past_the_service() -> None:
    """What the gate lets go follows what made it do so, and is not given to the service again."""
    with pinned("LLMService.push_frame behind LLMService._speculation_gate"):
        llm = Plain()
        await llm.process_frame(SPECULATIVE, DOWNSTREAM)
        held = list(llm.given)
        assert llm.left == []
        confirming = UserStoppedSpeakingFrame()
        await llm.process_frame(confirming, DOWNSTREAM)
        assert llm.left == [confirming, *held]
        assert llm.given == [*held, confirming]


def test_gate_does_not_hold_metrics() -> None:
    """Metrics pass a gate that holds a reply: we hold them ourselves."""
    with pinned("SpeculationGate.process for a MetricsFrame"):
        gate, frame = holding_gate(), MetricsFrame(data=[])
        assert gate.process(frame, DOWNSTREAM) == [(frame, DOWNSTREAM)]


@pytest.mark.parametrize("kind", [*CONFIRMS, *WITHDRAWS])
def test_gate_decides_by_the_frames_that_we_know(kind: type[Frame]) -> None:
    """What we take for a confirmation releases a held reply; what for a withdrawal drops it."""
    with pinned(f"SpeculationGate.process for a {kind.__name__}"):
        gate, text = holding_gate(), LLMTextFrame("Sure.")
        assert gate.process(text, DOWNSTREAM) == []
        let_go = [frame for frame, _ in gate.process(kind(), DOWNSTREAM)]
        let_go += [frame for frame, _ in gate.process(UserStoppedSpeakingFrame(), DOWNSTREAM)]
        assert (text in let_go) == (kind in CONFIRMS)


def holding_gate() -> SpeculationGate:
    gate = SpeculationGate()
    gate.process(UserStartedSpeakingFrame(), DOWNSTREAM)
    gate.begin_speculation(True)
    gate.process(LLMFullResponseStartFrame(), DOWNSTREAM)
    return gate


# What a service can be asked.


async def test_skips_tts() -> None:
    """`LLMConfigureOutputFrame` is remembered, and stamped on plain text alone."""
    with pinned("LLMService._skip_tts"):
        llm = Plain()
        assert not hooks.skips_tts(llm)
        await llm.process_frame(LLMConfigureOutputFrame(skip_tts=True), DOWNSTREAM)
        assert hooks.skips_tts(llm)
        plain, whole = LLMTextFrame("Sure."), AggregatedTextFrame("Sure.", "sentence")
        await llm.push_frame(plain)
        await llm.push_frame(whole)
        assert (plain.skip_tts, whole.skip_tts) == (True, None)


async def test_filters_turns() -> None:
    """The filter is switched on by a settings frame, and takes the turn's marker out of a text."""
    with pinned("LLMService._filter_incomplete_user_turns or LLMService._push_llm_text"):
        llm = Plain()
        assert hooks.filters_turns(llm) is False
        delta = LLMSettings(filter_incomplete_user_turns=True)
        await llm.process_frame(LLMUpdateSettingsFrame(delta=delta), DOWNSTREAM)
        assert hooks.filters_turns(llm) is True
        await hooks.push_filtered(llm, "● It is nine.")
        said = [frame.text for frame in llm.left if isinstance(frame, LLMTextFrame)]
        assert "".join(said).strip() == "It is nine."
        assert [frame for frame in llm.left if isinstance(frame, LLMMarkerFrame)]


def test_log_request(caplog: pytest.LogCaptureFixture) -> None:
    """What is about to be answered is logged with its messages."""
    with pinned("LLMService._log_llm_response"):
        hooks.log_request(Plain(), LLMContext([{"role": "user", "content": "When is it?"}]))
        assert "When is it?" in caplog.text


async def test_tell_of_timeout() -> None:
    """The application's handlers of `on_completion_timeout` are called with the service."""
    with pinned("BaseObject._call_event_handler for on_completion_timeout"):
        llm, told = Plain(), asyncio.Future[Any]()
        llm.add_event_handler("on_completion_timeout", told.set_result)
        await hooks.tell_of_timeout(llm)
        assert await asyncio.wait_for(told, 1.0) is llm


def test_check_schema() -> None:
    """A schema is passed by a service that says it supports one, and by no other."""
    with pinned("LLMService._check_response_schema"):
        llm, schema = Plain(), {"type": "object"}
        assert hooks.check_schema(llm, None) is None
        assert hooks.check_schema(llm, schema) == schema
        assert hooks.check_schema(LLMService(settings=LLMSettings(model="x")), schema) is None


# What a service overrides.


async def test_update_settings() -> None:
    """A settings frame reaches `_update_settings`, which changes `_settings` and tells how."""
    changes: list[dict[str, Any]] = []

    class Changing(Plain):
        async def _update_settings(self, delta: Any) -> dict[str, Any]:
            changes.append(await super()._update_settings(delta))
            return changes[-1]

    with pinned("AIService._update_settings or AIService._settings"):
        llm = Changing()
        frame = LLMUpdateSettingsFrame(delta=LLMSettings(model="other"))
        await llm.process_frame(frame, DOWNSTREAM)
        assert changes == [{"model": "plain"}]
        assert llm._settings.model == "other"


async def test_settings_for_another_service() -> None:
    """They are passed on by Pipecat's `process_frame` already, and change nothing."""
    with pinned("LLMService.process_frame for an LLMUpdateSettingsFrame of another service"):
        llm = Plain()
        frame = LLMUpdateSettingsFrame(delta=LLMSettings(model="other"), service=Plain())
        await LLMService.process_frame(llm, frame, DOWNSTREAM)
        assert llm.given == [frame]
        assert llm._settings.model == "plain"


def test_names_of_our_own_are_not_pipecats(make_llm: Any) -> None:
    """The service overrides what it means to, and none of its attributes is Pipecat's too."""
    with pinned("the names in LLMService"):
        methods = {name for name, each in vars(DualLLMService).items() if isfunction(each)}
        assert (methods & set(dir(LLMService))) - OVERRIDDEN == set()
        attributes = set(DualLLMService.__init__.__code__.co_names) & set(vars(make_llm()))
        assert attributes >= {"_policy", "_speculation", "latency"}
        assert attributes & set(vars(LLMService(settings=LLMSettings(model="x")))) == set()


OVERRIDDEN = {
    "__init__",
    "_update_settings",
    "can_generate_metrics",
    "cancel",
    "cleanup",
    "process_frame",
    "push_frame",
    "run_inference",
    "setup",
    "start",
    "stop",
}


# What becomes of a tool's result.


@pytest.mark.parametrize("result", [{"sky": "clear"}, "où ça ?", ["a", 1], None, ""])
@pytest.mark.parametrize("seen", [0, 1, 2])
async def test_context_of_a_result(result: Any, seen: int) -> None:
    """Calls, results and a reply's text come into the context as `ToolRound.foresee` says."""
    calls = [
        FunctionCallInProgressFrame("get", id, {"of": "Malmö"}, True, "group") for id in ("a", "b")
    ]
    results = [FunctionCallResultFrame("get", id, {}, result) for id in ("a", "b")]
    started = FunctionCallsStartedFrame(
        [FunctionCallFromLLM("get", each.tool_call_id, {}, LLMContext()) for each in calls]
    )
    pipecat, ours = LLMContext([QUESTION]), LLMContext([QUESTION])
    aggregator, foreseen = LLMAssistantAggregator(pipecat), ToolRound(started, 0.0)
    with pinned("LLMAssistantAggregator's messages of function calls"):
        text: list[Frame] = [
            LLMFullResponseStartFrame(),
            LLMTextFrame("One moment."),
            LLMFullResponseEndFrame(),
        ]
        for frame in [started, *calls, *results]:
            foreseen.process(frame)
        for number, frames in enumerate((text, [started, *calls], results)):
            if number == seen:  # what has reached the context by now is foreseen from there
                ours = LLMContext([*pipecat.messages])
                ours = foreseen.foresee(ours, 1, "One moment.")
            await run_test(aggregator, frames_to_send=frames)
        assert ours.messages == pipecat.messages


def test_result_that_is_not_answered() -> None:
    """A result without content or with `run_llm=False` asks for no answer."""
    no = FunctionCallResultProperties(run_llm=False)
    assert not asks_for_answer(FunctionCallResultFrame("get", "a", {}, {"sky": 1}, properties=no))
    assert not asks_for_answer(FunctionCallResultFrame("get", "a", {}, None))
    assert not asks_for_answer(FunctionCallResultFrame("get", "a", {}, {"sky": 1}, run_llm=False))
    assert asks_for_answer(FunctionCallResultFrame("get", "a", {}, {"sky": 1}))


# What observers and tracers are shown.


async def test_after_each_push() -> None:
    """A handler sees each frame that has left, before the push returns, and none that is held."""
    with pinned("FrameProcessor's event on_after_push_frame"):
        llm, text = Plain(), LLMTextFrame("Sure.")
        await llm.push_frame(text)
        assert llm.left == [text]
        await llm.process_frame(SPECULATIVE, DOWNSTREAM)
        assert llm.left == [text]


class Watcher(BaseObserver):
    """Keeps what it is shown of openings."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[FramePushed] = []
        self.changed: Callable[[], None] = lambda: None

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, ShownOpening):
            self.seen.append(data)
            self.changed()


async def test_show_observers() -> None:
    """Observers are told of a frame, as of one that is pushed first; no processor gets it."""
    watcher, llm = Watcher(), Plain()
    async with talking_to(llm, observers=[watcher]) as bot:
        watcher.changed = bot.changed.set
        with pinned("FrameProcessor.processor_setup.observer or FramePushed"):
            await hooks.show_observers(llm, ShownOpening("Sure."))
            await bot.until(lambda: bool(watcher.seen), within=1.0)
            (data,) = watcher.seen
            assert (data.source, data.destination) == (llm, bot.after)
            assert (data.direction, data.first_push) == (DOWNSTREAM, True)
            assert isinstance(data.frame, LLMTextFrame)
            await llm.push_frame(behind := LLMFullResponseStartFrame())
            await bot.until(lambda: any(each is behind for each, _, _ in bot.after.frames))
            assert bot.of(ShownOpening) == []


async def test_traced_text() -> None:
    """`traced_llm` records what is given to `push_frame` in a class of the name LLMTextFrame."""
    spans = recorder()
    async with talking_to(Plain(), worker_options=TRACING) as bot:
        spans.on_span = bot.changed.set
        with pinned("traced_llm's look at the frames that are pushed"):
            await bot.ask("Hello?")
            await bot.until(lambda: bool(spans.of_llms()), within=5.0)
            (span,) = spans.of_llms()
            assert dict(span.attributes or {})["output"] == "Sure."
    spans.clear()
