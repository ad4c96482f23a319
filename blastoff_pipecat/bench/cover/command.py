"""``blastoff bench cover``."""

import asyncio
from concurrent.futures.process import BrokenProcessPool
from contextlib import aclosing
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from blastoff_pipecat.bench.shell import JsonFile, PlotFile, Session, progress_bar, say, written

if TYPE_CHECKING:
    from blastoff_pipecat.bench.cover.answer import Answer

MEDIANS = (0.3, 0.6, 0.9, 1.7, 2.1, 4.2)
"""Medians of hosted large models' time to first token, from the fastest to thinking ones."""

_WIDTH = 150  # of the table, where no terminal says how wide it is


def cover(
    replies: Annotated[
        int, typer.Option(help="Replies of each policy for each large model.", min=1, max=10**7)
    ] = 4000,
    median: Annotated[
        list[float] | None,
        typer.Option(
            help="Median seconds to the large model's first token; may be given several times, as "
            "may the next four. [default: 0.3, 0.6, 0.9, 1.7, 2.1, 4.2]",
            min=0.01,
            max=60,
        ),
    ] = None,
    latency: Annotated[
        list[float] | None,
        typer.Option(help="Seconds from a text to the voice's sound. [default: 0.15]", max=10),
    ] = None,
    words_per_second: Annotated[
        list[float] | None, typer.Option(help="The voice's pace. [default: 2.7]", min=0.5, max=20)
    ] = None,
    tokens_per_second: Annotated[
        list[float] | None,
        typer.Option(help="The large model's pace. [default: 50]", min=1, max=10_000),
    ] = None,
    short_sentences: Annotated[
        list[float] | None,
        typer.Option(
            help="Part of the answers that begin with a short sentence. [default: 0.1]", max=1
        ),
    ] = None,
    spread: Annotated[
        float, typer.Option(help="Of the delays: the deviation of their logarithm.", min=0, max=3)
    ] = 0.5,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="Draw answers that were recorded there.")
    ] = None,
    record_file: Annotated[
        Path | None,
        typer.Option(
            "--record",
            help="First ask the large model of the environment or .env, and record its answers "
            "there, as .json; then as --from.",
        ),
    ] = None,
    questions: Annotated[
        int, typer.Option(help="With --record: how many are asked.", min=1, max=1000)
    ] = 20,
    seed: Annotated[int, typer.Option(help="The same seed draws the same replies.")] = 1,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Simulate when replies are heard: the large model alone, and three ways of opening.

    The package's own relay runs on made-up time, beside large models whose delays are drawn: no
    model is asked, except with --record. A million replies take some minutes.
    """
    from blastoff_pipecat.bench.cover import report
    from blastoff_pipecat.bench.cover.policy import POLICIES
    from blastoff_pipecat.bench.cover.record import read
    from blastoff_pipecat.bench.cover.run import Cell, Run, conversations, play
    from blastoff_pipecat.bench.cover.world import World

    session, run = Session(json_file, plot_file, also=record_file, width=_WIDTH), Run(seed, replies)
    with session.measuring(ValueError, BrokenProcessPool):
        if record_file is not None and from_file is not None:
            raise ValueError("--record is followed by --from what was recorded: give one of them")
        recorded: tuple[Answer, ...] = ()
        if record_file is not None:
            recorded = asyncio.run(_record(record_file, questions, session.console))
        elif from_file is not None:
            recorded = read(from_file)
        if recorded and (median or plot_file):
            raise ValueError("recorded answers have no median to choose or to draw: leave it out")
        usual = World()
        worlds = [
            World(
                ttft=ttft,
                spread=spread,
                tokens_per_second=tokens,
                short_sentences=short,
                recorded=recorded,
                latency=secs,
                words_per_second=pace,
            )
            for secs, pace, tokens, short, ttft in product(
                latency or [usual.latency],
                words_per_second or [usual.words_per_second],
                tokens_per_second or [usual.tokens_per_second],
                short_sentences or [usual.short_sentences],
                [0.0] if recorded else median or MEDIANS,
            )
        ]
        cells = [Cell(policy, world) for world in worlds for policy in POLICIES]
        with progress_bar(session.console) as bar:
            task = bar.add_task("conversations", total=conversations(cells, replies))
            play(cells, run, lambda: bar.advance(task))
    if run.tallies:
        report.show(run, session.console)
        data = report.as_data(run)
        session.write(data, lambda: report.plot(data))
    session.end()


async def _record(path: Path, questions: int, console: Console) -> "tuple[Answer, ...]":
    """Ask the large model of the environment, and write when its answers came.

    Raises:
        ValueError: The environment names none, or it does not answer.
    """
    from blastoff_pipecat.bench.cover.record import as_data, record
    from blastoff_pipecat.endpoints import ChatClient
    from blastoff_pipecat.environment import Environment

    _, large = Environment.read().endpoints()
    client = ChatClient(large)
    say(f"Asking {large}", console)
    async with aclosing(client):
        with progress_bar(console) as bar:
            task = bar.add_task("asking", total=questions)
            answers, failures = await record(client, questions, lambda: bar.advance(task))
    if failures:
        console.print(f"Failed: {len(failures)}, the first: {failures[0]}", markup=False)
    if not answers:
        raise ValueError(f"No answer: {failures[0]}")
    written(path, as_data(str(large), answers), console)
    return tuple(answers)
