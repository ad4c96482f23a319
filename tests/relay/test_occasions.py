"""Where an opening would be out of place, and where it would not."""

import pytest
from hypothesis import given

from blastoff_pipecat.bench.seam.sets import questions, turns
from blastoff_pipecat.relay import distress, lead_in
from blastoff_pipecat.relay.bare_numbers import is_number
from blastoff_pipecat.relay.decline import declines, may_decline
from blastoff_pipecat.relay.distress import tells_distress
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.occasions import needs_none
from blastoff_pipecat.relay.small_talk import is_small_talk
from tests.relay.texts import any_text

NEVER = sorted({turn.kind for turn in turns() if turn.opening == "never" and turn.role == "user"})


@pytest.mark.parametrize("kind", NEVER)
def test_no_opening_for_what_asks_for_none(kind: str) -> None:
    """Of the everyday turns that must have no opening most are known by a table.

    The others are left to the small model, which may decline.
    """
    of_kind = [turn for turn in turns() if turn.kind == kind and turn.opening == "never"]
    missed = [turn for turn in of_kind if not needs_none(turn.text)]
    assert len(missed) <= 0.3 * len(of_kind), missed


def test_who_asks_into_a_silence_is_glad_of_an_opening() -> None:
    """However the question ends; a greeting alone is none."""
    for text, none in (
        ("Hello", True),
        ("Hello?", False),
        ("Hello? ", False),
        ("喂？", False),
        ("もしもし？", False),
    ):
        assert needs_none(text) is none


def test_bad_news_is_looked_for_in_the_language_that_is_known() -> None:
    """In another it may mean something else; in every one where none is known."""
    for language, none in (("en", True), (None, True), ("ja", False)):
        assert needs_none("My dog died.", language) is none


def test_no_turn_waits_for_what_was_prepared() -> None:
    """Nothing is left to be made ready then, for distress or for lead-ins, in any language."""
    for module in (distress, lead_in):
        module._pattern.cache_clear()
        module.prepare()
    ready = distress._pattern.cache_info().misses, lead_in._pattern.cache_info().misses
    tells_distress("Paris is the capital.")
    for language, lines in LINES.items():
        lead_in.leads_in(lines.sentences[0], language)
    assert ready == (distress._pattern.cache_info().misses, lead_in._pattern.cache_info().misses)


def test_questions_and_requests_may_have_an_opening() -> None:
    """None of them is taken for something else."""
    asking = [*questions(), *(turn for turn in turns() if turn.opening == "should")]
    assert [turn for turn in asking if needs_none(turn.text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "THANKS",
        "thanks tom",
        "Hi, I'm Maria Lopez.",
        "Thanks for the quick answer!",
        "okay great, thanks, bye bye",
        "It's five five five, one two.",
        "July 4th",
        "i can’t breathe",
        "We had to put our dog to sleep.",
        "Ich bin verzweifelt",
        "Mi abuela acaba de morir.",
        "Ma fille ne respire plus.",
        "Mi hanno rapinato.",
        "我家着火了！",
        "犬が死んでしまいました。",
        "집에 불이 났어요!",
        "मेरी माँ का देहांत हो गया।",
        "Меня уволили.",
        "ماتت أمي.",
    ],
)
def test_small_talk_and_distress_need_none(text: str) -> None:
    """However it is spelt, and with a name."""
    assert needs_none(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, and what about Tuesday?",
        "Thanks for that, but when does it open?",
        "Okay, what time?",
        "Yes, and add fries.",
        "Hi, I'm calling about my bill.",
        "Hello, can I order a pizza?",
        "What is five plus three?",
        "Is it seven?",
        "Set it to 22 degrees.",
        "When did Prince pass away?",
        "Is cancer hereditary?",
        "How much blood is in a body?",
        "The vase fell off the table, can I glue it?",
        "I'm alone with two kids, what can we play?",
        "What happens if I failed the test drive?",
        "Is two hundred and fifty enough?",
        "How many people died on the Titanic?",
        "What are the symptoms of a heart attack?",
        "My computer died, can you help?",
        "My printer is not responding.",
        "I lost my luggage.",
        "Ich kann nicht mehr auf mein Konto zugreifen.",
        "Wann ist Goethe gestorben?",
        "Gracias, ¿y cuánto cuesta?",
        "¿De qué murió Picasso?",
        "谢谢，那明天呢？",
        "你好，请问几点开门？",
        "こんにちは、予約したいのですが。",
    ],
)
def test_what_asks_for_something_is_no_small_talk(text: str) -> None:
    """Whatever politeness or sad word stands in it."""
    assert not needs_none(text)


@pytest.mark.parametrize(
    ("language", "bad", "indifferent"),
    [
        ("en", "My dog died.", "My phone died."),
        ("de", "Mein Hund ist gestorben.", "Mein Handy ist gestorben."),
        ("fr", "Mon chien est mort.", "Mon téléphone est mort."),
        ("es", "Mi perro ha muerto.", "Mi móvil ha muerto."),
        ("it", "Il mio cane è morto.", "Il mio telefono è morto."),
        ("pt", "Meu cachorro morreu.", "Meu telefone morreu."),
        ("nl", "Mijn hond is overleden.", "Mijn telefoon is overleden."),
        ("pl", "Mój pies umarł.", "Mój telefon umarł."),
        ("ru", "Моя собака умерла.", "Батарея села."),
        ("ar", "مات كلبي.", "مات هاتفي."),
        ("zh", "我的狗死了。", "手机死了。"),
        ("ja", "犬が死にました。", "パソコンが死にました。"),
        ("ko", "강아지가 죽었어요.", "배터리가 죽었어요."),
    ],
)
def test_who_died_tells_whether_it_is_bad_news(language: str, bad: str, indifferent: str) -> None:
    """In each language, looked for in that one or in all."""
    assert tells_distress(bad, language)
    assert tells_distress(bad)
    assert not tells_distress(indifferent, language)
    assert not tells_distress(indifferent)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", True),
        ("5 people", True),
        ("twenty five", True),
        ("thanks 5", False),
        ("people", False),
        ("", False),
        ("5 people?", False),
        ("5 people？", False),
        (" ".join(["5"] * 24), True),
        (" ".join(["5"] * 25), False),
    ],
)
def test_a_number_and_what_it_is_the_number_of(text: str, number: bool) -> None:
    """Not where it is asked, nor where it goes on for long."""
    assert is_number(text) is number


@pytest.mark.parametrize(
    ("text", "small"),
    [
        ("Thanks Tom", True),
        ("Good morning Tom", True),
        ("Thanks for the xylophone", True),
        ("Thanks for xylophones", True),
        ("How are you, thanks for xylophones", True),
        ("你好，我是王小明", True),
        ("你好，我是王小明和李", False),
        ("Thanks 王", False),  # a sign may be any word
        ("Hi, this is Maria", True),
        ("Hi, this is Maria Lopez", True),
        ("Hi, this is Maria Lopez Garcia", False),
        ("Maria Lopez", False),
        ("thanks " * 24, True),
        ("thanks " * 25, False),
    ],
)
def test_a_greeting_may_hold_a_name(text: str, small: bool) -> None:
    """Of one word behind a greeting, of two behind what introduces it."""
    assert is_small_talk(text) is small


@given(any_text)
def test_any_text_is_judged(text: str) -> None:
    """Whatever a recogniser, or a small model, writes."""
    assert needs_none(text) in (True, False)
    assert declines(text) in (True, False)
    assert not declines(text) or may_decline(text)
