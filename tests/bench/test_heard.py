"""`blastoff bench heard`: what was played is measured, and held against what is promised."""

import asyncio
import io

import numpy as np
import pytest
from rich.console import Console

from blastoff_pipecat.bench.heard import report
from blastoff_pipecat.bench.heard.contestants import Contestant
from blastoff_pipecat.bench.heard.readme import table
from blastoff_pipecat.bench.heard.reply import Reply
from blastoff_pipecat.bench.heard.run import Run, measure, planned
from blastoff_pipecat.bench.heard.targets import missed
from blastoff_pipecat.bench.heard.voice import LOUD, QUIET, RATE
from tests.bench.conftest import Bench, assert_refused, started, stopped_by_ctrl_c

ANSWER = "It opens at nine o'clock in the morning."  # eight words, 2.96 s


def sound(secs: float, loudness: int) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.full(round(secs * RATE), loudness, "<i2")


def heard(ttft: float, contestant: Contestant, *replies: Reply) -> Run:
    """A run of which a cell was measured, beside stock's, whose answer is 0.7 s behind its TTFT."""
    run = planned((ttft,), (Contestant.STOCK, contestant))
    run.cells[0].replies = [Reply(ttft + 0.7, ttft + 0.7, 0.0, False, 0)] * len(replies)
    run.cells[1].replies = list(replies)
    return run


def test_a_reply_is_measured_in_what_was_played() -> None:
    """When the first sound was heard, when the answer, and how long it was silent between."""
    first, last = sound(0.5, QUIET), np.concatenate((sound(0.3, 0), sound(2.963, LOUD)))
    reply = Reply.of([(10.2, first), (11.0, last)], 10.0, ANSWER, 1)
    assert reply.first_sound == pytest.approx(0.2)
    assert reply.answer == pytest.approx(1.3)
    assert reply.silence == pytest.approx(0.6)
    assert (reply.opened, reply.waiting_lines) == (True, 1)


@pytest.mark.parametrize("secs", [0.0, 1.5, 5.9])
def test_an_answer_that_is_not_heard_once_is_no_measurement(secs: float) -> None:
    """Half of it, or it twice."""
    with pytest.raises(RuntimeError, match=r"of 2\.96 s of answer were heard"):
        Reply.of([(0.1, sound(secs, LOUD))], 0.0, ANSWER, 0)


@pytest.mark.parametrize(
    ("ttft", "reply", "says"),
    [
        (0.1, Reply(0.4, 0.4, 0.1, False, 0), []),
        (2.0, Reply(0.3, 2.6, 1.1, True, 0), []),
        (2.0, Reply(0.3, 2.8, 0.1, True, 0), ["answer heard at 2.80 s, alone at 2.70 s"]),
        (2.0, Reply(0.5, 2.6, 0.1, True, 0), ["first sound at 0.50 s, not within 0.4 s"]),
        (0.3, Reply(0.3, 0.9, 0.1, True, 0), ["1 of 1 replies opened needlessly"]),
        (4.0, Reply(0.3, 4.4, 1.5, True, 1), ["1.50 s of silence after the first sound"]),
    ],
)
def test_what_is_missed_is_said(ttft: float, reply: Reply, says: list[str]) -> None:
    """Beside the table, with what was promised."""
    run = heard(ttft, Contestant.BESIDE, reply)
    misses = missed(run)
    assert len(misses) == len(says)
    console = Console(file=io.StringIO(), width=150)
    report.show(run, misses, console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    for what in says:
        assert f"Missed: beside at {ttft:g} s: {what}" in shown
    assert ("✗" in shown) == bool(says)
    data = report.as_data(run, misses)
    assert [cell["contestant"] for cell in data["cells"]] == ["stock", "beside"]
    assert len(data["missed"]) == len(says)
    assert report.plot(run).startswith("<svg")


def test_a_reply_is_played_in_real_time() -> None:
    """Of stock and of ours, in pipelines of their own."""
    run = planned((0.05,), (Contestant.STOCK, Contestant.BESIDE))
    told: list[None] = []
    asyncio.run(
        measure(run, 1, lambda: told.append(None), learnt=0, tokens=["So", " it", " is", "."])
    )
    assert len(told) == 2
    for cell in run.cells:
        assert cell.failure is None
        (reply,) = cell.replies
        assert 0.2 < reply.first_sound == reply.answer < 1.0


def test_the_table_is_the_committed_measurements() -> None:
    """One row a large model, and what it was measured with."""
    lines = table().splitlines()
    assert len([line for line in lines if line.startswith("| ")]) == 9
    assert "blastoff bench heard" in lines[-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--json", "out.txt"], "end it in .json"),
        (["--plot", "nowhere/out.svg"], "there is no folder nowhere"),
    ],
)
async def test_arguments_that_cannot_be_used_are_named(
    bench: Bench, arguments: list[str], says: str
) -> None:
    """Before anything is measured."""
    assert_refused(await bench("heard", *arguments), says)


async def test_ctrl_c_ends_it() -> None:
    """With nothing measured there is no table, and no file."""
    bench = await started("heard", "--json", "out.json")
    assert bench.stderr is not None
    assert b"Listening" in await bench.stderr.readline()
    out, err = await stopped_by_ctrl_c(bench)
    assert bench.returncode == 130, (out, err)
    assert (out, err) == (b"Stopped.\n", b"")
