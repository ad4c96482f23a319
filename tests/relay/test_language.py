"""Which language a user speaks: the right one, or none."""

import pytest
from hypothesis import given

from blastoff_pipecat.bench.seam.sets import conversations, questions, turns
from blastoff_pipecat.relay.language import language_of, same_script, script_of
from blastoff_pipecat.relay.lines import LINES
from tests.relay.texts import any_text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What time do you open tomorrow?", "en"),
        ("what’s the weather like", "en"),
        ("When?", "en"),
        ("¿Precio?", "es"),
        ("Straße Berlin", "de"),
        ("Wie wird das Wetter morgen?", "de"),
        ("Wo ist die nächste Apotheke", "de"),
        ("Quel temps fera-t-il demain ?", "fr"),
        ("C'est combien ?", "fr"),
        ("J'aime l'opéra", "fr"),
        ("¿Qué hora es en Tokio?", "es"),
        ("quiero reservar una mesa", "es"),
        ("Quanto costa il biglietto?", "it"),
        ("Qual é a capital da Austrália?", "pt"),
        ("Hoe laat gaat de laatste trein?", "nl"),
        ("Chciałbym umówić się na wizytę.", "pl"),
        ("Какая завтра погода в Москве?", "ru"),
        ("كم الساعة الآن في القاهرة؟", "ar"),
        ("कल मौसम कैसा रहेगा?", "hi"),
        ("今天天气怎么样？", "zh"),
        ("今天天氣怎麼樣？", "zh"),
        ("明日の天気はどうですか？", "ja"),
        ("iPhoneの電池が切れました", "ja"),
        ("東京駅前広場はどこ？", "ja"),
        ("서울에서 부산까지 얼마나 걸려요?", "ko"),
        ("WiFi 비밀번호 알려 줘", "ko"),
        ("ร้านเปิดกี่โมง", "th"),
        ("Τι ώρα είναι;", "el"),
        ("מה השעה?", "he"),
    ],
)
def test_a_few_words_tell_the_language(text: str, language: str) -> None:
    """By their script, or by the words that hold a sentence together."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?!",
        "42",
        "ok",
        "Hotel",
        "no",
        "Ben",
        "Maria Lopez",
        "Pizza Margherita",
        "東京",  # Tokyo, or Dongjing
        "大丈夫",
        "Hej, hur är vädret i morgon?",
        "Quin temps farà demà a Barcelona?",
        "Ce oră este acum la București?",
        "Kolik stojí jízdenka do Prahy?",
        "Hva er klokka nå?",
        "Saat kaç oldu?",
        "Яка завтра погода у Києві?",
        "Какво е времето утре?",
        "ساعت چند است؟",
        "کل موسم کیسا رہے گا؟",
        "आज हवामान कसे आहे?",
        "聽日天氣點呀，你知唔知？",
        "Danke, thanks",
    ],
)
def test_what_cannot_be_told_is_no_language(text: str) -> None:
    """A name, a word of several languages, two languages at once, a neighbour without lines."""
    assert language_of(text) is None


def test_nothing_that_people_say_is_taken_for_another_language() -> None:
    """A wrong language is worse than none; of questions and requests most can be told."""
    calls = [(each.language, turn.text) for each in conversations() for turn in each.turns]
    spoken = [(each.language, each.text) for each in (*questions(), *turns())]
    found = [(language, text, language_of(text)) for language, text in (*spoken, *calls)]
    assert [each for each in found if each[2] not in (each[0], None)] == []
    asking = [each for each in turns() if each.kind in ("question", "request")]
    told = [language_of(each.text) for each in (*questions(), *asking)]
    assert sum(language is not None for language in told) >= 0.9 * len(told)


@pytest.mark.parametrize(
    ("line", "words", "same"),
    [
        ("Let me see,", "Wie spät ist es?", True),
        ("Let me see,", "几点了？", False),
        ("我看看，", "几点了？", True),
        ("我看看，", "何時ですか？", False),
        ("ええと、", "何時ですか？", True),
        ("ｴｰﾄ、", "何時ですか？", True),
        ("Ｌｅｔ ｍｅ ｓｅｅ,", "What time is it?", True),
        ("Так, посмотрим,", "Котра година?", True),
        ("让我看看 WiFi 密码，", "密码是什么？", True),
        ("Let me see,", "42?", False),
        ("…", "What?", False),
    ],
)
def test_a_line_is_written_as_the_users_words_are(line: str, words: str, same: bool) -> None:
    """Their script is what most of the words are in; without letters nothing is known."""
    assert same_script(line, words) is same


@given(any_text)
def test_any_text_has_a_language_or_none(text: str) -> None:
    """Whatever a recogniser writes, and however it is spaced."""
    language = language_of(text)
    assert language is None or language in {*LINES, "th", "el", "he"}
    assert language_of(f"  {text} ") == language
    assert script_of(text) is None or any(map(str.isalpha, text))
