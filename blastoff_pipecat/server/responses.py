"""OpenAI's Responses protocol: the same reply, asked for and written in the newer way.

A request becomes a chat-completions request, for which all the rest is the same. Nothing is stored
here: what leans on an earlier response (``previous_response_id``, ``conversation``, an
``item_reference``) is a 400 that says so, as are tools that only OpenAI's own servers run. `store`
and `include` are passed over.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast

from blastoff_pipecat.conductor.heard import ModelUsed, ToolCalls
from blastoff_pipecat.endpoints import ToolCall
from blastoff_pipecat.endpoints.wire_json import dumps
from blastoff_pipecat.server.body import BadRequest, flag, json_object, text
from blastoff_pipecat.server.manner import Manner
from blastoff_pipecat.server.request import ChatRequest, read_chat
from blastoff_pipecat.server.wire import Part, total

_ELSEWHERE = ("previous_response_id", "conversation", "background", "prompt")
_SAME_NAME = (
    "disable_quick_response",
    "model",
    "opening_ending",
    "openings_with_tools",
    "parallel_tool_calls",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "stream",
    "temperature",
    "top_p",
    "user",
)


def read_responses(
    body: dict[str, Any], headers: Mapping[str, str], manner: Manner
) -> tuple[ChatRequest, dict[str, Any]]:
    """Check a body of the Responses protocol.

    Args:
        body: The body; it is used up.
        headers: The request's.
        manner: How replies suit whoever says nothing about that.

    Returns:
        The request in the chat protocol's words, and the fields that the answer repeats.

    Raises:
        BadRequest: It is none, or asks for what needs a store or OpenAI's own tools.
    """
    for name in _ELSEWHERE:
        if body.get(name):
            raise BadRequest(f"{name}: this server keeps nothing between requests.", name)
    chat = {name: body[name] for name in _SAME_NAME if name in body}
    instructions = text(body, "instructions")
    messages = _messages(body.pop("input", None))
    if instructions:
        messages.insert(0, {"role": "system", "content": instructions})
    tools = _objects(body.get("tools") or [], "tools")
    chat |= {"messages": messages, "tools": [_tool(each) for each in tools]}
    if choice := body.get("tool_choice"):
        chat["tool_choice"] = _tool_choice(choice)
    if body.get("max_output_tokens") is not None:
        chat["max_tokens"] = body["max_output_tokens"]
    if effort := json_object(body.get("reasoning"), "reasoning").get("effort"):
        chat["reasoning_effort"] = effort
    wanted = json_object(body.get("text"), "text")
    if verbosity := wanted.get("verbosity"):
        chat["verbosity"] = verbosity
    form = json_object(wanted.get("format"), "text.format")
    alone = form.get("type", "text") != "text"
    if alone:
        chat["response_format"] = _format(form)
    chat["stream_options"] = {"include_usage": True}
    request = read_chat(chat, headers, manner, alone="text.format" if alone else None)
    repeated = {
        "instructions": instructions or None,
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": flag(body, "parallel_tool_calls")
        if "parallel_tool_calls" in body
        else True,
        "temperature": body.get("temperature"),
        "text": wanted or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": tools,
        "top_p": body.get("top_p"),
    }
    return request, repeated


class ResponseAnswer:
    """Writes one response, in events or whole."""

    def __init__(self, model: str, repeated: Mapping[str, Any]) -> None:
        """Start an answer.

        Args:
            model: Its name, as the client has it.
            repeated: Fields of the request that the answer repeats.
        """
        self._response: dict[str, Any] = {
            "id": f"resp_{uuid.uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "model": model,
            "error": None,
            "incomplete_details": None,
            "output": [],
            "previous_response_id": None,
            "status": "in_progress",
            "store": False,
            "truncation": "disabled",
            "usage": None,
            **repeated,
        }
        self._message_id = f"msg_{uuid.uuid4().hex}"
        self._said: list[str] = []
        self._output: list[dict[str, Any]] = []
        self._sequence = 0

    def text(self, text: str, part: Part) -> bytes:
        """Write a piece of text; before the first, that the response and its message begin."""
        written = b""
        if not self._said:
            item: dict[str, Any] = self._message("") | {"status": "in_progress", "content": []}
            written = self._begin() + self._event("output_item.added", output_index=0, item=item)
            written += self._of_message("content_part.added", part=_text_part(""))
        self._said.append(text)
        return written + self._of_message(
            "output_text.delta",
            delta=text,
            logprobs=[],
            extra_content={"blastoff": {"part": part}},
        )

    def calls(self, calls: ToolCalls) -> bytes:
        """Write tool calls, each whole."""
        written = self._begin() + self._end_message()
        for call in calls.calls:
            item = _call(call)
            at = {"output_index": len(self._output)}
            begun = {**item, "arguments": "", "status": "in_progress"}
            written += self._event("output_item.added", **at, item=begun)
            of = {**at, "item_id": item["id"]}
            arguments = call.arguments
            written += self._event("function_call_arguments.delta", **of, delta=arguments)
            written += self._event(
                "function_call_arguments.done", **of, name=call.name, arguments=arguments
            )
            written += self._event("output_item.done", **at, item=item)
            self._output.append(item)
        return written

    def finish(self, reason: str, used: Sequence[ModelUsed]) -> bytes:
        """Write the end, with the whole response in it."""
        written = self._begin() + self._end_message()
        ended = self._ended(self._output, reason, used)
        return written + self._event(ended["status"], response=ended)

    def failed(self, error: dict[str, Any]) -> bytes:
        """Write that the answer broke off."""
        limited = error["error"]["type"] == "rate_limit_error"
        told = {
            "code": "rate_limit_exceeded" if limited else "server_error",
            "message": error["error"]["message"],
        }
        response = {**self._response, "status": "failed", "error": told, "output": self._output}
        return self._event("failed", response=response)

    def whole(
        self, text: str, calls: Sequence[ToolCall], reason: str, used: Sequence[ModelUsed]
    ) -> dict[str, Any]:
        """Return the whole response."""
        output = [self._message(text)] if text else []
        return self._ended([*output, *map(_call, calls)], reason, used)

    def _begin(self) -> bytes:
        if self._sequence:
            return b""
        return self._event("created", response=self._response) + self._event(
            "in_progress", response=self._response
        )

    def _end_message(self) -> bytes:
        if not self._said or self._output:
            return b""
        text = "".join(self._said)
        item = self._message(text)
        self._output.append(item)
        written = self._of_message("output_text.done", text=text, logprobs=[])
        written += self._of_message("content_part.done", part=_text_part(text))
        return written + self._event("output_item.done", output_index=0, item=item)

    def _ended(
        self, output: list[dict[str, Any]], reason: str, used: Sequence[ModelUsed]
    ) -> dict[str, Any]:
        cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(reason)
        tokens = total(used)
        return {
            **self._response,
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": cut} if cut else None,
            "output": output,
            "usage": {
                "input_tokens": tokens["prompt_tokens"],
                "input_tokens_details": tokens["prompt_tokens_details"],
                "output_tokens": tokens["completion_tokens"],
                "output_tokens_details": tokens["completion_tokens_details"],
                "total_tokens": tokens["total_tokens"],
            },
        }

    def _message(self, text: str) -> dict[str, Any]:
        return {
            "id": self._message_id,
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [_text_part(text)],
        }

    def _of_message(self, kind: str, **fields: Any) -> bytes:
        return self._event(
            kind, item_id=self._message_id, output_index=0, content_index=0, **fields
        )

    def _event(self, kind: str, **fields: Any) -> bytes:
        kind = f"response.{kind}"
        data = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return b"event: " + kind.encode() + b"\ndata: " + dumps(data) + b"\n\n"


def _messages(given: object) -> list[dict[str, Any]]:
    """Put a request's input into chat messages."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not given:
        raise BadRequest("input: a text or a list of items is needed.", "input")
    messages: list[dict[str, Any]] = []
    for number, item in enumerate(_objects(given, "input")):
        where = f"input.{number}"
        match item.get("type", "message"):
            case "message":
                content = _content(item.get("content"), f"{where}.content")
                messages.append({"role": item.get("role"), "content": content})
            case "function_call":
                function = {"name": item.get("name"), "arguments": item.get("arguments")}
                call = {"id": item.get("call_id"), "type": "function", "function": function}
                if not messages or messages[-1]["role"] != "assistant":
                    messages.append({"role": "assistant", "content": None})
                messages[-1].setdefault("tool_calls", []).append(call)
            case "function_call_output":
                output = _content(item.get("output"), f"{where}.output")
                messages.append(
                    {"role": "tool", "tool_call_id": item.get("call_id"), "content": output}
                )
            case "reasoning":
                pass
            case _:
                raise BadRequest(f"{where}: items of this type are not taken here.", where)
    return messages


def _content(given: object, where: str) -> object:
    if isinstance(given, str):
        return given
    parts: list[dict[str, Any]] = []
    for part in _objects(given, where):
        match part.get("type"):
            case "input_text" | "output_text" | "text":
                parts.append({"type": "text", "text": part.get("text")})
            case "refusal":
                parts.append({"type": "text", "text": part.get("refusal")})
            case "input_image" if isinstance(part.get("image_url"), str):
                image = {"url": part["image_url"], "detail": part.get("detail") or "auto"}
                parts.append({"type": "image_url", "image_url": image})
            case _:
                raise BadRequest(f"{where}: parts of this type are not taken here.", where)
    if len(parts) == 1 and isinstance(parts[0].get("text"), str):
        return parts[0]["text"]
    return parts


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise BadRequest("tools: only functions are taken here.", "tools")
    names = ("name", "description", "parameters", "strict")
    function = {name: tool[name] for name in names if tool.get(name) is not None}
    return {"type": "function", "function": function}


def _tool_choice(choice: object) -> object:
    if isinstance(choice, str):
        return choice
    chosen = json_object(choice, "tool_choice")
    if chosen.get("type") != "function":
        raise BadRequest("tool_choice: only functions can be chosen here.", "tool_choice")
    return {"type": "function", "function": {"name": chosen.get("name")}}


def _format(form: dict[str, Any]) -> dict[str, Any]:
    if form["type"] != "json_schema":
        return form
    names = ("name", "description", "schema", "strict")
    return {"type": "json_schema", "json_schema": {n: form[n] for n in names if n in form}}


def _objects(given: object, where: str) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        raise BadRequest(f"{where}: this is no list.", where)
    return [json_object(each, where) for each in cast("list[object]", given)]


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": f"fc_{call.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
