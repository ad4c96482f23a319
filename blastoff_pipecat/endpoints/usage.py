"""Token usage in every spelling that servers have for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from blastoff_pipecat.endpoints.deltas import UsageReport

_CACHED = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
_PROMPT_DETAILS = ("prompt_tokens_details", "prompt_token_details")


def usage_in(chunk: Mapping[str, Any]) -> UsageReport | None:
    """Find the usage in a chunk or completion.

    It stands at the top level, in ``x_groq`` (Groq) or in the first choice (Moonshot). Numbers that
    are none count as 0: odd usage never costs a reply.
    """
    for holder in (chunk, chunk.get("x_groq"), _first(chunk.get("choices"))):
        usage = cast("dict[str, Any]", holder).get("usage") if isinstance(holder, dict) else None
        if isinstance(usage, dict):
            return _report(cast("dict[str, Any]", usage))
    return None


def _first(choices: object) -> object:
    """Return the first of a list, or None."""
    return cast("list[object]", choices)[0] if isinstance(choices, list) and choices else None


def _report(usage: dict[str, Any]) -> UsageReport:
    """Read one usage object."""
    prompt = _count(usage.get("prompt_tokens")) or 0
    completion = _count(usage.get("completion_tokens")) or 0
    cached = [_count(_details(usage, name).get("cached_tokens")) for name in _PROMPT_DETAILS]
    cached += [_count(usage.get(name)) for name in _CACHED]
    reasoning = [
        _count(_details(usage, "completion_tokens_details").get("reasoning_tokens")),
        _count(usage.get("reasoning_tokens")),
    ]
    return UsageReport(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=_count(usage.get("total_tokens")) or prompt + completion,
        cached_tokens=next((count for count in cached if count is not None), None),
        reasoning_tokens=next((count for count in reasoning if count is not None), None),
    )


def _details(usage: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a nested object of usage, or an empty one."""
    nested = usage.get(name)
    return cast("dict[str, Any]", nested) if isinstance(nested, dict) else {}


def _count(value: object) -> int | None:
    """Read a number of tokens; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return max(0, int(value)) if abs(value) < 1e15 else None  # also refuses NaN
