"""The beginning of an answer, gathered until it may be heard."""

import pytest
from hypothesis import given

from blastoff_pipecat.relay.first_sentence import MOST_CHARS, FirstSentence
from tests.relay.texts import any_text


def gathered(*pieces: str) -> FirstSentence:
    first = FirstSentence()
    for piece in pieces:
        first.feed(piece)
    return first


@pytest.mark.parametrize(
    ("text", "clause", "has_clause", "is_whole"),
    [
        ("", "", False, False),
        ("It opens", "", False, False),
        ("So,", "", False, False),
        ("So, well,", "So, well,", True, False),
        ("It opens,", "It opens,", True, False),
        ("It opens, and at", "It opens,", True, False),
        ("It opens, at nine, and", "It opens, at nine,", True, False),
        ("It opens at nine.", "It opens at nine.", True, False),  # "9." may become "9.30"
        ("It opens at nine. ", "It opens at nine.", True, False),
        ("It opens at nine. B", "It opens at nine.", True, True),
        ("Yes. B", "", False, True),
        ("It *opens*, and", "", True, False),
        ("See [1], and", "", True, False),
        ("Use {x}, and", "", True, False),
        ("Use <x>, and", "", True, False),
        ("Use `x y`, and", "", True, False),
        ("九点开门，", "九点开门，", True, False),
    ],
)
def test_what_is_whole(text: str, clause: str, has_clause: bool, is_whole: bool) -> None:
    """A clause has two words; a sentence is whole once something comes behind it."""
    for first in (gathered(text), gathered(*text)):
        assert first.text == text
        assert first.clause == clause
        assert first.has_clause is has_clause
        assert first.is_whole is is_whole


def test_a_sentence_without_an_end_is_not_waited_for() -> None:
    """However it is put together."""
    first = gathered("x " * (MOST_CHARS // 2))
    assert not first.is_whole
    assert not first.has_clause
    first.feed("x")
    assert first.is_whole
    assert first.has_clause
    assert not gathered("x" * MOST_CHARS).is_whole


def test_what_was_taken_counts_for_the_sentence() -> None:
    """It is whole however much of it was handed over before."""
    first = gathered("It opens at nine,")
    assert first.take(len(first.clause)) == "It opens at nine,"
    assert first.text == ""
    first.feed(" and closes at six. B")
    assert first.is_whole
    assert first.clause == " and closes at six."
    assert first.take(4) == " and"
    assert first.take() == " closes at six. B"
    assert first.take() == ""
    first.feed("ring a coat.")
    assert first.text == "ring a coat."


@given(any_text)
def test_nothing_is_lost(text: str) -> None:
    """What is gathered is what came."""
    first = gathered(*text)
    assert first.take(3) + first.take() == text
