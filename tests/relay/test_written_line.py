"""A line in the small model's own words, whole, and what it may be."""

import pytest

from blastoff_pipecat.relay.lead_in import leads_in
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.opening import OpeningRules, WrittenLine


def written(*pieces: str, suits: bool = True, enough: int = 2) -> WrittenLine:
    """Let a small model write a line, piece by piece, and end."""
    rules = OpeningRules(min_words=2, enough_words=enough, max_words=6)
    line = WrittenLine(rules, stand_ins=("Let me see.",), suits=lambda _: suits)
    said: list[str] = []
    for piece in pieces:
        said += line.feed(piece)
    said += line.end(cut_off=False)
    assert "".join(said) == line.text
    return line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Let me look at that.", "Let me look at that."),
        ("Let me look at that. It opens at nine.", "Let me look at that."),
        ("Let me look at that", "Let me look at that."),
        ("Let me look at that one", "Let me look at that one."),
        ("Let me think about that, well, and then I go on", "Let me think about that."),
        ("Let me check\nAssistant:", "Let me check."),
        ("让我想一想，", "让我想一想。"),
        ("Hmm", "Let me see."),
        ("Yes, it does.", "Let me see."),
        ("It opens at 9.", "Let me see."),
        ("Well then so this line never ends and never will it seems", "Let me see."),
    ],
)
def test_a_line_is_whole_and_ends_as_a_sentence(text: str, said: str) -> None:
    """However it comes; what may not be said is replaced by a line of the list."""
    assert written(text).text == said
    assert written(*text).text == said


@pytest.mark.parametrize(("enough", "said"), [(2, "Well now."), (6, "Well now, let me see.")])
def test_a_line_has_as_many_clauses_as_it_is_to_last(enough: int, said: str) -> None:
    """And goes no further than its sentence."""
    assert written("Well now, let me see. It", enough=enough).text == said


@pytest.mark.parametrize("text", ["-", " – ", "None", "No opening needed.", ""])
def test_a_line_may_be_declined(text: str) -> None:
    """Then there is none, and no line of the list stands in."""
    line = written(text)
    assert line.declined
    assert line.text == ""


def test_a_line_that_is_too_long_is_not_waited_for() -> None:
    """Another is said as soon as that is clear."""
    line = WrittenLine(OpeningRules(min_words=2, max_words=6), stand_ins=("Let me see.",))
    assert line.feed("Well then so this line never ends") == ["Let me see."]


def test_a_line_that_is_cut_off_ends_with_its_last_clause() -> None:
    """Half a line is none; where no clause was whole, one of the list is said."""
    rules = OpeningRules(min_words=2, enough_words=6, max_words=6)
    for text, said in (("Let me look at th", "Let me see."), ("Well now, let me se", "Well now.")):
        line = WrittenLine(rules, stand_ins=("Let me see.",))
        assert line.feed(text) == []
        assert line.end(cut_off=True) == [said]


def test_a_line_that_does_not_suit_is_replaced() -> None:
    """One in another language, for instance."""
    assert written("Da schaue ich nach.", suits=False).text == "Let me see."


@pytest.mark.parametrize("language", LINES)
def test_the_packages_own_lines_lead_in(language: str) -> None:
    """What is known of lead-ins holds for each language's openings."""
    for line in (*LINES[language].sentences, *LINES[language].commas):
        assert leads_in(line, language), line


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("Paris is the capital.", "en"),
        ("The museum opens early.", "en"),
        ("They let him in.", "en"),
        ("Paris ist die Hauptstadt.", "de"),
        ("Der Zug kommt später.", "de"),
        ("La capital es Madrid.", "es"),
        ("巴黎是首都。", "zh"),
        ("राजधानी पेरिस है।", "hi"),
    ],
)
def test_a_claim_is_no_lead_in(line: str, language: str) -> None:
    """Whatever a bad small model writes in a lead-in's place."""
    assert not leads_in(line, language)
    assert leads_in(line, "tlh")  # of a language that is not known, nothing is known
