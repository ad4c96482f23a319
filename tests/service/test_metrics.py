"""The service's metrics say what its models' servers did, no more and no less."""

from statistics import fmean
from typing import Any

import pytest
from pipecat.frames.frames import LLMFullResponseStartFrame, MetricsFrame
from pipecat.metrics.metrics import (
    LLMUsageMetricsData,
    ProcessingMetricsData,
    TTFATMetricsData,
    TTFBMetricsData,
)
from pipecat.pipeline.worker import PipelineParams

from blastoff_pipecat import DualLLMMetricsData
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to
from tests.kit.policies import PATIENT

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
CLOSE = 0.010
"""How far a time may be from the server's own, in seconds, while the machine is not busy."""
ON = PipelineParams(enable_metrics=True, enable_usage_metrics=True)


def ttfb(bot: Bot) -> dict[str, list[float]]:
    """Each model's times to first byte, without the zeros of the pipeline's start."""
    found: dict[str, list[float]] = {}
    for data in bot.metrics(TTFBMetricsData):
        if data.processor == bot.llm.name and data.value:
            found.setdefault(data.model, []).append(data.value)
    return found


@pytest.mark.parametrize("reasoning", ["", "Let me think about museums."])
async def test_first_tokens_are_timed_as_the_server_saw_them(
    server: ScriptedEndpoint, make_llm: Any, reasoning: str
) -> None:
    """TTFB and TTFAT bear each model's name and agree with the server's log within 10 ms."""
    server.play("small", Script(OPENING, ttft=0.04))
    server.play("large", Script(CONTINUATION, ttft=0.08, pace=0.01, reasoning=reasoning))
    async with talking_to(make_llm(**PATIENT), params=ON) as bot:
        off: dict[str, list[float]] = {"small": [], "large": []}
        for turn in range(8):
            await bot.hear_reply(f"Question {turn}?")
            for model in ("small", "large"):
                request = server.requests_for(model)[-1]
                assert request.first_byte is not None
                true = request.first_byte - request.started
                off[model].append(ttfb(bot)[model][-1] - true)
                assert -0.001 < off[model][-1] < 0.1
        # A busy machine adds to each; what counts is that the same thing is measured.
        assert min(off["small"]) < CLOSE
        assert min(off["large"]) < CLOSE
        answers = {each.model: each for each in bot.metrics(TTFATMetricsData)}
        thoughts = answers["large"].ttfat - answers["large"].ttfb
        tokens = 6 if reasoning else 0
        assert thoughts == pytest.approx(tokens * 0.01, abs=0.03)
        assert answers["large"].thinking_time == pytest.approx(thoughts)
        assert answers["small"].ttfat == answers["small"].ttfb
        assert len(bot.metrics(TTFATMetricsData)) == 16


async def test_usage_of_both_models_is_reported(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The small model runs on unheard until it has told its usage."""
    server.play("small", Script(OPENING + " And a little more of it.", pace=0.01))
    server.play("large", Script(CONTINUATION, ttft=0.2))
    async with talking_to(make_llm(**PATIENT), params=ON) as bot:
        assert await bot.hear_reply() == f"{OPENING} {CONTINUATION}"
        used = {each.model: each.value for each in bot.metrics(LLMUsageMetricsData)}
        assert len(bot.metrics(LLMUsageMetricsData)) == 2
        for model in ("small", "large"):
            (request,) = server.requests_for(model)
            assert request.completed
            assert used[model].completion_tokens == request.tokens
            assert used[model].total_tokens == request.tokens + used[model].prompt_tokens


async def test_small_model_does_not_run_on_for_long(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A small model that does not stop is closed after half a second; its usage is lost."""
    server.play("small", Script([*OPENING.split(" "), *[" and more"] * 500], pace=0.01))
    server.play("small", Script([OPENING, *[" and more"] * 500], pace=0.01))
    server.play("large", Script(CONTINUATION, ttft=0.8))
    async with talking_to(make_llm(**PATIENT), params=ON) as bot:
        await bot.hear_reply()
        (small,) = server.requests_for("small")
        assert small.disconnected
        assert small.ended is not None
        assert small.first_byte is not None
        assert 0.4 < small.ended - small.first_byte < 0.65
        assert [each.model for each in bot.metrics(LLMUsageMetricsData)] == ["large"]


async def test_nothing_is_measured_where_metrics_are_off(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """With metrics off there is no metrics frame; the summary is kept all the same."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    async with talking_to(make_llm(**PATIENT), params=PipelineParams()) as bot:
        await bot.hear_reply()
        assert [
            f for f in bot.of(MetricsFrame) if any(d.processor == bot.llm.name for d in f.data)
        ] == []
        assert len(bot.llm.latency) == 1


async def test_usage_alone_can_be_off(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Without usage metrics there is none, and the small model need not run on."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    params = PipelineParams(enable_metrics=True)
    async with talking_to(make_llm(**PATIENT), params=params) as bot:
        await bot.hear_reply()
        assert bot.metrics(LLMUsageMetricsData) == []
        assert len(bot.reports) == 1
        assert set(ttfb(bot)) == {"small", "large"}


async def test_only_the_first_bytes_are_reported_where_that_is_asked(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """`report_only_initial_ttfb` leaves each model's first TTFB; the reports go on."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    params = PipelineParams(enable_metrics=True, report_only_initial_ttfb=True)
    async with talking_to(make_llm(**PATIENT), params=params) as bot:
        for turn in range(3):
            await bot.hear_reply(f"Question {turn}?")
        assert {model: len(values) for model, values in ttfb(bot).items()} == {
            "small": 1,
            "large": 1,
        }
        assert len(bot.reports) == 3


async def test_report_tells_the_times_of_a_reply(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The one report of a reply agrees with the times that the models were given."""
    server.play("small", Script(OPENING, ttft=0.1))
    server.play("large", Script(CONTINUATION, ttft=0.4))
    async with talking_to(make_llm(**PATIENT), params=ON) as bot:
        await bot.hear_reply()
        (report,) = bot.reports
        assert isinstance(report, DualLLMMetricsData)
        assert (report.processor, report.model) == (bot.llm.name, "large")
        assert (report.outcome, report.speculative) == ("relayed", False)
        assert report.first_text == pytest.approx(0.1, abs=0.06)
        assert report.small_ttft == pytest.approx(0.1, abs=0.05)
        assert report.large_ttft == pytest.approx(0.4, abs=0.05)
        assert report.seam_wait == pytest.approx(0.4, abs=0.06)
        assert report.cover == pytest.approx(6 / 2.7)
        assert report.total == pytest.approx(0.5, abs=0.15)
        assert report.opening_chars == len(OPENING)
        assert report.continuation_chars == len(CONTINUATION) + 1
        assert (report.waiting_lines, report.continuation_mode) == (0, "history")
        assert report.first_text <= report.total


FAILS = Script(fault=Fault.STATUS_503)


@pytest.mark.parametrize(
    ("small", "large", "settings", "outcome"),
    [
        ([OPENING], [CONTINUATION], {}, "relayed"),
        ([OPENING], [CONTINUATION], {"opening": "never"}, "large_only"),
        ([FAILS], [CONTINUATION], {}, "large_only"),
        ([OPENING], [""], {"style": "answer"}, "small_only"),
        ([OPENING, "It opens at nine."], [""], {}, "small_only"),
        ([OPENING, "It opens at nine."], [FAILS], {}, "small_only"),
        (["It opens at nine."], [FAILS], {"opening": "never"}, "small_only"),
        ([FAILS], [FAILS], {}, "failed"),
        ([OPENING, FAILS], [FAILS], {}, "failed"),
    ],
)
async def test_each_reply_is_reported_once_with_its_outcome(
    server: ScriptedEndpoint,
    make_llm: Any,
    small: list[Any],
    large: list[Any],
    settings: dict[str, Any],
    outcome: str,
) -> None:
    """Whoever spoke, there is one report, and it leaves out what did not happen."""
    server.play("small", *small)
    server.play("large", *large)
    async with talking_to(make_llm(**PATIENT | settings), params=ON) as bot:
        text = await bot.hear_reply()
        (report,) = bot.reports
        assert report.outcome == outcome
        opened = small[0] == OPENING and settings.get("opening") != "never"
        assert (report.small_ttft is not None) == (
            (small[0] == OPENING and opened) or outcome == "small_only"
        )
        assert (report.large_ttft is not None) == (large == [CONTINUATION])
        assert report.opening_chars == (len(OPENING) if opened else 0)
        assert report.continuation_chars == len(text) - report.opening_chars
        assert (report.seam_wait is not None) == (opened and text != OPENING)
        assert (report.continuation_mode is not None) == opened
        assert (report.first_text is not None) == bool(text)
        # Each model that answered is timed once, however often it was asked.
        assert all(len(values) == 1 for values in ttfb(bot).values())


async def test_reply_that_calls_a_tool_is_timed(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A call is an answer: TTFAT ends with it, and the reply after its result has no opening."""
    server.play("small", OPENING)
    server.play("large", Script.tool_call("get_weather", ttft=0.1), "It is sunny.")
    llm = make_llm(**PATIENT)

    async def get_weather(params: Any) -> None:
        await params.result_callback("sunny")

    llm.register_function("get_weather", get_weather)
    async with talking_to(llm, params=ON) as bot:
        await bot.ask("How is the weather?")
        await bot.until(lambda: bot.ended == 2 and len(bot.reports) == 2)
        first, second = bot.reports
        assert (first.outcome, second.outcome) == ("relayed", "large_only")
        assert first.large_ttft == pytest.approx(0.1, abs=0.05)
        assert (second.small_ttft, second.opening_chars) == (None, 0)
        assert [len(values) for values in ttfb(bot).values()] == [1, 2]


async def test_summary_is_of_all_replies(server: ScriptedEndpoint, make_llm: Any) -> None:
    """`llm.latency` gives p50, p95, average, least and most of what the reports said."""
    server.play("small", *(Script(OPENING, ttft=0.01 * turn) for turn in range(1, 7)))
    server.play("large", CONTINUATION)
    async with talking_to(make_llm(**PATIENT), params=ON) as bot:
        for turn in range(6):
            await bot.hear_reply(f"Question {turn}?")
        assert len(bot.llm.latency) == 6
        for name in ("first_text", "small_ttft", "large_ttft", "seam_wait", "total"):
            values = sorted(getattr(report, name) for report in bot.reports)
            stats = getattr(bot.llm.latency, name)
            assert (stats.n, stats.min, stats.max) == (6, values[0], values[-1])
            assert (stats.p50, stats.p95) == (values[2], values[5])
            assert stats.avg == pytest.approx(fmean(values))
            assert bot.llm.latency.as_dict()[name]["p95"] == stats.p95


async def test_processing_time_is_that_of_the_reply(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Pipecat's processing metric covers the reply from its context to its end."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=0.2))
    async with talking_to(make_llm(**PATIENT), params=ON) as bot:
        await bot.hear_reply()
        measured = bot.metrics(ProcessingMetricsData)
        # Pipecat begins a pipeline with a zero for each service.
        (data,) = [d for d in measured if d.processor == bot.llm.name and d.value]
        assert data.value == pytest.approx(bot.reports[0].total, abs=0.05)
        assert len(bot.of(LLMFullResponseStartFrame)) == 1
