"""What is asked: enough of it, of every kind and in every language, and true to its own rules."""

from collections import Counter
from typing import get_args

import pytest

from blastoff_pipecat.bench.seam.answers import is_held
from blastoff_pipecat.bench.seam.sets import (
    Conversation,
    Kind,
    Question,
    conversations,
    pick,
    questions,
    turns,
)


def test_every_item_has_a_name_of_its_own() -> None:
    """No name and no text is there twice; a name tells the language."""
    for items in (questions(), turns(), conversations()):
        names = [each.id for each in items]
        assert len(set(names)) == len(names)
        assert [each.id for each in items if each.id.split("-")[1] != each.language] == []
    for spoken in (questions(), turns()):
        texts = [each.text for each in spoken]
        assert len(set(texts)) == len(texts)


def test_there_is_enough_to_mean_something() -> None:
    """Questions and turns in the hundreds, forty conversations, in nine languages, most English."""
    assert len(questions()) >= 250
    assert len(turns()) >= 400
    assert len(conversations()) == 40
    for items in (questions(), turns(), conversations()):
        languages = Counter(each.language for each in items)
        assert {"en", "de", "es", "fr", "it", "pt", "zh", "ja", "hi"} <= set(languages)
        assert languages.most_common(1)[0][0] == "en"


def test_conversations_hold_what_calls_hold() -> None:
    """Interruptions, corrections, tools; turns that want no opening, and that can be checked."""
    said = [turn for each in conversations() for turn in each.turns]
    assert sum(turn.interrupts is not None for turn in said) >= 40
    assert sum(turn.corrects for turn in said) >= 35
    assert sum(turn.call is not None for turn in said) >= 40
    assert sum(turn.opening == "never" for turn in said) >= 70
    assert sum(bool(turn.accepted) for turn in said) >= 140


def test_there_are_enough_turns_of_every_kind() -> None:
    """Of every kind, in fourteen languages, to mean something."""
    kinds = Counter(turn.kind for turn in turns())
    assert set(kinds) == set(get_args(Kind))
    assert min(kinds.values()) >= 12
    assert kinds["question"] + kinds["request"] >= 100
    assert len({turn.language for turn in turns()}) == 14


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_a_question_can_be_answered_and_does_not_answer_itself(question: Question) -> None:
    """Every accepted answer is found, alone and in a sentence; in the question none is."""
    for each in question.accepted:
        bare = each.replace("*", "")
        assert is_held([each], bare, question.language)
        assert is_held([each], f"… {bare.capitalize()}.", question.language)
    assert not is_held(question.accepted, question.text, question.language)


@pytest.mark.parametrize("conversation", conversations(), ids=lambda each: each.id)
def test_a_conversation_is_one_that_can_be_held(conversation: Conversation) -> None:
    """Six turns; only tools that are offered are called, with arguments that they have."""
    assert len(conversation.turns) == 6
    assert conversation.turns[0].interrupts is None
    tools = {tool.name: tool for tool in conversation.tools}
    for turn in conversation.turns:
        if turn.call is not None:
            assert set(turn.call.arguments) <= set(tools[turn.call.name].parameters)
            if turn.accepted:
                result = "; ".join(turn.call.result.values())
                assert is_held(turn.accepted, result, conversation.language)


@pytest.mark.parametrize("items", [questions(), turns()])
def test_a_sample_is_the_same_for_the_same_seed(items: tuple[Question, ...]) -> None:
    """Another seed draws others; a larger sample holds the smaller; none is drawn twice."""
    sample = pick(items, 25, 1)
    assert sample == pick(items, 25, 1) != pick(items, 25, 2)
    assert pick(items, 30, 1)[:25] == sample
    assert len({each.id for each in sample}) == 25
    assert set(pick(items, 10**6)) == set(items)


def test_in_a_sample_every_language_and_kind_has_its_share() -> None:
    """To within one item, and of the languages that were asked for."""
    share = 0.5
    sample = pick(turns(), round(share * len(turns())), 3)
    of_all, drawn = (Counter(each.language for each in them) for them in (turns(), sample))
    assert all(abs(drawn[each] - share * of_all[each]) <= 1 for each in of_all)
    kinds = Counter(each.kind for each in sample)
    assert min(kinds.values()) >= 3
    assert {each.language for each in pick(questions(), 9, languages=("de", "fr"))} == {"de", "fr"}
