"""What events mean: each is read as a signal, with the text that is to be said for it.

`Hearing` holds what is not said yet: both models' words in their filters, lines against silence,
and timers. It never changes the state of the reply: what a signal does stands in the table.
"""

import math

from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.actions import Failure, Role
from blastoff_pipecat.relay.answer import Answer
from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.forecast import Expectation
from blastoff_pipecat.relay.limits import NORMAL_ENDS, Limits, Patience, Timer
from blastoff_pipecat.relay.opening import Opening
from blastoff_pipecat.relay.said import Said
from blastoff_pipecat.relay.scrub import Scrubber
from blastoff_pipecat.relay.seam import Seam
from blastoff_pipecat.relay.small_words import SmallWords
from blastoff_pipecat.relay.standby import Standby
from blastoff_pipecat.relay.table import WAITING, Reading, Signal, State
from blastoff_pipecat.relay.timing import Manner, Timing
from blastoff_pipecat.relay.turn import TurnSoFar


class Hearing:
    """What is heard of both models in one reply, and of the listener.

    Attributes:
        state: The reply's state, as the relay sets it.
        answer: The large model's answer on its way.
        standby: The lines against silence.
        cover: What the listener hears until when.
        timing: What is due when.
        timers: When what is waited for is given up or due, in seconds on the caller's clock.
        open: The models that are listened to.
        failures: What failed and was not reported yet.
        opens_at_once: Whether the opening is to be said as soon as it is whole.
        small: What the small model writes before the answer.
        speaker: Whose words the continuation is.
        answered: Whether anything of them was said.
        way: Which way of handing the opening over is tried.
    """

    def __init__(
        self,
        said: Said,
        opening: Opening | None,
        ways: int,
        limits: Limits,
        manner: Manner,
        voice: Voice,
        expectation: Expectation,
    ) -> None:
        """Hear nothing yet. For the arguments see `Relay`."""
        self.state = State.TURN
        self.answer = Answer(expectation)
        self.small = SmallWords(opening, manner.speech_safe)
        self.standby = Standby(manner, voice)
        self.timers: dict[Timer, float] = {}
        self.open: set[Role] = set()
        self.failures: list[Failure] = []
        self.speaker: Role = "large"
        self.way = 0
        self._said = said
        self._ways = ways
        self._limits = limits
        self._manner = manner
        self._voice = voice
        self._speculates = manner.speculative
        self.opens_at_once = self._small_failed = self.answered = False
        self._scrubber = Scrubber(self._manner.speech_safe)
        self._seam = Seam("")
        self._now = 0.0
        self._patience = Patience(limits)
        self._start_clock(0.0)

    def _start_clock(self, now: float, turn: TurnSoFar | None = None) -> None:
        self.cover = turn.cover.following() if turn else Cover(self._voice, now)
        self.timing = Timing(self._manner, self._voice, self.cover, self.answer.expected, now)

    def begin(self, now: float, turn: TurnSoFar | None) -> Signal:
        """Begin to listen, going on with a turn where there is one; tell how the reply begins."""
        self._now = now
        self._start_clock(now, turn)
        if turn:
            self.standby.go_on(turn)
        if self._speculates:
            self.cover.hold(now)
        self.timers[Timer.REPLY] = now + self._limits.reply
        if not self.small.may_open:
            return Signal.DIRECT
        self.opens_at_once = not self._speculates and self.timing.wants_opening(now)
        if self._manner.beside or not self.opens_at_once:
            return Signal.AT_ONCE if self.opens_at_once or self._speculates else Signal.KEPT
        self.timers[Timer.HANDOVER] = now + self._limits.handover
        return Signal.HAND_OVER

    def listen_to_small(self, now: float, *, for_line: bool = False) -> None:
        """Listen to the small model, who writes the opening or a waiting line."""
        self.open.add("small")
        self.standby.is_asked_for = True
        self.small.ask(now, for_line=for_line)
        self.timers[Timer.SMALL] = now + self._limits.small_first_token

    def listen_to(self, speaker: Role, now: float, *, echoes: bool = False) -> None:
        """Listen to a model that is asked to go on from what was said."""
        self.open.add(speaker)
        self.speaker, self.answered = speaker, False
        self._patience = Patience(self._limits)
        self._scrubber = Scrubber(self._manner.speech_safe)
        self._seam = Seam(self._said.text, echoes=echoes)
        if speaker == "small":
            self.timers[Timer.SMALL] = now + self._limits.stall
            return
        self.timing.asked_at = now
        self.answer.ask(now, self._said.text)
        self.timers.pop(Timer.HANDOVER, None)
        self.timers[Timer.LARGE] = now + self._limits.large_first_token

    def join_answer(self) -> None:
        """Join what the large model has said already to what was said meanwhile."""
        held, self._seam = self._seam.take(), Seam(self._said.text)
        self.answer.join_to(self._seam, held, self._now)

    def forget(self, role: Role) -> None:
        """Do not listen to a model any longer."""
        self.open.discard(role)
        for timer in (Timer.SMALL, Timer.USAGE) if role == "small" else (Timer.LARGE,):
            self.timers.pop(timer, None)

    # Events become signals.

    def read(self, event: ev.Event, now: float) -> Reading:
        """Read an event as what it means now."""
        self._now = now
        match event:
            case ev.LargeText(text):  # nearly every event is one
                return self._hear_large(text) if "large" in self.open else None
            case ev.LargeCalled() | ev.LargeEnded() | ev.LargeFailed() if "large" not in self.open:
                return None  # of a request that is over
            case ev.SmallText() | ev.SmallEnded() | ev.SmallFailed() if "small" not in self.open:
                return None
            case ev.SmallText(text):
                return self._hear_small(text)
            case ev.LargeCalled():
                self.answer.called = True
                self.timers[Timer.LARGE] = now + self._limits.stall
                return None if self._is_withheld else (Signal.LARGE_CALLS, self.answer.take())
            case ev.LargeEnded(reason):
                self.forget("large")
                return self._end_large(reason)
            case ev.SmallEnded(reason):
                self.forget("small")
                return self._end_small(reason)
            case ev.LargeFailed(error, refused_prefill):
                self.forget("large")
                if refused_prefill and self._next_way():
                    return Signal.WAY_REFUSED, ""
                return self._lose_large(str(error), error)
            case ev.SmallFailed(error):
                self.forget("small")
                return self._lose_small(str(error), error)
            case ev.TimePassed():
                return self._read_time()
            case ev.Interrupted():
                return Signal.INTERRUPTION, ""
            case ev.TurnConfirmed():
                return self._confirm()
            case ev.LargeWasAsked(at, sentence_at):
                self.timing.asked_at = at
                self.timers[Timer.LARGE] = at + self._limits.large_first_token
                self.answer.was_asked(at, sentence_at)
            case ev.LargeAlive(sign):
                self.answer.note_sign(sign, now)
            case ev.VoiceStarted():
                self.cover.audible(now)
            case ev.VoicePlaying():
                self.cover.playing(now)
            case ev.VoiceStopped():
                self.cover.stop(now)
            case ev.UserSpeaks(speaking):
                withheld, self.standby.user_speaks = self._is_withheld, speaking
                return self.resume() if withheld and not self._is_withheld else None
        return None

    def _confirm(self) -> Reading:
        """The speculation was right: what is ready is said now."""
        if not self._speculates:
            return None
        self._speculates = False
        self.cover.resume(self._now)
        self.opens_at_once = self.timing.wants_opening(self._now)
        ready = self.state is State.SILENCE and self.opens_at_once and self.standby.ready
        return (Signal.LINE_DUE, self.standby.ready) if ready else None

    # The large model's words.

    @property
    def _is_withheld(self) -> bool:
        """Whether the large model must wait for an opening that is being written."""
        if self.state is State.OPENING:
            return True
        kept = self._speculates or self.standby.user_speaks or self.standby.ready
        return self.state is State.SILENCE and self._manner.opening == "always" and not kept

    def _hear_large(self, text: str) -> Reading:
        text = self._seam.feed(self._scrubber.feed(text))
        if text.strip():  # white space and thoughts without end are not heard
            if not self._patience.has_heard:
                self.answer.note_sign("text", self._now)
            self.timers[Timer.LARGE] = self._patience.hear(text, self._now)
            if self._patience.is_over:
                self.timers[Timer.REPLY] = self._now
        if self.state is not State.CONTINUATION:
            self.answer.gather(text, self._now)
            return self._let_go()
        if not self.answer.is_whole:  # its end is still to be learnt
            self.answer.gather(text, self._now)
            text = self.answer.take()
        return (Signal.LARGE_SPEAKS, text) if text else None

    def _let_go(self) -> Reading:
        """Let what was gathered be heard, unless it is better heard later."""
        answer = self.answer
        if not answer.text or self._is_withheld:
            return None
        waits = answer.clause_at is None and self.state is State.SILENCE  # for the opening, too
        if answer.is_whole or not (self._manner.gathers or waits):
            return Signal.LARGE_SPEAKS, answer.take()
        return None

    def _end_large(self, reason: str) -> Reading:
        if self._is_withheld:
            self.answer.ended = reason
            return None
        text = self.answer.take() + self._flush()
        # Where it was not asked to go on from what was said, just that may be its answer.
        heard = text or self.answered or (self._seam.has_repeat and not self.answer.goes_on)
        if heard:
            self.answer.note_alone(self._now)
        suffices = self._manner.opening_suffices and self._said.opening and reason in NORMAL_ENDS
        if heard or self.answer.called or suffices:
            return Signal.LARGE_DONE, text
        if self._said.opening and self._next_way():
            return Signal.WAY_REFUSED, ""
        return self._lose_large(f"ended ({reason}) without a word")

    def resume(self) -> Reading:
        """The opening is final: hear what the large model has said while it was written."""
        reason, self.answer.ended = self.answer.ended, None
        if reason is not None:
            return self._end_large(reason)
        if self.answer.called:
            return Signal.LARGE_CALLS, self.answer.take()
        return self._let_go()

    def _flush(self) -> str:
        """Let go of what the filters held back."""
        return self._seam.feed(self._scrubber.flush()) + self._seam.flush()

    def _next_way(self) -> bool:
        """Go on to the next way of handing over the opening, if that can help."""
        if self.state is not State.SEAM or self.way + 1 >= self._ways:
            return False
        self.way += 1
        return True

    def _lose_large(self, reason: str, error: Exception | None = None) -> Reading:
        self.failures.append(Failure("large", reason, error))
        self.answer.called = False
        self.answer.take()  # it is dropped: the small model goes on from what was really said
        if self._manner.excuse is not None:
            return Signal.LARGE_EXCUSED, self._manner.excuse
        can_rescue = self._manner.rescue and not self._small_failed
        return (Signal.LARGE_LOST if can_rescue else Signal.BOTH_LOST), ""

    # The small model's words.

    def _hear_small(self, text: str) -> Reading:
        if self.state is State.RESCUE:
            text = self._seam.feed(self._scrubber.feed(text))
            if text.strip():
                self.timers[Timer.SMALL] = self._now + self._limits.stall
            return (Signal.SMALL_SPEAKS, text) if text else None
        if self.small.is_done:
            return None
        # From its first word on there is a time by which all of it must be there.
        self.timers[Timer.SMALL] = self.small.asked_at + 2 * self._limits.small_first_token
        return self._read_small(self.small.feed(text))

    def _read_small(self, text: str) -> Reading:
        """Read what the small model has ready."""
        if self.small.is_line:
            return (Signal.LINE_READY, text) if text and self.small.is_done else None
        if not self._said.opening:
            text = self.small.opening  # of which nothing was said, whenever it came
        waits = self.standby.user_speaks and not self._said.opening
        if not self.small.is_done:
            clause = "" if waits else self._fitted(text)
            return (Signal.CLAUSE, clause) if clause else None
        if not (text or self._said.opening):
            return Signal.NO_OPENING, ""
        kept = not self.opens_at_once or self.answer.clause_at is not None or waits
        if kept and not self._said.opening and not self._is_withheld:
            if Timer.HANDOVER in self.timers:  # nobody waits for what may never be said
                self.timers[Timer.HANDOVER] = self._now
            return Signal.LINE_READY, text
        fitted = self._fitted(text)
        if fitted or self._said.opening:
            return Signal.OPENING_DONE, fitted
        return (Signal.NO_OPENING if self.answer.asked_at is None else Signal.LINE_READY), text

    def _fitted(self, text: str) -> str:
        """Return a line that is over when the answer can be heard: this one, or another."""
        as_it_is = self._manner.opening != "auto" or self._said.opening or not text
        return text if as_it_is else self.standby.fitted(text, self.timing, self._now)

    def _end_small(self, reason: str) -> Reading:
        if self.state is State.RESCUE:
            text = self._flush()
            spoke = text or self.answered
            # With nothing to add, the answer that the large model broke off was whole.
            if not spoke and not (self._said.has_continuation and reason in NORMAL_ENDS):
                return self._lose_small(f"ended ({reason}) without a word")
            return Signal.SMALL_DONE, text
        return self._end_line(cut_off=reason == "length")

    def _end_line(self, *, cut_off: bool) -> Reading:
        return None if self.small.is_done else self._read_small(self.small.end(cut_off=cut_off))

    def _lose_small(self, reason: str, error: Exception | None = None) -> Reading:
        if self.state not in (State.SILENCE, State.OPENING, State.RESCUE):
            return None  # it was only reporting its usage, or writing a line that nobody misses
        self.failures.append(Failure("small", reason, error))
        if self.state is State.RESCUE:
            return Signal.BOTH_LOST, ""
        self._small_failed = True
        return (Signal.OPENING_DONE if self._said.opening else Signal.NO_OPENING), ""

    # Time.

    def _read_time(self) -> Reading:
        timer = min(self.timers, key=self.timers.__getitem__, default=None)
        if timer is None or self._now < self.timers[timer]:
            return None
        del self.timers[timer]
        limits, opening = self._limits, self.state in (State.SILENCE, State.OPENING)
        match timer:
            case Timer.HANDOVER if self.state is State.SILENCE:
                return Signal.HANDOVER_LATE, ""
            case Timer.SMALL if self.state is State.RESCUE:
                return self._lose_small(f"said nothing for {limits.stall:g} s")
            case Timer.SMALL | Timer.HANDOVER if opening:
                return self._end_line(cut_off=True)
            case Timer.SMALL | Timer.USAGE | Timer.HANDOVER:
                return Signal.SMALL_OVER, ""
            case Timer.LARGE if not (self._patience.has_heard or self.answer.called):
                return self._lose_large(f"said nothing within {limits.large_first_token:g} s")
            case Timer.LARGE:
                return self._lose_large(f"fell silent for {limits.stall:g} s in mid-answer")
            case Timer.LINE_SOON:
                return Signal.LINE_SOON, ""
            case Timer.LINE_DUE:
                said, declined = self._said.opening, self.small.declined
                line = self.standby.choose(self.timing, self._now, said=said, declined=declined)
                return (Signal.LINE_DUE, line) if line else None
            case Timer.CLAUSE:
                return Signal.CLAUSE_DUE, self.answer.take(len(self.answer.clause))
            case Timer.REPLY:
                return self._out_of_bounds()

    def _out_of_bounds(self) -> Reading:
        role: Role = "small" if self.state is State.RESCUE else "large"
        if not self._said.has_continuation:
            lose = self._lose_small if role == "small" else self._lose_large
            return lose(f"said nothing within {self._limits.bounds}")
        self.failures.append(Failure(role, f"went on for more than {self._limits.bounds}"))
        return Signal.OUT_OF_BOUNDS, ""

    def schedule(self) -> None:
        """Set what is due while the listener waits."""
        for timer in (Timer.CLAUSE, Timer.LINE_SOON, Timer.LINE_DUE):
            self.timers.pop(timer, None)
        answer, now = self.answer, self._now
        if self.state not in WAITING:
            return
        if answer.clause_at is not None:
            if self._manner.clause_release and answer.clause and not self._is_withheld:
                release = self.timing.release_at(answer.clause, answer.clause_at, now)
                self.timers[Timer.CLAUSE] = now if self._speculates else release  # the gate waits
            return
        opened = bool(self._said.opening) or not self.small.may_open
        due = self.standby.due_at(self.timing, opened=opened, declined=self.small.declined)
        if self._speculates or due == math.inf:
            return
        self.timers[Timer.LINE_DUE] = max(due, now)
        asks = self.state is State.SILENCE or self._manner.asks_for_lines
        if asks and not (self.standby.is_asked_for or "small" in self.open):
            self.timers[Timer.LINE_SOON] = max(now, due - self._manner.line_secs)
