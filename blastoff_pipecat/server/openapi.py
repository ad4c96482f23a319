"""What there is, for people (`ENDPOINTS`) and for programs (`DOCUMENT`, in OpenAPI's form)."""

import importlib.metadata
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


_ANY: dict[str, Any] = {}

TITLE = "BlastOff for Pipecat"

ENDPOINTS = {
    "POST /v1/chat/completions": "one reply by two models",
    "POST /v1/responses": "the same, in the newer protocol",
    "GET /v1/models": "the models behind it",
    "GET /health": "liveness; ?deep=1 asks the models",
    "GET /metrics": "latency as JSON, or as Prometheus text by the Accept header",
    "POST /metrics/reset": "forget the latency measured so far",
}


def _operation(summary: str, **more: object) -> dict[str, Any]:
    answer = {"description": "The answer.", "content": {"application/json": {"schema": _ANY}}}
    return {"summary": summary, "responses": {"200": answer}, **more}


def _asked(summary: str, required: str, **properties: object) -> dict[str, Any]:
    schema = {**_OBJECT, "required": [required], "properties": properties}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"post": _operation(summary, requestBody=body)}


_DEEP = {"name": "deep", "in": "query", "schema": {"type": "boolean", "default": False}}
_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": TITLE,
        "summary": "One reply by two models, for any OpenAI-compatible client.",
        "version": importlib.metadata.version("blastoff-pipecat"),
    },
    "paths": {
        "/": {"get": _operation("Name what there is.")},
        "/health": {"get": _operation("Tell whether it lives.", parameters=[_DEEP])},
        "/v1/models": {"get": _operation("List the models.")},
        "/v1/models/{name}": {"get": _operation("Describe one model.", parameters=[_NAME])},
        "/metrics": {"get": _operation("Sum up the latency of all replies.")},
        "/metrics/reset": {"post": _operation("Forget the latency measured so far.")},
        # Other fields of the body are handed on to the large model.
        "/v1/chat/completions": _asked(
            "Answer by two models.",
            "messages",
            messages={"type": "array", "minItems": 1, "maxItems": MOST_MESSAGES, "items": _MESSAGE},
            model={"type": "string"},
            stream=_FLAG,
            stream_options={**_OBJECT, "properties": {"include_usage": _FLAG}},
            disable_quick_response=_FLAG,
        ),
        "/v1/responses": _asked(
            "Answer likewise, in the newer protocol.",
            "input",
            input={
                "anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": _OBJECT}]
            },
            instructions={"type": ["string", "null"]},
            model={"type": "string"},
            stream=_FLAG,
            tools={"type": "array", "items": _OBJECT},
            disable_quick_response=_FLAG,
        ),
    },
}
