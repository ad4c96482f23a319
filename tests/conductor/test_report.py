"""Each figure of a reply is named once, and told wherever replies are told of."""

import copy
import pickle
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, fields

import pytest
from opentelemetry.sdk.trace import TracerProvider
from pipecat.metrics.metrics import MetricsData
from prometheus_client.parser import text_string_to_metric_families

from blastoff_pipecat import DualLLMMetricsData, LatencySummary, ReplyReport
from blastoff_pipecat.conductor.report import COUNTS, DURATIONS, Figures, Stopwatch
from blastoff_pipecat.server.prometheus import Exporter
from blastoff_pipecat.server.stats import Stats
from blastoff_pipecat.service.trace import trace_reply

TIMES = {name: 0.25 * number for number, name in enumerate(DURATIONS, start=1)}
NUMBERS = {name: number for number, name in enumerate(COUNTS, start=1)}
REPORT = ReplyReport(outcome="relayed", opening="Let me see,", **TIMES, **NUMBERS)
"""A reply of which every figure is known, and no two of a kind are the same."""


@pytest.fixture
def metrics() -> DualLLMMetricsData:
    return DualLLMMetricsData.of(REPORT, processor="llm", model="large")


@pytest.fixture
def stats() -> Iterator[Stats]:
    with closing(Stats()) as opened:
        yield opened


def test_each_figure_is_described_once() -> None:
    """Every number is a duration in seconds or a count, and a sentence says of what."""
    kinds = {each.name: each.type for each in fields(Figures)}
    assert DURATIONS.keys() == {name for name, kind in kinds.items() if kind == float | None}
    assert COUNTS.keys() == {name for name, kind in kinds.items() if kind is int}
    for description in [*DURATIONS.values(), *COUNTS.values()]:
        assert description.endswith(".")
    for description in DURATIONS.values():
        assert "seconds" in description.lower()


class TestAFigureIsToldEverywhere:
    """A duration or a count that is added to a report needs naming nowhere else."""

    def test_in_the_metrics(self, metrics: DualLLMMetricsData) -> None:
        """A metrics frame has all of a report but its words."""
        told, report = metrics.model_dump(), asdict(REPORT)
        assert report.pop("opening")
        assert told == report | {"processor": "llm", "model": "large"}
        assert told.items() >= (TIMES | NUMBERS).items()
        assert told.keys() == DualLLMMetricsData.model_fields.keys()

    def test_in_the_summary(self) -> None:
        """Each duration is an attribute of the summary, and an entry of its plain data."""
        summary = LatencySummary()
        assert summary.as_dict() == dict.fromkeys(DURATIONS)
        summary.add(REPORT)
        assert {name: getattr(summary, name).p50 for name in DURATIONS} == TIMES
        assert {name: told["p50"] for name, told in summary.as_dict().items() if told} == TIMES
        assert set(dir(summary)) >= DURATIONS.keys() | {"add"}

    def test_in_the_servers_statistics(self, stats: Stats) -> None:
        """The server's JSON has each duration of each mode."""
        stats.add("relayed", REPORT)
        modes = stats.as_dict()["modes"]
        counted = {"count", "failed"}
        assert set(modes["relayed"]) == set(modes["direct"]) == DURATIONS.keys() | counted
        assert {name: modes["relayed"][name]["p50"] for name in DURATIONS} == TIMES
        assert {modes["direct"][name] for name in DURATIONS} == {None}

    def test_in_prometheus(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A scraper gets a histogram of each duration, a counter of each count, and what it is."""
        monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
        exporter = Exporter()
        exporter.observe("relayed", REPORT)
        text, _ = exporter.render("text/plain")
        families = {each.name: each for each in text_string_to_metric_families(text.decode())}
        told = {sample.name: sample.value for each in families.values() for sample in each.samples}
        assert {name: told[f"blastoff_{name}_seconds_sum"] for name in DURATIONS} == TIMES
        assert {name: told[f"blastoff_{name}_total"] for name in COUNTS} == NUMBERS
        for name, description in DURATIONS.items():
            assert families[f"blastoff_{name}_seconds"].documentation == description

    def test_in_the_span(self) -> None:
        """A span has all of a report that is known."""
        with TracerProvider().get_tracer("test").start_as_current_span("llm") as span:
            trace_reply(REPORT, "small", "large", [])
        told = {f"blastoff.{name}": value for name, value in asdict(REPORT).items()}
        for name, value in told.items():
            assert span.attributes.get(name) == value
        assert span.attributes["metrics.ttfb"] == REPORT.first_text


def test_metrics_are_pipecats_own_kind(metrics: DualLLMMetricsData) -> None:
    """They are checked, compared, copied and pickled as any metrics data of Pipecat's."""
    assert isinstance(metrics, MetricsData)
    assert pickle.loads(pickle.dumps(metrics)) == copy.deepcopy(metrics) == metrics
    assert DualLLMMetricsData.model_validate_json(metrics.model_dump_json()) == metrics
    assert metrics != DualLLMMetricsData(processor="llm", model="large", outcome="failed")
    with pytest.raises(ValueError, match="outcome"):
        DualLLMMetricsData(processor="llm", outcome="unheard-of")


def test_a_summary_has_no_other_attributes() -> None:
    """A duration that does not exist is an error; a summary can still be copied and pickled."""
    summary = LatencySummary()
    summary.add(REPORT)
    with pytest.raises(
        AttributeError, match="'LatencySummary' object has no attribute 'frist_text'"
    ):
        _ = summary.frist_text
    assert pickle.loads(pickle.dumps(summary)).as_dict() == copy.copy(summary).as_dict()


def test_a_reply_is_measured_while_it_runs() -> None:
    """First things count once, from the right moment; what did not happen is None."""
    watch = Stopwatch(started=10.0, speculative=True)
    assert watch.report("", "", None) == ReplyReport(outcome="interrupted", speculative=True)
    watch.ttft["small"] = 0.125
    watch.say_opening(10.25)
    watch.say_opening(10.5)
    watch.ttft["large"] = 0.75
    watch.say_continuation(11.5, "Let me see,")
    watch.say_continuation(12.0, "Let me see,")
    watch.end(13.0, "relayed")
    report = watch.report("Let me see,", " at nine.", "history")
    assert report.cover == pytest.approx(3 / 2.7)
    assert report == ReplyReport(
        outcome="relayed",
        speculative=True,
        first_text=0.25,
        small_ttft=0.125,
        large_ttft=0.75,
        seam_wait=1.0,
        cover=report.cover,
        total=3.0,
        opening_chars=11,
        continuation_chars=9,
        continuation_mode="history",
        opening="Let me see,",
    )
