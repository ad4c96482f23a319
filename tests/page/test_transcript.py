"""The transcript: who said what, in a real browser."""

import pytest

from tests.page.browser import Visit
from tests.page.messages import error, relayed, reply, spoken, user, waited

NARROW = {"viewport": {"width": 320, "height": 640}}


def test_opening_and_continuation_are_told_apart_with_and_without_colour(visit: Visit) -> None:
    """By colour, by an underline, and by a word for those who listen."""
    visit.hear(user("Why is the sky blue?"), relayed(1))
    visit.expect("#turns .opening .words").to_have_text("Good question, let me think,")
    opening = visit.page.locator("#turns .opening")
    continuation = visit.page.locator("#turns .continuation")
    assert opening.text_content() == "opening: Good question, let me think,"
    assert continuation.text_content() == "answer:  the sky is blue because of the air."
    style = "element => [getComputedStyle(element).color, getComputedStyle(element).textDecoration]"
    opening_style = opening.locator(".words").evaluate(style)
    continuation_style = continuation.locator(".words").evaluate(style)
    assert opening_style[0] != continuation_style[0]
    assert "dotted" in opening_style[1]
    assert "underline" not in continuation_style[1]
    assert visit.page.locator(".conversation .legend .opening").is_visible()


def test_waiting_lines_are_the_small_models_and_marked(visit: Visit) -> None:
    """In its colour, where they were said, with an underline and a word of their own."""
    visit.hear(user("How far away is the nearest star?"), waited(1))
    assert visit.turns[1] == (
        "Bot: Let me see. Still looking. One moment. It is four light years away."
    )
    waiting = visit.page.locator("#turns .waiting")
    assert waiting.all_text_contents() == [
        "waiting line:  Still looking.",
        "waiting line:  One moment.",
    ]
    style = "element => [getComputedStyle(element).color, getComputedStyle(element).textDecoration]"
    opening = visit.page.locator("#turns .opening .words").evaluate(style)
    line = waiting.first.locator(".words").evaluate(style)
    assert line[0] == opening[0]
    assert "dashed" in line[1]
    assert "dotted" in opening[1]
    assert visit.page.locator(".conversation .legend .waiting").is_visible()


def test_a_small_model_that_stands_in_is_not_taken_for_the_large_one(visit: Visit) -> None:
    """Its words have its own colour, in the transcript and in the timeline, and are no answer."""
    visit.hear(relayed(1, metrics={"outcome": "small_only"}))
    assert visit.page.locator("#turns .continuation").count() == 0
    assert visit.page.locator("#turns .opening").all_text_contents() == [
        "opening: Good question, let me think,",
        "stand-in:  the sky is blue because of the air.",
    ]
    assert visit.page.locator("#replies .bar-continuation").count() == 0
    assert visit.page.locator("#replies .tag").all_inner_texts() == ["small model stood in"]
    assert "stand-in heard at 1.70 seconds" in visit.timelines[0]
    assert visit.page.locator("#answer-two-models-n").inner_text() == "0"


def test_a_reply_is_one_turn_that_grows(visit: Visit) -> None:
    """Each message is the whole state: nothing is shown twice."""
    visit.hear(user("Hello?"), reply(1, "Well,", turn_ended=0.2, opening_text=0.3, done=False))
    assert visit.turns[1].endswith("Well,")
    visit.hear(reply(1, "Well,", " yes", turn_ended=0.2, opening_text=0.3, done=False))
    visit.hear(reply(1, "Well,", " yes indeed.", turn_ended=0.2, opening_text=0.3))
    assert [turn.split(":")[0] for turn in visit.turns] == ["You", "Bot"]
    assert visit.page.locator("#turns .continuation .words").text_content() == " yes indeed."


def test_what_is_heard_of_the_user_becomes_final_in_place(visit: Visit) -> None:
    """Partial words are replaced, and several pieces of one turn are joined."""
    visit.hear(user("Why is the", final=False))
    visit.expect(".interim").to_have_text("Why is the")
    visit.hear(user("Why is the sky", final=False), user("Why is the sky"), user(" blue?"))
    assert visit.turns == ["You: Why is the sky blue?"]
    visit.hear(relayed(1), user("And why"))
    assert visit.turns[0] == "You: Why is the sky blue?"
    assert visit.turns[2] == "You: And why"


def test_what_was_said_is_never_markup(visit: Visit) -> None:
    """Whoever says it: user, model, voice, bot."""
    evil = "<img src=x onerror=\"document.title='pwned'\"><b>bold</b>"
    visit.hear(
        user(evil), reply(1, evil, evil, turn_ended=0.1), error(evil), spoken("Goodbye " + evil, 9)
    )
    visit.expect("#turns > li").to_have_count(4)
    assert visit.page.locator("#turns img, #turns b, #replies img").count() == 0
    assert all(evil in turn for turn in visit.turns)
    assert visit.page.title() == "BlastOff for Pipecat"


def test_an_interrupted_reply_says_so(visit: Visit) -> None:
    """In the transcript, in the timeline, and in words."""
    visit.hear(relayed(1, interrupted=True, over=2.4))
    assert visit.turns[0].endswith("interrupted")
    assert visit.page.locator("#replies .tag").all_inner_texts() == ["interrupted"]
    assert visit.page.locator("#replies .cut").count() == 1
    assert "interrupted at 2.40 seconds" in visit.timelines[0]


def test_what_the_bot_says_outside_of_any_reply_is_shown_once(visit: Visit) -> None:
    """A greeting that no model wrote, but no sentence of a reply a second time."""
    visit.hear(spoken("Hi! What would you like to know?", 1))
    visit.hear(spoken("Hi! What would you like to know?", 1))
    visit.hear(spoken("Good question, let me think,", 2), relayed(1))
    visit.hear(spoken("the sky is blue, because of the air", 3))
    visit.hear(spoken("Goodbye.", 4))
    visit.expect("#turns > li").to_have_count(3)
    visit.hear(waited(2), spoken("Still looking.", 5), spoken("So long.", 6))
    visit.expect("#turns > li").to_have_count(5)
    assert visit.turns == [
        "Bot: Good question, let me think, the sky is blue because of the air.",
        "Bot: Hi! What would you like to know?",
        "Bot: Goodbye.",
        "Bot: Let me see. Still looking. One moment. It is four light years away.",
        "Bot: So long.",
    ]


def test_a_reply_in_which_nothing_was_said_is_not_blank(visit: Visit) -> None:
    """Both models failed; or have yet to begin."""
    visit.hear(reply(1, done=False, turn_ended=0.2))
    assert visit.turns == ["Bot: …"]
    visit.hear(reply(1, turn_ended=0.2))
    assert visit.turns == ["Bot: (nothing was said)"]


def test_an_error_of_the_bot_is_a_note(visit: Visit) -> None:
    """It is part of what happened, and the page goes on."""
    visit.hear(error("the large model is late"), user("Hello?"))
    assert visit.turns[0] == "The bot reports an error: the large model is late"
    assert len(visit.turns) == 2


@pytest.mark.parametrize("visit", [NARROW], indirect=True)
def test_the_newest_words_are_in_view_unless_the_reader_scrolled_back(visit: Visit) -> None:
    """Nobody's reading is interrupted."""
    ends = "element => element.scrollHeight - element.clientHeight - element.scrollTop"
    frame = visit.page.locator("#transcript")
    for number in range(1, 12):
        visit.hear(user(f"Question {number}"), relayed(number))
    assert frame.evaluate(ends) < 2
    frame.evaluate("element => { element.scrollTop = 0 }")
    visit.hear(user("One more?"), relayed(12))
    assert frame.evaluate("element => element.scrollTop") == 0
