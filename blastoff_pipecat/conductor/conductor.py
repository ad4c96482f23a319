"""Runs a relay: opens and closes the two streams, keeps its deadlines, tells what is heard.

A skin (the Pipecat service, the server) asks for a reply and iterates over what happens in it::

    async with aclosing(conductor.reply(conversation, policy)) as reply:
        async for heard in reply:
            match heard: ...
    report = reply.report

What comes out of a reply, in order: `SayOpening` and `SayContinuation` (text to be heard, each
character once), `ToolCalls` (once, at the end), `ReportFailures` (what went wrong), `ModelAnswered`
(once for each model that answered) and `ModelUsed` (its tokens). The conductor holds no policy: it
builds the requests that the relay asks for and carries out its actions.

While two requests are open each is read by a task of its own; the large model's, once it is left
alone, by the iteration itself (`line`). Leaving a reply never waits for a socket: cancelling the
iteration, or `aclose`, closes both requests at once and lets them finish dying in the background.
`Conductor.aclose` waits for the last of them. A request that is closed before its end takes its
connection with it, so another one is opened at once: the next reply need not wait.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeAlias

from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.line import Inbox, Line
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.report import ReplyReport, Stopwatch
from blastoff_pipecat.conductor.requests import RequestBuilder
from blastoff_pipecat.endpoints import (
    ChatClient,
    Delta,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.relay import Limits, Relay

USAGE_GRACE_SECS = 0.5
"""How long a small model may run on unheard to report its usage."""

ENDING_GRACE_SECS = 0.1
"""How long a small model may run on unheard where no usage is wanted: most say no more than the
opening, and one that ends by itself leaves its connection to the next reply."""


@dataclass(slots=True)
class ToolCall:
    """One tool call of the large model; `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The tools that the large model calls in this reply."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class ModelAnswered:
    """One model's first answer.

    Attributes:
        role: Which model.
        model: Its name.
        ttfb: Seconds from its request to its first output of any kind.
        ttfat: Seconds from its request to its first answer text or tool call.
    """

    role: act.Role
    model: str
    ttfb: float
    ttfat: float


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """The tokens that one model's server reported for one request."""

    role: act.Role
    model: str
    usage: UsageReport


Heard: TypeAlias = (
    act.SayOpening
    | act.SayContinuation
    | act.ReportFailures
    | ToolCalls
    | ModelAnswered
    | ModelUsed
)


class Conductor:
    """Makes replies out of two models."""

    def __init__(
        self, small: ChatClient, large: ChatClient, *, pause: Callable[[], float] = lambda: 0.0
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
        self._tasks: set[asyncio.Task[None]] = set()

    def reply(
        self,
        conversation: Conversation,
        policy: Policy,
        *,
        speculative: bool = False,
        report_usage: bool = False,
    ) -> "Reply":
        """Start a reply; nothing happens before it is iterated over.

        Args:
            conversation: What was said before.
            policy: How the reply is to be made.
            speculative: Whether the turn it answers may not have ended; noted in the report.
            report_usage: Whether to wait a little for a small model's usage report.
        """
        return Reply(self, conversation, policy, speculative, report_usage)

    def open(self, line: Line) -> None:
        """Start reading a request."""
        line.task = self._start(line.read(), f"blastoff {line.role} model")

    def close(self, line: Line) -> None:
        """Close a request without waiting for it, and replace the connection that this costs."""
        if line.close():
            self._start(line.client.warm(), f"blastoff {line.role} connection")
        if line.handed_over:
            self._start(line.hang_up(), f"blastoff {line.role} model")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def warm(self) -> None:
        """Open a connection to each model, so that the next reply need not."""
        await asyncio.gather(self.small.warm(), self.large.warm())

    async def aclose(self) -> None:
        """Close every request and connection. May be called more than once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.small.aclose()
        await self.large.aclose()


class Reply:
    """One reply: to be iterated over, for what happens in it, and then its report."""

    def __init__(
        self,
        conductor: Conductor,
        conversation: Conversation,
        policy: Policy,
        speculative: bool,
        report_usage: bool,
    ) -> None:
        """Made by `Conductor.reply`."""
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self._conductor = conductor
        self._requests = RequestBuilder(
            conductor.small.endpoint, conductor.large.endpoint, conversation, policy
        )
        self._relay = Relay(
            opening=self._requests.opening(),
            ways=len(self._requests.ways),
            echoes=tuple(way.echo == "always" for way in self._requests.ways),
            limits=Limits(
                small_first_token=policy.small_first_token_timeout_secs,
                large_first_token=policy.large_first_token_timeout_secs,
                stall=policy.stall_timeout_secs,
                small_usage=USAGE_GRACE_SECS if report_usage else ENDING_GRACE_SECS,
            ),
        )
        self._inbox = Inbox(loop)
        self._open: dict[act.Role, Line] = {}
        self._only: Line | None = None  # the request that is read here, not by a task
        self._answered: set[act.Role] = set()
        self._times = Stopwatch(started=self._clock(), speculative=speculative)
        self._calls: dict[int, ToolCall] = {}
        self.finish_reason = "stop"  # of the request that ended last, in its server's words
        self._heard = self._run()

    def __aiter__(self) -> AsyncIterator[Heard]:
        """Iterate over what happens."""
        return self._heard

    async def aclose(self) -> None:
        """Leave the reply, closing what is open."""
        await self._heard.aclose()
        self._leave()

    @property
    def report(self) -> ReplyReport:
        """What happened, measured; complete once the reply has ended or was left."""
        relay, way = self._relay, None
        if relay.opening and "large" in self._times.asked:
            way = self._requests.ways[relay.way].name
        return self._times.report(relay.opening, relay.continuation, way)

    async def _run(self) -> AsyncGenerator[Heard]:
        try:
            now = self._clock()
            for heard in self._carry_out(self._relay.begin(now), now):
                yield heard
            while (deadline := self._relay.deadline) is not None:
                # What a task has left in the inbox comes before what is to be read here.
                if self._only and not self._inbox:
                    item = await self._only.next(deadline, self._conductor.pause)
                else:
                    item = await self._inbox.get(deadline)
                for heard in self._receive(*item) if item else self._handle(ev.TimePassed()):
                    yield heard
        finally:
            self._leave()

    def _leave(self) -> None:
        """End the reply now, if it has not ended."""
        if self._times.outcome is None:
            self._handle(ev.Interrupted())
        self._inbox.close()

    def _handle(self, event: ev.Event) -> list[Heard]:
        now = self._clock()
        return self._carry_out(self._relay.handle(event, now), now)

    def _receive(self, line: Line, news: "list[Delta] | Exception") -> list[Heard]:
        """Tell the relay what a model's server sent."""
        if line.closed:
            return []
        if line.handed_over:
            self._only = line
        if isinstance(news, Exception):
            self._end(line)
            return self._handle(self._failure(line, news))
        small = line.role == "small"
        heard: list[Heard] = []
        now = self._clock()
        line.first_output = line.first_output or now
        for delta in news:
            match delta:
                case TextDelta(text):
                    line.first_answer = line.first_answer or now
                    heard += self._handle(ev.SmallText(text) if small else ev.LargeText(text))
                case Finished(reason):
                    self.finish_reason = reason
                    self._end(line)
                    heard += self._handle(ev.SmallEnded(reason) if small else ev.LargeEnded(reason))
                case ToolCallDelta() if not small:
                    line.first_answer = line.first_answer or now
                    self._collect(delta)
                    heard += self._handle(ev.LargeCalled())
                case UsageReport():
                    heard.append(ModelUsed(line.role, line.model, delta))
                case ReasoningDelta() | ToolCallDelta():
                    pass
        if line.first_answer and line.role not in self._answered:
            heard += self._note_answer(line)
        return heard

    def _failure(self, line: Line, error: Exception) -> ev.Event:
        if line.role == "small":
            return ev.SmallFailed(error)
        return ev.LargeFailed(error, self._requests.was_refused(error, line.way, line.said))

    def _collect(self, delta: ToolCallDelta) -> None:
        """Add a fragment to the call it belongs to."""
        call = self._calls.get(delta.index)
        if call is None:
            call = self._calls[delta.index] = ToolCall("", "", "")
        call.id = call.id or delta.id or ""
        call.name += delta.name or ""
        call.arguments += delta.arguments

    def _note_answer(self, line: Line) -> list[Heard]:
        self._answered.add(line.role)
        ttfb, ttfat = line.first_output - line.asked, line.first_answer - line.asked
        self._times.ttft[line.role] = ttfat
        return [ModelAnswered(line.role, line.model, ttfb, ttfat)]

    def _carry_out(self, actions: list[act.Action], now: float) -> list[Heard]:
        heard: list[Heard] = []
        for action in actions:
            match action:
                case act.SayContinuation():
                    self._times.say_continuation(now, self._relay.opening)
                    heard.append(action)
                case act.SayOpening():
                    self._times.say_opening(now)
                    heard.append(action)
                case act.AskSmall():
                    self._ask(Line("small", self._conductor.small, self._requests.opening_body()))
                case act.AskSmallToFinish(said):
                    body = self._requests.finishing_body(said)
                    self._ask(Line("small", self._conductor.small, body))
                case act.AskLarge(said, way):
                    body = self._requests.large_body(said, way)
                    self._calls.clear()
                    self._ask(Line("large", self._conductor.large, body, said, way))
                case act.CloseSmall():
                    self._close("small")
                case act.CloseLarge():
                    self._close("large")
                case act.RunCalls():
                    calls = tuple(call for _, call in sorted(self._calls.items()))
                    heard.append(ToolCalls(calls))
                case act.ReportFailures():
                    heard.append(action)
                case act.EndReply(outcome):
                    self._times.end(now, outcome)
        return heard

    def _ask(self, line: Line) -> None:
        self._close(line.role)
        self._open[line.role] = line
        line.inbox = self._inbox
        line.asked = self._clock()
        self._times.asked.add(line.role)
        self._conductor.open(line)
        self._count()

    def _close(self, role: act.Role) -> None:
        line = self._open.pop(role, None)
        if line is not None:
            self._forget(line)
            self._conductor.close(line)
            self._count()

    def _end(self, line: Line) -> None:
        """Take note that a request has ended; a task reads what is left of its body."""
        self._forget(line)
        line.closed = True
        if line.handed_over:
            line.take_back()
            self._conductor.open(line)
        self._count()

    def _forget(self, line: Line) -> None:
        if self._only is line:
            self._only = None

    def _count(self) -> None:
        """Let the large model's request be read here as soon as no other is open."""
        lines = [line for line in self._open.values() if not line.closed]
        if len(lines) == 1 and lines[0].role == "large":
            lines[0].alone = True
