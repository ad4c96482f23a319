"""One reply on made-up time: the package's own relay, told what happens around it."""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import count

from blastoff_pipecat.bench.cover.heard import Heard
from blastoff_pipecat.bench.cover.policy import (
    FIXED_OPENING,
    PolicyName,
    make_manner,
    make_opening,
)
from blastoff_pipecat.bench.cover.voice import SimulatedVoice, words
from blastoff_pipecat.bench.cover.world import Turn, World
from blastoff_pipecat.conductor.policy import HANDOVER_SECS
from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.cover import Voice
from blastoff_pipecat.relay.forecast import Expectation
from blastoff_pipecat.relay.opening import WrittenLine, WrittenOpening
from blastoff_pipecat.relay.relay import Limits, Relay
from blastoff_pipecat.relay.scripts import WORDS_PER_SECOND

LIMITS = Limits(handover=HANDOVER_SECS, large_first_token=3600.0, reply=3600.0)
"""No answer is given up: how late one may be is not what is asked here."""


class SimulatedReply:
    """One reply, from the end of the user's turn to the answer's first sentence."""

    def __init__(
        self,
        policy: PolicyName,
        turn: Turn,
        world: World,
        voice: Voice,
        expectation: Expectation,
        recent: Sequence[str] = (),
    ) -> None:
        """Take what it is made of.

        Args:
            policy: How it is made.
            turn: What chance has in store.
            world: What surrounds it.
            voice: What the bot knows of its voice.
            expectation: What it expects of the large model.
            recent: What the replies before have said, newest first.
        """
        manner = make_manner(policy, recent)
        self._turn = turn
        self._known = voice
        self._world = world
        self._opening = make_opening(policy, recent)
        self._always = manner.opening == "always"
        self._relay = Relay(
            opening=self._opening,
            limits=LIMITS,
            manner=manner,
            voice=voice,
            expectation=expectation,
        )
        self._voice = SimulatedVoice(world.latency, world.words_per_second)
        self._to_come: list[tuple[float, int, ev.Event]] = []
        self._numbers = count()  # of events, so that those of one time stay in order
        self._answer_to_come = 0  # pieces of it, and its end
        self._small_writes = False
        self._small_tokens = 0

    @property
    def said(self) -> str:
        """All that was said in it."""
        return self._relay.said

    def play(self) -> Heard:
        """Play it."""
        relay, to_come = self._relay, self._to_come
        self._carry_out(relay.begin(0.0), 0.0)
        while (deadline := relay.deadline) is not None and (
            self._answer_to_come or not relay.is_flowing
        ):
            if not to_come or deadline <= to_come[0][0]:
                self._carry_out(relay.handle(ev.TimePassed(), deadline), deadline)
                continue
            now, _, event = heappop(to_come)
            match event:
                case ev.LargeText() | ev.LargeEnded():
                    self._answer_to_come -= 1
                case ev.SmallText(text) if self._small_writes:
                    self._small_tokens += words(text) + 1  # a word is a token, and so is its mark
                case ev.SmallText() | ev.SmallEnded() if not self._small_writes:
                    continue
                case _:
                    pass
            self._carry_out(relay.handle(event, now), now)
        self._voice.teach(self._known.pace)
        return Heard.of(
            self._voice.sounds,
            waiting_lines=relay.waiting_lines,
            small_tokens=self._small_tokens,
        )

    def _carry_out(self, actions: list[act.Action], now: float) -> None:
        for action in actions:
            match action:
                case act.AskSmall(secs):
                    self._write_small(self._opening_of(secs), now)
                case act.AskSmallForLine():
                    self._write_small(self._turn.waiting_line, now)
                case act.CloseSmall():
                    self._small_writes = False
                case act.AskLarge():
                    self._write_large(now)
                case act.SayOpening(text) | act.SayWaiting(text):
                    self._expect(self._voice.say(text, now, answers=False))
                case act.SayClause(text):
                    self._expect(self._voice.say(text, now, answers=True))
                case act.SayContinuation(text):
                    self._expect(self._voice.gather(text, now))
                case act.EndReply():
                    self._expect(self._voice.flush(now))
                case _:
                    pass

    def _opening_of(self, secs: float | None) -> str:
        """Return what the small model writes where its opening may last so many seconds."""
        if self._always:
            return FIXED_OPENING
        if isinstance(self._opening, WrittenOpening) and secs is not None:
            self._opening.last(int(secs * WORDS_PER_SECOND))
        text = self._turn.opening
        return text if isinstance(self._opening, WrittenLine) else text.replace(".", ",")

    def _write_small(self, text: str, now: float) -> None:
        self._small_writes = True
        whole_at = now + self._world.small
        self._expect([(whole_at, ev.SmallText(text)), (whole_at, ev.SmallEnded())])

    def _write_large(self, now: float) -> None:
        answer = self._turn.answer
        self._answer_to_come = len(answer.pieces) + answer.ends
        self._expect((now + piece.secs, ev.LargeText(piece.text)) for piece in answer.pieces)
        if answer.ends:
            self._expect([(now + answer.sentence, ev.LargeEnded())])

    def _expect(self, events: Iterable[tuple[float, ev.Event]]) -> None:
        for when, event in events:
            heappush(self._to_come, (when, next(self._numbers), event))
