"""The large model's answer on its way: what is learnt of it, and from when on it counts."""

import pytest

from blastoff_pipecat.relay.answer import Answer
from blastoff_pipecat.relay.forecast import Forecast
from blastoff_pipecat.relay.seam import Seam

FIRST, SECOND = "It opens at nine,", " and it closes at six. Bring"


def asked_for(said: str = "", *, at: float = 10.0) -> Answer:
    answer = Answer(Forecast(1.0).began())
    answer.ask(at, said)
    return answer


def test_its_clause_and_its_sentence_are_learnt_from_when_it_was_asked() -> None:
    """And a voice would have had the sentence, had the model been asked alone."""
    answer = asked_for()
    answer.gather(FIRST, 11.5)
    assert answer.clause_at == 11.5
    assert answer.expected.expected() == 1.5
    assert answer.alone_at is None
    answer.gather(SECOND, 12.0)
    assert answer.is_whole
    assert answer.alone_at == 12.0
    assert answer.expected.sentence_after_clause(0.5) == pytest.approx(0.5, abs=0.1)


def test_what_was_asked_for_ahead_counts_from_then() -> None:
    """What it took is learnt whole; alone, it would have been asked, and heard, so much later."""
    answer = asked_for()
    answer.was_asked(8.0, None)
    assert answer.asked_at == 8.0
    answer.gather(FIRST + SECOND, 10.5)
    assert answer.expected.expected() == 2.5
    assert answer.alone_at == 12.5


def test_a_sentence_that_came_ahead_would_have_come_later() -> None:
    """By as much as the model would have been asked later."""
    answer = asked_for()
    answer.was_asked(8.0, 9.0)
    assert answer.alone_at == 11.0
    answer.gather(FIRST + SECOND, 10.5)
    assert answer.alone_at == 11.0


def test_what_a_seam_held_back_may_be_its_first_clause() -> None:
    """It comes when it is let go, and is learnt then."""
    answer = asked_for()
    answer.join_to(Seam("Let me see."), FIRST, 11.0)
    assert answer.text == f" {FIRST}"
    assert answer.clause_at == 11.0
    assert answer.expected.expected() == 1.0


def test_a_sign_tells_how_much_is_over() -> None:
    """Signs count from the request; before one there are none."""
    forecast = Forecast(1.0)
    for secs in (1, 3, 2, 4, 1.5, 3.5, 2.5):
        answer = Answer(forecast.began())
        answer.note_sign("role", 50.0)
        answer.ask(100.0, "")
        answer.note_sign("role", 100 + secs)
        answer.gather(FIRST, 100.25 + secs)
    answer = Answer(forecast.began())
    answer.ask(100.0, "")
    answer.note_sign("role", 101.0)
    assert answer.expected.expected(waited=1.0) == pytest.approx(1.25, abs=0.05)


def test_what_goes_on_from_something_is_not_what_it_would_be_alone() -> None:
    """Nobody knows then when it would have been heard."""
    answer = asked_for("Let me see,")
    assert answer.goes_on
    answer.gather(FIRST + SECOND, 11.0)
    assert answer.alone_at is None
    assert not asked_for().goes_on


def test_who_gives_up_teaches_how_long_it_takes_at_least() -> None:
    """Unless its first clause had come; what was never asked teaches nothing."""

    def next_expected(*, asks: bool, clause: bool) -> float:
        forecast = Forecast(1.0)
        for _ in range(6):
            answer = Answer(forecast.began())
            if asks:
                answer.ask(100.0, "")
            if clause:
                answer.gather(FIRST, 101.0)
            answer.give_up(104.0)
        return forecast.began().expected()

    assert next_expected(asks=True, clause=False) > 2.0
    assert next_expected(asks=True, clause=True) == pytest.approx(1.0, abs=0.05)
    assert next_expected(asks=False, clause=False) == pytest.approx(1.0, abs=0.05)
