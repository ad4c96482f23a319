"""The relay: the decision-maker of one reply. Who speaks, when, and what text.

The laws of a reply, which no order of events can break:

1. A reply begins once (`Relay.begin`) and ends once (`EndReply`); after that nothing is said.
2. What is said is opening + continuation, each character once, in order.
3. An opening is said the moment it is whole, or kept until silence would be felt, or dropped.
4. The large model is asked at the beginning, or in the step in which its opening is final.
5. One model's failure is survived while the other can speak; two are one report.
6. In every state but the last there is a deadline (`Relay.deadline`), so a reply always ends.

The relay is pure: it is told what happened and what time it is (in seconds on any monotonic clock)
and returns what is to be done. `table.TABLE` is the whole of its policy: in a state, a signal
leads to the next state and to the steps taken on the way, which are methods of `Relay`. Reading an
event as a signal is all that happens outside the table, in `hearing`: text runs through the filters
(`scrub`, `opening`, `seam`) and becomes a signal, which carries it, when something of it may be
said; `timing` tells what is due. A signal without a row in a state means nothing there.
"""

from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.forecast import Expectation, Forecast
from blastoff_pipecat.relay.hearing import Hearing
from blastoff_pipecat.relay.limits import Limits, Timer
from blastoff_pipecat.relay.opening import Opening
from blastoff_pipecat.relay.said import Said
from blastoff_pipecat.relay.table import TABLE, WAITING, Reading, State, Step
from blastoff_pipecat.relay.timing import LONGEST_OPENING_SECS, SHORT_LINE_SECS, Manner
from blastoff_pipecat.relay.turn import TurnSoFar


class Relay:
    """The state machine of one reply.

    The caller carries out the returned actions in order, reports what happens, and calls `handle`
    with `TimePassed` once `deadline` has passed.

    Attributes:
        state: What is heard.
        answer_at: When a voice had the large model's first clause or sentence.
    """

    def __init__(
        self,
        *,
        opening: Opening | None,
        ways: int = 1,
        echoes: tuple[bool, ...] = (),
        limits: Limits | None = None,
        manner: Manner | None = None,
        voice: Voice | None = None,
        expectation: Expectation | None = None,
    ) -> None:
        """Prepare a reply.

        Args:
            opening: The opening to be; None lets the large model speak directly.
            ways: How many ways there are to hand the opening to the large model, best first.
            echoes: For each way, whether the server is known to send the opening back.
            limits: How long to wait for what.
            manner: How the reply is to be made; by default an opening is always handed over.
            voice: How fast the bot's voice is.
            expectation: When the large model's answer is expected.
        """
        self.state = State.TURN
        self.answer_at: float | None = None
        self._echoes = echoes
        self._limits = limits or Limits()
        self._manner = manner or Manner()
        self._said = Said()
        self._hearing = Hearing(
            self._said,
            opening,
            ways,
            self._limits,
            self._manner,
            voice or Voice(),
            expectation or Forecast(1.0).began(),
        )
        self._now = 0.0
        self._resumes = False

    @property
    def opening(self) -> str:
        """What the small model has said before the answer, its waiting lines included."""
        return self._said.opening

    @property
    def continuation(self) -> str:
        """The text said after that, whichever model said it."""
        return self._said.continuation

    @property
    def said(self) -> str:
        """All that was said so far in this reply."""
        return self._said.text

    @property
    def waiting_lines(self) -> int:
        """How many waiting lines were said in this reply, or for it while a tool ran."""
        return self._hearing.standby.waiting_lines

    @property
    def declined(self) -> bool:
        """Whether the small model said that no opening is needed."""
        return self._hearing.small.declined

    @property
    def way(self) -> int:
        """Which way of handing the opening over is tried."""
        return self._hearing.way

    @property
    def alone_at(self) -> float | None:
        """When a voice would have had the first sentence of the large model alone."""
        return self._hearing.answer.alone_at

    @property
    def cover(self) -> Cover:
        """What the listener hears until when."""
        return self._hearing.cover

    @property
    def deadline(self) -> float | None:
        """When `TimePassed` is due; None only before the beginning and after the end."""
        timers = self._hearing.timers
        return min(timers.values()) if timers else None

    @property
    def is_flowing(self) -> bool:
        """Whether nothing but the large model's text matters any more."""
        if self.state is State.CONTINUATION:
            return True
        waits = self._manner.gathers or self._hearing.standby.waiting_lines_left > 0
        return self.state is State.SEAM and not waits

    @property
    def turn(self) -> TurnSoFar:
        """What was heard of this reply and those before, for one that goes on with it."""
        standby = self._hearing.standby
        said = f"{standby.said_before} {self.opening}".strip()
        return TurnSoFar(self.cover, said, standby.waiting_lines_so_far)

    def begin(self, now: float, turn: TurnSoFar | None = None) -> list[act.Action]:
        """Begin the reply; return what is to be done first (nothing, if it had begun).

        Args:
            now: The time.
            turn: What was heard of the turn before, where this reply goes on with it.
        """
        actions: list[act.Action] = []
        if self.state is State.TURN:
            self._now = now
            self._take((self._hearing.begin(now, turn), ""), actions)
        return actions

    def handle(self, event: ev.Event, now: float) -> list[act.Action]:
        """Take note of an event at the time `now`; return what is to be done, in order."""
        self._now = max(now, self._now)
        actions: list[act.Action] = []
        self._take(self._hearing.read(event, self._now), actions)
        if self._resumes:  # what the large model has said meanwhile follows at once
            self._resumes = False
            self._take(self._hearing.resume(), actions)
        return actions

    def _take(self, reading: Reading, actions: list[act.Action]) -> None:
        was_waiting = self.state in WAITING
        row = TABLE[self.state].get(reading[0]) if reading else None
        if reading and row:
            self.state = self._hearing.state = row[0]
            for step in row[1]:
                _STEPS[step](self, reading[1], actions)
        if was_waiting or self.state in WAITING:
            self._hearing.schedule()

    # Steps. Each is given the text that the signal carries.

    def _ask_small(self, text: str, actions: list[act.Action]) -> None:
        hearing = self._hearing
        most = LONGEST_OPENING_SECS if hearing.opens_at_once else SHORT_LINE_SECS
        hearing.listen_to_small(self._now)
        actions.append(act.AskSmall(hearing.timing.room(self._now, most=most)))

    def _ask_line(self, text: str, actions: list[act.Action]) -> None:
        self._hearing.listen_to_small(self._now, for_line=True)
        said_before = self._hearing.standby.said_before
        actions.append(act.AskSmallForLine(f"{said_before} {self.said}".strip()))

    def _keep_line(self, text: str, actions: list[act.Action]) -> None:
        self._hearing.standby.ready = text

    def _say_opening(self, text: str, actions: list[act.Action]) -> None:
        if text:
            self._hearing.standby.was_said(waiting=False)
            self._open_with(text)
            actions.append(act.SayOpening(text))

    def _say_line(self, text: str, actions: list[act.Action]) -> None:
        standby = self._hearing.standby
        waiting = bool(standby.said_before or self.opening)
        standby.was_said(waiting=waiting)
        text = self._said.joined(text)
        self._open_with(text)
        actions.append(act.SayWaiting(text) if waiting else act.SayOpening(text))

    def _open_with(self, text: str) -> None:
        self._said.open_with(text)
        self.cover.say(text, self._now)

    def _say_clause(self, text: str, actions: list[act.Action]) -> None:
        self._go_on_with(text)
        self.answer_at = self._now
        actions.append(act.SayClause(text))
        self._say_continuation(self._hearing.answer.take(), actions)

    def _say_continuation(self, text: str, actions: list[act.Action]) -> None:
        if not text:
            return
        hearing = self._hearing
        self._go_on_with(text)
        if self.answer_at is None and hearing.speaker == "large":
            ended = self.state is State.ENDED
            if ended or hearing.answer.is_whole or self._manner.takes_words:
                self.answer_at = self._now  # a voice begins to say what it has
        actions.append(act.SayContinuation(text))

    def _say_excuse(self, text: str, actions: list[act.Action]) -> None:
        self._hearing.speaker = "small"
        self._say_continuation(self._said.joined(text), actions)

    def _go_on_with(self, text: str) -> None:
        self._said.go_on_with(text, self._hearing.speaker)
        self._hearing.answered = True

    def _ask_large(self, text: str, actions: list[act.Action]) -> None:
        way = self.way
        echoes = way < len(self._echoes) and self._echoes[way]
        self._hearing.listen_to("large", self._now, echoes=echoes)
        actions.append(act.AskLarge(self.said, way))

    def _go_on(self, text: str, actions: list[act.Action]) -> None:
        """Have the large model go on from what was said, or join what it says to that."""
        if self._hearing.answer.asked_at is None:
            self._ask_large(text, actions)
        else:
            self._hearing.join_answer()
            self._resumes = True

    def _ask_small_to_finish(self, text: str, actions: list[act.Action]) -> None:
        self._close_small(text, actions)
        self._hearing.listen_to("small", self._now)
        actions.append(act.AskSmallToFinish(self.said))

    def _release_small(self, text: str, actions: list[act.Action]) -> None:
        """Close the small model, or let it run on unheard until it has reported its usage."""
        hearing, secs = self._hearing, self._limits.small_usage
        wrote = self.opening or hearing.standby.ready
        if "small" in hearing.open and secs and wrote:
            hearing.timers.pop(Timer.SMALL, None)
            hearing.timers[Timer.USAGE] = self._now + secs
        else:
            self._close_small(text, actions)

    def _drop_small(self, text: str, actions: list[act.Action]) -> None:
        """Close the small model, unless it only runs on to report its usage."""
        if Timer.USAGE not in self._hearing.timers:
            self._close_small(text, actions)

    def _close_small(self, text: str, actions: list[act.Action]) -> None:
        if "small" in self._hearing.open:
            actions.append(act.CloseSmall())
        self._hearing.forget("small")

    def _close_large(self, text: str, actions: list[act.Action]) -> None:
        if "large" in self._hearing.open:
            actions.append(act.CloseLarge())
        self._hearing.forget("large")

    def _report_recovered(self, text: str, actions: list[act.Action]) -> None:
        self._report(actions, recovered=True)

    def _report(self, actions: list[act.Action], *, recovered: bool) -> None:
        failures = self._hearing.failures
        if failures:
            actions.append(act.ReportFailures(tuple(failures), recovered))
            failures.clear()

    def _run_calls(self, text: str, actions: list[act.Action]) -> None:
        if self._hearing.answer.called:
            self._said.speakers.add("large")
            actions.append(act.RunCalls())

    def _end(self, text: str, actions: list[act.Action]) -> None:
        speakers, hearing = self._said.speakers, self._hearing
        if self.answer_at is None and hearing.answered and hearing.speaker == "large":
            self.answer_at = self._now  # with the end of the text a voice says what it has
        if len(speakers) == 2:
            outcome: act.Outcome = "relayed"
        else:
            outcome = "small_only" if "small" in speakers else "large_only"
        self._finish(outcome, actions)

    def _end_failed(self, text: str, actions: list[act.Action]) -> None:
        self._report(actions, recovered=False)
        self._finish("failed", actions)

    def _end_interrupted(self, text: str, actions: list[act.Action]) -> None:
        self._finish("interrupted", actions)

    def _finish(self, outcome: act.Outcome, actions: list[act.Action]) -> None:
        if "large" in self._hearing.open:
            self._hearing.answer.give_up(self._now)
        self._close_small("", actions)
        self._close_large("", actions)
        self._hearing.timers.clear()
        actions.append(act.EndReply(outcome))


_STEPS = {step: getattr(Relay, f"_{step.value}") for step in Step}
