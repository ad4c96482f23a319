"""Tool calls as a model writes them, read as Pipecat runs them."""

import json
from collections.abc import Sequence
from typing import Any, cast

from pipecat.frames.frames import FunctionCallFromLLM
from pipecat.processors.aggregators.llm_context import LLMContext

from blastoff_pipecat.endpoints import ToolCall


def read_calls(
    calls: Sequence[ToolCall], context: LLMContext
) -> tuple[list[FunctionCallFromLLM], list[str]]:
    """Read calls; return those that can be run, and what is wrong with each other one."""
    functions: list[FunctionCallFromLLM] = []
    problems: list[str] = []
    for call in calls:
        try:
            arguments: object = json.loads(call.arguments or "{}")
            if not isinstance(arguments, dict):
                raise ValueError("not an object")
        except ValueError as error:
            problems.append(
                f"called {call.name!r} with arguments that are no JSON object ({error}): "
                f"{call.arguments[:200]!r}; the call is not run"
            )
            continue
        functions.append(
            FunctionCallFromLLM(
                function_name=call.name,
                tool_call_id=call.id,
                arguments=cast("dict[str, Any]", arguments),
                context=context,
            )
        )
    return functions, problems
