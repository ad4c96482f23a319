"""What a reply's measurements become in Pipecat: metrics data."""

from dataclasses import fields
from typing import Any

from pipecat.frames.frames import MetricsFrame
from pipecat.metrics.metrics import (
    LLMTokenUsage,
    LLMUsageMetricsData,
    MetricsData,
    TTFATMetricsData,
    TTFBMetricsData,
)
from pipecat.services.llm_service import LLMService

from blastoff_pipecat.conductor.heard import ModelAnswered, ModelUsed
from blastoff_pipecat.conductor.report import Figures, ReplyReport


class DualLLMMetricsData(MetricsData, Figures):  # pyright: ignore[reportGeneralTypeIssues]  # not frozen, as no Pipecat metrics are
    """One reply by two models. The fields are those of `Figures`; durations are seconds."""

    @classmethod
    def of(cls, report: ReplyReport, *, processor: str, model: str) -> "DualLLMMetricsData":
        """Turn a report into metrics data, without the words that were said."""
        figures = {each.name: getattr(report, each.name) for each in fields(Figures)}
        return cls(processor=processor, model=model, **figures)


def answer_metrics(answered: ModelAnswered, processor: str) -> list[MetricsData]:
    """Turn one model's first answer into Pipecat's TTFB and TTFAT data."""
    return [
        TTFBMetricsData(processor=processor, model=answered.model, value=answered.ttfb),
        TTFATMetricsData(
            processor=processor,
            model=answered.model,
            ttfat=answered.ttfat,
            ttfb=answered.ttfb,
            thinking_time=answered.ttfat - answered.ttfb,
        ),
    ]


async def push_usage(service: LLMService[Any], *reports: ModelUsed) -> None:
    """Push models' token reports as Pipecat's usage data, where the pipeline wants any."""
    if reports and service.usage_metrics_enabled:
        data = [_usage_metrics(each, service.name) for each in reports]
        await service.push_frame(MetricsFrame(data=[*data]))


def _usage_metrics(used: ModelUsed, processor: str) -> LLMUsageMetricsData:
    usage = used.usage
    value = LLMTokenUsage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        cache_read_input_tokens=usage.cached_tokens,
        cache_creation_input_tokens=usage.cache_written_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
    return LLMUsageMetricsData(processor=processor, model=used.model, value=value)
