"""One reply by two models is heard as one: what is joined, what is trimmed, what waits."""

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from blastoff_pipecat.prompts import OPENINGS
from blastoff_pipecat.relay.scripts import tokens
from blastoff_pipecat.relay.seam import Seam, join
from tests.relay.texts import PHRASES, any_text, cuttings, prose, soup, words

_edge = re.compile(r"^[\s.,;:!?…‥。！？｡，、；：؟،؛।॥—–\"'”’»)\]」』）-]*")


def joined(said: str, *pieces: str, echoes: bool = False) -> str:
    """What is said after `said` when a continuation arrives in these pieces."""
    seam = Seam(said, echoes=echoes)
    return "".join([seam.feed(piece) for piece in pieces]) + seam.flush()


def folded(text: str) -> list[str]:
    return [token[0].casefold().replace("’", "'") for token in tokens(text)]


LOOK = "Let me look into that for you."
CHECK = "Let me check when the city museum opens."


@pytest.mark.parametrize(
    ("said", "continuation", "heard"),
    [
        # The design's own examples.
        (LOOK, "look into that for you. The museum opens.", " The museum opens."),
        (LOOK, "You can come at nine.", " You can come at nine."),
        # All of it, the end of it, the beginning of it.
        (LOOK, "Let me look into that for you. The museum", " The museum"),
        (LOOK, "let me look into that for you! The museum", " The museum"),
        (LOOK, "LET ME LOOK INTO THAT FOR YOU\n\nThe museum", " The museum"),
        (LOOK, "Let me look into that for you.", ""),
        (LOOK, "for you. The museum", " The museum"),
        (LOOK, "Let me look into that. The museum", " The museum"),
        (LOOK, "Let me look into. The museum", " The museum"),
        (LOOK, "look into that for you and tell you", " and tell you"),
        ("Good question, let me think,", "Good question! The museum", " The museum"),
        ("Sure, let me look at that.", "Sure! The museum", " The museum"),
        ("Sure, let me look at that.", "Sure. The museum", " The museum"),
        ("Good question.", 'Good question. "The museum"', ' "The museum"'),
        ("Good question.", "Good question — the museum", " the museum"),
        ("Good question.", "Good question - the museum", " the museum"),
        ("Good question. ", "Good question — the museum", "the museum"),
        ("Good question", "Good question, the museum", ", the museum"),
        ("I look that up for you", "for you. The museum", ". The museum"),
        ("The museum opens at", "The museum opens at nine", " nine"),
        ("Let’s see what we have,", "Let's see what we have, it", " it"),
        ("It is 3.5 km away,", "It is 3.5 km away, so", " so"),
        # Not a repeat.
        (LOOK, "Let me look at the museum's hours.", " Let me look at the museum's hours."),
        (LOOK, "Let me see.", " Let me see."),
        (LOOK, "That is easy.", " That is easy."),
        (LOOK, "For your visit, nine.", " For your visit, nine."),
        (CHECK, "The city museum opens at nine.", " The city museum opens at nine."),
        ("It is about 3.", "About 3.5 km.", " About 3.5 km."),
        ("It is about 5.", "About 5–6 km.", " About 5–6 km."),
        ("That is well,", "That is well-known.", " That is well-known."),
        ("Dr. Smith is away,", "Dr. Jones is in.", " Dr. Jones is in."),
        ("In the U.S. it is cold,", "In the U.K. it is not.", " In the U.K. it is not."),
        ("Sure.", "Sure thing, nine.", " Sure thing, nine."),
        ("Sure.", "Surely at nine.", " Surely at nine."),
        ("So nine.", "Sony opens.", " Sony opens."),
        # Spaces, line breaks, ellipses.
        ("Sure,", "the museum", " the museum"),
        ("Sure,", "  the museum", " the museum"),
        ("Sure.", "\n\nThe museum", " The museum"),
        ("Sure. ", "The museum", "The museum"),
        ("Sure,", "… and the museum", " and the museum"),
        ("Sure,", "...and the museum", " and the museum"),
        ("The museum opens", "… at nine", " at nine"),
        (LOOK, "…look into that for you. The", " The"),
        # Punctuation that attaches, and punctuation that was there already.
        ("That", "'s right", "'s right"),
        ("That", "’ll do", "’ll do"),
        ("She said", "'so what'", " 'so what'"),
        ("That", "'Sure'", " 'Sure'"),
        ("So", ")x", " )x"),
        ("Sure", ", the museum", ", the museum"),
        ("Sure.", ". The museum", " The museum"),
        ("Sure.", "! The museum", " The museum"),
        ("Sure,", '. "The museum"', ' "The museum"'),
        ("Sure.", "!", ""),
        ("It costs 3", ".5 euros", ".5 euros"),
        ("Okay.", ".5 miles", " .5 miles"),
        ("50", "% off", "% off"),
        ("Only 5", "% off", "% off"),
        ("In 5a", "% is", " % is"),
        ("So (by the way", ") the museum", ") the museum"),
        ("Gut.", "»Das Museum«", " »Das Museum«"),
        ("Bueno,", "¿qué tal?", " ¿qué tal?"),
        ("Sure,", "🎉 the museum", " 🎉 the museum"),
        # Other scripts.
        ("好的，让我看一下。", "博物馆九点开门。", "博物馆九点开门。"),
        ("好的，让我看一下。", " 博物馆九点开门。", "博物馆九点开门。"),
        ("好的，让我看一下。", "让我看一下。博物馆九点开门。", "博物馆九点开门。"),
        ("好的，让我看一下。", "好的！博物馆九点开门。", "博物馆九点开门。"),
        ("让我查一下博物馆开放时间。", "博物馆开放时间是九点。", "博物馆开放时间是九点。"),
        ("好的，让我看一下。", "Hello.", "Hello."),
        ("はい、少々お待ちください。", "少々お待ちください。博物館は", "博物館は"),
        ("잠시만요,", "박물관은 아홉 시에", " 박물관은 아홉 시에"),
        ("잠시만요, 확인해 볼게요.", "확인해 볼게요. 박물관은", " 박물관은"),
        ("ขอดูให้นะคะ", "พิพิธภัณฑ์เปิด", "พิพิธภัณฑ์เปิด"),
        ("ขอดูให้นะคะ", " พิพิธภัณฑ์เปิด", " พิพิธภัณฑ์เปิด"),
        ("ขอดูให้นะคะ", "ขอดูให้นะคะ พิพิธภัณฑ์เปิด", " พิพิธภัณฑ์เปิด"),
        ("ขอดูให้นะคะ ", " พิพิธภัณฑ์เปิด", "พิพิธภัณฑ์เปิด"),
        ("میں دیکھتا ہوں۔", "میں دیکھتا ہوں۔ عجائب گھر", " عجائب گھر"),
        ("میں دیکھتا ہوں۔", "۔ عجائب گھر", " عجائب گھر"),
        ("سؤال جيد، لنرَ،", "سؤال جيد، المتحف", " المتحف"),
        ("मुझे एक पल सोचने दीजिए,", "एक पल सोचने दीजिए, संग्रहालय", " संग्रहालय"),
        ("Schauen wir mal,", "schauen wir mal, das Museum", " das Museum"),
        ("Die Straße ist lang,", "die STRASSE ist lang, also", " also"),
        # No opening.
        ("", "\n\nThe museum", "The museum"),
        ("", "… and", "… and"),
        ("", "", ""),
        (" ", " The museum", "The museum"),
    ],
)
def test_the_seam_cannot_be_heard(said: str, continuation: str, heard: str) -> None:
    """What repeats is trimmed and nothing else; the right space stands at the seam."""
    assert joined(said, continuation) == heard
    assert joined(said, *continuation) == heard


@pytest.mark.parametrize("pieces", [(f"{LOOK} '{LOOK}' At",), (f"{LOOK} 'Le", f"{LOOK[2:]}' At")])
def test_a_repeat_is_trimmed_once(pieces: tuple[str, ...]) -> None:
    """What is said thrice is meant, however it comes."""
    assert joined(LOOK, *pieces) == f" '{LOOK}' At"


@pytest.mark.parametrize(
    ("said", "line", "joined_line"),
    [
        ("", " At nine.", "At nine."),
        (" ", " At nine.", "At nine."),
        ("Sure.", "At nine.", " At nine."),
        ("Sure. ", " At nine.", "At nine."),
        ("Sure.", "Sure. At nine.", " Sure. At nine."),
        ("Sure.", "'Em", " 'Em"),
        ("Sure.", " ", ""),
    ],
)
def test_a_whole_line_is_joined_whole(said: str, line: str, joined_line: str) -> None:
    """With one space behind what was said, and none before the first word of all."""
    assert join(said, line) == joined_line


def test_a_server_that_sends_the_prefill_back_repeats_even_one_word() -> None:
    """Where an echo is known to come, one word of it is enough."""
    assert joined("Sure", "Sure the museum", echoes=True) == " the museum"
    assert joined("Sure", "The museum", echoes=True) == " The museum"


@given(st.data(), st.sampled_from(PHRASES) | soup, any_text, st.booleans())
def test_cutting_the_continuation_differently_changes_nothing(
    data: st.DataObject, said: str, continuation: str, echoes: bool
) -> None:
    """What is said is the same for every way in which the network cuts the stream."""
    pieces = data.draw(cuttings(continuation))
    assert joined(said, *pieces, echoes=echoes) == joined(said, continuation, echoes=echoes)


def test_a_long_echo_is_trimmed_while_it_streams_without_much_work() -> None:
    """A small model that finishes a long reply may repeat all of it, in thousands of pieces."""
    said = "The museum opens at nine and it is a lovely place to go, you know. " * 400
    text = f"{said}And it is free."
    assert joined(said, *(text[at : at + 4] for at in range(0, len(text), 4))) == "And it is free."


@given(st.data(), st.sampled_from(PHRASES), st.integers(0, 8), prose)
def test_cutting_a_repeat_differently_changes_nothing(
    data: st.DataObject, said: str, start: int, rest: str
) -> None:
    """Likewise where the continuation begins with part of what was said."""
    found = tokens(said)
    at = found[start % len(found)].start()
    continuation = (
        said[at:] + data.draw(st.sampled_from(["", " ", ". ", ", ", "-", "'", "!"])) + rest
    )
    assert joined(said, *data.draw(cuttings(continuation))) == joined(said, continuation)


@given(soup, soup)
@example("It is 3.5", "3. 5")
def test_where_no_word_is_shared_no_word_is_lost(said: str, continuation: str) -> None:
    """Without a shared word only white space, an ellipsis or punctuation at the seam changes."""
    assume(not set(folded(said)) & set(folded(continuation)))
    heard = joined(said, continuation)
    assert _edge.sub("", heard) == _edge.sub("", continuation) or not said.strip()
    assert continuation.endswith(heard.lstrip())


@given(soup, any_text)
def test_what_is_lost_was_said_before(said: str, continuation: str) -> None:
    """Only words that stand in what was said are ever trimmed, and only from the beginning."""
    before, after = folded(continuation), folded(joined(said, continuation))
    lost = before[: len(before) - len(after)]
    assert before[len(lost) :] == after
    text = " ".join(folded(said))
    assert not lost or " ".join(lost) in text


@given(prose, any_text)
def test_you_never_wait_for_more_words_than_were_said(said: str, continuation: str) -> None:
    """Held back are never more words than were said, until something is let through."""
    seam = Seam(said)
    waiting = ""
    for char in continuation:
        if seam.feed(char):
            break
        waiting += char
        assert len(tokens(waiting)) <= len(tokens(said)) + 1


@given(st.sampled_from(PHRASES), words)
def test_a_word_that_cannot_begin_a_repeat_is_let_through_at_once(said: str, word: str) -> None:
    """Text is released as soon as no word that was said begins like it."""
    assume(tokens(word) and tokens(word)[0].start() == 0)
    first = folded(word)[0]
    assume(not any(token.startswith(first) for token in folded(said)))
    assert Seam(said).feed(word).strip()


def test_a_mark_waits_for_what_comes_behind_it_and_no_longer() -> None:
    """It may double the one that was said, or begin something."""
    seam = Seam("Sure.")
    assert seam.feed("!") == ""
    assert seam.feed(" The museum") == " The museum"


def test_symbols_without_words_do_not_wait_for_ever() -> None:
    """A run of symbols is let through although no word has come."""
    assert "🎉" in Seam("Sure,").feed("🎉" * 40)


@given(st.sampled_from(PHRASES), prose)
def test_after_the_seam_text_passes_untouched(said: str, rest: str) -> None:
    """Once the continuation has begun, the stream is not touched any more."""
    seam = Seam(said)
    assert seam.feed("Xylophones abound")
    assert seam.feed(rest) == rest
    assert seam.flush() == ""


@given(st.sampled_from(PHRASES), prose)
def test_a_full_echo_is_never_said(said: str, rest: str) -> None:
    """A server that sends back all that was said adds only what is new."""
    assume(len(folded(said)) >= 4)
    heard = folded(joined(said, f"{said} {rest}", echoes=True))
    assert heard == folded(rest) or heard == folded(joined(said, rest))


@pytest.mark.parametrize("language", list(OPENINGS))
def test_after_every_line_that_comes_with_the_package_the_seam_is_right(language: str) -> None:
    """Repeated whole, with another mark, or not at all: the answer is all that follows."""
    for line in OPENINGS[language]:
        answer = "XYZ abc."
        for continuation in (answer, f"{line} {answer}", f" {line[:-1]}. {answer}"):
            assert joined(line, *continuation).strip() == answer
