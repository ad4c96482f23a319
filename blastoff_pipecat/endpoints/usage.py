"""Token usage in every spelling that servers have for it."""

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from blastoff_pipecat.endpoints.deltas import UsageReport

_Place: TypeAlias = tuple[str | None, str]
"""Where a number stands: in which nested object, if in one, and under which name."""

_CACHED: tuple[_Place, ...] = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_token_details", "cached_tokens"),
    (None, "prompt_cache_hit_tokens"),
    (None, "cached_tokens"),
    (None, "num_cached_tokens"),
)
_REASONING: tuple[_Place, ...] = (
    ("completion_tokens_details", "reasoning_tokens"),
    (None, "reasoning_tokens"),
)


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
    return UsageReport(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=_count(usage.get("total_tokens")) or prompt + completion,
        cached_tokens=_first_count(usage, _CACHED),
        reasoning_tokens=_first_count(usage, _REASONING),
    )


def _first_count(usage: dict[str, Any], places: tuple[_Place, ...]) -> int | None:
    """Return the first number of tokens that stands in one of these places."""
    for inside, name in places:
        holder = usage if inside is None else usage.get(inside)
        if isinstance(holder, dict):
            count = _count(cast("dict[str, Any]", holder).get(name))
            if count is not None:
                return count
    return None


def _count(value: object) -> int | None:
    """Read a number of tokens; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return max(0, int(value)) if abs(value) < 1e15 else None  # also refuses NaN
