"""The relay: the decision-maker of one reply. Who speaks, when, and what text.

The laws of a reply, which no order of events can break:

1. A reply begins once (`Relay.begin`) and ends once (`EndReply`); after that nothing is said.
2. What is said is opening + continuation, each character once, in order.
3. An opening is said the moment it is whole; the large model is asked in the same step.
4. One model's failure is survived while the other can speak; two are one report.
5. In every state but the last there is a deadline (`Relay.deadline`), so a reply always ends.

The relay is pure: it is told what happened and what time it is (in seconds on any monotonic clock)
and returns what is to be done. `table.TABLE` is the whole of its policy: in a state, a signal
leads to the next state and to the steps taken on the way. Reading an event as a signal is all that
happens outside the table: text runs through the filters (`scrub`, `opening`, `seam`) and becomes a
signal when something of it may be said. A signal without a row in a state means nothing there.
"""

from dataclasses import dataclass

from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.opening import Opening
from blastoff_pipecat.relay.scrub import Scrubber
from blastoff_pipecat.relay.seam import Seam
from blastoff_pipecat.relay.table import TABLE, Signal, State, Step

_NORMAL_ENDS = ("stop", "eos", "eos_token", "tool_calls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the relay waits, in seconds.

    Attributes:
        small_first_token: For the small model's first text; its opening must be whole within twice
            that.
        large_first_token: For the large model's first text or tool call.
        stall: Between two pieces of the text of a model that is being heard, and for the first
            text of a small model that finishes the reply.
        small_usage: How long the small model may run on unheard to report its usage; 0 closes it
            at once.
    """

    small_first_token: float = 0.8
    large_first_token: float = 8.0
    stall: float = 5.0
    small_usage: float = 0.0


class Relay:
    """The state machine of one reply.

    The caller carries out the returned actions in order, reports what happens, and calls `handle`
    with `TimePassed` once `deadline` has passed.
    """

    def __init__(
        self,
        *,
        opening: Opening | None,
        ways: int = 1,
        echoes: tuple[bool, ...] = (),
        limits: Limits | None = None,
    ) -> None:
        """Prepare a reply.

        Args:
            opening: The opening to be; None lets the large model speak directly.
            ways: How many ways there are to hand the opening to the large model, best first.
            echoes: For each way, whether the server is known to send the opening back.
            limits: How long to wait for what.
        """
        self.state = State.SILENCE
        self.opening = ""
        self.way = 0
        self._continuation: list[str] = []
        self._opening = opening
        self._ways = ways
        self._echoes = echoes
        self._limits = limits or Limits()
        self._scrubber = Scrubber()
        self._seam = Seam("")
        self._pending = ""
        self._failures: list[act.Failure] = []
        self._small_open = self._small_failed = False
        self._large_open = self._called = False
        self._speaker: act.Role = "large"
        self._answered = False
        self._heard: set[act.Role] = set()
        self._asked_at = 0.0
        self._wait_until: float | None = None
        self._close_small_at: float | None = None

    @property
    def continuation(self) -> str:
        """The text said after the opening, whichever model said it."""
        return "".join(self._continuation)

    @property
    def said(self) -> str:
        """All that was said so far in this reply."""
        return self.opening + self.continuation

    @property
    def deadline(self) -> float | None:
        """When `TimePassed` is due; None only before the beginning and after the end."""
        if self._close_small_at is None or self._wait_until is None:
            return self._wait_until
        return min(self._wait_until, self._close_small_at)

    def begin(self, now: float) -> list[act.Action]:
        """Begin the reply; return what is to be done first (nothing, if it had begun)."""
        actions: list[act.Action] = []
        if self._wait_until is not None or self.state is State.ENDED:
            return actions
        if self._opening is None:
            self._take(State.PAUSE, (Step.ASK_LARGE,), now, actions)
            return actions
        self._small_open = True
        self._asked_at = now
        self._wait_until = now + self._limits.small_first_token
        return [act.AskSmall()]

    def handle(self, event: ev.Event, now: float) -> list[act.Action]:
        """Take note of an event at the time `now`; return what is to be done, in order."""
        actions: list[act.Action] = []
        signal = self._read(event, now, actions)
        row = TABLE[self.state].get(signal) if signal else None
        if row:
            self._take(row[0], row[1], now, actions)
        return actions

    def _take(
        self, state: State, steps: tuple[Step, ...], now: float, actions: list[act.Action]
    ) -> None:
        self.state = state
        for step in steps:
            _STEPS[step](self, now, actions)

    # Events become signals.

    def _read(self, event: ev.Event, now: float, actions: list[act.Action]) -> Signal | None:
        match event:
            case ev.LargeText(text):  # nearly every event is one
                spoke = self._large_open and self._continue(text, now)
                return Signal.LARGE_SPEAKS if spoke else None
            case ev.LargeCalled() | ev.LargeEnded() | ev.LargeFailed() if not self._large_open:
                return None  # of a request that is over
            case ev.SmallText() | ev.SmallEnded() | ev.SmallFailed() if not self._small_open:
                return None
            case ev.SmallText(text):
                return self._read_small_text(text, now)
            case ev.LargeCalled():
                self._called = True
                self._wait_until = now + self._limits.stall
                return Signal.LARGE_CALLS
            case ev.LargeEnded(reason):
                self._large_open = False
                return self._read_large_end(reason)
            case ev.SmallEnded(reason):
                self._small_open, self._close_small_at = False, None
                return self._read_small_end(reason)
            case ev.LargeFailed(error, refused_prefill):
                self._large_open = False
                if refused_prefill and self._next_way():
                    return Signal.WAY_REFUSED
                return self._lose_large(str(error), error)
            case ev.SmallFailed(error):
                self._small_open, self._close_small_at = False, None
                return self._lose_small(str(error), error)
            case ev.TimePassed():
                return self._read_time(now, actions)
            case ev.Interrupted():
                return Signal.INTERRUPTION

    def _read_small_text(self, text: str, now: float) -> Signal | None:
        if self.state is State.RESCUE:
            return Signal.SMALL_SPEAKS if self._continue(text, now) else None
        if self.state not in (State.SILENCE, State.OPENING) or self._opening is None:
            return None
        text = self._scrubber.feed(text)
        if text:
            self._wait_until = self._asked_at + 2 * self._limits.small_first_token
        return self._read_opening(self._opening, self._opening.feed(text))

    def _continue(self, text: str, now: float) -> bool:
        """Run text through the filters; tell whether some of it can be said."""
        self._pending += self._seam.feed(self._scrubber.feed(text))
        if self._pending.strip():  # white space and thoughts without end are not heard
            self._wait_until = now + self._limits.stall
        return bool(self._pending)

    def _read_opening(self, opening: Opening, pieces: list[str]) -> Signal | None:
        self._pending = "".join(pieces)
        if not opening.done:
            return Signal.CLAUSE if pieces else None
        return Signal.OPENING_DONE if opening.text else Signal.NO_OPENING

    def _end_opening(self, *, cut_off: bool) -> Signal | None:
        if self._opening is None:
            return None
        pieces = self._opening.feed(self._scrubber.flush())
        return self._read_opening(self._opening, pieces + self._opening.end(cut_off=cut_off))

    def _read_small_end(self, reason: str) -> Signal | None:
        if self.state in (State.SILENCE, State.OPENING):
            return self._end_opening(cut_off=reason == "length")
        if self.state is not State.RESCUE:
            return None
        spoke = self._flush() or self._answered
        # With nothing to add, the answer that the large model broke off was whole.
        if not spoke and not (self._continuation and reason in _NORMAL_ENDS):
            return self._lose_small(f"ended ({reason}) without a word")
        return Signal.SMALL_DONE

    def _read_large_end(self, reason: str) -> Signal | None:
        spoke = self._flush() or self._answered or self._called
        if not spoke and not (self.opening and reason in _NORMAL_ENDS):
            return self._lose_large(f"ended ({reason}) without a word")
        return Signal.LARGE_DONE

    def _flush(self) -> bool:
        """Let go of what the filters held back; tell whether some of it can be said."""
        self._pending += self._seam.feed(self._scrubber.flush())
        self._pending += self._seam.flush()
        return bool(self._pending)

    def _read_time(self, now: float, actions: list[act.Action]) -> Signal | None:
        if self._close_small_at is not None and now >= self._close_small_at:
            self._close_small(actions)
        if self._wait_until is None or now < self._wait_until:
            return None
        limits = self._limits
        match self.state:
            case State.SILENCE | State.OPENING:
                return self._end_opening(cut_off=True)
            case State.SEAM | State.PAUSE:
                return self._lose_large(f"said nothing within {limits.large_first_token:g} s")
            case State.CONTINUATION:
                return self._lose_large(f"fell silent for {limits.stall:g} s in mid-answer")
            case State.RESCUE:
                return self._lose_small(f"said nothing for {limits.stall:g} s")
            case State.ENDED:
                return None

    def _next_way(self) -> bool:
        """Go on to the next way of handing over the opening, if that can help."""
        if self.state is not State.SEAM or self.way + 1 >= self._ways:
            return False
        self.way += 1
        return True

    def _lose_large(self, reason: str, error: Exception | None = None) -> Signal:
        # What the filters hold is dropped: it may be half a repeat, and the small model goes on
        # from what was really said.
        self._failures.append(act.Failure("large", reason, error))
        self._called, self._pending = False, ""
        return Signal.BOTH_LOST if self._small_failed else Signal.LARGE_LOST

    def _lose_small(self, reason: str, error: Exception | None = None) -> Signal | None:
        if self.state not in (State.SILENCE, State.OPENING, State.RESCUE):
            return None  # it was only reporting its usage
        self._failures.append(act.Failure("small", reason, error))
        self._pending = ""
        if self.state is State.RESCUE:
            return Signal.BOTH_LOST
        self._small_failed = True
        return Signal.OPENING_DONE if self.opening else Signal.NO_OPENING

    # Steps.

    def _say_opening(self, now: float, actions: list[act.Action]) -> None:
        text, self._pending = self._pending, ""
        if text:
            self.opening += text
            self._heard.add("small")
            actions.append(act.SayOpening(text))

    def _say_continuation(self, now: float, actions: list[act.Action]) -> None:
        text, self._pending = self._pending, ""
        if text:
            self._continuation.append(text)
            self._answered = True
            self._heard.add(self._speaker)
            actions.append(act.SayContinuation(text))

    def _ask_large(self, now: float, actions: list[act.Action]) -> None:
        echoes = self.way < len(self._echoes) and self._echoes[self.way]
        self._listen_to("large", echoes=echoes)
        self._large_open = True
        self._wait_until = now + self._limits.large_first_token
        actions.append(act.AskLarge(self.said, self.way))

    def _ask_small_to_finish(self, now: float, actions: list[act.Action]) -> None:
        self._close_small(actions)
        self._listen_to("small")
        self._small_open = True
        self._wait_until = now + self._limits.stall
        actions.append(act.AskSmallToFinish(self.said))

    def _listen_to(self, speaker: act.Role, *, echoes: bool = False) -> None:
        self._speaker = speaker
        self._answered = False
        self._scrubber = Scrubber()
        self._seam = Seam(self.said, echoes=echoes)

    def _release_small(self, now: float, actions: list[act.Action]) -> None:
        """Close the small model, or let it run on unheard until it has reported its usage."""
        if self._small_open and self._limits.small_usage and self.opening:
            self._close_small_at = now + self._limits.small_usage
        else:
            self._close_small(actions)

    def _close_small(self, actions: list[act.Action]) -> None:
        self._close_small_at = None
        if self._small_open:
            self._small_open = False
            actions.append(act.CloseSmall())

    def _close_large(self, now: float, actions: list[act.Action]) -> None:
        if self._large_open:
            self._large_open = False
            actions.append(act.CloseLarge())

    def _report_recovered(self, now: float, actions: list[act.Action]) -> None:
        self._report(actions, recovered=True)

    def _report(self, actions: list[act.Action], *, recovered: bool) -> None:
        if self._failures:
            actions.append(act.ReportFailures(tuple(self._failures), recovered))
            self._failures.clear()

    def _run_calls(self, now: float, actions: list[act.Action]) -> None:
        if self._called:
            self._heard.add("large")
            actions.append(act.RunCalls())

    def _end(self, now: float, actions: list[act.Action]) -> None:
        if len(self._heard) == 2:
            outcome: act.Outcome = "relayed"
        else:
            outcome = "small_only" if "small" in self._heard else "large_only"
        self._finish(outcome, now, actions)

    def _end_failed(self, now: float, actions: list[act.Action]) -> None:
        self._report(actions, recovered=False)
        self._finish("failed", now, actions)

    def _end_interrupted(self, now: float, actions: list[act.Action]) -> None:
        self._finish("interrupted", now, actions)

    def _finish(self, outcome: act.Outcome, now: float, actions: list[act.Action]) -> None:
        self._close_small(actions)
        self._close_large(now, actions)
        self._wait_until = None
        actions.append(act.EndReply(outcome))


_STEPS = {step: getattr(Relay, f"_{step.value}") for step in Step}
