"""What a reply leaves in an OpenTelemetry span, beside what Pipecat's `traced_llm` puts there.

Pipecat's span knows one model and one usage report. These attributes name both models and add up
their tokens. Without OpenTelemetry, or outside a span, nothing happens.
"""

from dataclasses import asdict
from typing import Any

from pipecat.frames.frames import LLMTextFrame
from pipecat.utils.tracing.setup import is_tracing_available

from blastoff_pipecat.conductor.heard import ModelUsed
from blastoff_pipecat.conductor.report import ReplyReport


class TracedText(LLMTextFrame):
    """An opening's text, for the span's ``output`` alone: the service pushes it nowhere.

    `traced_llm` collects what is given to the service's `push_frame` in frames of a class of one
    name, so this class has it too.
    """


TracedText.__name__ = LLMTextFrame.__name__

_TOKENS = {
    "gen_ai.usage.input_tokens": "prompt_tokens",
    "gen_ai.usage.output_tokens": "completion_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cached_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
}
"""The span attributes that Pipecat has for tokens, and what they add up."""


def trace_reply(report: ReplyReport, small: str, large: str, used: list[ModelUsed]) -> None:
    """Add one reply's models, tokens and report to the current span."""
    if not is_tracing_available():
        return
    from opentelemetry import trace  # an optional dependency of Pipecat's

    span = trace.get_current_span()
    if not span.is_recording():
        return
    attributes: dict[str, Any] = {
        "blastoff.small_model": small,
        "blastoff.large_model": large,
        **{f"blastoff.{name}": value for name, value in asdict(report).items()},
        "metrics.ttfb": report.first_text,
    }
    for name, field in _TOKENS.items():
        reported = [value for each in used if (value := getattr(each.usage, field)) is not None]
        attributes[name] = sum(reported) if reported else None
    span.set_attributes({name: value for name, value in attributes.items() if value is not None})
