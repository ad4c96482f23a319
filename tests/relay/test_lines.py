"""The lines that come with the package: neutral, of every length, in their own language."""

import pytest

from blastoff_pipecat.relay.commitments import commits
from blastoff_pipecat.relay.language import language_of, script_of
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.occasions import needs_none
from blastoff_pipecat.relay.opening import OpeningRules, WrittenOpening
from blastoff_pipecat.relay.scripts import count_words, ended, plain, speech_seconds

SENTENCE_ENDS = (".", "。", "।")
COMMAS = (",", "，", "、", "،")
languages = pytest.mark.parametrize("language", list(LINES))


def test_there_are_fourteen_languages() -> None:
    """Each has every kind of line."""
    assert len(LINES) == 14
    for lines in LINES.values():
        assert all((lines.sentences, lines.commas, lines.waiting, lines.apology))


@languages
def test_openings_are_of_two_to_six_words(language: str) -> None:
    """At least three of two words and one of each length up to six, from short to long."""
    for lines in (LINES[language].sentences, LINES[language].commas):
        lengths = [count_words(line) for line in lines]
        assert lengths == sorted(lengths)
        assert set(lengths) == {2, 3, 4, 5, 6}
        assert lengths.count(2) >= 3


@languages
def test_waiting_lines_are_short(language: str) -> None:
    """Two to four words, most often two; the first ones last no longer than 0.8 s."""
    lengths = [count_words(line) for line in LINES[language].waiting]
    assert lengths == sorted(lengths)
    assert set(lengths) <= {2, 3, 4}
    assert lengths.count(2) >= 3
    assert speech_seconds(LINES[language].waiting[0]) <= 0.8


@languages
def test_no_two_lines_have_the_same_words(language: str) -> None:
    """A listener never hears a waiting line that was the opening."""
    lines = LINES[language]
    words = [plain(line) for line in (*lines.sentences, *lines.commas, *lines.waiting)]
    assert len(words) == len(set(words))


@languages
def test_lines_end_as_their_kind_says(language: str) -> None:
    """In the marks of their script, which `ended` knows."""
    lines = LINES[language]
    for line in (*lines.sentences, *lines.waiting, lines.apology):
        assert line.endswith(SENTENCE_ENDS)
        assert ended(line[:-1], sentence=True) == ended(line, sentence=True) == line
    for line in lines.commas:
        assert line.endswith(COMMAS)
        assert ended(line[:-1], sentence=False) == ended(line, sentence=False) == line


@languages
def test_lines_are_neutral(language: str) -> None:
    """None commits the bot, praises, or would be refused, had the small model written it."""
    lines = LINES[language]
    praise = ("question", "frage", "pregunta", "domanda", "pergunta", "问题不错", "質問")
    for line in (*lines.sentences, *lines.commas, *lines.waiting):
        assert not commits(line)
        assert not any(word in line.casefold() for word in praise)
        opening = WrittenOpening(OpeningRules(min_words=2, enough_words=6, max_words=6))
        pieces = [piece for char in line for piece in opening.feed(char)]
        pieces += opening.end(cut_off=False)
        assert pieces
        assert line.startswith("".join(pieces))


@languages
def test_lines_are_taken_for_their_own_language_or_none(language: str) -> None:
    """A line of two words may be too short to tell, and none is taken for another language."""
    lines = LINES[language]
    for line in (*lines.sentences, *lines.commas, *lines.waiting, lines.apology):
        assert language_of(line) in (language, None)
        if language != "ja":  # some lines hold no kanji, none lacks kana
            assert script_of(line) == script_of(lines.apology)
    assert language_of(lines.apology) == language


@languages
def test_apologies_are_no_small_talk(language: str) -> None:
    """Each says what cannot be had, in a sentence."""
    assert not needs_none(LINES[language].apology)
    assert 5 <= count_words(LINES[language].apology) <= 12
