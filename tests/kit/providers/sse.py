"""Providers that stream server-sent events: OpenAI's two protocols, Anthropic, Google."""

import json
from typing import Any

from tests.kit.providers.play import COMPLETION_TOKENS, PROMPT_TOKENS, Play

MODEL = "a-model"


def _data(event: object) -> bytes:
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


def _named(event: dict[str, Any]) -> bytes:
    return b"event: " + event["type"].encode() + b"\n" + _data(event)


class OpenAIChat:
    """`POST …/chat/completions`."""

    content_type = "text/event-stream"

    def events(self, play: Play) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in play.text]
        if play.call:
            function = {"name": play.call.name, "arguments": ""}
            call = {"index": 0, "id": play.call.id, "type": "function", "function": function}
            deltas.append({"tool_calls": [call]})
            arguments = {"index": 0, "function": {"arguments": play.call.arguments}}
            deltas.append({"tool_calls": [arguments]})
        events = [_data(self._chunk([{"index": 0, "delta": delta}])) for delta in deltas]
        reason = "tool_calls" if play.call else "stop"
        end = _data(self._chunk([{"index": 0, "delta": {}, "finish_reason": reason}]))
        end += _data({**self._chunk([]), "usage": self._usage()}) + b"data: [DONE]\n\n"
        return [*events, end]

    def refusal(self, status: int, message: str) -> bytes:
        return json.dumps({"error": {"message": message, "type": "error", "code": None}}).encode()

    def whole(self, play: Play) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(play.text)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**self._chunk([choice]), "object": "chat.completion", "usage": self._usage()}

    def _chunk(self, choices: list[Any]) -> dict[str, Any]:
        kind = "chat.completion.chunk"
        return {"id": "c", "object": kind, "created": 1, "model": MODEL, "choices": choices}

    def _usage(self) -> dict[str, int]:
        return {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": COMPLETION_TOKENS,
            "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
        }


class AnthropicMessages:
    """`POST /v1/messages`."""

    content_type = "text/event-stream"

    def events(self, play: Play) -> list[bytes]:
        index, start = 0, "content_block_start"
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": self._message([], None, output=1)}
        ]
        if play.thought:
            block = {"type": "thinking", "thinking": "", "signature": ""}
            events.append({"type": start, "index": 0, "content_block": block})
            events.append(self._delta(0, {"type": "thinking_delta", "thinking": play.thought}))
            events.append(self._delta(0, {"type": "signature_delta", "signature": "signed"}))
            events.append({"type": "content_block_stop", "index": 0})
            index = 1
        if play.text:
            block = {"type": "text", "text": ""}
            events.append({"type": start, "index": index, "content_block": block})
            events += [self._delta(index, {"type": "text_delta", "text": t}) for t in play.text]
        if play.call:
            block = {"type": "tool_use", "id": play.call.id, "name": play.call.name, "input": {}}
            events.append({"type": start, "index": index + 1, "content_block": block})
            arguments = {"type": "input_json_delta", "partial_json": play.call.arguments}
            events.append(self._delta(index + 1, arguments))
        reason = "tool_use" if play.call else "end_turn"
        usage = {"output_tokens": COMPLETION_TOKENS}
        delta = {"stop_reason": reason, "stop_sequence": None}
        end = _named({"type": "message_delta", "delta": delta, "usage": usage})
        return [*map(_named, events), end + _named({"type": "message_stop"})]

    def refusal(self, status: int, message: str) -> bytes:
        kind = {401: "authentication_error", 400: "invalid_request_error"}.get(status, "api_error")
        return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()

    def whole(self, play: Play) -> dict[str, Any]:
        content = [{"type": "text", "text": "".join(play.text)}]
        return self._message(content, "end_turn", output=COMPLETION_TOKENS)

    def _message(self, content: list[Any], reason: str | None, *, output: int) -> dict[str, Any]:
        return {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "content": content,
            "model": MODEL,
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": output},
        }

    def _delta(self, index: int, delta: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": index, "delta": delta}


class GoogleGenerate:
    """`POST …:streamGenerateContent`."""

    content_type = "text/event-stream"

    def events(self, play: Play) -> list[bytes]:
        parts: list[dict[str, Any]] = []
        if play.thought:
            parts.append({"text": play.thought, "thought": True})
        parts += [{"text": piece} for piece in play.text]
        if play.call:
            arguments = json.loads(play.call.arguments)
            call = {"name": play.call.name, "args": arguments, "id": play.call.id}
            parts.append({"functionCall": call, **self._signature(play)})
        elif play.thought:
            parts.append({"text": "", **self._signature(play)})
        events = [_data(self._chunk([part])) for part in parts]
        return [*events, _data(self._chunk([], finishReason="STOP"))]

    def refusal(self, status: int, message: str) -> bytes:
        kind = {401: "UNAUTHENTICATED", 400: "INVALID_ARGUMENT"}.get(status, "INTERNAL")
        return json.dumps({"error": {"code": status, "message": message, "status": kind}}).encode()

    def whole(self, play: Play) -> dict[str, Any]:
        return self._chunk([{"text": "".join(play.text)}], finishReason="STOP")

    def _chunk(self, parts: list[Any], **more: str) -> dict[str, Any]:
        content = {"role": "model", "parts": parts}
        usage = {
            "promptTokenCount": PROMPT_TOKENS,
            "candidatesTokenCount": COMPLETION_TOKENS,
            "totalTokenCount": PROMPT_TOKENS + COMPLETION_TOKENS,
        }
        return {"candidates": [{"content": content, **more}], "usageMetadata": usage}

    def _signature(self, play: Play) -> dict[str, str]:
        return {"thoughtSignature": "c2lnbmVk"} if play.thought else {}


class OpenAIResponses:
    """`POST …/responses`; over a WebSocket the same events go without their frame."""

    content_type = "text/event-stream"

    def events(self, play: Play) -> list[bytes]:
        return [b"".join(map(_named, group)) for group in self.groups(play)]

    def groups(self, play: Play) -> list[list[dict[str, Any]]]:
        """The events, together where they belong together."""
        output: list[dict[str, Any]] = []
        created = {"type": "response.created", "response": self._response("in_progress", [])}
        groups: list[list[dict[str, Any]]] = [[created]]
        if play.text:
            text = {"type": "output_text", "text": "".join(play.text), "annotations": []}
            message = {"type": "message", "id": "msg_1", "role": "assistant", "content": [text]}
            output.append({**message, "status": "completed"})
            added = {**message, "content": [], "status": "in_progress"}
            groups[0].append(self._event("output_item.added", output_index=0, item=added))
            place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
            groups += [[self._event("output_text.delta", **place, delta=t)] for t in play.text]
            groups[-1].append(self._event("output_item.done", output_index=0, item=output[-1]))
        if play.call:
            call = {"type": "function_call", "id": "fc_1", "call_id": play.call.id}
            call |= {"name": play.call.name, "arguments": "", "status": "in_progress"}
            whole = {**call, "arguments": play.call.arguments, "status": "completed"}
            output.append(whole)
            place = {"item_id": "fc_1", "output_index": 1}
            delta = self._event("function_call_arguments.delta", **place, delta=whole["arguments"])
            done = {**place, "name": play.call.name, "arguments": whole["arguments"]}
            groups.append([self._event("output_item.added", output_index=1, item=call)])
            groups.append(
                [
                    delta,
                    self._event("function_call_arguments.done", **done),
                    self._event("output_item.done", output_index=1, item=whole),
                ]
            )
        end = self._event("completed", response=self._response("completed", output))
        return [*groups, [end]]

    def refusal(self, status: int, message: str) -> bytes:
        return OpenAIChat().refusal(status, message)

    def whole(self, play: Play) -> dict[str, Any]:
        last = self.groups(play)[-1][0]
        return last["response"]

    def _event(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": f"response.{kind}", "sequence_number": 1, **fields}

    def _response(self, status: str, output: list[Any]) -> dict[str, Any]:
        usage = {
            "input_tokens": PROMPT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": COMPLETION_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
        }
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": MODEL,
            "status": status,
            "output": output,
            "usage": usage if status == "completed" else None,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }
