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
NUMBERS = {name: number for number, name in enumerate(COUNTS, start=1)} | {"declined": True}
REPORT = ReplyReport(
    outcome="relayed", opening="Let me see,", handover="beside", **TIMES, **NUMBERS
)
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
    assert COUNTS.keys() == {name for name, kind in kinds.items() if kind is int} | {"declined"}
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
        """Each duration is an attribute of the summary, each count and handover is added up."""
        summary = LatencySummary()
        nothing = dict.fromkeys(DURATIONS) | dict.fromkeys(COUNTS, 0) | {"handover": {}}
        assert summary.as_dict() == nothing
        summary.add(REPORT)
        assert {name: getattr(summary, name).p50 for name in DURATIONS} == TIMES
        assert summary.counts == NUMBERS
        told = summary.as_dict()
        assert {name: told[name]["p50"] for name in DURATIONS} == TIMES
        assert told.items() >= NUMBERS.items()
        assert set(dir(summary)) >= DURATIONS.keys() | {"add"}
        summary.add(REPORT)
        summary.add(ReplyReport(outcome="relayed", handover="prefix", waiting_lines=1))
        summary.add(ReplyReport(outcome="large_only", declined=True))
        assert summary.counts["waiting_lines"] == 2 * NUMBERS["waiting_lines"] + 1
        assert summary.counts["declined"] == 3
        assert summary.handovers == summary.as_dict()["handover"] == {"beside": 2, "prefix": 1}

    def test_in_the_servers_statistics(self, stats: Stats) -> None:
        """The server's JSON has for each mode all that a summary has."""
        stats.add("relayed", REPORT)
        modes = stats.as_dict()["modes"]
        told = LatencySummary().as_dict().keys() | {"count", "failed"}
        assert modes["relayed"].keys() == modes["direct"].keys() == told
        assert {name: modes["relayed"][name]["p50"] for name in DURATIONS} == TIMES
        assert modes["relayed"].items() >= (NUMBERS | {"handover": {"beside": 1}}).items()
        assert {modes["direct"][name] for name in DURATIONS} == {None}
        assert {modes["direct"][name] for name in COUNTS} == {0}

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
        (handovers,) = [
            sample
            for sample in families["blastoff_handovers"].samples
            if sample.name == "blastoff_handovers_total"
        ]
        assert handovers.labels == {"mode": "relayed", "handover": "beside"}
        assert handovers.value == 1

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
    ) as caught:
        _ = summary.frist_text
    assert (caught.value.name, caught.value.obj) == ("frist_text", summary)
    assert pickle.loads(pickle.dumps(summary)).as_dict() == copy.copy(summary).as_dict()


@pytest.mark.parametrize(
    ("answer", "alone", "cover", "lateness"),
    [
        (1.2, 1.5, None, -0.3),  # its first clause was let go before its sentence was whole
        (1.2, 1.2, None, 0.0),
        (1.2, 1.2, 0.75, 0.0),  # the opening, from 0.25 s on, is over by then
        (1.2, 1.2, 1.75, 0.8),  # the answer is there, and waits for the opening
        (1.2, None, 0.75, None),  # it went on from the opening: nobody knows
        (None, 1.2, 0.75, None),  # interrupted before it
    ],
)
def test_an_answer_is_late_by_what_a_listener_waits_for_it(
    answer: float | None, alone: float | None, cover: float | None, lateness: float | None
) -> None:
    """Beside the large model alone, an opening that still sounds counts, not only the text."""
    watch = Stopwatch(started=10.0, speculative=False)
    if cover is not None:
        watch.say_opening(10.25)
        watch.say_continuation(11.2, cover)
    elif answer is not None:
        watch.say_continuation(10.0 + answer, 0.0)
    report = watch.report("", "", answer_text=answer, alone_text=alone)
    assert report.answer_lateness == (lateness and pytest.approx(lateness))


def test_an_answer_that_is_sooner_is_not_later_in_a_histogram(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is below nought is told as such by the summary; a histogram's sum can only grow."""
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    exporter, sooner = Exporter(), ReplyReport(outcome="relayed", answer_lateness=-0.5)
    exporter.observe("relayed", sooner)
    text, _ = exporter.render("text/plain")
    told = [line for line in text.decode().splitlines() if "answer_lateness" in line]
    assert 'blastoff_answer_lateness_seconds_sum{mode="relayed"} 0.0' in told
    assert 'blastoff_answer_lateness_seconds_count{mode="relayed"} 1.0' in told
    summary = LatencySummary()
    summary.add(sooner)
    assert summary.answer_lateness is not None
    assert summary.answer_lateness.p95 == -0.5


def test_a_reply_is_measured_while_it_runs() -> None:
    """First things count once, from the right moment; what did not happen is None."""
    watch = Stopwatch(started=10.0, speculative=True)
    assert watch.report("", "") == ReplyReport(outcome="interrupted", speculative=True)
    watch.ttft["small"] = 0.125
    watch.say_opening(10.25)
    watch.say_opening(10.5)
    watch.ttft["large"] = 0.75
    watch.say_continuation(11.5, 3 / 2.7)
    watch.say_continuation(12.0, 3 / 2.7)
    watch.end(13.0, "relayed")
    report = watch.report("Let me see,", " at nine.", continuation_mode="history")
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
