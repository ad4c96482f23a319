"""The drawn timeline: whatever happened, and however wide the terminal is."""

import io
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from blastoff_pipecat.demo.chart import Timeline, draw
from tests.page.messages import TIMES, line, reply, waited

NOTHING = Timeline("nobody", reply(1)["data"])
BOTH = Timeline(
    "two models",
    reply(
        1,
        turn_ended=0.5,
        opening_text=0.6,
        opening_heard=0.75,
        opening_over=2.5,
        continuation_text=1.5,
        continuation_heard=3.0,
        over=6.0,
        gap=0.5,
    )["data"],
)
ALONE = Timeline(
    "large alone",
    reply(1, turn_ended=0.5, continuation_text=1.5, continuation_heard=2.5, over=10.0)["data"],
)
WAITED = Timeline("two models", waited(1)["data"])


def drawn(*timelines: Timeline, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(draw(timelines, width=width))
    return out.getvalue()


def test_a_bar_shows_who_spoke_when() -> None:
    """The mark of the turn's end, the opening, the gap and the continuation stand in order."""
    bar = drawn(BOTH, ALONE).splitlines()[0]
    assert bar.startswith("  two models ·")
    said = bar.removeprefix("  two models ").rstrip("·")
    assert said.lstrip("·").replace("·", " ").split() == ["│", "━" * 10, "─" * 17]


def test_both_bars_have_one_scale() -> None:
    """The longer reply fills its bar; the shorter ends where it ended."""
    both, alone, *_ = drawn(BOTH, ALONE).splitlines()
    assert len(both) == len(alone)
    assert alone.endswith("─")
    assert both.endswith("·")


def test_the_table_tells_what_was_not_reached_with_a_dash() -> None:
    """A large model alone has no opening, so no figure for it."""
    lines = drawn(BOTH, ALONE).splitlines()
    row = next(line for line in lines if "first opening text" in line)
    assert row.split()[-2:] == ["0.60", "–"]
    row = next(line for line in lines if "gap at the seam" in line)
    assert row.split()[-2:] == ["0.50", "–"]


def test_first_heard_is_whoever_spoke_first() -> None:
    """It counts from the question, and `wait` from the end of the turn."""
    assert (BOTH.first_heard, ALONE.first_heard, NOTHING.first_heard) == (0.75, 2.5, None)
    assert BOTH.wait == pytest.approx(0.25)
    assert ALONE.wait == pytest.approx(2.0)
    assert NOTHING.wait is None


def test_a_waiting_line_is_the_small_models() -> None:
    """It has its place in the bar, between silences; and it may be the first that is heard."""
    bar = drawn(WAITED).splitlines()[0].removeprefix("  two models ")
    marks = "".join(char for char, _ in itertools.groupby(bar))
    assert marks == "·│·━·━·━·─"
    lines = WAITED.told["waiting_lines"]
    unheard = reply(1, waiting_lines=lines, continuation_heard=5.25, over=9.0)["data"]
    assert Timeline("two models", unheard).first_heard == lines[0]["heard"]


def test_nothing_at_all_is_drawn_too() -> None:
    """A failed turn is drawn without an exception."""
    assert "nobody" in drawn(NOTHING)
    assert drawn()


@pytest.mark.parametrize("width", [20, 40, 60, 71, 80, 200])
def test_nothing_is_broken_on_any_terminal(width: int) -> None:
    """No line is longer than the terminal is wide, where it has room for a bar at all."""
    lines = drawn(BOTH, ALONE, width=width).splitlines()
    assert all(cell_len(line) <= max(width, 30) for line in lines)
    assert sum("─" in line for line in lines) == 2 or width < 30


def test_a_terminal_without_box_characters_gets_plain_ones() -> None:
    """Opening and continuation are still told apart."""
    out = io.StringIO()
    console = Console(file=out, width=80, color_system=None)
    console.print(draw([BOTH, ALONE], width=80, plain=True))
    assert out.getvalue().isascii()
    assert "=" * 10 in out.getvalue()
    assert "-" * 17 in out.getvalue()


times = st.none() | st.floats(-5, 120)
spans = st.lists(st.builds(line, st.just(" One moment."), st.just(1.0), times, times), max_size=2)


@given(
    st.text("ab ", max_size=14),
    st.builds(
        lambda found, lines, gap: reply(1, waiting_lines=lines, gap=gap, **found)["data"],
        st.fixed_dictionaries(dict.fromkeys(TIMES, times)),
        spans,
        times,
    ),
    st.integers(1, 300),
)
def test_any_times_can_be_drawn(label: str, told: dict[str, Any], width: int) -> None:
    """Whatever was reached, in whatever order, drawing raises nothing."""
    drawn(Timeline(label, told), BOTH, width=width)
