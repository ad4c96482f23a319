"""The lines against silence: which is said, and how many may be."""

import math

import pytest

from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.forecast import Forecast
from blastoff_pipecat.relay.lines import Stock
from blastoff_pipecat.relay.scripts import speech_seconds
from blastoff_pipecat.relay.standby import Standby, shortish
from blastoff_pipecat.relay.timing import Manner, Timing
from blastoff_pipecat.relay.turn import TurnSoFar

ONE, TWO, THREE, FOUR = "One.", "One two.", "One two three.", "One two three four."


@pytest.mark.parametrize(
    ("lines", "used", "line"),
    [
        ((ONE, TWO, THREE), (), TWO),  # the longest that is short
        ((ONE, THREE), (TWO,), ONE),  # rather a fresh one
        ((THREE, FOUR), (ONE, TWO), TWO),  # rather a short one
        ((FOUR, THREE), (FOUR,), THREE),  # the shortest that was not used
        ((), (THREE,), ""),
        ((), (TWO,), TWO),
        ((), (), ""),
    ],
)
def test_which_line_is_said(lines: tuple[str, ...], used: tuple[str, ...], line: str) -> None:
    """One that is short, of those used lately if need be."""
    assert shortish(lines, iter(used), speech_seconds) == line


def stock(lines: tuple[str, ...], used: tuple[str, ...]) -> Stock:
    """Lines, and those that the reply before the last has said."""
    return Stock((*lines, *used), ("", " ".join(used)))


def standing_by(
    turn: TurnSoFar | None = None, *, secs: float = 60.0, **manner: object
) -> tuple[Standby, Timing]:
    """Stand by for an answer that is expected after so many seconds."""
    for kind in ("lines", "waiting_lines"):
        manner[kind] = stock(manner.pop(kind, ()), manner.pop(f"used_{kind}", ()))  # type: ignore[arg-type]
    options = {"max_silence": 1.0, "max_waiting_lines": 2, "opening": "auto", **manner}
    made, voice = Manner(**options), Voice()  # type: ignore[arg-type]
    standby = Standby(made, voice)
    cover = turn.cover if turn else Cover(voice, 0.0)
    if turn:
        standby.go_on(turn)
    timing = Timing(made, voice, cover, Forecast(secs).began(), 0.0)
    timing.asked_at = 0.0
    return standby, timing


def due(standby: Standby, timing: Timing, **how: bool) -> float:
    return standby.due_at(timing, **{"opened": True, "declined": False, **how})


def choose(standby: Standby, timing: Timing, now: float = 0.8, said: str = "") -> str:
    return standby.choose(timing, now, said=said, declined=False)


class TestWhenALineIsDue:
    """When silence would be felt, and where one may be said at all."""

    def test_in_time(self) -> None:
        """So early that it is heard; after a decline twice as late."""
        standby, timing = standing_by()
        assert due(standby, timing) == pytest.approx(0.8)
        assert due(standby, timing, declined=True) == pytest.approx(1.8)

    def test_not_while_the_user_speaks(self) -> None:
        """Whatever is due."""
        standby, timing = standing_by()
        standby.user_speaks = True
        assert due(standby, timing) == math.inf

    def test_not_behind_the_last_line(self) -> None:
        """An opening does not count, nor is it counted."""
        standby, timing = standing_by(max_waiting_lines=1)
        standby.was_said(waiting=False)
        assert standby.waiting_lines_left == 1
        assert due(standby, timing) < math.inf
        standby.was_said(waiting=True)
        assert standby.waiting_lines == 1
        assert standby.waiting_lines_left == 0
        assert due(standby, timing) == math.inf
        assert due(standby, timing, opened=False) < math.inf

    def test_not_where_none_is_left(self) -> None:
        """Once none could be chosen."""
        standby, timing = standing_by()
        assert choose(standby, timing) == ""
        assert due(standby, timing) == math.inf

    def test_later_where_the_answer_is_about_to_come(self) -> None:
        """It is looked at again soon."""
        standby, timing = standing_by(secs=0.9, lines=(TWO,))
        assert choose(standby, timing) == ""
        assert due(standby, timing) == pytest.approx(0.85)

    def test_later_behind_a_tool_where_it_would_hold_the_answer_up(self) -> None:
        """Whoever was kept company meanwhile waits for the answer now."""
        turn = TurnSoFar(Cover(Voice(), 0.0), said="Hello.")
        for so_far, line in ((None, TWO), (turn, "")):
            standby, timing = standing_by(so_far, secs=1.3, lines=(TWO,), waiting_lines=(TWO,))
            assert choose(standby, timing, 1.0) == line

    def test_a_line_that_was_declined_is_due_later(self) -> None:
        """So it may still be put off when the other could be no longer."""
        for declined in (True, False):
            standby, timing = standing_by(secs=1.0, lines=(TWO,))
            line = standby.choose(timing, 1.8, said="", declined=declined)
            assert line == ("" if declined else TWO)


class TestWhichLineIsChosen:
    """The small model's, if it is short; nothing twice."""

    def test_the_line_that_is_ready(self) -> None:
        """With the lines of the language."""
        standby, timing = standing_by(lines=(ONE,), waiting_lines=(THREE,))
        standby.ready = TWO
        assert choose(standby, timing) == TWO
        standby.was_said(waiting=False)
        assert standby.ready == ""
        assert choose(standby, timing) == ONE
        standby.ready = FOUR
        assert choose(standby, timing) == ONE

    def test_behind_something_that_was_said_it_is_a_waiting_line(self) -> None:
        """In this reply or in one before."""
        standby, timing = standing_by(lines=(ONE,), waiting_lines=(TWO,))
        assert choose(standby, timing, said="Hello.") == TWO
        turn = TurnSoFar(Cover(Voice(), 0.0), said="Hello.")
        standby, timing = standing_by(turn, lines=(ONE,), waiting_lines=(TWO,))
        assert choose(standby, timing) == TWO

    def test_nothing_is_said_twice(self) -> None:
        """Not even what was used before."""
        lines = {"waiting_lines": (ONE, TWO), "used_waiting_lines": (TWO, THREE)}
        standby, timing = standing_by(**lines)
        standby.ready = TWO
        assert choose(standby, timing, said=f"{TWO} ") == ONE
        standby, timing = standing_by(**lines)
        assert choose(standby, timing, said=f"{ONE} {TWO}") == ""


def test_a_turns_lines_are_counted_across_its_replies() -> None:
    """Those since the last reply are this one's."""
    turn = TurnSoFar(Cover(Voice(), 0.0), said="Hello.", waiting_lines=3, since_reply=1)
    standby, _ = standing_by(turn, max_waiting_lines=5)
    assert standby.said_before == "Hello."
    assert (standby.waiting_lines, standby.waiting_lines_so_far) == (1, 3)
    standby.was_said(waiting=True)
    assert (standby.waiting_lines, standby.waiting_lines_so_far) == (2, 4)
    assert standby.waiting_lines_left == 1


@pytest.mark.parametrize(
    ("secs", "text", "fitted"),
    [
        (60.0, THREE, THREE),
        (1.3, FOUR, TWO),  # what fits is another
        (1.3, TWO, TWO),
    ],
)
def test_an_opening_is_one_that_fits(secs: float, text: str, fitted: str) -> None:
    """This text, or the longest line that is over in time."""
    standby, timing = standing_by(secs=secs, lines=(ONE, TWO, THREE))
    assert standby.fitted(text, timing, 0.1) == fitted


def test_an_opening_that_is_one_of_the_lines_may_become_a_longer_one() -> None:
    """Whichever of them fits best; what was used before only where none does."""
    standby, timing = standing_by(lines=(ONE, TWO, THREE))
    assert standby.fitted(ONE, timing, 0.1) == THREE
    standby, timing = standing_by(secs=1.3)
    assert standby.fitted(THREE, timing, 0.1) == ""
    standby, timing = standing_by(secs=1.3, lines=(FOUR,), used_lines=(ONE,))
    assert standby.fitted(THREE, timing, 0.1) == ONE


def test_a_turn_notes_its_lines() -> None:
    """Each counts, lasts, and is known again whatever mark it ends with."""
    turn = TurnSoFar(Cover(Voice(), 0.0), said="Hello.")
    turn.say("Still looking.", 2.0)
    assert turn.said == "Hello. Still looking."
    assert (turn.waiting_lines, turn.since_reply) == (1, 1)
    assert turn.cover.until == pytest.approx(2.2 + 2 / 2.7)
    for line in ("Still looking!", "still LOOKING…", "Hello, "):
        assert turn.has_said(line)
    for line in ("", "Still thinking."):
        assert not turn.has_said(line)
    turn.say("Nearly there.", 5.0)
    assert (turn.waiting_lines, turn.since_reply) == (2, 2)
    first = TurnSoFar(Cover(Voice(), 0.0))
    first.say("Hello.", 0.0)
    assert first.said == "Hello."
