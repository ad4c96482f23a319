"""One request to a Pipecat service that is a model: the frames it pushes, as deltas.

The service pushes its frames in the task that asks it, or in one that this starts; `current` says
there which request they belong to. Whoever reads the deltas does so in another task.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    FunctionCallFromLLM,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    LLMThoughtTextFrame,
    MetricsFrame,
)
from pipecat.metrics.metrics import (
    LLMTokenUsage,
    LLMUsageMetricsData,
    MetricsData,
    TTFATMetricsData,
    TTFBMetricsData,
)
from pipecat.processors.frame_processor import FrameDirection

from blastoff_pipecat.endpoints import (
    Aside,
    Delta,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)

CALL_SIGN_SECS = 2.0
"""How often a call that is being written is told of: Pipecat pushes it only when it is whole …"""

CALL_SECS = 20.0
"""… and for how long at most."""

current: ContextVar["InnerRequest | None"] = ContextVar("current", default=None)
"""The request on whose behalf a service is at work."""


@dataclass(slots=True, eq=False)
class InnerRequest:
    """What a service has pushed for one request, until it is read.

    Attributes:
        error_of: Makes an exception of an error that the service pushes.
        restarts: Whether the service asks again, and says all again, when its connection is lost in
            mid-answer.
    """

    error_of: Callable[[ErrorFrame], Exception]
    restarts: bool
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop, init=False)
    _deltas: list[Delta] = field(default_factory=lambda: [], init=False)
    _waiter: asyncio.Future[None] | None = field(default=None, init=False)
    _answered: bool = field(default=False, init=False)
    _over: bool = field(default=False, init=False)
    _calls: int = field(default=0, init=False)
    _failure: Exception | None = field(default=None, init=False)

    async def take(self) -> list[Delta]:
        """Return what came, waiting for it; empty once the request is over.

        Raises:
            Exception: The request failed; what came before has been returned.
        """
        while not self._deltas:
            if self._failure is not None:
                raise self._failure
            if self._over:
                return []
            self._waiter = self._loop.create_future()
            await self._waiter
        deltas, self._deltas = self._deltas, []
        return deltas

    def fail(self, error: Exception) -> None:
        """Note that it failed; the first error counts."""
        self._failure = self._failure or error
        self._wake()

    def end(self) -> None:
        """Note that the service is done."""
        self._over = True
        self._wake()

    def push_text(self, text: str) -> None:
        """Take more of the answer's text; nothing is taken of a request that has failed."""
        if text and self._failure is None:
            self._answered = True
            self._put(TextDelta(text))

    def push(self, frame: Frame, direction: FrameDirection) -> None:
        """Take another frame of the service's."""
        if self._failure is not None:
            return
        match frame:
            case LLMTextFrame():
                self.push_text(frame.text)
            case MetricsFrame():
                for data in frame.data:
                    self._measure(data)
            case ErrorFrame():
                self.fail(self.error_of(frame))
            case LLMFullResponseStartFrame() | LLMFullResponseEndFrame():
                pass
            case _ if direction is FrameDirection.UPSTREAM:
                pass
            case _:
                if isinstance(frame, LLMThoughtTextFrame):
                    self._put(ReasoningDelta(frame.text))
                self._put(Aside(frame))

    def call(self, calls: Sequence[FunctionCallFromLLM]) -> None:
        """Take the calls of the service's model, whole."""
        self._answered = True
        for call in calls:
            arguments = json.dumps(call.arguments, ensure_ascii=False, default=str)
            name, number = call.function_name, self._calls
            self._put(ToolCallDelta(number, call.tool_call_id, name, arguments))
            self._calls += 1

    def _put(self, delta: Delta) -> None:
        self._deltas.append(delta)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _measure(self, data: MetricsData) -> None:
        """Read what the service measures of its server as what its server has sent.

        Text follows its measurements at once, so what comes without text is something else.
        """
        match data:
            case TTFBMetricsData() if self._answered and self.restarts:
                self.fail(self.error_of(ErrorFrame("lost its connection in mid-answer")))
            case TTFBMetricsData():
                self._loop.call_soon(self._note_output)
            case TTFATMetricsData():
                self._loop.call_soon(self._note_call, self._loop.time() + CALL_SECS)
            case LLMUsageMetricsData(value=value):
                if value.total_tokens:
                    self._put(_usage(value))
            case _:
                pass

    def _note_output(self) -> None:
        if not (self._answered or self._over):
            self._put(ReasoningDelta(""))

    def _note_call(self, until: float) -> None:
        """Tell of a call that is being written."""
        if self._answered or self._over or self._loop.time() >= until:
            return
        self._put(ToolCallDelta(0, None, None, ""))
        self._loop.call_later(CALL_SIGN_SECS, self._note_call, until)


def _usage(value: LLMTokenUsage) -> UsageReport:
    return UsageReport(
        prompt_tokens=value.prompt_tokens,
        completion_tokens=value.completion_tokens,
        total_tokens=value.total_tokens,
        cached_tokens=value.cache_read_input_tokens,
        reasoning_tokens=value.reasoning_tokens,
        cache_written_tokens=value.cache_creation_input_tokens,
    )
