"""The page for those who do not see it, see no colours, use no mouse, or have a small screen."""

import itertools

import pytest

from tests.page.browser import Visit
from tests.page.messages import alone, error, relayed, reply, spoken, user, waited

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
    user("How far away is the nearest star?"),
    waited(5, metrics={"handover": "beside", "answer_lateness": 0.1}),
]


@pytest.mark.parametrize("visit", [LIGHT, DARK, NARROW | DARK], indirect=True)
def test_axe_finds_nothing_to_mend(visit: Visit, axe: str) -> None:
    """WCAG 2.2 A and AA and best practices: names, roles, contrast, structure."""
    violations = judged(visit, axe)
    assert violations == [], violations
    visit.hear(*CONVERSATION)
    visit.expect("#turns > li").to_have_count(11)
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
    # Asked of the page itself: while it is drawn anew, a handle on the old one has no box.
    width = "document.querySelector('#replies svg').getBoundingClientRect().width"
    assert visit.page.evaluate(width) > 320
    visit.page.set_viewport_size({"width": 320, "height": 640})
    visit.page.wait_for_function(f"() => {width} <= 300")


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
