"""A Pipecat context as a conversation in which nothing is translated, and back.

A model that is a Pipecat service is asked in the words of its own adapter: what is in one
provider's shape (`LLMSpecificMessage`) keeps its place among the others, and tools stay a
`ToolsSchema`.
"""

from collections.abc import Iterator
from typing import Any, cast

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat.utils.types import NOT_GIVEN, assert_given, is_given

from blastoff_pipecat.conductor.conversation import OPAQUE, Conversation
from blastoff_pipecat.endpoints import Ask, Message, with_note
from blastoff_pipecat.service.settings import DualLLMSettings


def universal_conversation(
    context: LLMContext, settings: DualLLMSettings, *, system: str | None = None, **more: Any
) -> Conversation:
    """Read a context as the conversation that a Pipecat service is asked about.

    Args:
        context: Pipecat's.
        settings: The dual service's.
        system: A system instruction in place of the setting's.
        more: As in `Conversation`.
    """
    messages: list[Message] = [
        {"role": OPAQUE, "message": each}
        if isinstance(each, LLMSpecificMessage)
        else cast("Message", each)
        for each in context.get_messages()
    ]
    if instruction := system or assert_given(settings.system_instruction):
        messages.insert(0, {"role": "system", "content": instruction})
    params: dict[str, Any] = {}
    if is_given(context.tools):
        params["tools"] = context.tools
        if is_given(context.tool_choice):
            params["tool_choice"] = context.tool_choice
    if (limit := assert_given(settings.max_tokens)) is not None:
        params["max_tokens"] = limit
    return Conversation(messages=messages, params=params, **more)


def context_of(asked: Ask) -> tuple[str | None, LLMContext]:
    """Return what is asked as a service takes it: its system instruction, and a context.

    The tools in it have no handlers, since they are the dual service's to run.
    """
    messages = with_note(list(asked.messages), asked.note) if asked.note else asked.messages
    if asked.said:
        body = asked.way.apply({"messages": messages}, asked.said, asked.instruction)
        messages = cast("list[Message]", body["messages"])
    first: Message = messages[0] if messages else {}
    system = first["content"] if first.get("role") == "system" else None
    if not isinstance(system, str):
        system = None
    plain = [each for message in messages[system is not None :] for each in _unwrapped(message)]
    tools: Any = asked.params.get("tools", NOT_GIVEN)
    choice: Any = asked.params.get("tool_choice", NOT_GIVEN)
    if isinstance(tools, ToolsSchema):
        tools = ToolsSchema(
            [_advertised(each) for each in tools.standard_tools], tools.custom_tools
        )
    return system, LLMContext(plain, tools=tools, tool_choice=choice)


def _unwrapped(message: Message) -> Iterator[Any]:
    """Return a message as Pipecat has it. Adapters take either text or calls, so one has one."""
    if message.get("role") == OPAQUE:
        yield message["message"]
    elif message.get("tool_calls") and message.get("content"):
        yield {"role": message["role"], "content": message["content"]}
        yield {name: value for name, value in message.items() if name != "content"}
    else:
        yield message


def _advertised(schema: FunctionSchema) -> FunctionSchema:
    if schema.handler is None:
        return schema
    return FunctionSchema(schema.name, schema.description, schema.properties, schema.required)
