"""How a small model says that no opening is needed, and what only looks like it."""

import pytest

from blastoff_pipecat.relay.chosen_opening import ChosenOpening
from blastoff_pipecat.relay.opening import Opening, OpeningRules, WrittenOpening

LINES = ("Now then, let me see,", "Let me think,", "Right, in short,")


def said_by(opening: Opening, *texts: str, cut_off: bool = False) -> list[str]:
    """Everything that an opening releases when the model writes these pieces and ends."""
    pieces = [piece for text in texts for piece in opening.feed(text)]
    return pieces + opening.end(cut_off=cut_off)


@pytest.mark.parametrize(
    "text",
    [
        "-",
        " - ",
        "–",
        '"-"',
        "(-)",
        "-\n(The user says goodbye.)",
        "None",
        "(none)",
        "no opening",
        "",
        "No lead-in needed.",
        "*No opening.* The user says goodbye.",
        "N/A",
        "...",
        "🎉",
    ],
)
def test_a_small_model_may_decline(text: str) -> None:
    """Then nothing is said, and no line stands in."""
    for pieces in ([text], [*text]):
        for unit in ("clause", "word"):
            opening = WrittenOpening(OpeningRules(unit=unit), stand_ins=["Let me see,"])
            assert said_by(opening, *pieces) == []
            assert opening.declined


@pytest.mark.parametrize(
    "text",
    [
        "- Let me see.",
        "🎉, let me see that.",
        "None of that is easy,",
        "No more of it, so",
        "No opening hours, so",
        "Nothing is",
    ],
)
def test_an_opening_that_only_begins_so_does_not_decline(text: str) -> None:
    """A dash before a lead-in is a bullet, and "none" may begin a sentence."""
    for pieces in ([text], [*text]):
        opening = WrittenOpening(stand_ins=["Let me see,"])
        assert said_by(opening, *pieces) != []
        assert not opening.declined


def test_an_answer_may_begin_with_none() -> None:
    """Where the opening is the answer's beginning, only the sign declines."""
    opening = WrittenOpening(OpeningRules(neutral=False, min_words=1))
    assert said_by(opening, "None.") == ["None."]
    assert not opening.declined
    opening = WrittenOpening(OpeningRules(neutral=False))
    assert said_by(opening, "-") == []
    assert opening.declined


def test_who_is_cut_off_has_not_declined() -> None:
    """A model that was stopped before it said a word may have meant to."""
    for opening in (WrittenOpening(), ChosenOpening(LINES)):
        assert said_by(opening, "", cut_off=True) == []
        assert not opening.declined


@pytest.mark.parametrize("text", ["", "-", '"-"', "- ", "None", "(none)", "no opening needed"])
def test_a_chooser_may_decline(text: str) -> None:
    """With the sign, in words, or by saying nothing."""
    for pieces in ([text], [*text]):
        opening = ChosenOpening(LINES)
        assert said_by(opening, *pieces) == []
        assert opening.declined
    opening = ChosenOpening(LINES)
    assert said_by(opening, "no opening hours are known") == [LINES[0]]
    assert not opening.declined
