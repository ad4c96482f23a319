"""What is counted among what."""

from dataclasses import replace
from typing import Any

from blastoff_pipecat.bench.seam.figures import Figures
from blastoff_pipecat.bench.seam.intervals import Retention, Share
from blastoff_pipecat.bench.seam.judge import Verdict
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.sets import Item, Question, Turn

ITEMS: dict[str, Item] = {
    **{
        name: Question(id=name, language="en", text="What is the capital?", accepted=("paris",))
        for name in ("q1", "q2", "q3")
    },
    "t1": Turn(id="t1", language="en", text="Thanks!", kind="thanks", opening="never"),
}


def reply(id: str, opening: str, answer: str, **more: Any) -> SeamReply:
    return SeamReply(
        id=id,
        asked=getattr(ITEMS[id], "text", ""),
        language="en",
        style="acknowledge",
        opening=opening,
        answer=answer,
        spoken=f"{opening} {answer}".strip(),
        **more,
    )


TWO = [
    reply("q1", "Let me see.", "It is Paris.", first_sound=0.3, answer_heard=2.0, alone_heard=1.8),
    reply("q2", "Let me think.", "Let me think. It is Rome.", first_sound=0.5, answer_heard=3.0),
    reply("q3", "", "It is Paris.", first_sound=1.0, answer_heard=1.0, alone_heard=0.9),
    reply("t1", "One moment.", "", first_sound=0.1, answer_heard=None, small_tokens=1000),
]


def figures(*replies: SeamReply, alone: list[SeamReply] | None = None) -> Figures:
    return Figures.of(ITEMS, replies or TWO, alone)


def test_faults_of_a_seam_are_counted_where_there_is_one() -> None:
    """Those of any reply among all."""
    found = figures()
    assert found.faults["repeat"] == Share(1, 3)
    assert found.faults["misfit"] == Share(1, 3)
    assert found.faults["empty"] == Share(1, 4)
    assert found.faults["needless"] == Share(0, 4)
    assert found.replies == 4


def test_times_and_tokens_are_of_the_questions() -> None:
    """A word of thanks is another matter; later is what is known to be of all of them."""
    found = figures()
    assert (found.first_sound, found.answer_heard) == (0.5, 2.0)
    assert found.later is None, "one was handed over: the others say nothing of it"
    later = figures(TWO[0], TWO[2], TWO[3]).later
    assert later is not None
    assert round(later, 3) == 0.15
    assert found.small_tokens is None
    assert (found.opened, found.opening_words) == (Share(2, 3), 8 / 3)


def test_retention_is_of_what_both_have_answered() -> None:
    """Nothing else: a run may have been stopped."""
    alone = [replace(each, opening="", style=None) for each in TWO[:2]]
    alone[1] = replace(alone[1], answer="Paris it is.", spoken="Paris it is.")
    found = figures(alone=alone)
    assert found.retention == Retention(both=1, two_alone=0, one_alone=1)
    assert found.right == Share(2, 3)


def test_of_no_reply_there_is_no_figure() -> None:
    """And nothing is divided by it."""
    found = Figures.of(ITEMS, [], [])
    assert found.retention == Retention(0, 0, 0)
    assert (found.right, found.first_sound, found.score) == (Share(0, 0), None, None)


def test_verdicts_are_counted_by_what_they_are_of() -> None:
    """An opening is sensible or not; a reply with none has only a score."""
    found = Figures.of(ITEMS, TWO, None, [Verdict(True, 5), Verdict(False, 2), Verdict(None, 4)])
    assert (found.sensible, found.good) == (Share(1, 2), Share(2, 3))
    assert found.score is not None
    assert round(found.score, 2) == 3.67
