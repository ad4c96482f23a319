"""What the OpenAPI document says of bodies that are checked by hand."""

from typing import Any

from blastoff_pipecat.server.request import MOST_MESSAGES, ROLES

_OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
_FLAG = {"type": ["boolean", "null"], "default": False}

_MESSAGE = {
    **_OBJECT,
    "required": ["role"],
    "properties": {
        "role": {"type": "string", "enum": list(ROLES)},
        "content": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": _OBJECT}, {"type": "null"}]
        },
    },
}


def _body(required: str, **properties: object) -> dict[str, Any]:
    schema = {**_OBJECT, "required": [required], "properties": properties}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


CHAT = _body(
    "messages",
    messages={"type": "array", "minItems": 1, "maxItems": MOST_MESSAGES, "items": _MESSAGE},
    model={"type": "string"},
    stream=_FLAG,
    stream_options={**_OBJECT, "properties": {"include_usage": _FLAG}},
    disable_quick_response=_FLAG,
)
"""`POST /v1/chat/completions`; other fields are handed on to the large model."""

RESPONSES = _body(
    "input",
    input={"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": _OBJECT}]},
    instructions={"type": ["string", "null"]},
    model={"type": "string"},
    stream=_FLAG,
    tools={"type": "array", "items": _OBJECT},
    disable_quick_response=_FLAG,
)
"""`POST /v1/responses`."""
