"""A reply watched from outside, on made-up time: every law of a reply is checked at every step."""

from typing import TypeAlias

from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.relay import Relay
from blastoff_pipecat.relay.table import State

Said: TypeAlias = act.SayOpening | act.SayWaiting | act.SayClause | act.SayContinuation


class Witness:
    """Drives a relay and holds it to the laws of a reply.

    Attributes:
        now: The made-up time, in seconds.
        heard: What was said, as (time, action), in order.
        open: The roles whose requests are open.
        asked: Every request as (time, action).
        failures: Every failure that was reported, with whether it was recovered.
        end: The `EndReply`, once there was one.
    """

    def __init__(self, relay: Relay, *, now: float = 0.0) -> None:
        self.relay = relay
        self.now = now
        self.heard: list[tuple[float, Said]] = []
        self.open: set[act.Role] = set()
        self.asked: list[tuple[float, act.Action]] = []
        self.failures: list[tuple[act.Failure, bool]] = []
        self.end: act.EndReply | None = None
        self.ran_calls = False
        self._begun = False

    @property
    def _answer_was_heard(self) -> bool:
        return any(isinstance(said, act.SayClause | act.SayContinuation) for _, said in self.heard)

    @property
    def said(self) -> str:
        return "".join(action.text for _, action in self.heard)

    def begin(self) -> None:
        self._begun = True
        self._watch(self.relay.begin(self.now))

    def tell(self, event: ev.Event) -> list[act.Action]:
        """Report an event at the present time, as a conductor would."""
        match event:
            case ev.SmallEnded() | ev.SmallFailed():
                self.open.discard("small")
            case ev.LargeEnded() | ev.LargeFailed():
                self.open.discard("large")
            case _:
                pass
        actions = self.relay.handle(event, self.now)
        self._watch(actions)
        if isinstance(event, ev.Interrupted):
            assert self.end
        return actions

    def let_deadlines_pass(self, *, most: int = 60) -> None:
        """Let nothing happen until the reply has ended."""
        for _ in range(most):
            if self.relay.deadline is None:
                break
            self.now = max(self.now, self.relay.deadline)
            self.tell(ev.TimePassed())
        assert self.relay.deadline is None

    def _watch(self, actions: list[act.Action]) -> None:
        for action in actions:
            assert self.end is None, "something is done after the end"
            self._carry_out(action)
        relay = self.relay
        assert relay.said == self.said == relay.opening + relay.continuation
        assert (self.end is not None) == (relay.state is State.ENDED)
        assert (relay.deadline is None) == (self.end is not None or not self._begun)
        if self.end:
            assert not self.open, "a request is open after the end"

    def _carry_out(self, action: act.Action) -> None:
        match action:
            case act.SayOpening(text) | act.SayWaiting(text):
                assert text
                assert not self._answer_was_heard, "a line after the answer began"
                if isinstance(action, act.SayWaiting):
                    assert any(isinstance(said, act.SayOpening) for _, said in self.heard)
                self.heard.append((self.now, action))
            case act.SayClause(text):
                assert text
                assert not self._answer_was_heard, "a clause is let go once, before plain text"
                self.heard.append((self.now, action))
            case act.SayContinuation(text):
                assert text
                self.heard.append((self.now, action))
            case act.AskSmall() | act.AskSmallForLine() | act.AskSmallToFinish():
                self._ask("small", action)
            case act.AskLarge(_, way):
                ways = [asked.way for _, asked in self.asked if isinstance(asked, act.AskLarge)]
                assert way == len(ways), "each way is tried once, best first"
                self._ask("large", action)
            case act.CloseSmall():
                self.open.remove("small")
            case act.CloseLarge():
                self.open.remove("large")
            case act.ReportFailures(failures, recovered):
                assert failures
                for failure in failures:
                    assert not any(failure is reported for reported, _ in self.failures)
                    self.failures.append((failure, recovered))
            case act.RunCalls():
                assert not self.ran_calls
                self.ran_calls = True
            case act.EndReply():
                self.end = action
                self._check_outcome(action.outcome)

    def _ask(self, role: act.Role, action: act.Action) -> None:
        assert role not in self.open, "asked while a request is open"
        if isinstance(action, act.AskLarge | act.AskSmallToFinish):
            assert action.said == self.said, "asked to go on from something else than what was said"
        self.open.add(role)
        self.asked.append((self.now, action))

    def _check_outcome(self, outcome: act.Outcome) -> None:
        lost = [failure for failure, recovered in self.failures if not recovered]
        match outcome:
            case "failed":
                assert lost
            case "relayed" | "small_only" | "large_only":
                assert not lost
                assert self.said or self.ran_calls
            case "interrupted":
                pass
