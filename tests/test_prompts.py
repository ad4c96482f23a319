"""What the two models are told: consistent with itself and with what is done with the answers."""

import pytest

from blastoff_pipecat import prompts
from blastoff_pipecat.bench.seam.sets import turns
from blastoff_pipecat.relay.commitments import commits
from blastoff_pipecat.relay.decline import DECLINE, declines
from blastoff_pipecat.relay.language import language_of
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.occasions import needs_none
from blastoff_pipecat.relay.scripts import count_words, ended

acknowledged = pytest.mark.parametrize(
    ("examples", "sentence"),
    [(prompts.ACKNOWLEDGE_EXAMPLES, True), (prompts.ACKNOWLEDGE_PREFIX_EXAMPLES, False)],
)


def test_the_openings_are_the_lines_of_the_relay() -> None:
    """Sentences first, then those that end in a comma, in every language."""
    assert set(prompts.OPENINGS) == set(LINES)
    for language, lines in LINES.items():
        assert prompts.OPENINGS[language] == (*lines.sentences, *lines.commas)
        assert prompts.WAITING_LINES[language] == lines.waiting
        assert prompts.APOLOGIES[language] == lines.apology


@acknowledged
def test_worked_examples_are_what_is_asked_for(
    examples: tuple[tuple[str, str], ...], sentence: bool
) -> None:
    """Two to six neutral words that end as they should, in the user's language; or the sign."""
    for asked, said in examples:
        if said == DECLINE:
            continue
        assert 2 <= count_words(said) <= 6
        assert ended(said, sentence=sentence) == said
        assert not commits(said)
        assert language_of(said) in (language_of(asked), None)


@acknowledged
def test_worked_examples_decline_where_no_opening_is_needed(
    examples: tuple[tuple[str, str], ...], sentence: bool
) -> None:
    """About half of them, in the same cases as the table that is asked first."""
    declined = [asked for asked, said in examples if declines(said)]
    assert 5 <= len(declined) <= len(examples) / 2
    assert all(needs_none(asked) == (asked in declined) for asked, _ in examples)
    assert not {turn.text for turn in turns()} & {asked for asked, _ in examples}


def test_lines_are_dealt_out_as_worked_examples() -> None:
    """In order and over again, with a few that decline in between, and neither first nor last."""
    lines = ("Let me see.", "One moment.")
    examples = prompts.choose_examples((*lines, DECLINE))
    assert examples == prompts.choose_examples(lines)
    said = [line for _, line in examples]
    assert [line for line in said if line != DECLINE] == [*lines] * 4
    assert said.count(DECLINE) == 2
    assert DECLINE not in (said[0], said[-1])
    assert all(needs_none(asked) == (line == DECLINE) for asked, line in examples)


def test_instructions_name_the_sign_and_the_ending() -> None:
    """A small model is told how to decline, and what to end with."""
    told = (prompts.ACKNOWLEDGE, prompts.ACKNOWLEDGE_PREFIX, prompts.ANSWER, prompts.CHOOSE)
    assert all(f'"{DECLINE}"' in instruction for instruction in told)
    assert "a full stop" in prompts.ACKNOWLEDGE
    assert "a comma" in prompts.ACKNOWLEDGE_PREFIX
    assert "{openings}" in prompts.CHOOSE


@pytest.mark.parametrize("note", [prompts.SPOKEN, prompts.SPOKEN_BESIDE, prompts.CONTINUATION])
def test_the_large_model_may_call_tools(note: str) -> None:
    """No instruction of ours keeps it from them, and none speaks of markup."""
    assert "tools" in note
    assert not any(word in note.casefold() for word in ("markup", "markdown", "list", "plain"))


def test_waiting_lines_promise_nothing() -> None:
    """Neither the worked examples, nor those that name what is being looked up."""
    for _, said in prompts.WAITING_EXAMPLES:
        assert 2 <= count_words(said) <= 7
        assert not commits(said)
    filled = prompts.WAITING_TOOL.format(tool="get_weather", arguments='{"city": "Paris"}')
    assert any(filled in asked for asked, _ in prompts.WAITING_EXAMPLES)
