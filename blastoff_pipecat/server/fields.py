"""Which fields of a body two models can answer together, and which are for the large one alone.

A field that asks for nothing (empty, or the API's default) costs no opening, and neither does what
a voice platform says about its call, which goes no further than this server. Any other field that
is not known here is handed on to the large model with the whole request; its name is logged once.
"""

from typing import Any

from loguru import logger

RELAYED_FIELDS = frozenset(
    {
        "chat_template_kwargs",
        "enable_thinking",
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "min_p",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "repetition_penalty",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user",
        "verbosity",
    }
)
"""Body fields that a relayed reply honours; they go to the large model."""

LARGE_ALONE_FIELDS = frozenset(
    {
        "audio",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "modalities",
        "n",
        "prediction",
        "response_format",
        "top_logprobs",
        "web_search_options",
    }
)
"""OpenAI's fields for what only one model can say."""

PLATFORM_FIELDS = frozenset(
    {
        "assistant",
        "call",
        "chat",
        "chatId",
        "customer",
        "elevenlabs_extra_body",
        "phoneNumber",
        "session",
        "sessionId",
        "timestamp",
        "user_id",
    }
)
"""Body fields that say who is calling; no model wants them.

Vapi sends its own unless told not to (``metadataSendMode``), ElevenLabs where it is told to:
https://docs.rs/vapi-client/latest/vapi_client/models/create_assistant_dto_model/
https://elevenlabs.io/docs/eleven-agents/customization/llm/custom-llm
"""

_VAPI_MARKS = ("call", "phoneNumber", "customer", "assistant")
"""Where one of these is, unknown fields are the assistant's metadata, ``destructured`` by Vapi."""

_DEFAULTS: dict[str, Any] = {
    "modalities": ["text"],
    "n": 1,
    "response_format": {"type": "text"},
    "function_call": "none",
}

_TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")

_MOST_NAMES = 100
_logged: set[str] = set()


def for_large_alone(params: dict[str, Any]) -> str | None:
    """Name the field because of which the large model has to answer alone; None where none is."""
    vapi = any(name in params for name in _VAPI_MARKS)
    for name, value in params.items():
        if name in RELAYED_FIELDS or name in PLATFORM_FIELDS or _asks_nothing(name, value):
            continue
        if name in LARGE_ALONE_FIELDS:
            return name
        _log(name)
        if not vapi:
            return "unknown field"
    return None


def relayed(params: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that go to the large model in a relayed reply."""
    kept = {name: value for name, value in params.items() if name in RELAYED_FIELDS}
    form = params.get("response_format")
    if form and form != _DEFAULTS["response_format"]:  # it was settled who answers
        kept["response_format"] = form
    if not kept.get("store"):
        # OpenAI refuses it without `store`; Vapi's is not meant for a model at all.
        kept.pop("metadata", None)
    return within_reason(kept)


def within_reason(params: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without a limit of no tokens, by which some platforms mean none."""
    limits = [(name, params.get(name)) for name in _TOKEN_LIMITS]
    none = {name for name, limit in limits if isinstance(limit, int | float) and limit <= 0}
    return {name: value for name, value in params.items() if name not in none} if none else params


def _asks_nothing(name: str, value: object) -> bool:
    if value is None or value is False or value == [] or value == {} or value == "":
        return True
    return value == 0 if name == "top_logprobs" else _DEFAULTS.get(name) == value


def _log(name: str) -> None:
    """Name a field in the log, once; as the client may send any name, not without an end."""
    name = name[:40]
    if name not in _logged and len(_logged) < _MOST_NAMES:
        _logged.add(name)
        logger.info("A client sends a field that is not known here: {!r}", name)
