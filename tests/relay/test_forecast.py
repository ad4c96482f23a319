"""A forecast heeds the signs on the wire that tell something, and no others."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.relay.forecast import (
    SENTENCE_PRIOR_SECS,
    AfterTool,
    Delays,
    Expectation,
    Forecast,
    Sign,
)

Wire = Callable[[random.Random], tuple[dict[Sign, float], float]]

SIGNS: tuple[Sign, ...] = ("headers", "role", "reasoning")

instants = st.floats(0.0, 20.0) | st.sampled_from([math.nan, math.inf, -1.0, 0.0])
steps = st.tuples(st.sampled_from([*SIGNS, "clause", "sentence", "gave_up"]), instants)


def wide(rng: random.Random, median: float, spread: float = 0.5) -> float:
    return median * math.exp(spread * rng.gauss(0, 1))


def replied(forecast: Forecast, signs: dict[Sign, float], clause: float) -> None:
    expectation = forecast.began()
    for kind, at in signs.items():
        expectation.sign(kind, at)
    expectation.clause(clause)
    expectation.sentence(clause + 0.4)


def tell(expectation: Expectation, what: str, at: float) -> None:
    if what in SIGNS:
        expectation.sign(what, at)
    else:
        {
            "clause": expectation.clause,
            "sentence": expectation.sentence,
            "gave_up": expectation.gave_up,
        }[what](at)


def mean_errors(wire: Wire, *, replies: int = 200) -> tuple[float, float]:
    """How wrong the forecast made at the last sign was, and one that knows of no sign."""
    rng = random.Random(7)
    forecast, plain = Forecast(1.0), Delays(1.0)
    heeding: list[float] = []
    deaf: list[float] = []
    for index in range(replies):
        signs, clause = wire(rng)
        expectation, now = forecast.began(), max(signs.values())
        for kind, at in signs.items():
            expectation.sign(kind, at)
        if index >= 10:
            heeding.append(abs(math.log(expectation.expected(waited=now) / clause)))
            deaf.append(abs(math.log(plain.expected(waited=now) / clause)))
        expectation.clause(clause)
        plain.add(clause)
    return sum(heeding) / len(heeding), sum(deaf) / len(deaf)


def headers_after_the_queue(rng: random.Random) -> tuple[dict[Sign, float], float]:
    headers = wide(rng, 1.0)
    return {"headers": headers}, headers + wide(rng, 0.2, 0.2)


def headers_at_once_then_a_role(rng: random.Random) -> tuple[dict[Sign, float], float]:
    role = wide(rng, 1.0)
    return {"headers": 0.05 * wide(rng, 1.0, 0.2), "role": role}, role + wide(rng, 0.3, 0.3)


def reasoning_now_and_then(rng: random.Random) -> tuple[dict[Sign, float], float]:
    clause = wide(rng, 1.0, 0.2)
    if rng.random() < 0.6:
        return {"headers": 0.05}, clause
    return {"headers": 0.05, "reasoning": 0.3}, clause + 3.0


def headers_at_once(rng: random.Random) -> tuple[dict[Sign, float], float]:
    return {"headers": 0.1}, wide(rng, 1.0)


def headers_at_any_time(rng: random.Random) -> tuple[dict[Sign, float], float]:
    clause = wide(rng, 1.0)
    return {"headers": clause * rng.uniform(0.1, 0.9)}, clause


def headers_at_any_time_before_a_steady_clause(
    rng: random.Random,
) -> tuple[dict[Sign, float], float]:
    return {"headers": rng.uniform(0.0, 0.9)}, wide(rng, 1.0, 0.05)


def headers_at_a_time_of_their_own(rng: random.Random) -> tuple[dict[Sign, float], float]:
    headers, clause = wide(rng, 0.8), wide(rng, 1.0, 0.3)
    return ({"headers": headers}, clause) if headers < clause else headers_at_once(rng)


def headers_with_the_clause(rng: random.Random) -> tuple[dict[Sign, float], float]:
    clause = wide(rng, 1.0)
    return {"headers": clause - 0.001, "role": clause - 0.001}, clause


@pytest.mark.parametrize(
    "wire", [headers_after_the_queue, headers_at_once_then_a_role, reasoning_now_and_then]
)
def test_a_sign_that_tells_something_sharpens_the_forecast(wire: Wire) -> None:
    """Where the clause follows a sign by a known time, the error is smaller by 40 %."""
    heeding, deaf = mean_errors(wire)
    assert heeding < 0.6 * deaf


@pytest.mark.parametrize(
    "wire",
    [
        headers_at_once,
        headers_at_any_time,
        headers_at_any_time_before_a_steady_clause,
        headers_at_a_time_of_their_own,
        headers_with_the_clause,
    ],
)
def test_a_sign_that_tells_nothing_does_no_harm(wire: Wire) -> None:
    """Where a sign says nothing of the clause the forecast is about as good as without it."""
    heeding, deaf = mean_errors(wire)
    assert heeding <= 1.04 * deaf


def test_a_sign_is_learnt_in_three_replies() -> None:
    """Headers that come 0.2 s before each clause, whenever that is, soon tell when it comes."""
    forecast = Forecast(1.0)
    for headers in (0.5, 3.0):
        replied(forecast, {"headers": headers}, headers + 0.2)
    expectation = forecast.began()
    expectation.sign("headers", 2.0)
    assert expectation.expected(waited=2.0) > 2.5
    replied(forecast, {"headers": 1.0}, 1.2)
    expectation = forecast.began()
    before = expectation.chance_by(2.4, waited=2.0)
    expectation.sign("headers", 2.0)
    assert expectation.expected(waited=2.0) == pytest.approx(2.2, abs=0.05)
    assert expectation.chance_by(2.4, waited=2.0) > 0.8 > before
    assert expectation.chance_by(1.9) == 0.0


def test_the_latest_sign_that_tells_something_is_heeded() -> None:
    """A later sign knows more, and of one kind only the first counts."""
    rng, forecast = random.Random(3), Forecast(1.0)
    for _ in range(20):
        headers = wide(rng, 0.5)
        role = headers + wide(rng, 0.8, 0.3)
        replied(forecast, {"headers": headers, "role": role}, role + 0.1)
    expectation = forecast.began()
    expectation.sign("headers", 0.5)
    assert expectation.expected(waited=0.5) == pytest.approx(1.4, abs=0.25)
    expectation.sign("role", 1.0)
    expectation.sign("role", 9.0)
    assert expectation.expected(waited=1.0) == pytest.approx(1.1, abs=0.03)


def test_once_the_clause_has_come_it_is_a_fact() -> None:
    """What was forecast gives way to when it was."""
    expectation = Forecast(1.0).began()
    expectation.clause(0.7)
    expectation.clause(5.0)
    assert expectation.expected(waited=2.0) == expectation.quantile(0.1) == 0.7
    assert expectation.chance_by(0.6) == 0.0
    assert expectation.chance_by(0.7, waited=0.9) == 1.0


def test_the_sentence_after_the_clause_is_learnt() -> None:
    """Eight sentences of ten are whole within the time that is given for eight of ten."""
    forecast = Forecast(1.0)
    first = forecast.began().sentence_after_clause(0.5)
    assert first == pytest.approx(SENTENCE_PRIOR_SECS, rel=0.02)
    for _ in range(5):
        replied(forecast, {}, 1.0)
    expectation = forecast.began()
    assert expectation.sentence_after_clause(0.5) == pytest.approx(0.4, rel=0.05)
    assert 0.4 < expectation.sentence_after_clause() < 0.5


def test_a_sentence_of_one_clause_comes_with_it() -> None:
    """Where nobody told of the clause, the sentence brought it."""
    forecast = Forecast(5.0)
    for _ in range(5):
        forecast.began().sentence(0.8)
    expectation = forecast.began()
    assert expectation.expected() == pytest.approx(0.8, rel=0.05)
    assert expectation.sentence_after_clause() < 0.05


def test_who_gives_up_teaches_only_what_was_missing() -> None:
    """Interrupted before the clause, the clause was later; interrupted after it, the sentence."""
    forecast = Forecast(1.0)
    for _ in range(5):
        replied(forecast, {"headers": 0.1}, 1.0)
    usual, tail = forecast.began().expected(), forecast.began().sentence_after_clause(0.99)
    late = forecast.began()
    late.clause(1.0)
    late.gave_up(30.0)
    assert forecast.began().sentence_after_clause(0.99) > tail
    assert forecast.began().expected() == pytest.approx(usual, rel=0.01)
    for _ in range(5):
        expectation = forecast.began()
        expectation.sign("headers", 0.1)
        expectation.gave_up(6.0)
        expectation.clause(6.1)  # nobody listens any more
    assert forecast.began().expected() > 6.0
    assert forecast.clause.count == 6


def test_who_gives_up_after_a_sign_teaches_what_the_sign_is_worth() -> None:
    """Headers that were followed by nothing promise less the next time."""
    forecast = Forecast(1.0)
    for headers in (0.5, 3.0, 1.0, 2.0):
        replied(forecast, {"headers": headers}, headers + 0.2)
    for _ in range(5):
        expectation = forecast.began()
        expectation.sign("headers", 0.1)
        expectation.gave_up(6.0)
    expectation = forecast.began()
    expectation.sign("headers", 0.1)
    assert expectation.expected(waited=0.2) > 5.0


def test_a_copy_knows_the_same_and_learns_on_its_own() -> None:
    """A service starts from its process's estimate."""
    forecast = Forecast(1.0)
    for headers in (0.5, 3.0, 1.0):
        replied(forecast, {"headers": headers}, headers + 0.2)
    twin = forecast.copy()
    views = [forecast.began(), twin.began()]
    for view in views:
        view.sign("headers", 2.0)
    assert views[0].expected(waited=2.0) == views[1].expected(waited=2.0)
    for _ in range(5):
        replied(twin, {"headers": 0.1}, 4.0)
    untouched = forecast.began()
    untouched.sign("headers", 2.0)
    assert untouched.expected(waited=2.0) == pytest.approx(2.2, abs=0.05)
    assert twin.began().expected() == pytest.approx(4.0, rel=0.2)


@given(st.lists(st.lists(steps, max_size=8), max_size=12), instants, st.floats(0.0, 1.0))
def test_no_order_of_events_confuses_it(
    replies: list[list[tuple[str, float]]], now: float, p: float
) -> None:
    """Whatever is told in whatever order, each answer is a time or a chance."""
    forecast = Forecast(1.0)
    for reply in replies:
        expectation = forecast.began()
        for what, at in reply:
            tell(expectation, what, at)
            assert math.isfinite(expectation.expected(waited=now))
            assert math.isfinite(expectation.quantile(p, waited=now))
            assert 0.0 <= expectation.chance_by(at, waited=now) <= 1.0
            assert 0.0 < expectation.sentence_after_clause(p) < math.inf
    assert forecast.clause.count <= len(replies)


@given(st.lists(st.tuples(st.sampled_from(SIGNS), st.floats(0.0, 20.0))), st.floats(0.0, 1e3))
def test_what_is_expected_is_still_to_come(signs: list[tuple[Sign, float]], now: float) -> None:
    """Until the clause has come it is expected later than now, with and without signs."""
    forecast = Forecast(1.0)
    for headers in (0.5, 3.0, 1.0):
        replied(forecast, dict.fromkeys(SIGNS, headers), headers + 0.2)
    expectation = forecast.began()
    for kind, at in signs:
        expectation.sign(kind, at)
        assert expectation.expected(waited=now) > now


def test_a_tool_that_was_waited_for_is_the_nearer() -> None:
    """What it has not taken yet counts for the answer behind it, too."""
    behind = AfterTool(Forecast(1.0), Delays(2.0))
    assert behind.chance_by(2.0) < 0.5
    assert behind.chance_by(4.0, waited=3.5) < behind.chance_by(4.0) - 0.2
    assert behind.sentence_after_clause() == 0.0


def test_who_gives_up_behind_a_sign_has_waited_since_it() -> None:
    """What came before the sign is no part of what it tells."""
    forecast = Forecast(1.0)
    for secs in (1, 3, 2, 4, 1.5, 3.5, 2.5, 1):
        expectation = forecast.began()
        expectation.sign("role", secs)
        expectation.clause(secs + 0.25)
    for _ in range(6):
        expectation = forecast.began()
        expectation.sign("role", 2.0)
        expectation.gave_up(4.0)
    expectation = forecast.began()
    expectation.sign("role", 1.0)
    assert 3.0 < expectation.expected(waited=1.0) < 4.5
