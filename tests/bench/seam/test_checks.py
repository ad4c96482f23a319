"""What is right and what is wrong with a reply, held to what a listener would say of it."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from blastoff_pipecat.bench.seam.checks import (
    FAULTS,
    faults,
    has_break,
    has_contradiction,
    has_double_lead_in,
    has_other_language,
    has_repeat,
    is_called,
    is_empty,
    is_misfit,
    is_needless,
    is_right,
)
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.sets import Call, Item, Question, Turn, UserTurn
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.seam import Seam
from tests.relay.texts import any_text

ASKED = {
    "en": "What is the capital of France?",
    "de": "Was ist die Hauptstadt von Frankreich?",
    "fr": "Quelle est la capitale de la France ?",
    "es": "¿Cuál es la capital de Francia?",
    "it": "Qual è la capitale della Francia?",
    "pt": "Qual é a capital da França?",
    "zh": "法国的首都是哪里？",
    "ja": "フランスの首都はどこですか？",
    "hi": "फ्रांस की राजधानी क्या है?",
    "ru": "Какая столица у Франции?",
    "ko": "프랑스의 수도는 어디예요?",
}
ANSWERS = {"zh": "答案是巴黎。", "ja": "答えはパリです。"}


def reply(opening: str, answer: str, language: str = "en", **more: Any) -> SeamReply:
    """A reply, joined as the relay joins."""
    seam = Seam(opening)
    spoken = f"{opening}{seam.feed(answer)}{seam.flush()}"
    fields: dict[str, Any] = {
        "id": "q-1",
        "asked": ASKED[language],
        "language": language,
        "style": "acknowledge",
        "opening": opening,
        "answer": answer,
        "spoken": spoken,
    }
    return SeamReply(**(fields | more))


def question(language: str = "en", *accepted: str) -> Question:
    return Question(id="q-1", language=language, text=ASKED[language], accepted=accepted)


def turn(opening: str, text: str = "Thanks.") -> Turn:
    return Turn(id="t-1", language="en", text=text, kind="thanks", opening=opening)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "accepted", "answer"),
    [
        ("en", "paris", "It's Paris."),
        ("en", "paris", "PARIS!"),
        ("en", "paris", "Not Lyon, but Paris."),
        ("en", "paris", "It is not only Paris, of course."),
        ("en", "paris", "I'm not sure, but I think it's Paris."),
        ("en", "8", "A spider has 8 legs."),
        ("en", "8", "It has eight legs, not six."),
        ("en", "1000", "That's 1,000 meters."),
        ("en", "1000", "That is 1.000 m."),
        ("en", "42", "Forty-two."),
        ("en", "42", "the answer's forty two"),
        ("en", "27", "Twelve plus fifteen is twenty-seven."),
        ("en", "3.14", "About 3,14."),
        ("en", "c a t", "It's spelled C-A-T."),
        ("en", "c a t", "C, A, T."),
        ("en", "h2o", "Water is H₂O."),
        ("de", "hund*", "Das sind Hunde."),
        ("de", "4", "Es sind vier."),
        ("fr", "été", "C'est l'ete."),
        ("es", "7", "No, son siete."),
        ("zh", "巴黎", "法国的首都是巴黎。"),
        ("zh", "4", "二加二等于四。"),
        ("zh", "4", "正方形有4条边。"),
        ("ja", "4", "正方形には4つの辺があります。"),
        ("ko", "4", "4개예요."),
        ("en", "1000", "1000g."),
        ("ja", "東京", "東京です。"),
        ("hi", "चार", "इसका उत्तर चार है।"),
        ("hi", "४", "उत्तर 4 है"),
        ("ko", "서울", "서울입니다."),
    ],
)
def test_an_answer_that_holds_what_was_asked_for_is_right(
    language: str, accepted: str, answer: str
) -> None:
    """However it is spelt and inflected, and beside something that is denied."""
    spelt = {
        "8": ("8", "eight"),
        "42": ("42", "forty two"),
        "27": ("27", "twenty seven"),
        "4": ("4", "vier", "四"),
        "7": ("7", "siete"),
    }
    item = question(language, *spelt.get(accepted, (accepted,)))
    assert is_right(item, reply("", answer, language)) is True


@pytest.mark.parametrize(
    ("language", "accepted", "answer"),
    [
        ("en", "paris", "It's Lyon."),
        ("en", "paris", "It's not Paris."),
        ("en", "paris", "It isn't in Paris, it's in Lyon."),
        ("en", "paris", "Paris is not the capital of France."),
        ("en", "paris", "Parisian food is great."),
        ("en", "four", "Forty-four."),
        ("en", "four", "It's four hundred."),
        ("en", "4", "It's 40, or 14."),
        ("en", "4", "4 thousand."),
        ("en", "six", "Eight legs, not six."),
        ("en", "cat", "It's a category."),
        ("en", "2", "H2O."),
        ("hi", "दो", "दोस्त।"),
        ("de", "berlin", "Es ist nicht Berlin."),
        ("de", "hund", "Das ist kein Hund."),
        ("fr", "paris", "Ce n'est pas Paris."),
        ("es", "siete", "No son siete."),
        ("es", "parís", "París no es la capital."),
        ("it", "sette", "Non sono sette."),
        ("pt", "lisboa", "Não é Lisboa."),
        ("zh", "四", "是四十。"),
        ("zh", "四", "等于十四。"),
        ("zh", "巴黎", "不是巴黎。"),
        ("ja", "東京", "東京ではありません。"),
        ("hi", "चार", "चार नहीं, पाँच।"),
        ("en", "paris", ""),
    ],
)
def test_an_answer_that_does_not_is_wrong(language: str, accepted: str, answer: str) -> None:
    """Another answer, one that is denied, and one that is part of another word or number."""
    item = question(language, accepted)
    assert is_right(item, reply("", answer, language) if answer else reply("", "…")) is False


def test_what_cannot_be_checked_is_neither() -> None:
    """No answer is accepted of an everyday turn."""
    assert is_right(turn("may"), reply("", "You're welcome.")) is None


@pytest.mark.parametrize(
    ("calls", "right"),
    [
        ((("get_weather", '{"city": "Lisbon", "day": "tomorrow"}'),), True),
        ((("get_weather", '{"city": "LISBON, Portugal"}'),), True),
        ((("get_time", "{}"), ("get_weather", '{"city": "Lisbon"}')), True),
        ((("get_weather", '{"city": "Porto"}'),), False),
        ((("get_time", '{"city": "Lisbon"}'),), False),
        ((("get_weather", '{"city": "\\u004cisbon"}'),), True),
        ((("get_weather", '{"town": "Lisbon"}'),), False),
        ((("get_weather", "Lisbon"),), False),
        ((("get_weather", '["Lisbon"]'),), False),
        ((("get_weather", '{"city": ["Lisbon"]}'),), False),
    ],
)
def test_a_call_is_right_with_its_arguments(
    calls: tuple[tuple[str, str], ...], right: bool
) -> None:
    """Only those that matter are looked at, in whatever else stands around them."""
    call = Call(name="get_weather", arguments={"city": ("lisbon",)}, result={"sky": "sunny"})
    item = UserTurn(text="And the weather in Lisbon?", call=call, accepted=("sunny",))
    assert is_called(call, reply("", "", calls=calls)) is right
    assert is_right(item, reply("", "", calls=calls)) is right


@pytest.mark.parametrize(
    ("answer", "called", "interrupted", "right"),
    [
        ("It'll be sunny.", True, False, True),
        ("It'll rain.", True, False, False),
        ("It'll be sunny.", False, False, False),
        ("", True, False, True),
        ("It'll", True, True, True),
        ("I'll look", False, True, None),
    ],
)
def test_what_is_said_of_a_tool_s_result_is_right_where_it_was_called(
    answer: str, called: bool, interrupted: bool, right: bool | None
) -> None:
    """What was guessed is not, and of what was cut short nothing is known."""
    call = Call(name="get_weather", arguments={"city": ("lisbon",)}, result={"sky": "sunny"})
    item = UserTurn(text="And the weather in Lisbon?", call=call, accepted=("sunny",))
    calls = (("get_weather", '{"city": "Lisbon"}'),) if called else ()
    assert is_right(item, reply("", answer, calls=calls, interrupted=interrupted)) is right
    without_words = replace(item, accepted=())
    if not interrupted:
        assert is_right(without_words, reply("", answer, calls=calls)) is called


def test_what_only_leads_in_answers_nothing() -> None:
    """Though a number may be in it; where the opening begins the answer, it counts."""
    said = reply("One moment.", "Two.")
    assert is_right(question("en", "one"), said) is False
    begun = reply("It's one,", "and no more.", style="answer")
    assert is_right(question("en", "one"), begun) is True


def test_of_an_answer_that_was_cut_short_nothing_is_known() -> None:
    """Neither that it is right, nor that it is not."""
    for answer in ("The capital", "It's Paris"):
        assert is_right(question("en", "paris"), reply("", answer, interrupted=True)) is None


def lines(kind: str) -> list[tuple[str, str]]:
    return [(language, line) for language in ASKED for line in getattr(LINES[language], kind)]


@pytest.mark.parametrize(("language", "line"), lines("sentences") + lines("commas"))
def test_the_package_s_own_lines_fit_every_question(language: str, line: str) -> None:
    """They are no misfit, in the right language, and break nothing."""
    item = question(language, "x")
    said = reply(
        line, {"zh": "答案是巴黎。", "ja": "答えはパリです。"}.get(language, "Paris."), language
    )
    assert faults(item, said) == ()


@pytest.mark.parametrize(
    ("opening", "language"),
    [
        ("Good question, let me think.", "en"),
        ("The capital of France, let me see.", "en"),
        ("Let me have a look for you.", "en"),
        ("Well, let's see now,", "en"),
        ("Gute Frage, einen Moment.", "de"),
        ("Alors, laissez-moi réfléchir,", "fr"),
        ("Buena pregunta, a ver,", "es"),
        ("Boa pergunta, vamos ver.", "pt"),
        ("Bella domanda, vediamo.", "it"),
        ("嗯，让我想一想。", "zh"),
        ("そうですね、少し考えさせてください。", "ja"),
        ("अच्छा सवाल, एक पल।", "hi"),
    ],
)
def test_what_only_leads_in_is_no_misfit(opening: str, language: str) -> None:
    """Where an opening may be said."""
    answer = "Paris."
    assert not is_misfit(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "language"),
    [
        ("Paris is the capital.", "en"),
        ("Let me see, Paris is lovely.", "en"),
        ("Of course, let me check.", "en"),
        ("I'll cancel that for you.", "en"),
        ("I'm so sorry to hear that.", "en"),
        ("Let me think, it has 4 letters.", "en"),
        ("*Thinking* let me see.", "en"),
        ("Assistant: Let me see.", "en"),
        ("…", "en"),
        ("Natürlich, einen Moment.", "de"),
        ("Lyon ist es nicht, mal sehen.", "de"),
        ("Bien sûr, voyons.", "fr"),
        ("Es una ciudad grande, a ver.", "es"),
        ("当然，让我看看。", "zh"),
        ("はい、お待ちください。", "ja"),
    ],
)
def test_what_claims_promises_or_feels_is_a_misfit(opening: str, language: str) -> None:
    """Whatever stands beside it, a lead-in too; and so are markup, labels, and no word at all."""
    assert is_misfit(question(language, "x"), reply(opening, "Paris.", language))


def test_to_what_wants_none_every_opening_is_a_misfit() -> None:
    """A waiting line too; but none is none, and where one may be said it is no fault."""
    assert is_misfit(turn("never"), reply("Let me think.", "You're welcome."))
    assert is_misfit(turn("never"), reply("", "You're welcome.", waiting=("Still thinking.",)))
    assert not is_misfit(turn("never"), reply("", "You're welcome."))
    assert not is_misfit(turn("may"), reply("Let me think.", "You're welcome."))


def test_an_opening_that_begins_the_answer_may_say_anything_but_a_lead_in() -> None:
    """Style ``answer`` greets who greets, and claims what it knows; but does not stall the sad."""
    said = reply("You're welcome,", "any time.", style="answer")
    assert not is_misfit(turn("never"), said)
    assert not is_misfit(
        question("en", "paris"), reply("It's Paris,", "of course.", style="answer")
    )
    assert is_misfit(turn("never"), replace(said, opening="Let me think,"))
    assert is_misfit(turn("never"), replace(said, opening="Assistant: hello"))


@pytest.mark.parametrize(
    ("opening", "alone", "needless"),
    [
        ("Let me see.", 0.4, True),
        ("Let me see.", 0.8, True),
        ("Let me see.", 0.9, False),
        ("Let me see.", None, False),
        ("", 0.4, False),
    ],
)
def test_an_opening_is_needless_where_the_answer_was_in_time(
    opening: str, alone: float | None, needless: bool
) -> None:
    """Where it is known when it would have been heard."""
    assert is_needless(turn("may"), reply(opening, "Paris.", alone_heard=alone)) is needless


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("Let me think about that.", "Let me think about it. It's Paris.", "en"),
        ("Let me think about that.", "Thinking about that, it's Paris.", "en"),
        ("Well, let me see,", "let me just see, it's Paris.", "en"),
        ("The capital of France, let me see.", "The capital of France is Paris.", "en"),
        ("Let me see what the capital of France is.", "The capital of France is Paris.", "en"),
        ("Well, now,", "now the capital is Paris.", "en"),
        ("Lassen Sie mich kurz überlegen.", "Lassen Sie mich überlegen. Es ist Paris.", "de"),
        ("Laissez-moi réfléchir un instant.", "Laissez-moi donc réfléchir. C'est Paris.", "fr"),
        ("Vamos a ver.", "Pues vamos a ver. Es París.", "es"),
        ("让我想一想。", "让我再想一想。是巴黎。", "zh"),
        ("少し考えさせてください。", "少しだけ考えさせてください。パリです。", "ja"),
        ("मुझे एक पल सोचने दीजिए।", "मुझे ज़रा सोचने दीजिए। पेरिस।", "hi"),
    ],
)
def test_what_is_said_again_at_the_seam_is_a_repeat(
    opening: str, answer: str, language: str
) -> None:
    """Though another word stands in between, which no exact comparison finds."""
    assert has_repeat(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("", "The capital of France is Paris.", "en"),
        ("Let me think about that.", "The capital of France is Paris.", "en"),
        ("Let me think about that.", "I think that it is Paris.", "en"),
        ("Let me see.", "Let's start with the eggs.", "en"),
        ("Well, let's see,", "the capital is Paris, and let's see what else.", "en"),
        ("Let me have a look.", "You have a choice of Paris or nothing.", "en"),
        ("One moment.", "One capital is Paris.", "en"),
        ("Einen Moment.", "Einen besonderen Ruf hat Paris.", "de"),
        ("Voyons voir.", "La capitale est Paris.", "fr"),
        ("A ver,", "a mí me parece que es París.", "es"),
        ("让我想一想。", "让人想到的是巴黎。", "zh"),
        ("少々お待ちください。", "フランスの首都はパリです。", "ja"),
        ("एक पल।", "एक शहर पेरिस है।", "hi"),
    ],
)
def test_words_that_only_come_again_are_no_repeat(opening: str, answer: str, language: str) -> None:
    """Few of them, or later, or in another order."""
    assert not has_repeat(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("One moment.", "Let me think. It's Paris.", "en"),
        ("One moment.", "Good question! It's Paris.", "en"),
        ("One moment.", "Well, it's Paris.", "en"),
        ("One moment.", "Sure, let me check. It's Paris.", "en"),
        ("One moment.", "That's a great question. It's Paris.", "en"),
        ("Let me see.", "Just a second, please. It's Paris.", "en"),
        ("Einen Moment.", "Also, es ist Paris.", "de"),
        ("Einen Moment.", "Das ist eine gute Frage. Paris.", "de"),
        ("Un instant.", "Eh bien, c'est Paris.", "fr"),
        ("Un momento.", "Bueno, es París.", "es"),
        ("Un attimo.", "Ottima domanda! Parigi.", "it"),
        ("Um momento.", "Boa pergunta. Paris.", "pt"),
        ("稍等一下。", "让我看看，是巴黎。", "zh"),
        ("稍等一下。", "好问题！是巴黎。", "zh"),
        ("少々お待ちください。", "そうですね、パリです。", "ja"),
        ("एक पल।", "अच्छा सवाल, पेरिस।", "hi"),
        ("Одну минуту.", "Дайте подумать. Париж.", "ru"),
    ],
)
def test_an_answer_that_leads_in_again_is_heard_as_two(
    opening: str, answer: str, language: str
) -> None:
    """In other words than the opening's, which is no repeat."""
    assert has_double_lead_in(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("", "Let me think. It's Paris.", "en"),
        ("Let me see.", "A minute has sixty seconds.", "en"),
        ("Let me see.", "One second is short.", "en"),
        ("Let me see.", "I think it's Paris.", "en"),
        ("Let me see.", "Look at a map: Paris.", "en"),
        ("Let me see.", "Yes, it's Paris.", "en"),
        ("Let me see.", "So does Paris.", "en"),
        ("Let me see.", "Now it's Paris.", "en"),
        ("Einen Moment.", "Ja, Paris.", "de"),
        ("Einen Moment.", "Also gut ist Paris.", "de"),
        ("Voyons voir.", "C'est Paris.", "fr"),
        ("Un momento.", "Es París.", "es"),
        ("稍等一下。", "我想是巴黎。", "zh"),
        ("少々お待ちください。", "はい、パリです。", "ja"),
        ("एक पल।", "पेरिस।", "hi"),
    ],
)
def test_an_answer_that_begins_is_no_lead_in(opening: str, answer: str, language: str) -> None:
    """Nor is a first lead-in a second one."""
    assert not has_double_lead_in(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "answer", "spoken", "language"),
    [
        ("Let me see.", "and it is Paris.", None, "en"),
        ("Let me see.", "is Paris.", None, "en"),
        ("Let me see.", "the Paris one", None, "en"),
        ("Let me look at the,", "it is Paris.", None, "en"),
        ("Let me look at the", "It is Paris.", None, "en"),
        ("Let me (just see.", "It is Paris.", None, "en"),
        ("Let me see.", "It is Paris.", "Let me see.It is Paris.", "en"),
        ("Let me see.", ", it is Paris.", "Let me see., it is Paris.", "en"),
        ("Let me see", ", it is Paris.", "Let me see , it is Paris.", "en"),
        ("Einen Moment.", "und es ist Paris.", None, "de"),
        ("Ich suche nach einem, von", "Es ist Paris.", None, "de"),
        ("Un instant.", "est Paris.", None, "fr"),
        ("Un momento.", "que es París.", None, "es"),
        ("让我想想。", "的首都是巴黎。", None, "zh"),
        ("少し考えます。", "は東京です。", None, "ja"),
        ("एक पल।", "की राजधानी पेरिस है।", None, "hi"),
    ],
)
def test_the_grammar_breaks(opening: str, answer: str, spoken: str | None, language: str) -> None:
    """An answer that nobody began, a clause that hangs, a mark or a space that is wrong."""
    said = reply(opening, answer, language)
    assert has_break(question(language, "x"), replace(said, spoken=spoken) if spoken else said)


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("", "and it is Paris.", "en"),
        ("Let me see.", "It is Paris.", "en"),
        ("Let me see.", "iPhones are sold in Paris.", "en"),
        ("Let me see.", "paris it is", "en"),
        ("Let me see.", "7 is right.", "en"),
        ("Let me see…", "It's Paris.", "en"),
        ("Well, let me see,", "it is Paris.", "en"),
        ("Well, let me see,", "The capital is Paris.", "en"),
        ("Hold on,", "Paris.", "en"),
        ("Let me see what that is.", "It is Paris.", "en"),
        ("Let me see.", '"Paris" is right.', "en"),
        ("Let me see.", "'Tis Paris.", "en"),
        ("Let me see.", ".5 is a half.", "en"),
        ("Da schaue ich nach.", "Und zwar: Paris.", "de"),
        ("Ich prüfe das,", "es ist Paris.", "de"),
        ("Bonne question !", "C'est Paris.", "fr"),
        ("让我想想。", "了解，是巴黎。", "zh"),
        ("让我想想。", "地球。", "zh"),
        ("少し考えます。", "はい、パリです。", "ja"),
        ("एक पल।", "केवल पेरिस।", "hi"),
    ],
)
def test_the_grammar_does_not_break(opening: str, answer: str, language: str) -> None:
    """Where a sentence follows a sentence, or goes on from a comma."""
    assert not has_break(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("Einen Moment, bitte.", "It's Paris.", "en"),
        ("让我想想。", "It's Paris.", "en"),
        ("Let me see.", "Die Hauptstadt von Frankreich ist Paris.", "en"),
        ("Let me see.", "It's Paris. Das ist eine sehr schöne Stadt.", "en"),
        ("", "Die Hauptstadt von Frankreich ist Paris.", "en"),
        ("Let me think about that.", "Das ist Paris.", "de"),
        ("Mal sehen.", "The capital of France is Paris.", "de"),
        ("Un momento, déjeme pensar.", "C'est Paris.", "fr"),
        ("Let me see.", "是巴黎。", "zh"),
        ("让我想想。", "The capital of France is Paris.", "zh"),
        ("Let me see.", "パリです。", "ja"),
        ("", "You're welcome!", "zh"),
        ("Un instant.", "पेरिस।", "hi"),
        ("Дайте подумать.", "Es ist Paris.", "de"),
    ],
)
def test_another_language_is_heard(opening: str, answer: str, language: str) -> None:
    """In the opening or in a sentence of the answer, by its words or by its script."""
    assert has_other_language(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("Let me see.", "It's Paris.", "en"),
        ("Let me see.", 'In French it is "bonjour".', "en"),
        ("Let me see.", "The novel is Les Misérables, by Victor Hugo.", "en"),
        ("Hm.", "Paris.", "en"),
        ("", "…", "en"),
        ("Okay.", "Paris.", "de"),
        ("Mal sehen.", "Das heißt auf Englisch good morning.", "de"),
        ("Voyons.", "Paris.", "fr"),
        ("A ver,", "París.", "es"),
        ("让我想想。", "巴黎。", "zh"),
        ("让我想想。", "答案是 Paris。", "zh"),
        ("考えます。", "東京。", "ja"),
        ("", "H₂O.", "zh"),
        ("एक पल।", "पेरिस।", "hi"),
    ],
)
def test_the_user_s_language_is_spoken(opening: str, answer: str, language: str) -> None:
    """A word of another in it, or too few words to tell, are no other language."""
    assert not has_other_language(question(language, "x"), reply(opening, answer, language))


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("Yes, let me see.", "No, it isn't.", "en"),
        ("No,", "yes it is.", "en"),
        ("Of course, let me do that.", "I can't do that, I'm afraid.", "en"),
        ("I'll cancel it for you.", "Unfortunately, it is too late.", "en"),
        ("I'm not sure,", "the capital is Paris.", "en"),
        ("It's Lyon.", "Actually, it's Paris.", "en"),
        ("It has six legs.", "A spider has eight legs.", "en"),
        ("It costs 12 dollars.", "It costs 15 dollars.", "en"),
        ("Ja,", "nein, das geht nicht.", "de"),
        ("Natürlich, das buche ich.", "Das kann ich leider nicht.", "de"),
        ("Oui,", "non, ce n'est pas Paris.", "fr"),
        ("Es Lyon.", "En realidad, es París.", "es"),
        ("是的，", "不是，是巴黎。", "zh"),
        ("我不知道，", "首都是巴黎。", "zh"),
        ("はい、", "いいえ、違います。", "ja"),
    ],
)
def test_an_answer_contradicts_what_was_said(opening: str, answer: str, language: str) -> None:
    """Yes and no, a promise and a refusal, a claim and another."""
    said = reply(opening, answer, language, style="answer")
    assert has_contradiction(question(language, "x"), said)


@pytest.mark.parametrize(
    ("opening", "answer", "language"),
    [
        ("Let me see.", "No, it isn't.", "en"),
        ("Let me see.", "I can't tell you that.", "en"),
        ("Let me see.", "Actually, it's Paris.", "en"),
        ("Just a second.", "It's two o'clock.", "en"),
        ("Yes,", "yes, it is.", "en"),
        ("Yes,", "it is, no doubt.", "en"),
        ("I'm not sure,", "I don't know that one.", "en"),
        ("It has eight legs.", "Yes, eight legs and two parts.", "en"),
        ("It's in France.", "It has two million people.", "en"),
        ("No problem, let me see.", "Yes, it's Paris.", "en"),
        ("Einen Moment.", "Nein, das geht nicht.", "de"),
        ("Un instant.", "En fait, c'est Paris.", "fr"),
        ("稍等一下。", "不是，是巴黎。", "zh"),
        ("お待ちください。", "いいえ、違います。", "ja"),
    ],
)
def test_an_answer_that_agrees_does_not_contradict(
    opening: str, answer: str, language: str
) -> None:
    """A lead-in claims nothing that could be taken back."""
    said = reply(opening, answer, language, style="answer")
    assert not has_contradiction(question(language, "x"), said)


@pytest.mark.parametrize(
    ("answer", "language"),
    [
        ("", "en"),
        ("…", "en"),
        ("I'm thinking about it.", "en"),
        ("Let me think about that for a moment.", "en"),
        ("Just a moment, please. Let me check.", "en"),
        ("I'm sorry, I can't find that out just now.", "en"),
        ("Well, let me see.", "en"),
        ("Ich überlege noch.", "de"),
        ("Einen Moment bitte.", "de"),
        ("Je réfléchis.", "fr"),
        ("Estoy pensando.", "es"),
        ("让我想一想。", "zh"),
        ("少々お待ちください。", "ja"),
        ("मुझे एक पल सोचने दीजिए।", "hi"),
    ],
)
def test_nothing_answers(answer: str, language: str) -> None:
    """Silence, another lead-in, and the package's own apology."""
    assert is_empty(question(language, "x"), reply("One moment.", answer, language))


@pytest.mark.parametrize(
    ("answer", "language", "more"),
    [
        ("Paris.", "en", {}),
        ("Well, Paris.", "en", {}),
        ("I can't help with that.", "en", {}),
        ("I'm sorry to hear that.", "en", {}),
        ("I'm looking forward to it.", "en", {}),
        ("Let me think. Paris.", "en", {}),
        ("7", "en", {}),
        ("You're welcome!", "en", {}),
        ("", "en", {"calls": (("get_time", "{}"),)}),
        ("", "en", {"interrupted": True}),
        ("Let me think.", "en", {"style": "answer"}),
        ("Es ist Paris.", "de", {}),
        ("巴黎。", "zh", {}),
        ("パリです。", "ja", {}),
    ],
)
def test_something_answers(answer: str, language: str, more: dict[str, Any]) -> None:
    """A word will do; so will a call, and an opening that is the answer."""
    opening = "Paris." if "style" in more else "One moment."
    assert not is_empty(question(language, "x"), reply(opening, answer, language, **more))


items: st.SearchStrategy[Item] = st.sampled_from(
    (question("en", "paris"), turn("never"), turn("may"), UserTurn(text="And then?"))
)


@given(items, any_text, any_text, st.sampled_from(sorted(ASKED)), st.none() | st.floats(0, 9))
def test_any_reply_is_judged(
    item: Item, opening: str, answer: str, language: str, alone: float | None
) -> None:
    """Whatever a model writes; and of a large model alone nothing is found at the seam."""
    said = reply(opening, answer, language, alone_heard=alone)
    assert set(faults(item, said)) <= set(FAULTS)
    assert is_right(item, said) in (True, False, None)
    alone_said = reply("", answer, language, style=None)
    assert set(faults(item, alone_said)) <= {"language", "empty"}
    assert TypeAdapter(SeamReply).validate_python(asdict(said)) == said


@given(any_text)
def test_what_is_said_twice_is_always_found(line: str) -> None:
    """A line of two words or more that the answer begins with, whole."""
    said = replace(reply(line, line), spoken=f"{line} {line}")
    if len(line.split()) > 1 and line.isascii() and line.replace(" ", "").isalpha():
        assert has_repeat(question("en", "x"), said)
