"""Which turn a reply answers, and when its user fell silent, at made-up times."""

from blastoff_pipecat.timeline.user_turn import User


def test_a_turn_is_answered_once() -> None:
    """A second reply, as to a tool's result, answers none; the next turn is another."""
    user = User()
    user.speak()
    user.fall_silent(10.0)
    user.end(10.3)
    turn = user.answer(10.4)
    assert turn
    assert (turn.silent, turn.ended) == (10.0, 10.3)
    assert user.answer(10.5) is None
    user.speak()
    user.fall_silent(12.0)
    later = user.answer(12.1)
    assert later
    assert later is not turn
    assert later.silent == 12.0


def test_a_turn_that_ended_long_ago_is_not_answered() -> None:
    """What is said after five seconds was not waited for."""
    user = User()
    user.end(10.0)
    assert user.answer(15.1) is None
    assert user.answer(15.0)


def test_words_may_begin_a_turn_after_its_speech() -> None:
    """The VAD's stop is that of the turn which the words then begin."""
    user = User()
    user.speak()
    user.fall_silent(10.0)
    user.begin()
    turn = user.answer(10.4)
    assert turn
    assert turn.silent == 10.0


def test_a_turn_that_goes_on_may_be_answered_again() -> None:
    """As where a reply was begun before the turn was over."""
    user = User()
    user.speak()
    user.fall_silent(10.0)
    assert user.answer(10.1)
    user.fall_silent(11.0)
    assert user.answer(11.1)


def test_what_is_known_beats_what_a_vad_estimates() -> None:
    """Whichever of them comes first; new speech makes it void."""
    user = User()
    user.speak()
    user.fall_silent(10.0, is_known=True)
    user.fall_silent(10.2)
    turn = user.answer(10.4)
    assert turn
    assert turn.silent == 10.0
    user.speak()
    user.fall_silent(12.0)
    user.fall_silent(11.9, is_known=True)
    turn = user.answer(12.1)
    assert turn
    assert turn.silent == 11.9
    user.end(12.2)
    user.speak()
    user.fall_silent(14.0)
    turn = user.answer(14.1)
    assert turn
    assert turn.silent == 14.0
