"""Delays are learnt from what was seen: soon, rightly, and whatever is told."""

import math
import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.relay.delays import Delays

CHANCES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)

odd_times = st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-12, 1e9, 1e300])
times = st.floats(0.0, 30.0) | st.floats(0.0, 1e5)
told = st.lists(st.tuples(st.booleans(), times | odd_times), max_size=60)

Draw = Callable[[random.Random], float]


def learnt(delays: Iterable[float], *, prior: float = 1.0) -> Delays:
    known = Delays(prior)
    for secs in delays:
        known.add(secs)
    return known


def told_all(history: list[tuple[bool, float]]) -> Delays:
    known = Delays(1.0)
    for whole, secs in history:
        (known.add if whole else known.add_at_least)(secs)
    return known


def log_normal(median: float, spread: float) -> Draw:
    return lambda rng: median * math.exp(spread * rng.gauss(0, 1))


# What was seen is believed.


@pytest.mark.parametrize("secs", [0.3, 0.6, 1.0, 4.2])
def test_five_alike_are_believed(secs: float) -> None:
    """After five equal delays the next is expected just there, whatever the prior was."""
    known = learnt([secs] * 5)
    assert known.chance_by(secs * 4 / 3) > 0.97
    assert known.chance_by(secs * 3 / 4) < 0.03
    assert known.expected() == pytest.approx(secs, rel=0.02)
    assert known.count == 5


@given(st.floats(0.05, 20.0))
def test_nothing_seen_is_the_prior(prior: float) -> None:
    """Before anything was seen the guess is the middle of a wide range."""
    known = Delays(prior)
    assert known.count == 0
    assert known.expected() == pytest.approx(prior, rel=0.02)
    assert 0.1 < known.chance_by(prior * 0.6) < 0.2
    assert 0.8 < known.chance_by(prior / 0.6) < 0.9


def test_the_first_delay_moves_the_guess_most_of_the_way() -> None:
    """One delay is believed more than the prior, and neither is thought certain."""
    known = learnt([0.3])
    assert 0.3 < known.expected() < 0.42
    assert known.quantile(0.9) > 0.6
    assert learnt([0.05]).expected() < 0.1


def drawn(draw: Draw, seed: int, *, conditional: bool = False) -> list[float]:
    """The chance that each of 2,000 delays was given by the 30 and more before it."""
    rng = random.Random(seed)
    known = learnt(draw(rng) for _ in range(30))
    chances: list[float] = []
    while len(chances) < 2000:
        secs = draw(rng)
        waited = 0.8 * draw(rng) if conditional else 0.0
        if secs > waited:
            chances.append(known.chance_by(secs, waited=waited))
        known.add(secs)
    return chances


@pytest.mark.parametrize("conditional", [False, True], ids=["asked", "while-waiting"])
@pytest.mark.parametrize("median", [0.3, 0.7, 1.5, 4.2])
def test_chances_come_true(median: float, conditional: bool) -> None:
    """What is given a chance of one in four happens one time in four, also while waiting."""
    chances = drawn(log_normal(median, 0.5), seed=round(median * 10), conditional=conditional)
    for p in CHANCES:
        assert sum(chance <= p for chance in chances) / len(chances) == pytest.approx(p, abs=0.04)


@pytest.mark.parametrize(
    ("draw", "within"),
    [
        (lambda rng: 0.4 + rng.expovariate(3), 0.04),
        (lambda rng: 8.0 if rng.random() < 0.08 else 0.5 * math.exp(0.2 * rng.gauss(0, 1)), 0.04),
        (lambda rng: (2.0 if rng.random() < 0.3 else 0.3) * math.exp(0.1 * rng.gauss(0, 1)), 0.08),
    ],
    ids=["a-wait-then-luck", "now-and-then-8-s", "two-sorts"],
)
def test_chances_come_true_for_other_delays(draw: Draw, within: float) -> None:
    """Nothing is assumed of how the delays are spread."""
    chances = drawn(draw, seed=1)
    for p in CHANCES:
        assert sum(chance <= p for chance in chances) / len(chances) == pytest.approx(p, abs=within)


@pytest.mark.parametrize("few", [1, 2, 3, 4, 6, 10])
def test_a_few_are_not_overrated(few: int) -> None:
    """From the first delays on, eight of ten are inside the range given for eight of ten."""
    inside = 0
    for seed in range(1000):
        rng = random.Random(seed)
        draw = log_normal(math.exp(rng.uniform(math.log(0.3), math.log(4.0))), 0.4)
        known = learnt(draw(rng) for _ in range(few))
        inside += 0.1 < known.chance_by(draw(rng)) < 0.9
    assert 620 < inside < 870


# Change, and what is none.


@pytest.mark.parametrize(
    ("before", "after"), [(0.5, 2.0), (2.0, 0.5), (0.5, 1.0), (0.3, 4.0), (4.0, 0.3)]
)
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.2])
def test_a_sudden_change_is_followed_within_five_replies(
    before: float, after: float, spread: float
) -> None:
    """After a change of provider, load or route the forecast follows in five replies."""
    followed = 0
    for seed in range(50):
        rng = random.Random(seed)
        known = learnt(log_normal(before, spread)(rng) for _ in range(25))
        for _ in range(5):
            known.add(log_normal(after, spread)(rng))
        followed += abs(math.log(known.expected() / after)) < abs(math.log(before / after)) / 3
    assert followed >= (50 if spread < 0.2 or max(before, after) > 1.5 else 35)


def test_a_change_between_wide_delays_is_mostly_followed() -> None:
    """Where every reply differs, five replies take the forecast most of the way."""
    covered: list[float] = []
    for seed in range(100):
        rng = random.Random(seed)
        known = learnt(log_normal(0.5, 0.35)(rng) for _ in range(25))
        for _ in range(5):
            known.add(log_normal(2.0, 0.35)(rng))
        covered.append(math.log(known.expected() / 0.5) / math.log(4.0))
    assert sorted(covered)[10] > 0.6


def test_a_small_change_is_followed_by_and_by() -> None:
    """Where a change is no larger than what replies differ by, twelve take most of the way."""
    covered: list[float] = []
    for seed in range(100):
        rng = random.Random(seed)
        known = learnt(log_normal(0.5, 0.3)(rng) for _ in range(40))
        for _ in range(12):
            known.add(log_normal(0.7, 0.3)(rng))
        covered.append(math.log(known.expected() / 0.5) / math.log(1.4))
    assert 0.7 < sorted(covered)[50] < 1.2


@given(st.integers(0, 9), st.sampled_from([0.01, 3.0, 8.0, 60.0]))
def test_one_odd_delay_among_ten_changes_little(place: int, odd: float) -> None:
    """A single outlier, wherever it comes, is taken for one."""
    delays = [0.5] * 9
    delays.insert(place, odd)
    assert learnt(delays).expected() == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_one_odd_delay_among_spread_ones_changes_little(spread: float) -> None:
    """Nor does it matter much where the others differ: nine times in ten less than a tenth."""
    moves: list[float] = []
    for seed in range(100):
        rng = random.Random(seed)
        known = learnt(log_normal(0.5, spread)(rng) for _ in range(9))
        before = known.expected()
        known.add(8.0)
        moves.append(known.expected() / before)
    assert sorted(moves)[90] < 1.1


def test_an_odd_delay_is_kept_in_mind() -> None:
    """It does not move what is expected, but it is no longer thought impossible."""
    usual, warned = learnt([0.5] * 10), learnt([*[0.5] * 9, 8.0])
    assert warned.chance_by(5.0) < usual.chance_by(5.0) < 1
    assert warned.expected(waited=3.0) > usual.expected(waited=3.0)


def test_an_odd_delay_counts_for_less_than_another() -> None:
    """Whether it was late or early: of ten delays it is not the tenth part."""
    for odd in (8.0, 0.03):
        known = learnt([*[0.5] * 9, odd])
        late, early = 1.0 - known.chance_by(5.0), known.chance_by(0.05)
        assert 0.04 < (late if odd > 1 else early) < 0.09


# While waiting.


@given(st.lists(st.floats(0.2, 2.0), min_size=5, max_size=40), st.floats(1.5, 1000.0))
def test_who_waits_longer_than_ever_waits_about_half_as_long_again(
    delays: list[float], times_longest: float
) -> None:
    """Beyond all experience the forecast stays sane: 1.3 to 2 times what was waited."""
    waited = max(delays) * times_longest
    least = 1.3 if times_longest > 8 else 1.0  # before that it may just be a little late
    assert least <= learnt(delays).expected(waited=waited) / waited <= 2.0


@given(told, st.floats(0.0, 1e5), st.floats(0.0, 1.0))
def test_what_is_expected_is_still_to_come(
    history: list[tuple[bool, float]], waited: float, p: float
) -> None:
    """Whatever was told, a forecast is a time, later than now."""
    known = told_all(history)
    assert waited < known.expected(waited=waited) < math.inf
    assert waited < known.quantile(p, waited=waited) < math.inf


@given(told, times, times, times)
def test_chances_are_chances(
    history: list[tuple[bool, float]], waited: float, one: float, other: float
) -> None:
    """They lie between none and certain, and grow with the time allowed."""
    known = told_all(history)
    sooner, later = sorted([one, other])
    first, second = known.chance_by(sooner, waited=waited), known.chance_by(later, waited=waited)
    assert 0.0 <= first <= second + 1e-9 <= 1.0 + 1e-9
    assert known.chance_by(waited, waited=waited) == 0.0


@given(told, times, st.floats(0.02, 0.98))
def test_a_quantile_is_where_its_chance_is_reached(
    history: list[tuple[bool, float]], waited: float, p: float
) -> None:
    """Both questions have one answer."""
    known = told_all(history)
    secs = known.quantile(p, waited=waited)
    assert known.chance_by(secs * 1.001, waited=waited) >= p - 1e-6
    if secs * 0.999 > max(waited, 0.002):
        assert known.chance_by(secs * 0.999, waited=waited) <= p + 1e-6


# What was cut short.


@pytest.mark.parametrize("longest", [0.8, 1.5, 3.0])
def test_interruptions_do_not_make_the_forecast_hopeful(longest: float) -> None:
    """Users interrupt the slow replies: counting them as "at least so long" keeps it right."""
    rng, known, draw = random.Random(5), Delays(1.0), log_normal(1.0, 0.5)
    chances: list[float] = []
    for index in range(2000):
        secs = draw(rng)
        patience = rng.uniform(0.0, longest) if rng.random() < 0.5 else math.inf
        if index >= 30:
            chances.append(known.chance_by(secs))
        if secs <= patience:
            known.add(secs)
        else:
            known.add_at_least(patience)
    for p in CHANCES:
        assert sum(chance <= p for chance in chances) / len(chances) == pytest.approx(p, abs=0.05)


def test_an_early_interruption_says_nothing() -> None:
    """Hundreds of users who interrupt at once do not wear out what is known."""
    known = learnt([0.5] * 10)
    expected = known.expected()
    for _ in range(500):
        known.add_at_least(0.1)
    assert known.expected() == expected
    assert known.count == 10


def test_an_endpoint_that_is_never_waited_for_is_known_to_be_slow() -> None:
    """Where every reply is given up after 3 s, no answer is promised before that."""
    known = learnt([0.5] * 20)
    for _ in range(4):
        known.add_at_least(3.0)
    assert known.expected() > 3.0
    assert known.chance_by(1.0) < 0.2
    known.add(4.0)
    known.add(4.0)
    assert known.expected() == pytest.approx(4.0, rel=0.1)


# What is no delay.


@given(told, st.sampled_from([math.nan, math.inf, -math.inf, -1.0]))
def test_what_is_no_time_is_ignored(history: list[tuple[bool, float]], odd: float) -> None:
    """A time that cannot be changes nothing and raises nothing."""
    known = told_all(history)
    before = known.count, known.expected(), known.quantile(0.9)
    known.add(odd)
    known.add_at_least(odd)
    assert (known.count, known.expected(), known.quantile(0.9)) == before
    assert known.expected(waited=math.nan) == known.expected(waited=-5.0) == known.expected()
    assert known.chance_by(math.nan) == known.chance_by(-1.0) == 0.0
    assert known.chance_by(math.inf) == 1.0
    assert math.isfinite(known.expected(waited=math.inf))
    assert math.isfinite(known.quantile(math.nan))


def test_a_delay_of_nothing_is_a_short_one() -> None:
    """What comes at once counts as 10 ms."""
    known = learnt([0.0] * 10)
    assert known.count == 10
    assert 0 < known.expected() < 0.02


def test_milliseconds_are_not_told_apart() -> None:
    """What took 20 ms ten times may well take 30 ms: clocks and networks are no better."""
    assert 0.03 < learnt([0.02] * 10).quantile(0.9) < 0.05


def test_a_prior_must_be_a_number() -> None:
    """Any number will do; what is none is the caller's mistake."""
    with pytest.raises(ValueError, match="prior_secs"):
        Delays(math.nan)
    for prior in (0.0, -1.0, math.inf, 1e9):
        assert 0 < Delays(prior).expected() < math.inf
    assert 0 < Delays(1.0, prior_spread=0.0).expected() < math.inf


@given(told, told)
def test_a_copy_goes_its_own_way(
    history: list[tuple[bool, float]], later: list[tuple[bool, float]]
) -> None:
    """A service starts from what its process knows; neither changes the other."""
    known = told_all(history)
    before = known.count, known.expected()
    twin = known.copy()
    assert (twin.count, twin.expected()) == before
    for whole, secs in later:
        (twin.add if whole else twin.add_at_least)(secs)
    assert (known.count, known.expected()) == before
