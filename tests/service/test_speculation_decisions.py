"""What is held back, let go and called withdrawn, frame by frame, behind Pipecat's real gate."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.speculation_gate import SpeculationGate

from blastoff_pipecat.conductor.report import ReplyReport
from blastoff_pipecat.service.speculation import CONFIRMS, WITHDRAWS, Speculation

DOWNSTREAM = FrameDirection.DOWNSTREAM


class Told(MetricsFrame):
    """What is pushed of a report."""

    def __init__(self, report: ReplyReport) -> None:
        super().__init__(data=[])
        self.report = report


class Exit:
    """The way out of a service: what is held back here, and behind it the gate."""

    def __init__(self) -> None:
        self.gate = SpeculationGate()
        self.speculation = Speculation(self.gate, lambda report: [Told(report)])
        self.left: list[Frame] = []
        """What has passed both, in order."""

    def push(self, frame: Frame, direction: FrameDirection = DOWNSTREAM) -> Frame:
        for each, way in self.speculation.process(frame, direction):
            self._pass_gate(each, way)
        return frame

    def begin(self, *, speculation: bool) -> LLMTextFrame:
        """Begin a reply; return its text, which is said at once."""
        self.gate.begin_speculation(speculation)
        self.push(LLMFullResponseStartFrame())
        self.speculation.begin()
        text = LLMTextFrame("Sure.")
        self.push(text)
        return text

    def end(self, opening: str = "") -> None:
        report = ReplyReport(outcome="relayed", opening=opening)
        for each, way in self.speculation.end(report):
            self._pass_gate(each, way)
        self.push(LLMFullResponseEndFrame())

    def _pass_gate(self, frame: Frame, direction: FrameDirection) -> None:
        self.left += [frame for frame, _ in self.gate.process(frame, direction)]

    @property
    def outcomes(self) -> list[str]:
        return [frame.report.outcome for frame in self.left if isinstance(frame, Told)]


def metrics() -> MetricsFrame:
    return MetricsFrame(data=[])


def test_metrics_of_an_ordinary_reply_leave_at_once() -> None:
    """Where there is nothing to wait for, nothing waits, the report included."""
    service = Exit()
    service.begin(speculation=False)
    measured = service.push(metrics())
    assert service.left[-1] is measured
    service.end()
    assert service.outcomes == ["relayed"]


@pytest.mark.parametrize("kind", CONFIRMS)
def test_confirmed_reply_is_told_behind_what_confirms_it(kind: type[Frame]) -> None:
    """Metrics, then the report, come behind the turn's end and the text that it released."""
    service = Exit()
    text = service.begin(speculation=True)
    measured = service.push(metrics())
    service.end()
    assert service.left == []
    confirming = service.push(kind())
    assert service.left[0] is confirming
    assert text in service.left[1:-2]
    assert service.left[-2] is measured
    assert service.outcomes == ["relayed"]


@pytest.mark.parametrize("kind", WITHDRAWS)
def test_withdrawn_reply_is_told_as_withdrawn(kind: type[Frame]) -> None:
    """Its text is dropped; what it has used is told, and that nobody heard it."""
    service = Exit()
    text = service.begin(speculation=True)
    measured = service.push(metrics())
    service.end()
    service.push(kind())
    assert text not in service.left
    assert service.left[-2] is measured
    assert service.outcomes == ["withdrawn"]


def test_reply_that_is_confirmed_halfway_is_told_at_its_end() -> None:
    """What was measured before is let go, what comes after it no longer held."""
    service = Exit()
    service.begin(speculation=True)
    first = service.push(metrics())
    service.push(UserStoppedSpeakingFrame())
    assert service.left[-1] is first
    second = service.push(metrics())
    assert service.left[-1] is second
    service.end()
    assert service.outcomes == ["relayed"]


@pytest.mark.parametrize("times", [1, 2])
def test_reply_that_is_withdrawn_halfway_is_told_at_its_end(times: int) -> None:
    """A reply that goes on for a while after its withdrawal, or after two, is still withdrawn."""
    service = Exit()
    service.begin(speculation=True)
    for _ in range(times):
        service.push(EagerEndOfTurnCancelFrame())
    service.push(UserStoppedSpeakingFrame())
    service.end()
    assert service.outcomes == ["withdrawn"]
    service.begin(speculation=False)
    service.end()
    assert service.outcomes == ["withdrawn", "relayed"]


def test_guess_at_the_next_turn_leaves_a_confirmed_reply_alone() -> None:
    """What withdraws nothing that is speculative makes no reply a withdrawn one."""
    service = Exit()
    service.begin(speculation=True)
    service.push(UserStoppedSpeakingFrame())
    service.push(EagerEndOfTurnCancelFrame())
    service.end()
    assert service.outcomes == ["relayed"]


def test_everything_else_passes() -> None:
    """A frame that is no metrics goes where it was going, whatever is held."""
    speculation = Exit().speculation
    for direction in FrameDirection:
        frame = LLMTextFrame("Sure.")
        assert speculation.process(frame, direction) == [(frame, direction)]


class Turns(Exit):
    """Turns in any order, as far as a service can have them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, LLMTextFrame] = {}
        self.measured: list[Frame] = []
        self.ended: list[str] = []
        self.running = ""

    def guess(self) -> None:
        self._reply(speculation=True)

    def answer(self) -> None:
        self._reply(speculation=False)

    def _reply(self, *, speculation: bool) -> None:
        self.finish()  # one context is answered after another
        self.running = f"reply {len(self.texts)}"
        self.texts[self.running] = self.begin(speculation=speculation)

    def measure(self) -> None:
        self.measured.append(self.push(metrics()))

    def finish(self) -> None:
        if self.running:
            self.ended.append(self.running)
            self.end(self.running)
        self.running = ""

    def start_turn(self) -> None:
        self.push(UserStartedSpeakingFrame())

    def confirm(self) -> None:
        self.push(UserStoppedSpeakingFrame())

    def withdraw(self) -> None:
        if self.gate.is_speculating:
            self.finish()  # Pipecat stops it first
        self.push(EagerEndOfTurnCancelFrame())

    def want_tool(self) -> None:
        if self.gate.is_speculating:
            self.push(EagerEndOfTurnCancelFrame())  # by the reply itself, which goes on

    def interrupt(self) -> None:
        self.finish()
        self.push(InterruptionFrame())


@given(
    st.lists(
        st.sampled_from(
            [
                Turns.guess,
                Turns.answer,
                Turns.measure,
                Turns.finish,
                Turns.start_turn,
                Turns.confirm,
                Turns.withdraw,
                Turns.want_tool,
                Turns.interrupt,
            ]
        ),
        max_size=20,
    )
)
def test_whatever_happens(events: list[Callable[[Turns], None]]) -> None:
    """Each measurement and report leaves once, in order; withdrawn are those that none hears."""
    turns = Turns()
    for event in events:
        event(turns)
    turns.finish()
    turns.push(EndFrame())
    told = [frame.report for frame in turns.left if isinstance(frame, Told)]
    assert [report.opening for report in told] == turns.ended == list(turns.texts)
    for report in told:
        heard = turns.texts[report.opening] in turns.left
        assert (report.outcome == "withdrawn") == (not heard)
    plain = [f for f in turns.left if isinstance(f, MetricsFrame) and not isinstance(f, Told)]
    assert plain == turns.measured
