"""The running summary: nearest-rank percentiles over the last replies."""

import pytest

from blastoff_pipecat.conductor.latency import LatencyStats, LatencySummary
from blastoff_pipecat.conductor.report import ReplyReport


def reply(secs: float | None, outcome: str = "relayed") -> ReplyReport:
    return ReplyReport(outcome=outcome, first_text=secs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [
        ([7.0], 7.0, 7.0),
        ([2.0, 1.0], 1.0, 2.0),
        ([3.0, 1.0, 2.0], 2.0, 3.0),
        ([float(n) for n in range(20, 0, -1)], 10.0, 19.0),
        ([float(n) for n in range(1, 22)], 11.0, 20.0),
        ([float(n) for n in range(1, 101)], 50.0, 95.0),
    ],
)
def test_percentiles_are_values_that_were_seen(values: list[float], p50: float, p95: float) -> None:
    """The smallest that so many are not above."""
    assert LatencyStats.of(values) == LatencyStats(
        n=len(values),
        avg=pytest.approx(sum(values) / len(values)),
        min=min(values),
        max=max(values),
        p50=p50,
        p95=p95,
    )


def test_nothing_has_no_statistics() -> None:
    """Nor has a duration that no reply reached."""
    assert LatencyStats.of([]) is None
    summary = LatencySummary()
    summary.add(reply(None))
    assert summary.first_text is None
    assert len(summary) == 1


def test_the_last_replies_count() -> None:
    """As many as the window holds; withdrawn ones never did."""
    summary = LatencySummary(window=2)
    for secs in (1.0, 2.0, 3.0):
        summary.add(reply(secs))
    summary.add(reply(9.0, "withdrawn"))
    assert len(summary) == 2
    assert summary.first_text is not None
    assert (summary.first_text.min, summary.first_text.max) == (2.0, 3.0)
    summary.reset()
    assert len(summary) == 0
    assert summary.first_text is None


def test_a_window_holds_one_reply_at_least() -> None:
    """By default two hundred."""
    with pytest.raises(ValueError, match=r"^window must be at least 1 reply, not 0$"):
        LatencySummary(window=0)
    assert len(LatencySummary(window=1)) == 0
    summary = LatencySummary()
    for _ in range(201):
        summary.add(reply(1.0))
    assert len(summary) == 200
