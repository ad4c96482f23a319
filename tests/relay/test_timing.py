"""When something is to be heard: the decisions hold for whatever was learnt, at any time."""

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.forecast import Forecast
from blastoff_pipecat.relay.timing import LONGEST_OPENING_SECS, SHORT_LINE_SECS, Manner, Timing

AUTO = Manner(opening="auto", beside=True, max_silence=1.0, line_secs=0.15)
WORD = "word "
LINES = ("One moment.", "Let me see.", "Let me think about that.", "Let me have a quick look.")

seconds = st.floats(0.01, 12.0)
answers = st.lists(st.tuples(seconds, st.floats(0.0, 2.0)), max_size=12)
"""When clauses came, and how long after each its sentence."""
waits = st.floats(0.0, 10.0)
handovers = st.booleans()


def timing_of(
    learnt: list[tuple[float, float]], manner: Manner = AUTO, *, said: int = 0, asked: bool = True
) -> tuple[Timing, Cover]:
    """Make the timing of a reply that began at 0.0, after others, with so many words said."""
    forecast, voice = Forecast(1.0), Voice()
    for clause, sentence in learnt:
        expectation = forecast.began()
        expectation.clause(clause)
        expectation.sentence(clause + sentence)
    cover = Cover(voice, 0.0)
    cover.say(WORD * said, 0.0)
    timing = Timing(manner, voice, cover, forecast.began(), 0.0)
    timing.asked_at = 0.0 if asked else None
    return timing, cover


@given(answers, seconds, seconds, waits, handovers)
def test_a_shorter_line_fits_where_a_longer_one_does(
    learnt: list[tuple[float, float]], one: float, other: float, now: float, asked: bool
) -> None:
    """Whatever was learnt, and however long was waited."""
    timing, _ = timing_of(learnt, asked=asked)
    shorter, longer = sorted((one, other))
    assert timing.fits(shorter, now) or not timing.fits(longer, now)


@given(answers, waits, handovers)
def test_the_room_for_a_line_is_between_two_words_and_the_most(
    learnt: list[tuple[float, float]], now: float, asked: bool
) -> None:
    """So that there is always something that may be asked for."""
    timing, _ = timing_of(learnt, asked=asked)
    room = timing.room(now, most=LONGEST_OPENING_SECS)
    assert SHORT_LINE_SECS <= room <= LONGEST_OPENING_SECS


@given(answers, waits, st.sets(st.sampled_from(LINES)))
def test_the_longest_line_that_fits_is_one_of_them(
    learnt: list[tuple[float, float]], now: float, lines: set[str]
) -> None:
    """And no longer one fits."""
    timing, _ = timing_of(learnt)
    secs = Voice().pace.seconds
    found = timing.longest(lines, now)
    assert found in {*lines, ""}
    assert not found or timing.fits(secs(found), now)
    assert not any(timing.fits(secs(line), now) for line in lines if secs(line) > secs(found))


@given(answers, st.integers(0, 30), st.booleans(), handovers)
def test_a_line_is_due_in_time(
    learnt: list[tuple[float, float]], said: int, declined: bool, asked: bool
) -> None:
    """At a finite time: never later than silence is felt, and little sooner."""
    timing, cover = timing_of(learnt, said=said, asked=asked)
    due = timing.line_due_at(nothing_wanted=declined)
    longest = 2.0 if declined and not said else 1.0
    latest = cover.silent_from + longest - Voice().latency_secs
    assert latest - 0.8 - 1e-9 <= due <= latest
    assert timing.line_due_at(nothing_wanted=declined) == due
    if not said:
        assert due == latest


@given(answers, st.integers(0, 30), waits)
def test_a_due_line_is_put_off_for_a_while_at_most(
    learnt: list[tuple[float, float]], said: int, waited: float
) -> None:
    """Each look leads to a later one, and after half a second there is none."""
    timing, _ = timing_of(learnt, said=said)
    due = timing.line_due_at(nothing_wanted=False)
    now, looks = due, 0
    while (later := timing.put_off_until(due, now)) is not None:
        assert later > now
        now, looks = later, looks + 1
        assert looks < 20
    assert now <= due + 0.5
    assert timing.put_off_until(due, due + 0.5 + waited) is None


@given(answers, waits, st.integers(0, 30), seconds)
def test_a_clause_is_released_at_a_finite_time(
    learnt: list[tuple[float, float]], now: float, said: int, clause_at: float
) -> None:
    """Not in the past, and not before what is said is nearly over."""
    timing, cover = timing_of(learnt, said=said)
    release = timing.release_at("For the most part,", min(clause_at, now), now)
    assert release >= max(now, cover.until - Voice().latency_secs)
    assert release < math.inf


@given(answers, st.floats(0.0, 0.5))
def test_without_a_bound_on_silence_nothing_is_wanted(
    learnt: list[tuple[float, float]], now: float
) -> None:
    """No opening at once, and no line ever."""
    timing, _ = timing_of(learnt, replace(AUTO, max_silence=math.inf), said=3)
    assert not timing.wants_opening(now)
    assert timing.line_due_at(nothing_wanted=False) == math.inf


@given(answers, waits)
def test_always_and_never_are_no_matter_of_time(
    learnt: list[tuple[float, float]], now: float
) -> None:
    """Whatever is forecast."""
    for opening, wanted in (("always", True), ("never", False)):
        timing, _ = timing_of(learnt, replace(AUTO, opening=opening))
        assert timing.wants_opening(now) is wanted


@given(answers, seconds)
def test_nothing_fits_before_an_answer_that_is_there(
    learnt: list[tuple[float, float]], clause: float
) -> None:
    """Once its first sentence could have been heard, even the shortest line is in its way."""
    assume(clause > 0.05)
    forecast = Forecast(1.0)
    for at, more in learnt:
        expectation = forecast.began()
        expectation.clause(at)
        expectation.sentence(at + more)
    expectation = forecast.began()
    voice = Voice()
    timing = Timing(AUTO, voice, Cover(voice, 0.0), expectation, 0.0)
    timing.asked_at = 0.0
    expectation.clause(clause)
    assert not timing.fits(3.0, clause + 2.0)


@pytest.mark.parametrize(
    ("clause", "wanted"), [(0.2, False), (0.5, False), (1.2, True), (4.0, True)]
)
def test_an_opening_is_wanted_where_the_answer_is_known_to_be_late(
    clause: float, wanted: bool
) -> None:
    """And not where it is heard within the second."""
    timing, _ = timing_of([(clause, 0.4)] * 8)
    assert timing.wants_opening(0.0) is wanted


@pytest.mark.parametrize(("line_secs", "wanted"), [(0.1, True), (0.7, True), (0.9, False)])
def test_no_opening_is_wanted_at_once_that_is_written_too_late(
    line_secs: float, wanted: bool
) -> None:
    """Silence is due at 0.8 s: a line is said then in any case."""
    assert known(3.0, line_secs=line_secs).wants_opening(0.0) is wanted


def test_an_answer_that_may_be_early_or_late_is_opened_where_that_costs_less() -> None:
    """A line kept until silence is due would run into an answer that mostly comes just then."""
    mostly_late = [(1.3, 0.4), (1.1, 0.4), (1.5, 0.4), (1.2, 0.4)] * 3
    mostly_early = [(0.3, 0.05), (0.5, 0.05), (2.5, 0.05)] * 4
    assert timing_of(mostly_late)[0].wants_opening(0.0)
    assert not timing_of(mostly_early)[0].wants_opening(0.0)


def test_a_waiting_line_is_said_sooner_where_it_would_run_into_the_answer() -> None:
    """The answer is known to come 2.0 s after the turn; what was said ends at 0.94 s."""
    timing, cover = timing_of([(2.0, 0.05)] * 12, said=2)
    due = timing.line_due_at(nothing_wanted=False)
    latest = cover.silent_from + 1.0 - Voice().latency_secs
    assert due < latest
    assert due + SHORT_LINE_SECS <= 2.05


@pytest.mark.parametrize(
    ("secs", "sooner"), [(1.6, 0.0), (1.8, 0.0), (2.0, 0.6), (2.2, 0.6), (2.4, 0.4)]
)
def test_a_waiting_line_is_said_no_sooner_than_it_takes(secs: float, sooner: float) -> None:
    """By a few tenths of a second, and not at all where it cannot be over in time."""
    timing, cover = timing_of([(secs, 0.05)] * 12, said=2)
    latest = cover.silent_from + 1.0 - Voice().latency_secs
    assert timing.line_due_at(nothing_wanted=False) == pytest.approx(latest - sooner)


# An answer that is well known: the first clause after so many seconds, its sentence 0.5 s later.


def known(secs: float, *, said: int = 0, begun: float = 0.0, **manner: float) -> Timing:
    forecast, voice = Forecast(secs), Voice()
    for _ in range(30):
        request = forecast.began()
        request.clause(secs)
        request.sentence(secs + 0.5)
    cover = Cover(voice, 0.0)
    cover.say(WORD * said, 0.0)
    made = replace(AUTO, **manner)  # type: ignore[arg-type]
    timing = Timing(made, voice, cover, forecast.began(), begun)
    timing.asked_at = begun
    return timing


def words(count: int) -> float:
    return count / 2.7


@pytest.mark.parametrize(
    ("secs", "wanted", "room"),
    [
        (0.3, False, 0.8),
        (0.7, False, 0.8),
        (0.9, True, 0.8 + words(1)),
        (1.5, True, 0.8 + words(2)),
        (2.0, True, 0.8 + words(3)),
        (3.0, True, 0.8 + words(4)),
    ],
)
def test_a_known_answer_says_whether_to_open_and_for_how_long(
    secs: float, wanted: bool, room: float
) -> None:
    """By whole words, and no longer than may be."""
    timing = known(secs)
    assert timing.wants_opening(0.0) is wanted
    assert timing.room(0.0, most=2.4) == pytest.approx(room)
    assert timing.room(0.0, most=1.0) == 0.8
    assert timing.room(0.0, most=0.5) == 0.8
    assert timing.room(0.0, most=1.2) == pytest.approx(min(room, 0.8 + words(1)))


@pytest.mark.parametrize(("secs", "longest"), [(1.0, 1.2), (1.5, 1.6), (2.0, 2.0), (3.0, 3.2)])
def test_a_line_fits_where_it_is_over_when_a_known_answer_is_heard(
    secs: float, longest: float
) -> None:
    """Said at 0.1 s: it may go on into what lies between the clause and its sentence."""
    timing = known(secs)
    lines = [WORD * count for count in range(1, 9)]
    for tenths in range(1, 9):
        assert timing.fits(tenths * 0.4, 0.1) is (tenths * 0.4 <= longest + 0.01), tenths
    fitting = [line for line in lines if timing.fits(words(line.count(" ")), 0.1)]
    assert timing.longest(lines, 0.1) == fitting[-1]
    assert timing.longest(lines, 0.1, most=words(2)) == WORD * 2
    assert timing.longest([], 0.1) == ""


def test_an_answer_counts_from_when_it_was_asked_for() -> None:
    """Where that is to come it counts from now; alone it would have been asked at the beginning."""
    timing = known(2.0)
    timing.asked_at = None
    assert timing.wants_opening(0.1)
    assert [timing.fits(secs, 0.1) for secs in (2.0, 2.4)] == [True, False]
    timing.asked_at = 1.0
    assert [timing.fits(secs, 1.1) for secs in (1.2, 1.6)] == [True, False]
    later = known(2.0, begun=1.0)
    behind = known(1.0)
    behind.asked_at = 2.0
    assert behind.put_off_until(2.8, 3.0) == pytest.approx(3.05)
    assert [later.fits(secs, 1.1) for secs in (2.0, 2.4)] == [True, False]


@pytest.mark.parametrize(
    ("secs", "now", "again"),
    [
        (0.7, 0.8, 0.85),
        (0.7, 0.9, None),
        (0.9, 0.9, 0.95),
        (0.9, 1.0, None),
        (1.0, 0.8, 0.85),
        (1.0, 1.0, 1.05),
        (1.0, 1.1, None),
        (1.1, 0.8, None),
        (1.1, 1.0, 1.05),
        (1.2, 1.0, None),
        (3.0, 0.8, None),
    ],
)
def test_a_line_is_put_off_where_a_known_answer_is_about_to_come(
    secs: float, now: float, again: float | None
) -> None:
    """It was due at 0.8 s; for three tenths of a second at most it is looked at again."""
    found = known(secs).put_off_until(0.8, now)
    assert found == (again if again is None else pytest.approx(again))


@pytest.mark.parametrize(
    ("secs", "now", "again"),
    [(0.3, 0.8, 0.85), (1.2, 0.8, None), (1.2, 1.0, 1.05), (0.3, 1.78, 1.8), (0.3, 1.8, None)],
)
def test_behind_a_tool_silence_may_last_twice_as_long(
    secs: float, now: float, again: float | None
) -> None:
    """Where a line would hold the answer up."""
    found = known(secs).put_off_until(0.8, now, waited=True)
    assert found == (again if again is None else pytest.approx(again))


def test_a_line_is_due_so_early_that_the_voice_is_heard_in_time() -> None:
    """Twice as late where nothing is wanted, but not behind the first words."""
    timing = known(60.0, max_silence=2.0)
    assert timing.line_due_at(nothing_wanted=False) == pytest.approx(1.8)
    assert timing.line_due_at(nothing_wanted=True) == pytest.approx(3.8)
    behind = known(60.0, said=3)
    for nothing_wanted in (False, True):
        assert behind.line_due_at(nothing_wanted=nothing_wanted) == pytest.approx(1 + words(3))


@pytest.mark.parametrize(
    ("clause", "said", "now", "at"),
    [
        ("It opens at nine,", 0, 1.0, 1.0),  # it lasts until its sentence is whole
        ("It,", 0, 1.0, 1.53 - 1 / 2.7),  # it does not
        ("It,", 0, 1.4, 1.4),
        ("It opens at nine,", 6, 1.0, words(6)),  # something else is being heard
        ("It opens at nine,", 6, 3.0, 3.0),
    ],
)
def test_a_clause_is_let_go_when_no_hole_comes_behind_it(
    clause: str, said: int, now: float, at: float
) -> None:
    """And not before what is being heard is over, less what the voice needs."""
    found = known(1.0, said=said).release_at(clause, 1.0, now)
    assert found == pytest.approx(at, abs=0.01)
