"""The tools of a service: Pipecat runs them, and the user is kept company meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    LLMThoughtStartFrame,
    UserStartedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat.services.llm_service import LLMService
from pipecat.utils.errors import ErrorCategory

from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.prefetched import Prefetched
from blastoff_pipecat.endpoints import ToolCall
from blastoff_pipecat.relay.turn import TurnSoFar
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.function_calls import read_calls
from blastoff_pipecat.service.prefetch import Prefetch
from blastoff_pipecat.service.tool_lines import ToolLines, check_tool_lines
from blastoff_pipecat.service.tool_round import ToolRound, asks_for_answer, is_final

FOLLOWED = (
    FunctionCallsStartedFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallCancelFrame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    LLMThoughtStartFrame,
)
"""The frames that it is told of when they have been pushed."""


class Tools:
    """The tools of one service."""

    def __init__(
        self,
        service: LLMService[Any],
        conductor: Conductor,
        lines: Mapping[str, str] | None,
        converse: Callable[[LLMContext], Awaitable[Conversation]],
    ) -> None:
        """Take what is needed.

        Args:
            service: Runs the tools.
            conductor: Makes its replies.
            lines: The owner's lines, by the tool's name.
            converse: Reads a context as the service would.

        Raises:
            ValueError: One of the lines cannot be said as it is.
        """
        self._service = service
        self._conductor = conductor
        self._lines = ToolLines(service, conductor, check_tool_lines(lines))
        self._prefetch = Prefetch(service, conductor, converse)
        self._bot_speaks = False
        self._reply: Reply | None = None
        self._context: LLMContext | None = None
        self._since = 0  # how many messages the context had when the reply began
        self._beside = 0  # how many messages in its own shape the large model has added since
        self._round: ToolRound | None = None
        self._turn: TurnSoFar | None = None
        self._unanswered: set[str] = set()  # the tools whose last result asked for no answer

    async def goes_on(
        self, conversation: Conversation
    ) -> tuple[TurnSoFar | None, Prefetched | None]:
        """Return what the coming reply goes on with, if it answers tools; the wait is over."""
        turn = prefetched = None
        if not conversation.user_text:
            turn, prefetched = self._turn, self._prefetch.take()
        await self.forget()
        return turn, prefetched

    async def run(self, calls: Sequence[ToolCall], context: LLMContext) -> None:
        """Have Pipecat run the tools that the large model has called."""
        functions, problems = read_calls(calls, context)
        for problem in problems:
            told = f"large model {self._conductor.large.describe()} {problem}"
            await self._service.push_error(told, category=ErrorCategory.SERVER)
        await self._service.run_function_calls(functions)

    def follow(self, reply: Reply, context: LLMContext) -> Reply:
        """Take note of the reply that may call tools next."""
        self._reply, self._context, self._since = reply, context, len(context.messages)
        self._beside = 0
        return reply

    async def forget(self) -> None:
        """Wait for no tool any longer."""
        self._lines.stop()
        self._round = self._turn = None
        await self._prefetch.close()

    async def process(self, frame: Frame) -> None:
        """Take note of a frame before the service passes it on."""
        match frame:
            case InterruptionFrame():
                await self.forget()
            case UserStartedSpeakingFrame():
                await self._prefetch.close()
            case BotStartedSpeakingFrame() | BotStoppedSpeakingFrame():
                self._bot_speaks = isinstance(frame, BotStartedSpeakingFrame)
            case _:
                pass
        self._lines.process(frame)

    async def pushed(self, frame: Frame) -> None:
        """Take note of one of the `FOLLOWED` frames, which the service has pushed downstream."""
        calls, reply = self._round, self._reply
        if isinstance(frame, LLMThoughtStartFrame | LLMMessagesAppendFrame):
            thought = isinstance(frame, LLMThoughtStartFrame)
            self._beside += frame.append_to_context if thought else len(frame.messages)
        elif isinstance(frame, FunctionCallsStartedFrame):
            self._round = ToolRound(frame, _now())
        elif calls is None or reply is None:
            return
        elif isinstance(frame, LLMFullResponseEndFrame):
            self._wait(calls, reply)
        else:
            await self._follow_call(frame, calls, reply)

    async def _follow_call(self, frame: Frame, calls: ToolRound, reply: Reply) -> None:
        was_over = calls.is_over
        calls.process(frame)
        if isinstance(frame, FunctionCallResultFrame) and is_final(frame):
            self._learn(frame, calls)
        if was_over or not calls.is_over:
            return
        self._lines.stop()
        if not calls.is_answered:
            await self.forget()
        elif calls.is_answered_early or self._context is None:
            return
        elif self._holds_up(frame, reply):
            foreseen = calls.foresee(self._context, self._since, reply.said_whole.strip())
            await self._prefetch.begin(foreseen, reply.policy)

    def _holds_up(self, frame: Frame, reply: Reply) -> bool:
        """Tell whether what is being heard holds up the answer that a frame brings."""
        if hooks.speculation_gate(self._service).is_speculating or self._lines.user_has_turn:
            return False
        if isinstance(frame, FunctionCallCancelFrame) and not frame.run_llm:
            return False
        if self._context is None or self._beside > _in_own_shape(self._context, self._since):
            return False  # the answer cannot be asked for without what led to the calls
        turn = self._turn or reply.turn
        return self._bot_speaks or turn.cover.until > _now()

    def _learn(self, frame: FunctionCallResultFrame, calls: ToolRound) -> None:
        tool = frame.function_name
        self._conductor.learnt.tool_took(tool, _now() - calls.began_at)
        answered = asks_for_answer(frame)
        (self._unanswered.discard if answered else self._unanswered.add)(tool)

    def _wait(self, calls: ToolRound, reply: Reply) -> None:
        """The reply has ended; what its tools find out is answered by another."""
        self._turn = turn = reply.turn
        turn.cover.say(reply.continuation, _now())  # whatever the voice had of it, it says now
        answered = (call for call in calls.calls if call.function_name not in self._unanswered)
        if not calls.is_over and (call := next(answered, None)):
            self._lines.begin(reply, turn, call, calls.began_at)


def _in_own_shape(context: LLMContext, since: int) -> int:
    return sum(isinstance(each, LLMSpecificMessage) for each in context.messages[since:])


def _now() -> float:
    return asyncio.get_running_loop().time()
