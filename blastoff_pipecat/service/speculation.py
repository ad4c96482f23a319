"""What is said about a reply whose turn may not have ended: when, and whether it was withdrawn.

Pipecat's `SpeculationGate` holds a speculative reply's text until the turn is confirmed, and drops
it if the turn goes on after all. Metrics are system frames, which it lets pass. `Speculation` does
for them what the gate does for the text, but drops nothing: the tokens of a withdrawn reply were
used, and its report says that it was withdrawn.

Like the gate it decides and never awaits: the caller pushes what it returns, in that order. Whether
a speculation is under way is the gate's to say, and is asked for each time.
"""

from collections.abc import Callable
from dataclasses import replace

from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseStartFrame,
    MetricsFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.speculation_gate import GatedFrame, SpeculationGate

from blastoff_pipecat.conductor.report import ReplyReport

CONFIRMS = (UserStoppedSpeakingFrame,)
"""The frames that let a held reply be heard."""

WITHDRAWS = (
    EagerEndOfTurnCancelFrame,
    InterruptionFrame,
    EndFrame,
    LLMFullResponseStartFrame,  # of another reply, which takes the held one's place
)
"""The frames that make sure it never is."""


class Speculation:
    """Holds what is measured of a speculative reply until the gate has decided about its text."""

    def __init__(
        self, gate: SpeculationGate, tell: Callable[[ReplyReport], list[MetricsFrame]]
    ) -> None:
        """Hold nothing yet.

        Args:
            gate: The service's own.
            tell: Takes the report of a reply once it is settled, its outcome ``withdrawn`` where
                nobody heard it; returns what is pushed of it.
        """
        self._gate = gate
        self._tell = tell
        self._metrics: list[GatedFrame] = []
        self._report: ReplyReport | None = None
        # Of the reply under way. The gate forgets it when a withdrawal comes twice.
        self._withdrawn = False

    def begin(self) -> bool:
        """Note that a reply begins; tell whether it is speculative."""
        self._withdrawn = False
        return self._gate.is_speculating

    def end(self, report: ReplyReport) -> list[GatedFrame]:
        """Decide what of an ended reply's report is pushed now.

        Args:
            report: Of the reply that began last.
        """
        if self._gate.is_speculating:
            self._report = report
            return []
        return self._told(report, withdrawn=self._withdrawn)

    def process(self, frame: Frame, direction: FrameDirection) -> list[GatedFrame]:
        """Decide what is pushed for a frame, before the gate has seen it.

        Args:
            frame: The frame.
            direction: Where it is going.
        """
        speculating = self._gate.is_speculating
        if not (speculating or self._metrics or self._report):
            return [(frame, direction)]  # as for nearly every frame of a call
        if speculating and isinstance(frame, MetricsFrame):
            self._metrics.append((frame, FrameDirection.DOWNSTREAM))
            return []
        if isinstance(frame, CONFIRMS):
            return [(frame, direction), *self._settle(withdrawn=False)]
        if isinstance(frame, WITHDRAWS):
            self._withdrawn |= speculating
            return [(frame, direction), *self._settle(withdrawn=True)]
        return [(frame, direction)]

    def _settle(self, *, withdrawn: bool) -> list[GatedFrame]:
        """Let go of all that is held."""
        let_go, self._metrics = self._metrics, []
        report, self._report = self._report, None
        return let_go + self._told(report, withdrawn=withdrawn) if report else let_go

    def _told(self, report: ReplyReport, *, withdrawn: bool) -> list[GatedFrame]:
        if withdrawn:
            report = replace(report, outcome="withdrawn")
        return [(frame, FrameDirection.DOWNSTREAM) for frame in self._tell(report)]
