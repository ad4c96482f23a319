"""What ends a clause or a sentence, in any script."""

import pytest

from blastoff_pipecat.relay.clauses import clause_end, ends_sentence
from blastoff_pipecat.relay.scripts import CLAUSE_MARKS, SENTENCE_MARKS, count_words, ended, tokens


@pytest.mark.parametrize("mark", SENTENCE_MARKS)
def test_what_ends_a_sentence_ends_a_clause_too(mark: str) -> None:
    """The Urdu full stop like any other: a voice need not wait for more."""
    text = f"میں دیکھتا ہوں{mark}"
    assert ends_sentence(text)
    assert clause_end(f"{text} ابھی") == len(text)
    assert ended(text, sentence=True) == text


@pytest.mark.parametrize("mark", sorted(set(CLAUSE_MARKS) - set(SENTENCE_MARKS)))
def test_what_ends_a_clause_need_not_end_a_sentence(mark: str) -> None:
    """A comma is none, in whichever script."""
    text = f"میں دیکھتا ہوں{mark}"
    assert not ends_sentence(text)
    assert clause_end(f"{text} ابھی") == len(text)
    assert not ended(text, sentence=True).endswith(mark)


@pytest.mark.parametrize(
    ("text", "ends"),
    [('He said "no."', True), ("**Sure.** ", True), ('"Sure,"', False), ('"', False), ("", False)],
)
def test_what_closes_behind_a_mark_is_part_of_its_end(text: str, ends: bool) -> None:
    """Quotes, and what makes words bold."""
    assert ends_sentence(text) is ends


def test_no_more_words_are_looked_for_than_are_wanted() -> None:
    """A text may be long."""
    assert [token[0] for token in tokens("It opens at nine.", most=2)] == ["It", "opens"]
    assert len(tokens("It opens at nine.")) == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("…", 0),
        ("It's half past 9.30", 4),
        ("九", 1),
        ("九点", 1),
        ("九点半", 2),
        ("ก" * 4, 1),
        ("ก" * 5, 2),
        ("ก" * 8, 2),
        ("ก" * 9, 3),
        ("WiFi 密码", 2),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    """Two Han characters, or four Thai letters, last as long as an English word."""
    assert count_words(text) == words


@pytest.mark.parametrize("marks", ["…", " ?!", "\n"])
def test_marks_alone_are_a_clause_only_behind_words(marks: str) -> None:
    """They end what was said before; where nothing was, they end nothing."""
    assert clause_end(marks, at_end=True) is None
    assert clause_end(marks, at_end=True, begun=True) == len(marks)
