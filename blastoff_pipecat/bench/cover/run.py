"""Plays the cells: conversation by conversation, on every core."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from blastoff_pipecat.bench.cover.conversation import learnt
from blastoff_pipecat.bench.cover.figures import Tally
from blastoff_pipecat.bench.cover.policy import PolicyName
from blastoff_pipecat.bench.cover.world import World

CONVERSATION = 200
"""How many replies of a conversation count, at most."""

_FEW = 10  # conversations for which no other process is worth its start


@dataclass(frozen=True)
class Cell:
    """One policy in one world."""

    policy: PolicyName
    world: World


@dataclass
class Run:
    """What was played so far.

    Attributes:
        seed: What the draws were made from.
        replies: How many replies a cell is to have.
        tallies: The replies of each cell.
    """

    seed: int
    replies: int
    tallies: dict[Cell, Tally] = field(default_factory=dict[Cell, Tally])


def conversations(cells: Sequence[Cell], replies: int) -> int:
    """Say how many conversations there are to be played."""
    return len(cells) * -(-replies // CONVERSATION)


def play(cells: Sequence[Cell], run: Run, tell: Callable[[], None]) -> None:
    """Play every cell.

    Args:
        cells: What is played.
        run: Where it is counted; what was played before an interruption stays there.
        tell: Told of every conversation.
    """
    parts = list(_parts(cells, run))
    if len(parts) <= _FEW:
        for cell, seed, replies in parts:
            _count(run, cell, _play(cell, seed, replies))
            tell()
        return
    # Every worker begins afresh: a copy of this process would hold its threads' locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=_ignore_ctrl_c) as workers:
        playing: dict[Future[Tally], Cell] = {
            workers.submit(_play, cell, seed, replies): cell for cell, seed, replies in parts
        }
        try:
            for done in as_completed(playing):
                _count(run, playing.pop(done), done.result())
                tell()
        finally:
            workers.shutdown(cancel_futures=True)


def _parts(cells: Sequence[Cell], run: Run) -> Iterator[tuple[Cell, str, int]]:
    """Yield conversations: the same in every cell, so that policies are compared on equal turns."""
    for cell in cells:
        for number in range(0, run.replies, CONVERSATION):
            yield cell, f"{run.seed} {number}", min(CONVERSATION, run.replies - number)


def _count(run: Run, cell: Cell, tally: Tally) -> None:
    run.tallies.setdefault(cell, Tally()).add(tally)


def _play(cell: Cell, seed: str, replies: int) -> Tally:
    return Tally.of(cell.world, learnt(cell.policy, cell.world, seed, replies))


def _ignore_ctrl_c() -> None:
    """The process that waits for this one ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
