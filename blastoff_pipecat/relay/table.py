"""The transition table of a reply, as data.

States are named for what is heard, signals for what an event means. In a state, a signal leads to
the next state; on the way the steps are taken, in order. A signal without a row means nothing in
that state. The README's diagram is drawn from this table.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """What is heard."""

    SILENCE = "silence"  # nothing yet; the small model is asked
    OPENING = "opening"  # the small model
    SEAM = "seam"  # the opening's last words; the large model is asked
    PAUSE = "pause"  # nothing; the large model is asked and there is no opening
    CONTINUATION = "continuation"  # the large model
    RESCUE = "rescue"  # the small model again, in the large one's place
    ENDED = "ended"


class Signal(StrEnum):
    """What an event means."""

    CLAUSE = "a clause of the opening is whole"
    OPENING_DONE = "the opening is complete"
    NO_OPENING = "the small model is late, failed or has nothing to say"
    LARGE_SPEAKS = "the large model speaks"
    LARGE_CALLS = "the large model calls a tool"
    LARGE_DONE = "the large model is done"
    WAY_REFUSED = "this way to continue is refused, another is left"
    LARGE_LOST = "the large model is late, failed or has nothing to say"
    BOTH_LOST = "both models failed"
    SMALL_SPEAKS = "the small model speaks in its place"
    SMALL_DONE = "the small model is done"
    INTERRUPTION = "the user interrupts"


class Step(StrEnum):
    """What is done on the way from one state to the next; each is a method of `Relay`."""

    SAY_OPENING = "say_opening"
    SAY_CONTINUATION = "say_continuation"
    RELEASE_SMALL = "release_small"
    CLOSE_LARGE = "close_large"
    ASK_LARGE = "ask_large"
    ASK_SMALL_TO_FINISH = "ask_small_to_finish"
    REPORT_RECOVERED = "report_recovered"
    RUN_CALLS = "run_calls"
    END = "end"
    END_FAILED = "end_failed"
    END_INTERRUPTED = "end_interrupted"


_SAY_OPENING = (Step.SAY_OPENING,)
_SAY_LAST_OPENING = (Step.SAY_OPENING, Step.ASK_LARGE, Step.RELEASE_SMALL)
_GO_DIRECT = (Step.ASK_LARGE, Step.RELEASE_SMALL)
_ASK_AGAIN = (Step.CLOSE_LARGE, Step.ASK_LARGE)
_CONTINUE = (Step.SAY_CONTINUATION,)
_COMPLETE = (Step.SAY_CONTINUATION, Step.REPORT_RECOVERED, Step.RUN_CALLS, Step.END)
_RESCUE = (Step.CLOSE_LARGE, Step.ASK_SMALL_TO_FINISH)
_GIVE_UP = (Step.END_FAILED,)  # failures are reported at the end: one report a reply
_STOP = (Step.END_INTERRUPTED,)

Row = tuple[State, tuple[Step, ...]]

BEGINNINGS: Mapping[State, str] = {
    State.SILENCE: "an opening is wanted",
    State.PAUSE: "no opening is wanted",
}
"""The states in which a reply begins, and when."""

# A bridge (one more sentence of the small model while the large one is late) will be a signal of
# its own in SEAM, leading back to SEAM.
TABLE: Mapping[State, Mapping[Signal, Row]] = {
    State.SILENCE: {
        Signal.CLAUSE: (State.OPENING, _SAY_OPENING),
        Signal.OPENING_DONE: (State.SEAM, _SAY_LAST_OPENING),
        Signal.NO_OPENING: (State.PAUSE, _GO_DIRECT),
        Signal.INTERRUPTION: (State.ENDED, _STOP),
    },
    State.OPENING: {
        Signal.CLAUSE: (State.OPENING, _SAY_OPENING),
        Signal.OPENING_DONE: (State.SEAM, _SAY_LAST_OPENING),
        Signal.INTERRUPTION: (State.ENDED, _STOP),
    },
    State.SEAM: {
        Signal.LARGE_SPEAKS: (State.CONTINUATION, _CONTINUE),
        Signal.LARGE_CALLS: (State.CONTINUATION, _CONTINUE),
        Signal.LARGE_DONE: (State.ENDED, _COMPLETE),
        Signal.WAY_REFUSED: (State.SEAM, _ASK_AGAIN),
        Signal.LARGE_LOST: (State.RESCUE, _RESCUE),
        Signal.BOTH_LOST: (State.ENDED, _GIVE_UP),
        Signal.INTERRUPTION: (State.ENDED, _STOP),
    },
    State.PAUSE: {
        Signal.LARGE_SPEAKS: (State.CONTINUATION, _CONTINUE),
        Signal.LARGE_CALLS: (State.CONTINUATION, _CONTINUE),
        Signal.LARGE_DONE: (State.ENDED, _COMPLETE),
        Signal.LARGE_LOST: (State.RESCUE, _RESCUE),
        Signal.BOTH_LOST: (State.ENDED, _GIVE_UP),
        Signal.INTERRUPTION: (State.ENDED, _STOP),
    },
    State.CONTINUATION: {
        Signal.LARGE_SPEAKS: (State.CONTINUATION, _CONTINUE),
        Signal.LARGE_CALLS: (State.CONTINUATION, _CONTINUE),
        Signal.LARGE_DONE: (State.ENDED, _COMPLETE),
        Signal.LARGE_LOST: (State.RESCUE, _RESCUE),
        Signal.BOTH_LOST: (State.ENDED, _GIVE_UP),
        Signal.INTERRUPTION: (State.ENDED, _STOP),
    },
    State.RESCUE: {
        Signal.SMALL_SPEAKS: (State.RESCUE, _CONTINUE),
        Signal.SMALL_DONE: (State.ENDED, _COMPLETE),
        Signal.BOTH_LOST: (State.ENDED, _GIVE_UP),
        Signal.INTERRUPTION: (State.ENDED, _STOP),
    },
    State.ENDED: {},
}
