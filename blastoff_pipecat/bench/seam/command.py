"""``blastoff bench seam``."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from blastoff_pipecat.bench.shell import JsonFile, Session, fail, progress_bar, say

if TYPE_CHECKING:
    from blastoff_pipecat.bench.seam.reply import SeamReply
    from blastoff_pipecat.bench.seam.run import Run

_WIDTH = 150  # of the table, where no terminal says how wide it is


def seam(
    questions: Annotated[
        int, typer.Option(help="How many questions with a known answer are asked.", min=0)
    ] = 40,
    turns: Annotated[int, typer.Option(help="How many everyday turns are taken.", min=0)] = 30,
    conversations: Annotated[
        int, typer.Option(help="How many conversations of six turns are held.", min=0)
    ] = 3,
    seed: Annotated[int, typer.Option(help="The same seed draws the same of these.")] = 1,
    language: Annotated[
        list[str] | None,
        typer.Option(help="Only of this language, such as de; may be given several times."),
    ] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            help="A style of openings that is tried: acknowledge, choose or answer; may be given "
            "several times. [default: the one that suits the models]"
        ),
    ] = None,
    handover: Annotated[
        list[str] | None,
        typer.Option(
            help="Likewise, how the large model learns of an opening: beside, prefix or auto."
        ),
    ] = None,
    opening: Annotated[
        list[str] | None,
        typer.Option(
            help="Likewise, which replies get one: auto, where the answer is forecast to be late, "
            "or always, where there may be one. [default: auto]"
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            help="Of the large model. [default: 0 for the embedded one, else its host's own]",
            min=0,
            max=2,
        ),
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="Judge what was said in that run, a .json, anew.")
    ] = None,
    judge: Annotated[
        bool,
        typer.Option(
            help="Have replies judged by a model too, where BLASTOFF_JUDGE_URL names one."
        ),
    ] = True,
    judge_agreement: Annotated[
        bool,
        typer.Option(
            "--judge-agreement",
            help="Instead, tell how far that model agrees with sixty replies labelled by hand.",
        ),
    ] = False,
    json_file: JsonFile = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", help="Draw what is wrong how often there, as .svg.")
    ] = None,
) -> None:
    """Measure how good a reply of two models is, beside the large model's own.

    Questions, everyday turns and conversations are put to the models of the environment or `.env`;
    where it names none, to small ones on this computer. What is said is judged by rules: is the
    answer right, does an opening jar, is anything said twice at the seam. It says beforehand how
    long it will take; Ctrl-C shows what there is.
    """
    from blastoff_pipecat.bench.seam import report
    from blastoff_pipecat.bench.seam.judge import JudgeFailed
    from blastoff_pipecat.bench.seam.record import read
    from blastoff_pipecat.bench.seam.run import NoAnswer, Run, drawn
    from blastoff_pipecat.local.errors import LocalError

    session = Session(json_file, plot_file, width=_WIDTH)
    console = session.console
    if judge_agreement:
        _agree(session)
        return
    run = Run(seed)
    judge_failed: JudgeFailed | None = None
    with session.measuring(ValueError, LocalError, NoAnswer, OSError, ImportError):
        if from_file is not None:
            run = read(from_file)
        else:
            run.sample = drawn(questions, turns, conversations, seed, language or ())
            if not run.sample.everything:
                raise ValueError("With no question, no turn and no conversation nothing is asked")
            asyncio.run(
                _measure(run, style or (), handover or (), opening or (), temperature, console)
            )
        try:
            if judge:
                asyncio.run(_judge(run, console))
        except JudgeFailed as error:
            judge_failed = error
    if run.made:
        report.show(run, console)
        session.write(report.as_data(run), lambda: report.plot(run))
    session.end()
    if judge_failed:
        fail(str(judge_failed))


def _agree(session: Session) -> None:
    """Tell how far the judge agrees with the labels."""
    from blastoff_pipecat.bench.seam.agreement import agreements, as_data, show
    from blastoff_pipecat.bench.seam.judge import Judge, JudgeFailed, Verdict
    from blastoff_pipecat.bench.seam.labelled import labelled
    from blastoff_pipecat.environment import read_judge

    endpoint, replies = read_judge(), [each.reply for each in labelled()]
    if endpoint is None:
        fail("--judge-agreement asks the model that BLASTOFF_JUDGE_URL names: it names none")
    verdicts: dict[str, Verdict] = {}

    async def ask() -> None:
        async with aclosing(Judge(endpoint)) as judge:
            with progress_bar(session.console) as bar:
                task = bar.add_task("judging", total=len(replies))

                def note(reply: "SeamReply", verdict: Verdict) -> None:
                    verdicts[reply.id] = verdict
                    bar.advance(task)

                await judge.judge_all(replies, note)

    with session.measuring(JudgeFailed):
        asyncio.run(ask())
    session.end()
    found = list(agreements(str(endpoint), verdicts))
    show(found, session.console)
    session.write({"agreement": as_data(found)})


async def _judge(run: "Run", console: Console) -> None:
    """Have what was said judged, where the environment names a model for it."""
    from blastoff_pipecat.bench.seam.judge import Judge
    from blastoff_pipecat.bench.seam.run import judge_all
    from blastoff_pipecat.environment import read_judge

    endpoint = read_judge()
    if endpoint is None:
        return
    async with aclosing(Judge(endpoint)) as judge:
        with progress_bar(console) as bar:
            task = bar.add_task("judging", total=run.made - run.judged)
            await judge_all(run, judge, lambda _: bar.advance(task))


async def _measure(
    run: "Run",
    styles: Sequence[str],
    handovers: Sequence[str],
    openings: Sequence[str],
    temperature: float | None,
    console: Console,
) -> None:
    """Have everything answered; say beforehand how long it will take."""
    from blastoff_pipecat.bench.seam.run import bots, measure, warm_up
    from blastoff_pipecat.bench.seam.way import ways
    from blastoff_pipecat.environment import Environment
    from blastoff_pipecat.local.pair import doing, pair_of_models

    # However slow: what is measured is how well it answers, the same on every computer.
    async with pair_of_models(Environment.read(), console, may_be_slow=True) as models:
        policy = models.policy()
        run.ways = ways(policy, styles, handovers, openings)
        named = [each.model if models.embedded else each for each in (models.small, models.large)]
        run.where = f"small {named[0]}, large {named[1]}"
        run.params = dict(models.sampling())
        if temperature is not None or models.embedded:
            run.params["temperature"] = temperature or 0.0
        say(f"Asking {run.where}", console)
        async with bots(run.ways, models.small, models.large, policy, run.params) as asked:
            with doing("Warming up the language models", console):
                secs = await warm_up(asked, run)
            console.print(f"{run.planned} replies: about {_minutes(secs)}", highlight=False)
            with progress_bar(console) as bar:
                task = bar.add_task("asking", total=run.planned)
                await measure(run, asked, lambda _: bar.advance(task))


def _minutes(secs: float) -> str:
    minutes = round(secs / 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"
