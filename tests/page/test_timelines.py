"""The timelines of the replies and what they add up to, in a real browser."""

from typing import Any

import pytest

from tests.page.browser import Visit
from tests.page.messages import alone, line, relayed, reply, server_message, waited


def cells(visit: Visit, row: str) -> tuple[str, ...]:
    """One row of the statistics: p50, p95 and n."""
    return tuple(visit.page.locator(f"#{row}-{figure}").inner_text() for figure in PERCENTILES)


PERCENTILES = ("p50", "p95", "n")


def test_a_timeline_is_drawn_while_it_happens(visit: Visit) -> None:
    """Text, then sound, of one model and then of the other, and the gap between them."""
    steps: list[tuple[dict[str, Any], str]] = [
        ({"turn_ended": 0.2}, ".turn-ended"),
        ({"opening_text": 0.3}, ".text-opening"),
        ({"opening_heard": 0.4, "opening_over": 0.5, "over": 0.5}, ".bar-opening"),
        ({"continuation_text": 1.0, "opening_over": 1.4, "over": 1.4}, ".text-continuation"),
        ({"continuation_heard": 1.5, "over": 1.6}, ".bar-continuation"),
    ]
    silence = visit.page.locator("#replies .gap")
    times: dict[str, float] = {}
    for change, drawn in steps:
        assert visit.page.locator(f"#replies {drawn}").count() == 0
        times |= change
        assert silence.count() == 0
        visit.hear(reply(1, "Well,", " yes.", done=False, **times))
        assert visit.page.locator(f"#replies {drawn}").count() == 1
    assert silence.count() == 1
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
    assert visit.timelines == [
        "Timeline, from when you stopped speaking: end of turn noticed at 0.20 seconds, opening's "
        "text at 0.30 seconds, opening heard at 0.40 seconds, answer's text at 1.00 seconds, "
        "opening over at 1.60 seconds, answer heard at 1.70 seconds, reply over at "
        "4.70 seconds. Longest gap: 0.10 seconds."
    ]
    assert visit.page.locator("#replies svg").get_attribute("role") == "img"


def test_waiting_lines_are_drawn_as_what_they_are(visit: Visit) -> None:
    """Bars of their own between silences, of which the longest is measured; and told in words."""
    visit.hear(waited(1))
    waiting = visit.page.locator("#replies .bar-waiting")
    assert [bar.get_attribute("data-from") for bar in waiting.all()] == ["2.85", "4.25"]
    assert [bar.get_attribute("data-to") for bar in waiting.all()] == ["3.6", "4.9"]
    assert visit.page.locator("#replies .text-waiting").count() == 2
    assert visit.page.locator("#replies .gap").count() == 3
    assert visit.page.locator("#replies .gap-label").all_text_contents() == ["gap 1.05 s"]
    opening = visit.page.locator("#replies .bar-opening path")
    colours = "element => [getComputedStyle(element).fill, getComputedStyle(element).stroke]"
    assert waiting.first.locator("path").evaluate(colours) == opening.evaluate(colours)
    dashes = "element => getComputedStyle(element).strokeDasharray"
    assert waiting.first.locator("path").evaluate(dashes) != opening.evaluate(dashes)
    assert (
        "opening over at 1.80 seconds, waiting line's text at 2.70 seconds, waiting line heard at "
        "2.85 seconds, waiting line over at 3.60 seconds" in visit.timelines[0]
    )
    assert visit.timelines[0].endswith("Longest gap: 1.05 seconds.")


def test_a_waiting_line_is_drawn_while_it_happens(visit: Visit) -> None:
    """Its text, and then its sound."""
    visit.hear(waited(1, done=False, waiting_lines=[line(" One moment.", 2.7)], **NO_ANSWER))
    assert visit.page.locator("#replies .text-waiting").count() == 1
    assert visit.page.locator("#replies .bar-waiting").count() == 0
    lines = [line(" One moment.", 2.7, 2.85, 3.0)]
    visit.hear(waited(1, done=False, waiting_lines=lines, **NO_ANSWER))
    assert visit.page.locator("#replies .bar-waiting").count() == 1
    assert visit.page.locator("#replies .gap").count() == 1


NO_ANSWER: dict[str, Any] = {
    "continuation": "",
    "continuation_text": None,
    "continuation_heard": None,
}


@pytest.mark.parametrize(("lateness", "alone"), [(0.5, "1.20"), (-0.5, "2.20")])
def test_where_the_large_model_alone_would_have_been_heard_is_marked(
    visit: Visit, lateness: float, alone: str
) -> None:
    """Before the answer or after it, as far as the bot knows."""
    mark = visit.page.locator("#replies .alone")
    visit.hear(relayed(1))
    assert mark.count() == 0
    visit.hear(relayed(1, metrics={"outcome": "relayed", "answer_lateness": lateness}))
    left = mark.evaluate("element => element.getBBox().x + element.getBBox().width / 2")
    answer = visit.page.locator("#replies .bar-continuation path")
    assert (left < answer.evaluate("element => element.getBBox().x")) == (lateness > 0)
    assert visit.timelines[0].endswith(
        f"The large model alone would have been heard at {alone} seconds, by estimate."
    )


def test_a_reply_says_when_it_and_its_answer_were_heard(visit: Visit) -> None:
    """Once, where the answer is the first sound; and how the large model was asked."""
    heard = visit.page.locator("#replies .reply-heard").first
    visit.hear(relayed(1, heard=0.4, gap=0.1, metrics={"handover": "beside"}))
    assert heard.inner_text() == "first sound after 0.40 s, answer after 1.70 s"
    mode = visit.page.locator("#replies .reply-mode").first
    assert mode.inner_text() == "two models, asked at once"
    visit.hear(relayed(2, metrics={"handover": "prefix"}))
    assert mode.inner_text() == "two models, one after the other"
    visit.hear(alone(3, heard=1.4))
    assert (heard.inner_text(), mode.inner_text()) == ("answer after 1.40 s", "large alone")
    visit.hear(reply(4, "Well,", turn_ended=0.2, opening_heard=0.4, opening_over=1.1, over=1.1))
    assert heard.inner_text() == "first sound after 0.40 s"


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
    declined = {"outcome": "large_only", "declined": True}
    visit.hear(reply(3, "", "Hello!", metrics=declined, turn_ended=0.2, continuation_heard=0.6))
    assert visit.page.locator("#replies li >> nth=0 >> .tag").inner_text() == "no opening needed"


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
    assert visit.timelines[0].startswith("Timeline, from when the bot began:")
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
    assert visit.turns == ["Bot: …"]


def test_a_long_conversation_keeps_its_last_timelines(visit: Visit) -> None:
    """And does not grow without end."""
    visit.hear(*(relayed(number) for number in range(1, 41)))
    headings = visit.page.locator("#replies h3").all_inner_texts()
    assert headings == [f"Reply {number}" for number in range(40, 10, -1)]


# The statistics.


def test_the_waits_and_the_gap_are_summed_up_for_each_mode(visit: Visit) -> None:
    """Nearest-rank percentiles, and how many replies they stand for."""
    late = [{"answer_lateness": 0.02 * i - 0.2} for i in range(20)]
    both = [
        relayed(i + 1, heard=0.30 + 0.01 * i, gap=0.10 + 0.01 * i, metrics=late[i])
        for i in range(20)
    ]
    visit.hear(*both, alone(21, heard=1.2), alone(22, heard=1.6))
    assert cells(visit, "heard-two-models") == ("0.39 s", "0.48 s", "20")
    assert cells(visit, "gap-two-models") == ("0.19 s", "0.28 s", "20")
    assert cells(visit, "heard-large-alone") == ("1.20 s", "1.60 s", "2")
    assert cells(visit, "gap-large-alone") == ("–", "–", "0")
    assert cells(visit, "answer-two-models") == ("1.78 s", "1.96 s", "20")
    assert cells(visit, "answer-large-alone") == ("1.20 s", "1.60 s", "2")
    assert cells(visit, "late-two-models") == ("−0.02 s", "+0.16 s", "20")
    assert cells(visit, "late-large-alone") == ("–", "–", "0")
    visit.expect("#difference").to_have_text(
        "With two models the bot is heard 0.81 s sooner, its answer 0.58 s later (p50)"
    )


def test_the_first_figures_are_of_the_first_sound_and_of_the_answer(visit: Visit) -> None:
    """Then the silence between them; what nothing is known of has no small print."""
    rows = visit.page.locator(".measured tbody th").all_inner_texts()
    assert [row.split("\n")[0] for row in rows] == [
        "First sound",
        "Answer heard",
        "Longest gap",
        "Later than alone",
    ]
    columns = visit.page.locator(".measured thead th").all_inner_texts()
    assert columns == ["Two models", "Large alone"]
    small_print = visit.page.locator(".measured td small")
    assert not any(each.is_visible() for each in small_print.all())
    visit.hear(waited(1))
    assert cells(visit, "gap-two-models") == ("1.05 s", "1.05 s", "1")
    assert [each.is_visible() for each in small_print.all()].count(True) == 3


def test_a_reply_counts_once_however_often_it_is_told_of(visit: Visit) -> None:
    """In the mode that it was told last."""
    visit.hear(relayed(1, done=False), relayed(1), relayed(1))
    assert cells(visit, "heard-two-models")[2] == "1"
    visit.hear(relayed(1, mode="large alone"))
    assert cells(visit, "heard-two-models")[2] == "0"
    assert cells(visit, "heard-large-alone")[2] == "1"
