"""How long a model that is being heard is waited for."""

import pytest

from blastoff_pipecat.relay.limits import Limits, Patience

LIMITS = Limits(stall=5.0, chars=100)


def test_each_piece_of_text_has_its_time() -> None:
    """From when it came."""
    patience = Patience(LIMITS)
    assert not patience.has_heard
    assert patience.hear("It opens", 10.0) == 15.0
    assert patience.has_heard
    assert patience.hear(" at nine", 12.0) == 17.0


def test_a_model_slower_than_its_own_words_is_given_up() -> None:
    """Four characters a second are spoken; twice the time of a stall behind them is too long."""
    patience = Patience(LIMITS)
    patience.hear("x" * 8, 10.0)
    assert patience.hear("xxxx", 17.9) == 22.9
    assert patience.hear("", 18.0) == 23.0
    assert patience.hear("", 19.0) == 23.0
    assert patience.hear("xxxx", 19.0) == 24.0


def test_a_reply_holds_so_many_characters() -> None:
    """And no more."""
    patience = Patience(LIMITS)
    patience.hear("x" * 60, 0.0)
    assert not patience.is_over
    patience.hear("x" * 40, 1.0)
    assert not patience.is_over
    patience.hear("x", 1.0)
    assert patience.is_over


@pytest.mark.parametrize(
    ("limits", "bounds"),
    [
        (Limits(), "120 s or 100000 characters"),
        (Limits(reply=1.5, chars=9), "1.5 s or 9 characters"),
    ],
)
def test_the_bounds_in_words(limits: Limits, bounds: str) -> None:
    """As a report of a failure has them."""
    assert limits.bounds == bounds
