"""One turn of the soak, carried out with a bot in a room, and what came of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    ErrorFrame,
    Frame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat import DualLLMMetricsData, DualLLMService, OpeningTextFrame
from blastoff_pipecat.service.frames import SpokenTextFrame
from blastoff_pipecat.testing import Request, ScriptedEndpoint
from tests.kit.bot import Bot
from tests.kit.room import Visit
from tests.soak.lateness import Lateness
from tests.soak.plan import BAD, Plan

QUESTION = "What is there to see in town on a Sunday?"


@dataclass
class Tool:
    """The bot's tool, as it is used in a turn."""

    secs: float = 0.0
    is_answered: bool = True
    began: int = 0
    running: int = 0
    ended: int = 0
    answered: int = 0

    async def get_weather(self, params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        self.began += 1
        self.running += 1
        try:
            await asyncio.sleep(self.secs)
        finally:
            self.running -= 1
        properties = FunctionCallResultProperties(run_llm=None if self.is_answered else False)
        await params.result_callback({"sky": "clear"}, properties=properties)
        self.ended += 1
        self.answered += self.is_answered


@dataclass
class Spoken:
    """One reply as it left the service."""

    frames: list[tuple[Frame, float]] = field(default_factory=list[tuple[Frame, float]])

    @property
    def texts(self) -> list[tuple[str, bool]]:
        """Its texts, and whether each is of the opening."""
        return [
            (frame.text, isinstance(frame, OpeningTextFrame))
            for frame, _ in self.frames
            if isinstance(frame, LLMTextFrame | SpokenTextFrame)
        ]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(text for text, _ in self.texts)


@dataclass
class Turn:
    """What was seen of one turn.

    Attributes:
        plan: What was to happen.
        asked_at: When the service was asked for the first reply.
        contexts: How many replies were asked for.
        replies: The replies, from start to end.
        lines: What was said while a tool ran.
        said: What the voice was given, and when.
        reports: One for each reply.
        errors: What the service told as such; a voice complains of texts without words.
        requests: What the models were asked.
        messages: What the context has gained.
        interrupted: Whether the user interrupted.
        calls: How many tools were called.
        results: How many of their results asked for an answer.
        after_silence: What was said after the interruption had passed.
        silenced_in: How long the interruption took to pass.
        late: By how many seconds the computer was late meanwhile.
        settings: The service's settings.
    """

    plan: Plan
    asked_at: float
    contexts: int
    replies: list[Spoken]
    lines: list[str]
    said: list[tuple[str, float]]
    reports: list[DualLLMMetricsData]
    errors: list[ErrorFrame]
    requests: list[Request]
    messages: list[dict[str, Any]]
    interrupted: bool
    calls: int
    results: int
    after_silence: list[str]
    silenced_in: float
    late: float
    settings: Any


class Talker:
    """Has turns with one bot."""

    def __init__(
        self, visit: Visit, server: ScriptedEndpoint, tool: Tool, lateness: Lateness
    ) -> None:
        self.visit, self.server, self.tool = visit, server, tool
        self._lateness = lateness
        self.bot: Bot = visit.bot
        self._silenced_at: tuple[int, int, float] | None = None
        self._guessed = 0
        self._after_interruption = False

    async def have(self, plan: Plan) -> Turn:
        """Have a turn; it is over when nothing of it goes on."""
        bot, tool, late = self.bot, self.tool, self._lateness.secs
        await self._change(plan)
        self._forget(plan)
        tool.secs, tool.is_answered = plan.tool_secs, plan.tool_is_answered
        tool.began = tool.ended = tool.answered = 0
        before = len(bot.context.get_messages())
        asked_at = time.monotonic()
        interrupted = await (self._ask(plan) if plan.way == "asked" else self._guess(plan))
        if interrupted:  # which need not end a tool that has begun
            await self._soon(lambda: not tool.running)
        if interrupted and tool.answered:  # Pipecat has a result answered that was there before
            await self._soon(lambda: self._is_quiet and self._has_voiced_last, within=3.0)
        elif not interrupted and plan.way != "eager, withdrawn":
            await self._settle()
        await self._until(lambda: bot.started == bot.ended, "end of what was begun")
        await self._until(self._is_reported, "report for each reply")
        # What was asked is over: answered to its end, or the server saw the client hang up.
        await self.server.until(lambda: all(request.ended for request in self.server.requests))
        if plan.way != "eager, withdrawn":  # such a turn leaves no message
            self._after_interruption = interrupted
        return self._seen(plan, asked_at, before, interrupted, self._lateness.secs - late)

    # The user.

    async def _ask(self, plan: Plan) -> bool:
        """Ask; return whether the user interrupted."""
        bot = self.bot
        await bot.ask(QUESTION)
        await self._until(lambda: self._asked_for > 0, "request for a reply")
        if plan.user_hums:
            await self._send(VADUserStartedSpeakingFrame())
            await bot.until(lambda: bot.ended > 0 or bool(self.server.requests))
            await self._send(VADUserStoppedSpeakingFrame())
        if plan.interrupted_after is None:
            return False
        frames = plan.interrupted_after
        await bot.until(lambda: len(bot.after.frames) >= frames or self._is_quiet)
        await self._interrupt()
        return True

    async def _guess(self, plan: Plan) -> bool:
        """Have a reply prepared, and confirm or withdraw that; return whether that interrupted."""
        await self._send(UserStartedSpeakingFrame())
        context = LLMContext([{"role": "user", "content": QUESTION}])
        await self._send(LLMContextFrame(context, speculation=True))
        wanted = 1 + plan.number % 2
        await self._soon(lambda: len(self.server.requests) >= wanted)
        if plan.way == "eager, withdrawn":
            await self._send(EagerEndOfTurnCancelFrame())
            ear = self.bot.end
            await self.bot.until(lambda: bool(self.bot.of(EagerEndOfTurnCancelFrame, at=ear)))
            await self._send(UserStoppedSpeakingFrame())
            return False
        await self._send(UserStoppedSpeakingFrame())
        if plan.interrupted_after is not None:
            await self._interrupt()
            return True
        return False

    async def _interrupt(self) -> None:
        bot, began = self.bot, time.monotonic()
        await bot.interrupt()
        assert bot.tts is not None
        self._silenced_at = len(self._texts), len(bot.tts.said), time.monotonic() - began
        await self._until(lambda: bot.started == bot.ended, "end of what was interrupted")

    async def _change(self, plan: Plan) -> None:
        """Change settings; one that cannot be changes none of them, and is one error."""
        if not plan.changes:
            return
        bot, before = self.bot, len(self.bot.errors)
        settings = bot.llm._settings.copy()
        bad = BAD in plan.changes.items()
        delta = DualLLMService.Settings(**plan.changes)
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        if bad:
            await self._until(lambda: len(bot.errors) > before, "error that names the setting")
            assert BAD[0] in bot.errors[-1].error, bot.errors
            assert bot.llm._settings == settings, "a bad value changes nothing"
        else:
            # All of them, since one alone may have been so before.
            wanted, llm = plan.changes.items(), bot.llm
            changed = lambda: (  # noqa: E731
                all(getattr(llm._settings, name) == to for name, to in wanted)
                and llm._policy == llm._settings.policy()
            )
            await self._soon(changed)
            assert changed(), plan.changes

    def _forget(self, plan: Plan) -> None:
        """Keep no more of earlier turns than a bot does, so that the soak itself does not grow."""
        bot, messages = self.bot, self.bot.context.get_messages()
        bot.context.set_messages([] if plan.forgets or len(messages) > 16 else messages)
        for ear in (bot.front, bot.before, bot.after, bot.end):
            ear.frames.clear()
        assert bot.tts is not None
        bot.tts.said.clear()
        self.visit.room.heard.clear()
        self.visit.room.played.clear()
        self.server.requests.clear()
        self._silenced_at = None
        self._guessed = int(plan.way != "asked")
        for name in ("large", "larger"):
            self.server.play(name, *plan.large)
        self.server.play("small", *plan.small)

    async def _send(self, frame: Frame) -> None:
        await self.bot.before.push_frame(frame)

    # Waiting.

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            await self.bot.until(condition)
        except AssertionError:
            messages = self.bot.context.get_messages()[-5:]
            seen = [frame.name for frame, _, _ in self.bot.after.frames][-40:]
            told = f"said {self._said_in_replies()}; messages {messages}; frames {seen}"
            raise AssertionError(f"no {what}; {self.tool}; {told}") from None

    async def _soon(self, condition: Callable[[], bool], within: float = 1.0) -> None:
        """Wait a moment for something that may also not happen."""
        deadline = time.monotonic() + within
        while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)

    @property
    def _asked_for(self) -> int:
        """How many replies were asked for: by the user, by a tool's result, or by a guess."""
        results = [
            frame
            for frame, direction, _ in self.bot.after.frames
            if isinstance(frame, LLMContextFrame) and not is_down(direction)
        ]
        asked = self.bot.of(LLMContextFrame, at=self.bot.before)
        return len(asked) + len(results) + self._guessed

    @property
    def _calls(self) -> int:
        return sum(len(frame.function_calls) for frame in self.bot.of(FunctionCallsStartedFrame))

    @property
    def _failed_calls(self) -> int:
        """How many calls lacked an argument, since the model broke off: Pipecat answers those."""
        results = self.bot.of(FunctionCallResultFrame)
        return sum("failed and returned no result" in str(each.result) for each in results)

    @property
    def _is_quiet(self) -> bool:
        """Whether no reply is being made, no tool runs, and none waits for its answer."""
        tool, replies, failed = self.tool, self._asked_for, self._failed_calls
        is_over = self.bot.started == self.bot.ended == replies
        answered = tool.answered + failed
        return is_over and self._calls == tool.ended + failed and replies == 1 + answered

    @property
    def _has_voiced_last(self) -> bool:
        """Whether the voice has all of the last reply."""
        said, replies = squash("".join(self._said_in_replies())), self._replies()
        return not replies or said.endswith(squash(replies[-1].text))

    def _is_reported(self) -> bool:
        return len(self.bot.reports) >= self.bot.ended

    async def _settle(self) -> None:
        """Wait until the turn is over, the voice has all of it, and the context too."""
        bot = self.bot
        assert bot.tts is not None
        await self._until(lambda: self._is_quiet, "end of the turn")
        results = lambda: len(bot.of(FunctionCallResultFrame))  # noqa: E731
        await self._until(lambda: results() >= self._calls, "result of each call")
        await self._until(lambda: self._are_lines_voiced, "voice for the tool's lines")
        texts = [text for reply in self._replies() if (text := squash(reply.text))]
        await self._until(
            lambda: squash("".join(self._said_in_replies())) == "".join(texts), f"voice for {texts}"
        )
        await self._until(lambda: self._are_remembered(texts), f"messages of {texts}")

    @property
    def _are_lines_voiced(self) -> bool:
        assert self.bot.tts is not None
        said = [text for text, _ in self.bot.tts.said]
        return all(frame.text in said for frame in self.bot.of(TTSSpeakFrame))

    def _are_remembered(self, texts: list[str]) -> bool:
        """Whether the context ends in these replies, a message each.

        What was heard of a reply just as it was interrupted, Pipecat's aggregator may note only
        with the next.
        """
        messages = [*map(squash, self.bot.assistant_messages)][-len(texts) :] if texts else []
        if texts and messages and self._after_interruption:
            messages[0] = messages[0][-len(texts[0]) :]
        return messages == texts

    # What was seen.

    @property
    def _texts(self) -> list[str]:
        frames = (frame for frame, direction, _ in self.bot.after.frames if is_down(direction))
        return [f.text for f in frames if isinstance(f, LLMTextFrame | SpokenTextFrame)]

    def _said_in_replies(self) -> list[str]:
        assert self.bot.tts is not None
        lines = [frame.text for frame in self.bot.of(TTSSpeakFrame)]
        said: list[str] = []
        for text, _ in self.bot.tts.said:
            if text in lines:
                lines.remove(text)
            else:
                said.append(text)
        return said

    def _replies(self) -> list[Spoken]:
        replies: list[Spoken] = []
        kinds = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, LLMTextFrame, SpokenTextFrame)
        for frame, direction, at in self.bot.after.frames:
            if not is_down(direction) or not isinstance(frame, kinds):
                continue
            if isinstance(frame, LLMFullResponseStartFrame):
                replies.append(Spoken())
            assert replies, f"{frame} before any start"
            replies[-1].frames.append((frame, at))
        return replies

    def _seen(
        self, plan: Plan, asked_at: float, before: int, interrupted: bool, late: float
    ) -> Turn:
        bot = self.bot
        assert bot.tts is not None
        texts, said, secs = self._silenced_at or (None, None, 0.0)
        asked = [at for f, _, at in bot.before.frames if isinstance(f, LLMContextFrame)]
        after = [] if texts is None else self._texts[texts:] + [t for t, _ in bot.tts.said[said:]]
        return Turn(
            plan=plan,
            asked_at=min(asked, default=asked_at),
            contexts=self._asked_for,
            replies=self._replies(),
            lines=[frame.text for frame in bot.of(TTSSpeakFrame)],
            said=list(bot.tts.said),
            reports=bot.reports,
            errors=[error for error in bot.errors if error.processor is bot.llm],
            requests=list(self.server.requests),
            messages=[dict(m) for m in bot.context.get_messages()[before:]],
            interrupted=interrupted or bool(bot.of(InterruptionFrame)),
            calls=self._calls,
            results=self.tool.answered,
            after_silence=after,
            silenced_in=secs,
            late=late,
            settings=bot.llm._settings,
        )


def is_down(direction: FrameDirection) -> bool:
    return direction is FrameDirection.DOWNSTREAM


def squash(text: str) -> str:
    """A text without its white space, which the voice and the context treat in their own ways."""
    return "".join(text.split())
