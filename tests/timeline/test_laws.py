"""What holds of a reply's timeline in whatever order things happen, and of its tables."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blastoff_pipecat import DualLLMMetricsData
from blastoff_pipecat.timeline.heard import Sound
from blastoff_pipecat.timeline.reply_timeline import ReplyTimeline
from blastoff_pipecat.timeline.table import LIFE, WHOSE, End, Life, Sign, Whose

METRICS = [
    DualLLMMetricsData(
        processor="llm", model="large", outcome="relayed", opening_chars=chars, waiting_lines=lines
    )
    for chars, lines in [(0, 0), (5, 0), (12, 1)]
]
SECS = st.sampled_from([0.0, 0.1, 0.4, 1.5])
EVENTS = st.one_of(
    st.builds(lambda text: ("say_opening", text), st.sampled_from(["Well,", " One moment."])),
    st.builds(lambda text: ("say", text), st.sampled_from([" ", " yes", " it is nine."])),
    st.builds(lambda *of: ("announce", *of), st.none() | st.integers(1, 3), st.booleans()),
    st.builds(
        lambda *of: ("spell", *of), st.integers(1, 4), st.none() | st.floats(0, 16, width=16)
    ),
    st.builds(lambda *of: ("hear", *of), st.sampled_from([0.1, 2.0]), SECS, st.booleans()),
    st.builds(lambda data: ("measure", data), st.sampled_from(METRICS)),
    st.sampled_from([("fail",), ("doom",), ("end",)]),
    st.sampled_from([("stop",), ("interrupt",), ("supersede",), ("give_up",)]),
    st.just(("cut",)),
)


class Story:
    """A reply to which things happen, and what must hold of it after each of them."""

    def __init__(self) -> None:
        self.reply = ReplyTimeline(number=1, zero=0.0, turn=None, two_models=True, grace=0.5)
        self.now = self.free = 0.0
        self.cut: float | None = None
        self.over: float | None = None

    def happens(self, what: str, *of: Any) -> None:
        reply, now, was_done = self.reply, self.now, self.reply.done
        if what == "announce":
            reply.announce(opening_id=of[0], timed=of[1])
        elif what == "spell":
            reply.spell("well", *of)
        elif what == "hear":
            secs, pause, audible = of
            starts = max(now, self.free + pause)
            self.free = starts + secs
            spans = ((starts, self.free),) if audible else ()
            reply.hear(Sound(starts, self.free, pause, spans), context="a", at=now)
        elif what == "cut":
            reply.doom()
            reply.interrupt(now)
        elif what.startswith("say"):
            getattr(reply, what)(*of, now)
        elif what in ("stop", "interrupt", "supersede", "give_up"):
            getattr(reply, what)(now)
        else:
            getattr(reply, what)(*of)
        if reply.life is Life.INTERRUPTED and not was_done:
            self.cut = now
        over = reply.message(now)["times"]["over"]
        if was_done:
            assert reply.done, "what is over stays over"
            # What comes late may tell what of it was an opening, or which words were heard.
            assert over == self.over or (what in ("measure", "spell") and self.over is None)
        self.over = over

    def check(self) -> None:
        told = self.reply.message(self.now)
        lines = [line[name] for line in told["waiting_lines"] for name in ("heard", "over")]
        times = told["times"]
        sound = [times[name] for name in ("opening_heard", "opening_over", "continuation_heard")]
        latest = max((at for at in (*sound, *lines, times["over"]) if at is not None), default=0.0)
        if self.cut is not None:
            assert latest <= self.cut + 1e-3, "what was cut off was not heard"
        elif not told["done"]:
            assert latest <= self.now + 1e-3, "nothing lies in the future"
        if told["done"] and not told["continuation"] and not lines:
            assert (times["opening_heard"] is None) == (times["opening_over"] is None)


@settings(max_examples=400)
@given(st.lists(st.tuples(SECS, EVENTS), min_size=2, max_size=20))
def test_a_message_is_true_whatever_happens(events: list[tuple[float, tuple[Any, ...]]]) -> None:
    """It tells nothing of the future, nothing that was cut off, and no end is taken back."""
    story = Story()
    for later, event in events:
        story.now += later
        story.happens(*event)
        story.check()
    story.reply.supersede(story.now)
    story.now += 60
    story.reply.give_up(story.now)
    assert story.reply.done or story.reply.life is Life.WHOLE
    story.check()


@pytest.mark.parametrize(
    ("table", "begins", "signs"), [(WHOSE, Whose.NOBODY, Sign), (LIFE, Life.COMING, End)]
)
def test_each_state_can_be_reached_and_each_sign_means_something(
    table: Mapping[Any, Mapping[Any, Any]], begins: Any, signs: Any
) -> None:
    """No row is missing, and none is there for nothing."""
    reached, new = {begins}, [begins]
    while new:
        new = [state for each in new for state in table[each].values() if state not in reached]
        reached.update(new)
    assert reached == set(table) == set(type(begins))
    assert {sign for rows in table.values() for sign in rows} == set(signs)
    assert all(state not in rows.values() for state, rows in table.items()), "that is no change"


def test_every_reply_can_end() -> None:
    """From each state the last sound and the silence behind it lead to an end, or a cut does."""
    for life in set(Life) - {Life.OVER, Life.INTERRUPTED}:
        for end in (End.CUT, End.LAST, End.SILENCE):
            life = LIFE[life].get(end, life)
        assert not LIFE[life]
