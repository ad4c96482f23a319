"""Runs a relay: opens and closes the two requests, keeps its deadlines, tells what is heard.

A skin (the Pipecat service, the server) asks for a reply and iterates over what happens in it::

    async with aclosing(conductor.reply(conversation, policy)) as reply:
        async for heard in reply:
            match heard: ...
    report = reply.report

What comes out stands in `heard`. The conductor holds no policy: it does what the relay asks for.

While two requests are open each is read by a task of its own; the large model's, once it alone is
heard, by the iteration itself (`request`). Leaving a reply never waits for a socket: cancelling the
iteration, or `aclose`, closes both requests at once and lets them finish dying in the background.
`Conductor.aclose` waits for the last of them. A request that is closed before its end takes its
connection with it, so another one is opened at once: the next reply need not wait.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any

from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import Heard, ModelAnswered, ModelUsed, ToolCalls
from blastoff_pipecat.conductor.learnt import Learnt
from blastoff_pipecat.conductor.model import Model
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.prefetched import Prefetched
from blastoff_pipecat.conductor.report import ReplyReport, Stopwatch
from blastoff_pipecat.conductor.request import Inbox, Life, News, Request
from blastoff_pipecat.conductor.requests import Models, Requests
from blastoff_pipecat.endpoints import (
    Alive,
    Aside,
    Ask,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallsSoFar,
    UsageReport,
)
from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import distress, lead_in
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.relay import Relay
from blastoff_pipecat.relay.turn import TurnSoFar

MOST_ARGUMENT_CHARS = 1_000_000
"""How long the arguments of a reply's calls may be together."""


class Conductor:
    """Makes replies out of two models."""

    def __init__(
        self, small: Model, large: Model, *, pause: Callable[[], float] = lambda: 0.0
    ) -> None:
        """Take the two models; nothing is opened yet.

        Args:
            small: The small model.
            large: The large model.
            pause: Asked before each read of a continuation that is under way: how long to wait, in
                seconds, so that more tokens are read at once. By default not at all.
        """
        self.small = small
        self.large = large
        self.pause = pause
        self.learnt = Learnt()
        self._tasks: set[asyncio.Task[None]] = set()

    def reply(
        self,
        conversation: Conversation,
        policy: Policy,
        *,
        speculative: bool = False,
        report_usage: bool = False,
        turn: TurnSoFar | None = None,
        prefetched: Prefetched | None = None,
    ) -> "Reply":
        """Start a reply; nothing happens before it is iterated over.

        Args:
            conversation: What was said before.
            policy: How the reply is to be made.
            speculative: Whether the turn it answers may not have ended; `Reply.tell` confirms it.
            report_usage: Whether to wait a little for a small model's usage report.
            turn: What was heard of the turn before, where the reply goes on with it.
            prefetched: What it will ask the large model, if that was foreseen right; else closed.
        """
        return Reply(self, conversation, policy, speculative, report_usage, turn, prefetched)

    def run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a task of a reply's, which may outlive it."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def warm(self) -> None:
        """Get both models ready, so that the next reply need not; what judges words, meanwhile."""
        for each in (distress, lead_in):
            self.run(asyncio.to_thread(each.prepare), "blastoff words")
        await asyncio.gather(self.small.warm(), self.large.warm())

    async def aclose(self) -> None:
        """Close every request and connection. May be called more than once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.small.aclose()
        await self.large.aclose()


class Reply:
    """One reply: to be iterated over, for what happens in it, and then its report.

    Attributes:
        conversation: What was said before.
        policy: How the reply is made.
        manner: The same, as far as lines against silence go.
        why_alone: Why the large model is to speak alone; None where both are to.
        finish_reason: Of the request that ended last, in its server's words.
    """

    def __init__(
        self,
        conductor: Conductor,
        conversation: Conversation,
        policy: Policy,
        speculative: bool,
        report_usage: bool,
        turn: TurnSoFar | None,
        prefetched: Prefetched | None,
    ) -> None:
        """Made by `Conductor.reply`."""
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self.conversation = conversation
        self.policy = policy
        self._conductor = conductor
        self._learnt = conductor.learnt
        self._turn_before = turn
        self._ahead = prefetched
        models = Models(conductor.small, conductor.large)
        self._asks = Requests(models, conversation, policy, conductor.learnt)
        self.why_alone = self._asks.why_alone
        self.manner = self._asks.manner(speculative=speculative)
        self._relay = Relay(
            opening=self._asks.opening,
            ways=len(self._asks.ways),
            echoes=tuple(way.echo == "always" for way in self._asks.ways),
            limits=policy.limits(report_usage=report_usage),
            manner=self.manner,
            voice=self._learnt.voice,
            expectation=self._learnt.expect(
                conductor.large,
                policy.forecast_prior_secs,
                learns=prefetched is None or len(prefetched) == 0,
            ),
        )
        self._inbox = Inbox(loop)
        self._told: deque[ev.Event] = deque()
        self._requests: dict[act.Role, Request] = {}
        self._unread: list[Request] = []  # asked, and not yet told who reads it
        self._answered: set[act.Role] = set()
        self._times = Stopwatch(started=self._clock(), speculative=speculative)
        self._calls = ToolCallsSoFar()
        self._opening_noted = False
        self._cover = 0.0  # seconds of speech before the answer
        self._small_patience = policy.small_first_token_timeout_secs
        self.finish_reason = "stop"
        self._heard = self._run()

    def __aiter__(self) -> AsyncIterator[Heard]:
        """Iterate over what happens."""
        return self._heard

    @property
    def said(self) -> str:
        """What was said so far, the opening included."""
        return self._relay.said

    @property
    def said_whole(self) -> str:
        """All that was said, once the reply has ended of itself; empty otherwise."""
        return self._relay.said if self._times.outcome not in (None, "interrupted") else ""

    @property
    def turn(self) -> TurnSoFar:
        """What was heard of this reply, and of those that it went on with."""
        return self._relay.turn

    @property
    def continuation(self) -> str:
        """What was said after the opening, so far."""
        return self._relay.continuation

    def tell(self, event: ev.Event) -> None:
        """Tell what happened outside; its sound is listened to after the reply's end, too."""
        if self._relay.is_flowing or self._times.outcome:  # nobody need be woken for it
            self._relay.handle(event, self._clock())
            return
        self._told.append(event)
        self._inbox.interrupt_wait()

    async def aclose(self) -> None:
        """Leave the reply, closing what is open."""
        await self._heard.aclose()
        self._leave()

    @property
    def report(self) -> ReplyReport:
        """What happened, measured; complete once the reply has ended or was left."""
        relay, started = self._relay, self._times.started
        more: dict[str, Any] = {
            "declined": relay.declined,
            "waiting_lines": relay.waiting_lines,
            "silence": relay.cover.longest_silence,
            "answer_text": None if relay.answer_at is None else relay.answer_at - started,
            "alone_text": None if relay.alone_at is None else relay.alone_at - started,
        }
        large = self._requests.get("large")
        if relay.opening and "large" in self._times.asked:
            handed_over = large is None or bool(large.ask.said)
            more["continuation_mode"] = self._asks.ways[relay.way].name if handed_over else "beside"
            more["handover"] = "prefix" if handed_over else "beside"
        return self._times.report(relay.opening, relay.continuation, **more)

    async def _run(self) -> AsyncGenerator[Heard]:
        try:
            now = self._clock()
            for heard in self._carry_out(self._relay.begin(now, self._turn_before), now):
                yield heard
            for used in self._ahead.discard() if self._ahead is not None else ():
                yield used
            while (deadline := self._relay.deadline) is not None:
                large = self._requests.get("large")
                # What a task has left in the inbox comes before what is to be read here.
                if large and large.life is Life.HANDED_OVER and not self._inbox:
                    item = await large.next(deadline, self._conductor.pause)
                elif self._told:
                    item = None
                else:
                    item = await self._inbox.get(deadline)
                for heard in self._receive(*item) if item else self._look_up():
                    yield heard
        finally:
            self._leave()

    def _look_up(self) -> list[Heard]:
        """Hear what was told meanwhile; else, time has passed."""
        return self._handle(self._told.popleft() if self._told else ev.TimePassed())

    def _leave(self) -> None:
        """End the reply now, if it has not ended."""
        if self._times.outcome is None:
            self._handle(ev.Interrupted())
        while self._told:
            self._handle(self._told.popleft())
        if self._ahead is not None:
            self._ahead.discard()
        self._inbox.close()

    def _handle(self, event: ev.Event, now: float | None = None) -> list[Heard]:
        if now is None:
            now = self._clock()
        return self._carry_out(self._relay.handle(event, now), now)

    def _receive(self, request: Request, news: News) -> list[Heard]:
        """Tell the relay what a model sent."""
        if not request.is_open:
            return []
        if isinstance(news, Exception):
            request.finish(self._conductor.run)
            return self._handle(self._failure(request, news))
        small = request.role == "small"
        opening = self._asks.opening
        heard: list[Heard] = []
        now = self._clock()
        for delta in news:
            match delta:
                case TextDelta(text):
                    request.first_answer = request.first_answer or now
                    event = ev.SmallText(text) if small else ev.LargeText(text)
                    heard += self._handle(event, now)
                    if small and opening and opening.done and not self._opening_noted:
                        self._opening_noted = True
                        self._learnt.small_wrote(now - request.asked_at)
                case Finished(reason):
                    self.finish_reason = reason
                    request.finish(self._conductor.run)
                    heard += self._handle(ev.SmallEnded(reason) if small else ev.LargeEnded(reason))
                case ToolCallDelta() if not small:
                    request.first_answer = request.first_answer or now
                    heard += self._collect(request, delta)
                case UsageReport():
                    heard.append(ModelUsed(request.role, request.model.name, delta))
                case Aside():
                    heard += [] if small else [delta]
                case Alive(sign):
                    self._handle(ev.LargeAlive(sign))
                    continue
                case ReasoningDelta() | ToolCallDelta():
                    if not small and not request.first_output:
                        self._handle(ev.LargeAlive("reasoning"))
            request.first_output = request.first_output or now
        if request.first_answer and request.role not in self._answered:
            heard += self._note_answer(request)
        return heard

    def _failure(self, request: Request, error: Exception) -> ev.Event:
        if request.role == "small":
            self._learnt.small_failed(request.model)
            return ev.SmallFailed(error)
        return ev.LargeFailed(error, request.model.was_refused(error, request.ask))

    def _collect(self, request: Request, delta: ToolCallDelta) -> list[Heard]:
        self._calls.add(delta)
        if self._calls.chars > MOST_ARGUMENT_CHARS:
            self._close(request.role)
            said = f"{request.model.describe()}: more than {MOST_ARGUMENT_CHARS} of arguments"
            return self._handle(ev.LargeFailed(ValueError(said)))
        return self._handle(ev.LargeCalled())

    def _note_answer(self, request: Request) -> list[Heard]:
        self._answered.add(request.role)
        ttfb = request.first_output - request.asked_at
        ttfat = request.first_answer - request.asked_at
        self._times.ttft[request.role] = ttfat
        return [ModelAnswered(request.role, request.model.name, ttfb, ttfat)]

    def _carry_out(self, actions: list[act.Action], now: float) -> list[Heard]:
        heard: list[Heard] = []
        for action in actions:
            match action:
                case act.SayContinuation() | act.SayClause():
                    self._times.say_continuation(now, self._cover)
                    heard.append(action)
                case act.SayOpening() | act.SayWaiting():
                    self._cover = self._learnt.voice.pace.seconds(self._relay.opening)
                    self._times.say_opening(now)
                    heard.append(action)
                case act.AskSmall(secs):
                    self._ask("small", self._asks.opening_ask(secs), now)
                case act.AskSmallForLine(said):
                    self._ask("small", self._asks.line_ask(said), now)
                case act.AskSmallToFinish(said):
                    self._ask("small", self._asks.finishing_ask(said), now)
                case act.AskLarge(said, way):
                    self._calls = ToolCallsSoFar()
                    self._ask("large", self._asks.large_ask(said, way), now)
                case act.CloseSmall():
                    self._close("small")
                case act.CloseLarge():
                    self._close("large")
                case act.RunCalls():
                    heard.append(ToolCalls(self._calls.calls))
                case act.ReportFailures():
                    heard.append(action)
                case act.EndReply(outcome):
                    self._times.end(now, outcome)
        self._leave_alone()
        return heard

    def _ask(self, role: act.Role, ask: Ask, now: float) -> None:
        self._close(role)
        self._times.asked.add(role)
        ahead = self._ahead if role == "large" else None
        if ahead is not None and (request := ahead.hand_over(ask, self._inbox)):
            self._handle(ev.LargeWasAsked(request.asked_at, ahead.sentence_at))
        else:
            model = self._conductor.small if role == "small" else self._conductor.large
            request = Request(role, model, ask, self._inbox, now)
            self._unread.append(request)
        self._requests[role] = request

    def _close(self, role: act.Role) -> None:
        request = self._requests.pop(role, None)
        if request is None:
            return
        unheard = role == "small" and request.is_open and not request.first_output
        if unheard and self._clock() - request.asked_at >= self._small_patience:
            self._learnt.small_failed(request.model)
        request.close(self._conductor.run)

    def _leave_alone(self) -> None:
        """Let the large model's request be read here once only its text matters; start the rest."""
        large = self._requests.get("large")
        if large and large.life is Life.ASKED and self._relay.is_flowing:
            small = self._requests.get("small")
            if not (small and small.is_open):
                large.leave_alone()
        while self._unread:
            self._unread.pop(0).start(self._conductor.run)
