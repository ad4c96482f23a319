"""The transition table of a reply, as data.

States are named for what is heard, signals for what an event means. In a state, a signal leads to
the next state; on the way the steps are taken, in order. A signal without a row means nothing in
that state. ARCHITECTURE.md's diagram is drawn from this table.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias


class State(StrEnum):
    """What is heard."""

    TURN = "turn"  # the user, whose turn ends with the reply's beginning
    SILENCE = "silence"  # nothing yet; an opening may come
    OPENING = "opening"  # the small model, which is still writing
    SEAM = "seam"  # the small model's last words, and the silence behind them
    PAUSE = "pause"  # nothing, and no opening is to come
    CONTINUATION = "continuation"  # the large model
    RESCUE = "rescue"  # the small model again, in the large one's place
    ENDED = "ended"


class Signal(StrEnum):
    """What an event means."""

    HAND_OVER = "an opening is wanted, for the large model to go on from"
    AT_ONCE = "an opening is wanted, beside the large model"
    KEPT = "an opening is wanted only if the answer is late"
    DIRECT = "no opening is wanted"
    CLAUSE = "a clause of the opening is whole"
    OPENING_DONE = "the opening is complete"
    LINE_READY = "a line is complete before silence is due"
    LINE_SOON = "a line will soon be needed"
    LINE_DUE = "silence would be felt"
    SMALL_OVER = "the small model is waited for no longer"
    NO_OPENING = "the small model is late, failed or has nothing to say"
    HANDOVER_LATE = "the opening is too late to be handed over"
    CLAUSE_DUE = "the answer's first clause is to be heard"
    LARGE_SPEAKS = "the large model speaks"
    LARGE_CALLS = "the large model calls a tool"
    LARGE_DONE = "the large model is done"
    WAY_REFUSED = "this way to continue is refused, another is left"
    LARGE_LOST = "the large model is late, failed or has nothing to say"
    LARGE_EXCUSED = "likewise, and the owner has a line for it"
    BOTH_LOST = "nobody can finish the reply"
    SMALL_SPEAKS = "the small model speaks in its place"
    SMALL_DONE = "the small model is done"
    OUT_OF_BOUNDS = "the reply is too long"
    INTERRUPTION = "the user interrupts"


WAITING = frozenset((State.SILENCE, State.SEAM, State.PAUSE))
"""The states in which the listener waits for the answer."""

Reading: TypeAlias = tuple[Signal, str] | None
"""What an event means, and the text that is to be said for it."""


class Step(StrEnum):
    """What is done on the way from one state to the next; each is a method of `Relay`."""

    ASK_SMALL = "ask_small"
    ASK_LINE = "ask_line"
    KEEP_LINE = "keep_line"
    SAY_OPENING = "say_opening"
    SAY_LINE = "say_line"
    RELEASE_SMALL = "release_small"
    DROP_SMALL = "drop_small"
    CLOSE_SMALL = "close_small"
    ASK_LARGE = "ask_large"
    GO_ON = "go_on"
    SAY_CLAUSE = "say_clause"
    SAY_CONTINUATION = "say_continuation"
    CLOSE_LARGE = "close_large"
    ASK_SMALL_TO_FINISH = "ask_small_to_finish"
    SAY_EXCUSE = "say_excuse"
    REPORT_RECOVERED = "report_recovered"
    RUN_CALLS = "run_calls"
    END = "end"
    END_FAILED = "end_failed"
    END_INTERRUPTED = "end_interrupted"


_OPEN = (Step.SAY_OPENING, Step.GO_ON, Step.RELEASE_SMALL)
_GO_DIRECT = (Step.GO_ON, Step.RELEASE_SMALL)
_KEEP = (Step.KEEP_LINE, Step.RELEASE_SMALL)
_FIRST_CLAUSE = (Step.DROP_SMALL, Step.SAY_CLAUSE)
_ANSWER = (Step.DROP_SMALL, Step.SAY_CONTINUATION)
_COMPLETE = (Step.SAY_CONTINUATION, Step.REPORT_RECOVERED, Step.RUN_CALLS, Step.END)
_RESCUE = (Step.CLOSE_LARGE, Step.ASK_SMALL_TO_FINISH)
_EXCUSE = (Step.CLOSE_LARGE, Step.SAY_EXCUSE, Step.REPORT_RECOVERED, Step.END)
_GIVE_UP = (Step.END_FAILED,)  # failures are reported at the end: one report a reply
_BREAK_OFF = (Step.REPORT_RECOVERED, Step.END)

Row = tuple[State, tuple[Step, ...]]
Rows = Mapping[Signal, Row]

_ALWAYS: Rows = {Signal.INTERRUPTION: (State.ENDED, (Step.END_INTERRUPTED,))}
_WITHOUT_THE_LARGE: Rows = {
    Signal.LARGE_LOST: (State.RESCUE, _RESCUE),
    Signal.LARGE_EXCUSED: (State.ENDED, _EXCUSE),
    Signal.BOTH_LOST: (State.ENDED, _GIVE_UP),
    Signal.OUT_OF_BOUNDS: (State.ENDED, _BREAK_OFF),
    **_ALWAYS,
}
_BEFORE_THE_ANSWER: Rows = {
    Signal.CLAUSE_DUE: (State.CONTINUATION, _FIRST_CLAUSE),
    Signal.LARGE_SPEAKS: (State.CONTINUATION, _ANSWER),
    Signal.LARGE_CALLS: (State.CONTINUATION, _ANSWER),
    Signal.LARGE_DONE: (State.ENDED, _COMPLETE),
    **_WITHOUT_THE_LARGE,
}

_CLOSE_SMALL = (Step.CLOSE_SMALL,)

TABLE: Mapping[State, Rows] = {
    State.TURN: {
        Signal.HAND_OVER: (State.SILENCE, (Step.ASK_SMALL,)),
        Signal.AT_ONCE: (State.SILENCE, (Step.ASK_LARGE, Step.ASK_SMALL)),
        Signal.KEPT: (State.SILENCE, (Step.ASK_LARGE,)),
        Signal.DIRECT: (State.PAUSE, (Step.ASK_LARGE,)),
        **_ALWAYS,
    },
    State.SILENCE: {
        Signal.SMALL_OVER: (State.SILENCE, _CLOSE_SMALL),
        Signal.CLAUSE: (State.OPENING, (Step.SAY_OPENING,)),
        Signal.OPENING_DONE: (State.SEAM, _OPEN),
        Signal.NO_OPENING: (State.PAUSE, _GO_DIRECT),
        Signal.HANDOVER_LATE: (State.SILENCE, (Step.ASK_LARGE,)),
        Signal.LINE_SOON: (State.SILENCE, (Step.ASK_SMALL,)),
        Signal.LINE_READY: (State.SILENCE, _KEEP),
        Signal.LINE_DUE: (State.SEAM, (Step.SAY_LINE, Step.GO_ON, Step.RELEASE_SMALL)),
        **_BEFORE_THE_ANSWER,
    },
    State.OPENING: {
        Signal.CLAUSE: (State.OPENING, (Step.SAY_OPENING,)),
        Signal.OPENING_DONE: (State.SEAM, _OPEN),
        **_WITHOUT_THE_LARGE,
    },
    State.SEAM: {
        Signal.SMALL_OVER: (State.SEAM, _CLOSE_SMALL),
        Signal.WAY_REFUSED: (State.SEAM, (Step.CLOSE_LARGE, Step.ASK_LARGE)),
        Signal.LINE_SOON: (State.SEAM, (Step.ASK_LINE,)),
        Signal.LINE_READY: (State.SEAM, _KEEP),
        Signal.LINE_DUE: (State.SEAM, (Step.SAY_LINE, Step.GO_ON)),
        **_BEFORE_THE_ANSWER,
    },
    State.PAUSE: {
        Signal.SMALL_OVER: (State.PAUSE, _CLOSE_SMALL),
        Signal.LINE_SOON: (State.PAUSE, (Step.ASK_LINE,)),
        Signal.LINE_READY: (State.PAUSE, _KEEP),
        Signal.LINE_DUE: (State.SEAM, (Step.SAY_LINE, Step.GO_ON)),
        **_BEFORE_THE_ANSWER,
    },
    State.CONTINUATION: {
        Signal.SMALL_OVER: (State.CONTINUATION, _CLOSE_SMALL),
        Signal.LARGE_SPEAKS: (State.CONTINUATION, (Step.SAY_CONTINUATION,)),
        Signal.LARGE_CALLS: (State.CONTINUATION, (Step.SAY_CONTINUATION,)),
        Signal.LARGE_DONE: (State.ENDED, _COMPLETE),
        **_WITHOUT_THE_LARGE,
    },
    State.RESCUE: {
        Signal.SMALL_SPEAKS: (State.RESCUE, (Step.SAY_CONTINUATION,)),
        Signal.SMALL_DONE: (State.ENDED, _COMPLETE),
        Signal.BOTH_LOST: (State.ENDED, _GIVE_UP),
        Signal.OUT_OF_BOUNDS: (State.ENDED, _BREAK_OFF),
        **_ALWAYS,
    },
    State.ENDED: {},
}
