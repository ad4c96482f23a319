"""AWS Bedrock's Converse stream: JSON in Amazon's binary event stream."""

import json
import struct
import zlib
from typing import Any

from tests.kit.providers.play import COMPLETION_TOKENS, PROMPT_TOKENS, Play

USAGE = {
    "inputTokens": PROMPT_TOKENS,
    "outputTokens": COMPLETION_TOKENS,
    "totalTokens": PROMPT_TOKENS + COMPLETION_TOKENS,
}


def _message(kind: str, payload: dict[str, Any]) -> bytes:
    """Frame one event: lengths, headers and payload, each part with its checksum."""
    headers = b""
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    for name, value in names.items():
        headers += struct.pack("!B", len(name)) + name.encode()
        headers += struct.pack("!BH", 7, len(value)) + value.encode()
    body = json.dumps(payload, ensure_ascii=False).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    framed = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
    return framed + struct.pack("!I", zlib.crc32(framed))


class BedrockConverse:
    """`POST /model/…/converse-stream`."""

    content_type = "application/vnd.amazon.eventstream"

    def events(self, play: Play) -> list[bytes]:
        events = [_message("messageStart", {"role": "assistant"})]
        for piece in play.text:
            delta = {"contentBlockIndex": 0, "delta": {"text": piece}}
            events.append(_message("contentBlockDelta", delta))
        if play.call:
            start = {"toolUse": {"toolUseId": play.call.id, "name": play.call.name}}
            block = {"contentBlockIndex": 1}
            events.append(_message("contentBlockStart", {**block, "start": start}))
            delta = {"toolUse": {"input": play.call.arguments}}
            events.append(_message("contentBlockDelta", {**block, "delta": delta}))
            events.append(_message("contentBlockStop", block))
        end = _message("messageStop", {"stopReason": "tool_use" if play.call else "end_turn"})
        end += _message("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}})
        return [*events, end]

    def refusal(self, status: int, message: str) -> bytes:
        return json.dumps({"message": message}).encode()

    def whole(self, play: Play) -> dict[str, Any]:
        message = {"role": "assistant", "content": [{"text": "".join(play.text)}]}
        return {"output": {"message": message}, "stopReason": "end_turn", "usage": USAGE}
