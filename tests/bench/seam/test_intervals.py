"""Shares and ratios, and that their intervals hold what they promise."""

from random import Random

import pytest

from blastoff_pipecat.bench.seam.intervals import Retention, Share


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 100, 0.0018, 0.0545),
    ],
)
def test_a_share_has_wilsons_interval(hits: int, of: int, low: float, high: float) -> None:
    """The figures of statsmodels' `proportion_confint(method="wilson")`."""
    assert Share(hits, of).interval == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_there_is_no_share() -> None:
    """Nor an interval of it, nor a ratio to it."""
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)
    assert (Retention(0, 0, 0).value, Retention(0, 3, 0).value) == (None, None)
    assert Retention(0, 0, 3).interval is None


def test_retention_is_the_ratio_of_right_answers() -> None:
    """What only one of them answers counts for that one."""
    assert Retention(both=36, two_alone=2, one_alone=4).value == pytest.approx(38 / 40)
    assert Retention(both=10, two_alone=5, one_alone=0).value == pytest.approx(1.5)


def test_pairs_that_agree_make_a_narrow_interval() -> None:
    """Two samples of the same sizes would leave far more room; more pairs leave less."""
    low, high = Retention(100, 0, 0).interval or (0.0, 0.0)
    assert low < 1.0 < high
    assert high - low < 0.06
    wide, narrow = (Retention(90 * n, 5 * n, 5 * n).interval or (0.0, 0.0) for n in (1, 10))
    assert wide[0] < narrow[0] < 1.0 < narrow[1] < wide[1]
    assert narrow[0] == pytest.approx(1 / narrow[1])


def test_the_truth_is_in_19_intervals_of_20() -> None:
    """Of made-up models that are right as often as is known."""
    chance, inside, rounds = Random(1), 0, 1000
    for _ in range(rounds):
        counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
        for _ in range(120):
            one = chance.random() < 0.85
            counts[chance.random() < (0.95 if one else 0.4), one] += 1
        found = Retention(counts[True, True], counts[True, False], counts[False, True]).interval
        truth = (0.85 * 0.95 + 0.15 * 0.4) / 0.85
        inside += found is not None and found[0] <= truth <= found[1]
    assert 0.935 <= inside / rounds <= 0.985
