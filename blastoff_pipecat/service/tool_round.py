"""The tools that one reply has called: which of them still run, and what will be answered.

It is told the frames of its calls as the service pushes them, and reads them as Pipecat's assistant
aggregator does (``_handle_function_call_result`` in ``llm_response_universal.py``).
"""

import copy
import json
from typing import Any, cast

from pipecat.frames.frames import (
    Frame,
    FunctionCallCancelFrame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext


class ToolRound:
    """The calls of one reply.

    Attributes:
        calls: The calls, in the order in which the model made them.
        began_at: When they were made, in seconds on the caller's clock.
        is_answered: Whether what has ended so far asks for an answer.
        is_answered_early: Whether Pipecat asks for that before all calls have ended.
    """

    def __init__(self, started: FunctionCallsStartedFrame, now: float) -> None:
        """Begin with what Pipecat is about to run."""
        self.calls: tuple[FunctionCallFromLLM, ...] = tuple(started.function_calls)
        self.began_at = now
        self.is_answered = self.is_answered_early = False
        self._running = {call.tool_call_id for call in self.calls}
        self._begun: dict[str, FunctionCallInProgressFrame] = {}
        self._results: dict[str, str] = {}

    @property
    def is_over(self) -> bool:
        """Whether no call runs any more."""
        return not self._running

    def process(self, frame: Frame) -> None:
        """Take note of a frame about a call."""
        match frame:
            case FunctionCallInProgressFrame():
                self._running.add(frame.tool_call_id)
                self._begun[frame.tool_call_id] = frame
            case FunctionCallCancelFrame():
                self._end(frame.tool_call_id, "CANCELLED")
                self.is_answered |= frame.run_llm
            case FunctionCallResultFrame(result=result) if is_final(frame):
                told = json.dumps(result, ensure_ascii=False) if result else "COMPLETED"
                self._end(frame.tool_call_id, told)
                self.is_answered |= asks_for_answer(frame)
                # It looks only at those of the other calls that have begun.
                waits = any(call in self._running for call in self._begun)
                self.is_answered_early |= self.is_answered and not waits and not self.is_over
            case _:
                pass

    def foresee(self, context: LLMContext, since: int, said: str) -> LLMContext:
        """Return the context that the results will be answered in, once all have reached it.

        Args:
            context: As it is now: speech may hold up the calls too, and the reply's text.
            since: How many messages it had when the reply that made the calls began.
            said: What that reply has said.
        """
        messages: list[Any] = copy.deepcopy(context.messages)
        if said and not any(map(_is_text, messages[since:])):
            messages.append({"role": "assistant", "content": said})
        for call, begun in self._begun.items():
            result = self._results.get(call, "")
            placed = [message for message in messages[since:] if _is_result(message, call)]
            if placed:
                placed[0]["content"] = result
                continue
            function = {
                "name": begun.function_name,
                "arguments": json.dumps(begun.arguments, ensure_ascii=False),
            }
            calls = [{"id": call, "function": function, "type": "function"}]
            messages.append({"role": "assistant", "tool_calls": calls})
            messages.append({"role": "tool", "content": result, "tool_call_id": call})
        return LLMContext(messages, tools=context.tools, tool_choice=context.tool_choice)

    def _end(self, call: str, result: str) -> None:
        self._running.discard(call)
        self._results[call] = result


def _is_text(message: Any) -> bool:
    fields = _fields(message)
    return fields.get("role") == "assistant" and bool(fields.get("content"))


def _fields(message: Any) -> dict[str, Any]:
    """Return a message's fields; one in a service's own shape has none that are known."""
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def _is_result(message: Any, call: str) -> bool:
    return _fields(message).get("tool_call_id") == call


def is_final(frame: FunctionCallResultFrame) -> bool:
    """Tell whether a call ends with this result."""
    return frame.properties is None or frame.properties.is_final


def asks_for_answer(frame: FunctionCallResultFrame) -> bool:
    """Tell whether a result asks for an answer, once no call of its round runs any more."""
    if not frame.result:
        return False
    if frame.properties is not None and frame.properties.run_llm is not None:
        return frame.properties.run_llm
    return frame.run_llm is not False
