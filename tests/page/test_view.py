"""What the page shows of what a bot tells it, in a real browser."""

import itertools
from typing import Any

import pytest

from tests.page.browser import Visit
from tests.page.messages import alone, error, relayed, reply, server_message, spoken, user

LIGHT, DARK = {"color_scheme": "light"}, {"color_scheme": "dark"}
NARROW = {"viewport": {"width": 320, "height": 640}}

CONVERSATION = [
    spoken("Hi! What would you like to talk about?", 1),
    user("Why is the sky blue?"),
    relayed(1),
    user("And at sunset?"),
    alone(2),
    user("Stop."),
    reply(
        3, "Oh,", interrupted=True, turn_ended=0.2, opening_heard=0.4, opening_over=1.1, over=1.1
    ),
    error("a microphone too far away"),
    relayed(4, done=False),
]


def turns(visit: Visit) -> list[str]:
    """The transcript's turns, as a sighted reader has them."""
    return visit.page.evaluate(
        """() => [...document.querySelectorAll("#turns > li")].map((turn) => {
            const seen = turn.cloneNode(true);
            seen.querySelectorAll(".sr-only").forEach((hidden) => hidden.remove());
            return [...seen.children].map((part) => part.textContent).join(": ");
        })"""
    )


def labels(visit: Visit) -> list[str]:
    """The timelines as those hear them who do not see them, newest first."""
    drawings = visit.page.locator("#replies svg")
    return [drawing.get_attribute("aria-label") for drawing in drawings.all()]


def cells(visit: Visit, row: str) -> tuple[str, ...]:
    """One row of the statistics: p50, p95 and n."""
    return tuple(visit.page.locator(f"#{row}-{figure}").inner_text() for figure in PERCENTILES)


PERCENTILES = ("p50", "p95", "n")


# The transcript.


def test_opening_and_continuation_are_told_apart_with_and_without_colour(visit: Visit) -> None:
    """By colour, by an underline, and by a word for those who listen."""
    visit.hear(user("Why is the sky blue?"), relayed(1))
    visit.expect(".opening .words >> nth=-1").to_have_text("Good question, let me think,")
    opening = visit.page.locator("#turns .opening")
    continuation = visit.page.locator("#turns .continuation")
    assert opening.text_content() == "opening: Good question, let me think,"
    assert continuation.text_content() == "continuation:  the sky is blue because of the air."
    style = "element => [getComputedStyle(element).color, getComputedStyle(element).textDecoration]"
    opening_style = opening.locator(".words").evaluate(style)
    continuation_style = continuation.locator(".words").evaluate(style)
    assert opening_style[0] != continuation_style[0]
    assert "dotted" in opening_style[1]
    assert "underline" not in continuation_style[1]
    assert visit.page.locator(".conversation .legend .opening").is_visible()


def test_a_reply_is_one_turn_that_grows(visit: Visit) -> None:
    """Each message is the whole state: nothing is shown twice."""
    visit.hear(user("Hello?"), reply(1, "Well,", turn_ended=0.2, opening_text=0.3, done=False))
    assert turns(visit)[1].endswith("Well,")
    visit.hear(reply(1, "Well,", " yes", turn_ended=0.2, opening_text=0.3, done=False))
    visit.hear(reply(1, "Well,", " yes indeed.", turn_ended=0.2, opening_text=0.3))
    assert [turn.split(":")[0] for turn in turns(visit)] == ["You", "Bot"]
    assert visit.page.locator("#turns .continuation .words").text_content() == " yes indeed."


def test_what_is_heard_of_the_user_becomes_final_in_place(visit: Visit) -> None:
    """Partial words are replaced, and several pieces of one turn are joined."""
    visit.hear(user("Why is the", final=False))
    visit.expect(".interim").to_have_text("Why is the")
    visit.hear(user("Why is the sky", final=False), user("Why is the sky"), user(" blue?"))
    assert turns(visit) == ["You: Why is the sky blue?"]
    visit.hear(relayed(1), user("And why"))
    assert turns(visit)[0] == "You: Why is the sky blue?"
    assert turns(visit)[2] == "You: And why"


def test_what_was_said_is_never_markup(visit: Visit) -> None:
    """Whoever says it: user, model, voice, bot."""
    evil = "<img src=x onerror=\"document.title='pwned'\"><b>bold</b>"
    visit.hear(
        user(evil), reply(1, evil, evil, turn_ended=0.1), error(evil), spoken("Goodbye " + evil, 9)
    )
    visit.expect("#turns > li").to_have_count(4)
    assert visit.page.locator("#turns img, #turns b, #replies img").count() == 0
    assert all(evil in turn for turn in turns(visit))
    assert visit.page.title() == "BlastOff for Pipecat"


def test_an_interrupted_reply_says_so(visit: Visit) -> None:
    """In the transcript, in the timeline, and in words."""
    visit.hear(relayed(1, interrupted=True, over=2.4))
    assert turns(visit)[0].endswith("interrupted")
    assert visit.page.locator("#replies .tag").all_inner_texts() == ["interrupted"]
    assert visit.page.locator("#replies .cut").count() == 1
    assert "interrupted at 2.40 seconds" in labels(visit)[0]


def test_what_the_bot_says_outside_of_any_reply_is_shown_once(visit: Visit) -> None:
    """A greeting that no model wrote, but no sentence of a reply a second time."""
    visit.hear(spoken("Hi! What would you like to know?", 1))
    visit.hear(spoken("Hi! What would you like to know?", 1))
    visit.hear(spoken("Good question, let me think,", 2), relayed(1))
    visit.hear(spoken("the sky is blue, because of the air", 3))
    visit.hear(spoken("Goodbye.", 4))
    visit.expect("#turns > li").to_have_count(3)
    assert turns(visit) == [
        "Bot: Good question, let me think, the sky is blue because of the air.",
        "Bot: Hi! What would you like to know?",
        "Bot: Goodbye.",
    ]


def test_a_reply_in_which_nothing_was_said_is_not_blank(visit: Visit) -> None:
    """Both models failed; or have yet to begin."""
    visit.hear(reply(1, done=False, turn_ended=0.2))
    assert turns(visit) == ["Bot: …"]
    visit.hear(reply(1, turn_ended=0.2))
    assert turns(visit) == ["Bot: (nothing was said)"]


def test_an_error_of_the_bot_is_a_note(visit: Visit) -> None:
    """It is part of what happened, and the page goes on."""
    visit.hear(error("the large model is late"), user("Hello?"))
    assert turns(visit)[0] == "The bot reports an error: the large model is late"
    assert len(turns(visit)) == 2


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


# The timelines.


def test_a_timeline_is_drawn_while_it_happens(visit: Visit) -> None:
    """Text, then sound, of one model and then of the other, and at last the gap between them."""
    steps: list[tuple[dict[str, Any], str]] = [
        ({"turn_ended": 0.2}, ".turn-ended"),
        ({"opening_text": 0.3}, ".text-opening"),
        ({"opening_heard": 0.4, "opening_over": 0.5, "over": 0.5}, ".bar-opening"),
        ({"continuation_text": 1.0, "opening_over": 1.4, "over": 1.4}, ".text-continuation"),
        ({"continuation_heard": 1.5, "over": 1.6}, ".bar-continuation"),
    ]
    times: dict[str, float] = {}
    for change, drawn in steps:
        assert visit.page.locator(f"#replies {drawn}").count() == 0
        times |= change
        visit.hear(reply(1, "Well,", " yes.", done=False, **times))
        assert visit.page.locator(f"#replies {drawn}").count() == 1
    assert visit.page.locator("#replies .gap").count() == 0
    visit.hear(reply(1, "Well,", " yes.", gap=0.1, **times))
    assert visit.page.locator("#replies .gap").count() == 1
    assert visit.page.locator("#replies .gap-label").text_content() == "gap 0.10 s"


def test_a_timeline_is_true_to_scale(visit: Visit) -> None:
    """Where a bar begins and ends, between the marks of the seconds."""
    visit.hear(relayed(1, heard=0.5, gap=0.25))  # opening 0.5 to 1.7, continuation from 1.95

    def box(selector: str) -> dict[str, float]:
        return visit.page.locator(f"#replies {selector}").evaluate(
            "element => (({ x, width }) => ({ x, width }))(element.getBBox())"
        )

    zero = box(".zero")["x"]
    marks = visit.page.locator("#replies .mark")
    second = visit.page.evaluate(
        """() => {
            const labels = [...document.querySelectorAll("#replies text")];
            const [zero, one] = ["0 s", "1 s"].map((label) =>
                Number(labels.find((each) => each.textContent === label).getAttribute("x")));
            return one - zero;
        }"""
    )
    assert marks.count() >= 3
    opening, continuation = box(".bar-opening path"), box(".bar-continuation path")
    assert opening["x"] - zero == pytest.approx(0.5 * second, abs=0.5)
    assert opening["width"] == pytest.approx(1.2 * second, abs=0.5)
    assert continuation["x"] - zero == pytest.approx(1.95 * second, abs=0.5)
    assert box(".gap")["width"] == pytest.approx(0.25 * second, abs=0.5)


def test_a_timeline_is_told_in_words(visit: Visit) -> None:
    """In the order of what happened, with its seconds."""
    visit.hear(relayed(1, heard=0.4, gap=0.1))
    assert labels(visit) == [
        "Timeline, from when you stopped speaking: end of turn noticed at 0.20 seconds, opening's "
        "text at 0.30 seconds, opening heard at 0.40 seconds, continuation's text at 1.00 seconds, "
        "opening over at 1.60 seconds, continuation heard at 1.70 seconds, reply over at "
        "4.70 seconds. Gap between the two: 0.10 seconds."
    ]
    assert visit.page.locator("#replies svg").get_attribute("role") == "img"


def test_the_newest_reply_is_on_top_and_all_share_one_scale(visit: Visit) -> None:
    """So that two replies can be compared at a glance, and a slow one rescales the others."""
    visit.hear(relayed(1), relayed(2))
    headings = visit.page.locator("#replies h3")
    assert headings.all_inner_texts() == ["Reply 2", "Reply 1"]
    before = visit.page.locator("#replies .bar-opening path").first.bounding_box()["width"]
    visit.hear(relayed(3, heard=6.0))
    widths = [
        each.bounding_box()["width"]
        for each in visit.page.locator("#replies .bar-opening path").all()
    ]
    assert len(widths) == 3
    assert max(widths) - min(widths) < 1.5
    assert widths[-1] < before


def test_one_slow_reply_does_not_squeeze_all_that_follow(visit: Visit) -> None:
    """After a few more it keeps its scale to itself."""
    visit.hear(relayed(1, heard=9.0), *(relayed(number) for number in range(2, 8)))
    widths = [
        each.bounding_box()["width"]
        for each in visit.page.locator("#replies .bar-opening path").all()
    ]
    assert len(widths) == 7
    assert min(widths[:6]) > 2 * widths[6]


def test_a_reply_without_an_opening_has_one_bar(visit: Visit) -> None:
    """Also where two models were meant to speak: that is said."""
    visit.hear(alone(1))
    assert visit.page.locator("#replies .bar").count() == 1
    assert visit.page.locator("#replies .tag").count() == 0
    visit.hear(
        reply(2, "", "Yes.", turn_ended=0.2, continuation_text=1.0, continuation_heard=1.2, over=2)
    )
    assert visit.page.locator("#replies li >> nth=0 >> .tag").inner_text() == "no opening"


def test_an_opening_without_continuation_has_one_bar(visit: Visit) -> None:
    """The opening was the whole answer."""
    visit.hear(
        reply(1, "Hello!", turn_ended=0.2, opening_text=0.3, opening_heard=0.4, opening_over=1.1)
    )
    assert visit.page.locator("#replies .bar-opening").count() == 1
    assert visit.page.locator("#replies .bar-continuation").count() == 0
    assert visit.page.locator("#replies .gap").count() == 0


def test_a_reply_that_nobody_asked_for_is_no_answer(visit: Visit) -> None:
    """A greeting counts from its own beginning, and in no statistics."""
    visit.hear(relayed(1, turn_ended=None))
    assert visit.page.locator("#replies h3").inner_text() == "Bot spoke first"
    assert labels(visit)[0].startswith("Timeline, from when the bot began:")
    assert cells(visit, "heard-two-models") == ("–", "–", "0")


def test_messages_of_some_other_kind_or_shape_do_no_harm(visit: Visit) -> None:
    """A bot may say what this page does not know."""
    visit.hear(
        server_message(None),
        server_message("blastoff-timeline"),
        server_message({"type": "something-else", "reply": 1}),
        server_message({"type": "blastoff-timeline"}),
        server_message({"type": "blastoff-timeline", "reply": 1, "times": {"over": "soon"}}),
    )
    assert turns(visit) == ["Bot: …"]


def test_a_long_conversation_keeps_its_last_timelines(visit: Visit) -> None:
    """And does not grow without end."""
    visit.hear(*(relayed(number) for number in range(1, 41)))
    headings = visit.page.locator("#replies h3").all_inner_texts()
    assert headings == [f"Reply {number}" for number in range(40, 10, -1)]


# The statistics.


def test_the_wait_and_the_gap_are_summed_up_for_each_mode(visit: Visit) -> None:
    """Nearest-rank percentiles, and how many replies they stand for."""
    both = [relayed(i + 1, heard=0.30 + 0.01 * i, gap=0.10 + 0.01 * i) for i in range(20)]
    visit.hear(*both, alone(21, heard=1.2), alone(22, heard=1.6))
    assert cells(visit, "heard-two-models") == ("0.39 s", "0.48 s", "20")
    assert cells(visit, "gap-two-models") == ("0.19 s", "0.28 s", "20")
    assert cells(visit, "heard-large-alone") == ("1.20 s", "1.60 s", "2")
    assert cells(visit, "gap-large-alone") == ("–", "–", "0")
    visit.expect("#difference").to_have_text("With two models the bot is heard 0.81 s sooner (p50)")


def test_a_reply_counts_once_however_often_it_is_told_of(visit: Visit) -> None:
    """And moves to the other mode when it turns out that the large model spoke alone."""
    visit.hear(relayed(1, done=False), relayed(1), relayed(1))
    assert cells(visit, "heard-two-models")[2] == "1"
    visit.hear(relayed(1, mode="large alone"))
    assert cells(visit, "heard-two-models")[2] == "0"
    assert cells(visit, "heard-large-alone")[2] == "1"


# For everyone.


@pytest.mark.parametrize("visit", [LIGHT, DARK, NARROW | DARK], indirect=True)
def test_axe_finds_nothing_to_mend(visit: Visit, axe: str) -> None:
    """WCAG 2.2 A and AA and best practices: names, roles, contrast, structure."""
    violations = judged(visit, axe)
    assert violations == [], violations
    visit.hear(*CONVERSATION)
    visit.expect("#turns > li").to_have_count(9)
    violations = judged(visit, axe)
    assert violations == [], violations


def judged(visit: Visit, axe: str) -> list[str]:
    visit.page.evaluate(axe)  # past the page's own policy, which lets no stranger's script in
    results = visit.page.evaluate("() => axe.run()")
    assert len(results["passes"]) > 20, "axe has looked at nothing"
    return [f"{rule['id']}: {e['html']}" for rule in results["violations"] for e in rule["nodes"]]


@pytest.mark.parametrize("visit", [LIGHT, DARK], indirect=True)
def test_the_page_follows_the_systems_colours(visit: Visit) -> None:
    """Dark ink on light ground, or the other way round."""
    ground, ink = visit.page.evaluate(
        """() => ["backgroundColor", "color"].map((name) =>
            getComputedStyle(document.body)[name].match(/\\d+/g).slice(0, 3)
                .reduce((sum, each) => sum + Number(each), 0))"""
    )
    dark = visit.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert (ground < ink) == dark


@pytest.mark.parametrize("visit", [{"forced_colors": "active"}], indirect=True)
def test_forced_colours_leave_every_part_visible(visit: Visit) -> None:
    """Bars have edges and the chosen mode shows, where colours are the user's own."""
    visit.hear(relayed(1))
    style = visit.page.evaluate(
        """() => {
            const opening = getComputedStyle(document.querySelector(".bar-opening path"));
            const continuation = getComputedStyle(document.querySelector(".bar-continuation path"));
            const card = getComputedStyle(document.querySelector(".timelines"));
            return [opening.stroke, continuation.fill, card.backgroundColor];
        }"""
    )
    assert style[0] != style[2]
    assert style[1] != style[2]


@pytest.mark.parametrize(
    "visit", [{"viewport": {"width": width, "height": 700}} for width in (320, 375, 768, 1280)],
    indirect=True,
)  # fmt: skip
def test_nothing_is_cut_off_at_any_width(visit: Visit) -> None:
    """No scrolling sideways, not even for one very long word."""
    visit.hear(*CONVERSATION, user("Donaudampfschifffahrtsgesellschaftskapitän" * 4))
    width, inner = visit.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner
    for drawing in visit.page.locator("#replies svg").all():
        box = drawing.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= inner


def test_a_timeline_fits_a_window_that_is_made_smaller(visit: Visit) -> None:
    """It is drawn anew."""
    visit.hear(relayed(1))
    wide = visit.page.locator("#replies svg").bounding_box()["width"]
    visit.page.set_viewport_size({"width": 320, "height": 640})
    visit.page.wait_for_function(
        f"() => document.querySelector('#replies svg').getBoundingClientRect().width < {wide}"
    )
    assert visit.page.locator("#replies svg").bounding_box()["width"] <= 300


def test_everything_can_be_reached_and_used_with_the_keyboard(visit: Visit) -> None:
    """In reading order, with a focus that shows."""
    focused = "document.activeElement.id || document.activeElement.value || 'licences'"
    reached = []
    for _ in range(4):
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate(focused))
        assert visit.page.evaluate(
            """() => {
                const seen = document.activeElement.matches("input")
                    ? document.activeElement.nextElementSibling : document.activeElement;
                return getComputedStyle(seen).outlineStyle;
            }"""
        ) not in ("none", "")
    assert reached == ["connect", "two models", "transcript", "licences"]
    visit.page.locator("input[value='two models']").focus()
    visit.page.keyboard.press("ArrowRight")
    assert visit.page.locator("input[value='large alone']").is_checked()


@pytest.mark.parametrize("visit", [{"reduced_motion": "reduce"}, {}], indirect=True)
def test_nothing_moves_where_that_is_not_wanted(visit: Visit) -> None:
    """The beacon breathes while the bot speaks, unless the user has asked for less motion."""
    visit.page.evaluate("document.body.dataset.status = 'speaking'")
    animation = visit.page.evaluate(
        "getComputedStyle(document.querySelector('.beacon')).animationName"
    )
    reduced = visit.page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert (animation == "none") == reduced


def test_words_are_not_announced_one_by_one(visit: Visit) -> None:
    """The voice is heard anyway: only the state of the call is a live region."""
    live = visit.page.locator("[aria-live], [role=status], [role=alert], [role=log]")
    assert [each.get_attribute("id") for each in live.all()] == ["announcement"]
    assert live.get_attribute("aria-live") == "polite"
    before = live.text_content()
    growing = itertools.accumulate(["The", "sky", "is", "blue", "because"], "{} {}".format)
    visit.hear(*(relayed(1, continuation=" " + text, done=False) for text in growing))
    assert live.text_content() == before
