"""Where an opening ends, what may not be in it, and which line was chosen."""

import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blastoff_pipecat.prompts import OPENINGS
from blastoff_pipecat.relay.chosen_opening import ChosenOpening
from blastoff_pipecat.relay.lead_in import leads_in
from blastoff_pipecat.relay.opening import Opening, OpeningRules, WrittenOpening
from blastoff_pipecat.relay.scripts import count_words, is_unspaced
from tests.relay.texts import any_text, cuttings, prose, soup

FREE = OpeningRules(neutral=False)
LONG = OpeningRules(neutral=False, enough_words=8)
WORDS = OpeningRules(neutral=False, enough_words=6, unit="word")


def pieces_of(opening: Opening, *texts: str, cut_off: bool = False) -> list[str]:
    """Everything that an opening releases when the model writes these pieces and ends."""
    pieces = [piece for text in texts for piece in opening.feed(text)]
    pieces += opening.end(cut_off=cut_off)
    assert opening.done
    assert opening.text == "".join(pieces)
    return pieces


def written(
    *texts: str, rules: OpeningRules | None = None, cut_off: bool = False, **kwargs: list[str]
) -> list[str]:
    return pieces_of(WrittenOpening(rules, **kwargs), *texts, cut_off=cut_off)


def bare(text: str) -> str:
    """A text without white space, quotes and markup."""
    return re.sub(r'[\s"“”«»*_#>]', "", text)


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("Let me look at that. The museum", "Let me look at that."),
        ("Let me look at that, the museum", "Let me look at that,"),
        ("Good question, let me see, the", "Good question, let me see,"),
        ("Sure! Let me look at that. The", "Sure! Let me look at that."),
        ("Let me look — the museum", "Let me look —"),
        ("See what the well-known guide says. It", "See what the well-known guide says."),
        ("Let me ask Dr. Smith about that. He", "Let me ask Dr. Smith about that."),
        ("Let me see, e.g. here", "Let me see,"),
        ("In the U.S. that is easy. You", "In the U.S. that is easy."),
        ("It is 3.5 km from here. You", "It is 3.5 km from here."),
        ("It opens at 10:30 every day. You", "It opens at 10:30 every day."),
        ("About 1,000 people go there. You", "About 1,000 people go there."),
        ('"Let me look at that." The', "Let me look at that."),
        ("**Let me look at that.** The", "Let me look at that."),
        ("- Let me look at that. The", "Let me look at that."),
        ("... Let me look at that. The", "Let me look at that."),
        ("\n\nLet me look at that\nThe museum", "Let me look at that"),
        ("Let me think about that... The", "Let me think about that..."),
        ("One moment.", "One moment."),
        ("Hmm", "Hmm"),
        ("🎉", ""),
        ("", ""),
        ("好的，让我看一下。博物馆", "好的，让我看一下。"),
        ("让我来看一看，博物馆", "让我来看一看，"),
        ("はい、少々お待ちください。博物館", "はい、少々お待ちください。"),
        ("잠시만요, 한번 확인해 볼게요. 박물관", "잠시만요, 한번 확인해 볼게요."),
        ("ขอตรวจสอบให้นะคะ พิพิธภัณฑ์", "ขอตรวจสอบให้นะคะ"),
        ("سؤال جيد، لنرَ معًا، المتحف", "سؤال جيد، لنرَ معًا،"),
        ("मुझे एक पल सोचने दीजिए। संग्रहालय", "मुझे एक पल सोचने दीजिए।"),
        ("Так, давайте посмотрим, музей", "Так, давайте посмотрим,"),
        ("Bonne question ! Voyons un peu, le", "Bonne question ! Voyons un peu,"),
        ("Gute Frage, z. B. könnte das gehen, also", "Gute Frage, z. B. könnte das gehen,"),
    ],
)
def test_an_opening_is_the_first_sentence_or_clause_of_three_words(text: str, opening: str) -> None:
    """It ends where a speaker would pause, and has three words where the model said three."""
    assert "".join(written(text, rules=FREE)) == opening


def test_an_opening_is_released_with_the_mark_that_ends_it() -> None:
    """Nothing more of the model is waited for."""
    opening = WrittenOpening()
    assert opening.feed("Let me look at that") == []
    assert opening.feed(".") == ["Let me look at that."]
    assert opening.done


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "Let me look at that, I think we will find it. The museum",
            ["Let me look at that,", " I think we will find it."],
        ),
        ("Let me look at that\nand find it, so", ["Let me look at that", " and find it,"]),
        ("让我看一下，我们马上就会找到的。博物馆", ["让我看一下，", "我们马上就会找到的。"]),
        ("WiFi 的密码是什么， 我们马上找到。", ["WiFi 的密码是什么，", "我们马上找到。"]),
        ("ขอตรวจสอบให้นะคะ รอสักครู่นะคะ พิพิธภัณฑ์", ["ขอตรวจสอบให้นะคะ ", "รอสักครู่นะคะ"]),
    ],
)
def test_a_longer_opening_comes_clause_by_clause(text: str, pieces: list[str]) -> None:
    """Each clause is released when it is whole, with the space that joins it to the last one."""
    assert "".join(written(text, rules=LONG)) == "".join(pieces)
    assert len(written(text, rules=LONG)) == len(pieces)


def test_a_word_or_two_are_not_released_alone() -> None:
    """A lone "okay" sounds shouted: it goes with the next clause or is left out."""
    assert written("Sure. Let me look at that.") == ["Sure. Let me look at that."]
    rules = OpeningRules(enough_words=6)
    assert written("Let me look at that, okay. So", rules=rules) == ["Let me look at that,"]
    assert written("Let me look at that, okay", rules=rules) == ["Let me look at that,"]


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("Let me look in", "Let me look"),
        ("Let me look into that, and th", "Let me look into that,"),
        ("Let me look at what costs 3.", "Let me look at what costs"),
        ("Let me", ""),
        ("Let me see let'", "Let me see"),
        ("मुझे एक पल सोच", "मुझे एक पल"),
        ("मुझे एक पल सोचने", "मुझे एक पल"),
        ("让我看一下博物馆", "让我看一下博物馆"),
    ],
)
def test_an_opening_that_is_cut_off_ends_with_a_whole_word(text: str, opening: str) -> None:
    """Half a word is never said; too few words are none."""
    assert "".join(written(text, rules=FREE, cut_off=True)) == opening


def test_a_clause_without_end_is_cut_after_the_last_whole_word() -> None:
    """A small model that never pauses is stopped at `max_words`."""
    rules = OpeningRules(max_words=5)
    text = "let me look at the well-known guide to the city and"
    assert written(text, rules=rules) == ["let me look at the"]
    assert written(*text, rules=rules) == ["let me look at the"]
    assert written("one two three four well-known six", rules=rules) == ["one two three four"]


def test_after_a_clause_nothing_is_cut() -> None:
    """An opening of one clause is better than one that breaks off in the second."""
    rules = OpeningRules(max_words=8, enough_words=7)
    text = "Let me look at that, and then I will tell you what I found."
    assert written(text, rules=rules) == ["Let me look at that,"]


@pytest.mark.parametrize(
    "text",
    [
        "It opens at 9, so",
        "It opens at ９, so",
        "It opens at ٩ so",
        "It opens at ๙ so",
        "It takes ½ an hour, so",
        "Yes, let me look at that.",
        "yes let me look at that.",
        '"Yes," let me look.',
        "No, that is not right.",
        "Absolutely, let me look.",
        "Ja, da schaue ich nach,",
        "Nein, das geht nicht,",
        "Oui, je regarde tout de suite,",
        "Sí, déjame ver un momento,",
        "Sì, vediamo un po' insieme,",
        "Sim, deixe-me ver isso,",
        "Tak, zobaczmy razem,",
        "Да, давайте посмотрим,",
        "Нет, давайте посмотрим,",
        "نعم، دعني أفكر في ذلك،",
        "हाँ, मुझे एक पल सोचने दीजिए,",
        "是的，让我看一下。",
        "对，让我看一下。",
        "はい、少々お待ちください。",
        "네, 한번 확인해 볼게요,",
        "ใช่ค่ะ ขอตรวจสอบให้นะคะ ",
        "Evet, hemen bakıyorum,",
        "Well, yes, let me look.",
    ],
)
def test_a_neutral_opening_says_no_number_and_neither_yes_nor_no(text: str) -> None:
    """What commits the bot to anything is not said; an approved line takes its place."""
    assert written(text) == []
    assert written(*text) == []
    assert written(text, stand_ins=["Let me see,"]) == ["Let me see,"]


@pytest.mark.parametrize(
    "text",
    [
        "Nothing easier than that, so",
        "No problem, let me look.",
        "No worries, let me look.",
        "Yesterday's news, let me see,",
        "Let me look at yesterday,",
        "Jan will know that best,",
        "Da schaue ich gleich mal nach,",
        "Ya veo lo que buscas,",
        "Nonetheless let me see,",
        "好的，让我看一下。",
        "让我看一下，",
        "Нечего и думать долго,",
    ],
)
def test_neutral_words_are_not_taken_for_a_yes_a_no_or_a_number(text: str) -> None:
    """Words that only begin like a yes or a no pass, however they arrive."""
    assert "".join(written(text)) == "".join(written(*text)) != ""


@pytest.mark.parametrize(
    "text",
    [
        "Of course.",
        "Sure.",
        "Sure, I'll cancel that. Anything else?",
        "I'll book that for you, so",
        "Okay, done, so that is settled.",
        "I'm sorry to hear that.",
        "Das storniere ich gleich, einen Moment",
        "当然，我看看。",
    ],
)
def test_a_neutral_opening_commits_to_nothing(text: str) -> None:
    """No agreement, deed or feeling is said, however it arrives; an approved line stands in."""
    assert written(text) == written(*text) == []
    assert written(text, stand_ins=["Let me see,"]) == ["Let me see,"]
    assert written(text, rules=FREE) != []


def test_word_by_word_no_promise_is_begun() -> None:
    """What may become a promise is not said before it is clear what it becomes."""
    rules = OpeningRules(unit="word", enough_words=6)
    for text, said in (
        ("Let me see, I'll cancel that for you.", "Let me see,"),
        ("Sure, let me cancel that.", ""),
        ("Sure, let me look at that.", "Sure, let me look at that."),
        ("Well now, I have cancelled it.", ""),
    ):
        assert "".join(written(*text, rules=rules)) == said
        assert "".join(written(text, rules=rules)) == said


def test_word_by_word_nothing_is_said_before_it_is_a_lead_in() -> None:
    """An answer in its place is not begun; where none follows, another line is said."""
    for text, said in (
        ("Paris is the capital, I think.", "One moment."),
        ("Good question, let me see what there is.", "Good question, let me see what there is."),
        ("That's a good question, let me see.", "That's a good question, let me see."),
    ):
        opening = WrittenOpening(
            OpeningRules(unit="word", min_words=2, enough_words=6),
            stand_ins=["One moment."],
            suits=lambda line: leads_in(line, "en"),
        )
        assert "".join(pieces_of(opening, *text)) == said


def test_word_by_word_a_mark_that_stands_alone_ends_the_opening() -> None:
    """As in French, behind words that were said before it came."""
    opening = WrittenOpening(OpeningRules(unit="word", enough_words=3))
    assert opening.feed("Voyons un peu ") == ["Voyons un peu"]
    assert opening.feed("!") == [" !"]
    assert opening.done


def test_word_by_word_no_more_is_said_than_may_be() -> None:
    """A clause that goes on behind the last word that fits is left there."""
    opening = WrittenOpening(OpeningRules(unit="word", enough_words=9, max_words=4))
    assert opening.feed("Let me look here ") == ["Let me look here"]
    assert opening.feed("and there ") == []
    assert opening.done


def test_what_must_not_be_said_is_not_heard_to_its_end() -> None:
    """The line in its place comes as soon as it is certain."""
    opening = WrittenOpening(stand_ins=["Let me see,"])
    assert opening.feed("Nein") == []
    assert opening.feed(", d") == ["Let me see,"]


@pytest.mark.parametrize(("words", "clauses"), [(2, 1), (4, 1), (5, 2), (8, 2), (9, 3), (99, 3)])
def test_an_opening_may_be_asked_to_last_longer(words: int, clauses: int) -> None:
    """It ends with the first clause that has so many words, within its bounds."""
    opening = WrittenOpening(OpeningRules(max_words=11))
    opening.last(words)
    written = ["Let me look here,", " then over there too,", " and then elsewhere,"]
    assert pieces_of(opening, "".join(written), " and here") == written[:clauses]


def test_what_was_said_stays_when_the_next_clause_must_not_be() -> None:
    """The opening ends before the number."""
    assert written("Let me look at that, it is 9 now.", rules=OpeningRules(enough_words=9)) == [
        "Let me look at that,"
    ]


def test_an_opening_of_the_last_turns_is_replaced_while_there_is_another() -> None:
    """A stand-in that did not begin a recent reply either is said; with none left, the opening."""
    recent = ["Let me see, the museum opens at nine.", "One moment please, it is far."]
    stand_ins = ["One moment please,", "Let me think about that,"]
    assert written("Let me see, the", recent=recent, stand_ins=stand_ins) == [
        "Let me think about that,"
    ]
    assert written("Let me see, the", recent=recent, stand_ins=stand_ins[:1]) == ["Let me see,"]
    assert written("Let me se, the", recent=recent, stand_ins=stand_ins) == ["Let me se,"]
    lets = ["Let’s see now, it is far."]
    assert written("Let's see now, the", recent=lets, stand_ins=stand_ins) == stand_ins[:1]


@pytest.mark.parametrize("cut_off", [False, True])
def test_word_by_word_the_spaces_are_right(cut_off: bool) -> None:
    """With unit "word" the pieces put together are what the model wrote, up to its whole words."""
    texts = ["Sure", ",", " let", " me lo", "ok at", " th", "e well", "-known", " one"]
    pieces = written(*texts, rules=WORDS, cut_off=cut_off)
    assert "".join(pieces) == "Sure, let me look at the well-known" + (" one" * (not cut_off))
    assert pieces[0] == "Sure, let me"
    assert len(pieces) > 3


@given(
    st.data(), st.sampled_from([OpeningRules(), FREE, LONG, OpeningRules(max_words=6)]), any_text
)
def test_cutting_the_text_differently_changes_no_opening(
    data: st.DataObject, rules: OpeningRules, text: str
) -> None:
    """What is said is the same however the text arrives, as long as marks and what follows stick.

    A mark at the end of a piece ends the clause at once, since waiting for more would cost time.
    """
    pieces = data.draw(cuttings(text))
    for before, after in pairwise(pieces):
        assume(not re.search(r"\S\Z", before) or before[-1:].isalnum() or after[:1].isspace())
    assume("" not in pieces)
    assert "".join(written(*pieces, rules=rules)) == "".join(written(text, rules=rules))


@pytest.mark.parametrize(
    "texts",
    [("<think>" * 4 + ".5<think><think>",), ("<think>" * 4 + ".5", "<think><think>")],
)
def test_a_digit_that_truncation_would_leave_out_is_refused(texts: tuple[str, ...]) -> None:
    """Whether or not the words that make it too long have come: the digit is within its bounds."""
    assert written(*texts, rules=OpeningRules(max_words=6)) == []


@given(st.data(), soup, st.integers(1, 4), st.integers(1, 12), st.booleans(), st.booleans())
def test_an_opening_is_made_of_what_the_model_wrote(
    data: st.DataObject, text: str, least: int, enough: int, neutral: bool, cut_off: bool
) -> None:
    """It stands in the model's text word for word, within its bounds, never cut inside a word."""
    rules = OpeningRules(min_words=least, enough_words=enough, max_words=12, neutral=neutral)
    pieces = written(*data.draw(cuttings(text)), rules=rules, cut_off=cut_off)
    said = "".join(pieces)
    assert bare(said) in bare(text)
    assert count_words(said) <= 12
    for piece in pieces[:-1]:
        assert count_words(piece) >= least
    if neutral:
        assert not any(char.isdigit() for char in said)


@given(st.data(), prose.filter(lambda text: not any(map(is_unspaced, text))))
def test_word_by_word_nothing_is_lost_or_glued(data: st.DataObject, text: str) -> None:
    """However the text arrives, the words that are said are the words that it begins with."""
    text = text.lstrip("!«»—. ")  # an opening begins with a word
    said = "".join(written(*data.draw(cuttings(text)), rules=WORDS))
    assert " ".join(text.split()).startswith(" ".join(said.split()))


LINES = ("Let me think,", "Good question, let me see,", "Good question, so,", "Right, in short,")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Good question, so,", 2),
        ("good QUESTION so", 2),
        ('"Good question, so,"', 2),
        ("2. Good question, so,", 2),
        ("- **Right, in short,**", 3),
        ('{"opening": "Right, in short,"}', 3),
        ("Right", 3),
        ("R", 3),
        ("Good question", 1),
        ("Good question, what a", 0),
        ("Sure! Right, in short,", 0),
        ("I cannot do that.", 0),
        ("Right, in short, the museum opens at nine.", 3),
    ],
)
def test_the_line_that_the_model_chose_is_said(text: str, line: int) -> None:
    """In any case, quotes or numbering; what fits no line is answered with the first."""
    assert pieces_of(ChosenOpening(LINES), text) == [LINES[line]]
    assert pieces_of(ChosenOpening(LINES), *text) == [LINES[line]]


def test_of_two_lines_that_begin_alike_the_whole_one_is_said() -> None:
    """Though the model might have gone on to the other."""
    lines = ("Let me think it over,", "Let me think,")
    assert pieces_of(ChosenOpening(lines), "Let me think,") == [lines[1]]
    assert pieces_of(ChosenOpening(lines), "Let me think it") == [lines[0]]


def test_a_line_is_said_as_soon_as_it_alone_fits() -> None:
    """One token can be enough."""
    opening = ChosenOpening(LINES)
    assert opening.feed("Right") == [LINES[3]]
    assert opening.done
    assert opening.feed(", in short,") == []


@pytest.mark.parametrize(("most", "left"), [(2, "Hm,|Let me,"), (0, "Hm,"), (9, None)])
def test_a_choice_is_narrowed_to_lines_that_fit(most: int, left: str | None) -> None:
    """To the shortest, where none does; a line that was left out is not said."""
    lines = ("Let me see now,", "Hm,", "Let me,")
    fitting = tuple(left.split("|")) if left else lines
    opening = ChosenOpening(lines)
    opening.narrow(lambda line: count_words(line) <= most)
    assert opening.lines == fitting
    assert pieces_of(opening, "Let me see now,") == [fitting[0] if most == 9 else fitting[-1]]


@pytest.mark.parametrize("text", ["", "  ", '"', "7"])
def test_where_nothing_was_chosen_nothing_is_said(text: str) -> None:
    """A small model without a word leaves the reply to the large one."""
    assert pieces_of(ChosenOpening(LINES), text) == []


def test_a_line_that_began_a_recent_reply_is_left_out() -> None:
    """The lines are compared with how the last replies began."""
    recent = ["Right, in short, the museum opens at nine.", "Let me think, it is far."]
    assert ChosenOpening(LINES, recent=recent).lines == LINES[1:3]
    assert ChosenOpening(LINES[:1], recent=recent).lines == LINES[:1]


def test_there_must_be_a_line_with_words() -> None:
    """A list with nothing to say is refused when it is given, not when a call runs."""
    with pytest.raises(ValueError, match="openings"):
        ChosenOpening(["", "..."])
    assert ChosenOpening(["", " Let me see, ", "let me see"]).lines == ("Let me see,",)


@given(st.data(), st.sampled_from(list(OPENINGS)), any_text, st.booleans())
def test_nothing_unapproved_is_ever_said(
    data: st.DataObject, language: str, text: str, cut_off: bool
) -> None:
    """Whatever the model writes and however it arrives, one approved line or none is said."""
    lines = OPENINGS[language]
    text = data.draw(st.sampled_from(["", *lines])) + text
    said = pieces_of(ChosenOpening(lines), text, cut_off=cut_off)
    assert said == [] or (len(said) == 1 and said[0] in lines)
    pieces = data.draw(cuttings(text))
    assert pieces_of(ChosenOpening(lines), *pieces, cut_off=cut_off) == said


@given(st.data(), st.sampled_from(list(OPENINGS)))
def test_every_approved_line_can_be_chosen(data: st.DataObject, language: str) -> None:
    """A model that repeats a line word for word gets that line."""
    line = data.draw(st.sampled_from(OPENINGS[language]))
    assert pieces_of(ChosenOpening(OPENINGS[language]), line) == [line]


@pytest.mark.parametrize("language", list(OPENINGS))
def test_the_lines_that_come_with_the_package_are_neutral(language: str) -> None:
    """None of them would be refused, had the small model written it itself."""
    for line in OPENINGS[language]:
        said = "".join(written(*line))
        assert said
        assert line.startswith(said)


def test_the_end_makes_a_last_clause_certain() -> None:
    """Behind a digit a full stop might have been a decimal point."""
    opening = WrittenOpening(OpeningRules(enough_words=9, neutral=False))
    assert opening.feed("It opens at 9.") == []
    assert opening.end(cut_off=False) == ["It opens at 9."]
