"""The whole demo: one question, answered by two models and by the large one alone."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from blastoff_pipecat.demo.call import Turn, ask
from blastoff_pipecat.demo.chart import CONTINUATION_STYLE, OPENING_STYLE, Timeline, draw
from blastoff_pipecat.demo.question import BUNDLED_QUESTION, Question
from blastoff_pipecat.demo.recording import Recordings
from blastoff_pipecat.environment import Environment
from blastoff_pipecat.local.pair import (
    SYSTEM_INSTRUCTION,
    PairOfModels,
    doing,
    fetch_weights,
    pair_of_models,
    warm_up,
)
from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN
from blastoff_pipecat.service.service import DualLLMService
from blastoff_pipecat.service.settings import DualLLMSettings


async def run(wav: Path | None, recordings: Recordings, console: Console) -> tuple[Turn, Turn]:
    """Run the demo, telling a terminal what happens.

    Args:
        wav: The question; None asks the bundled one.
        recordings: Where the replies are written.
        console: Where to tell it.

    Returns:
        The turn with two models, and the turn with the large model alone.

    Raises:
        ValueError: The environment, the question or the output cannot be used; the message says
            why.
        LocalError: An embedded model could not be had or run.
        NoAnswer: The bot did not answer.
    """
    environment = Environment.read()
    question = await Question.read(wav) if wav else None
    await fetch_weights([WHISPER_TINY_EN], console)
    if question is None:
        with doing("Loading the voice", console):
            question = await Question.speak(BUNDLED_QUESTION)
    async with pair_of_models(environment, console) as models:
        where = "on this computer" if models.embedded else "from the environment"
        console.print(f"Models {where}:")
        console.print(Text(f"  small  {models.small}", OPENING_STYLE), soft_wrap=True)
        console.print(Text(f"  large  {models.large}", CONTINUATION_STYLE), soft_wrap=True)
        console.print(f"Question: {question.source} ({question.secs:.1f} s)", markup=False)
        # What the first turn finds cold, the second finds warm: the comparison is never in favour
        # of the two models.
        with doing("Asking both models, in real time", console):
            both = await _turn(models, question, opening="always")
        with doing("Asking the large model alone", console):
            alone = await _turn(models, question, opening="never")
    both.reply.recording.write(recordings.both)
    alone.reply.recording.write(recordings.alone)
    _tell(both, alone, console)
    both_in, alone_in = recordings.both, recordings.alone
    listen = f"{both_in} holds the reply by both, {alone_in} that by the large model alone."
    console.print(Text(f"\nListen: {listen}"), soft_wrap=True)
    return both, alone


async def _turn(models: PairOfModels, question: Question, *, opening: str) -> Turn:
    settings = models.settings(
        DualLLMSettings.from_mapping({"system_instruction": SYSTEM_INSTRUCTION, "opening": opening})
    )
    await warm_up(models, settings.policy())
    llm = DualLLMService(small=models.small, large=models.large, settings=settings)
    return await ask(question, llm)


def _tell(both: Turn, alone: Turn, console: Console) -> None:
    said = Text("Bot      ", "bold")
    said.append(both.reply.opening, OPENING_STYLE)
    said.append(both.reply.continuation, f"not bold {CONTINUATION_STYLE}")
    lines = Timeline("two models", both.reply.told), Timeline("large alone", alone.reply.told)
    console.print()
    console.print(Text("You      ", "bold").append(both.heard, "not bold"))
    console.print(said)
    console.print(Text("(alone)  ", "dim").append(alone.reply.text, "dim"))
    console.print()
    plain = not console.encoding.startswith("utf")
    console.print(draw(lines, width=console.width, plain=plain))
    errors = dict.fromkeys((*both.errors, *alone.errors))
    if not errors:
        console.print()
        console.print(Text(_summary(*lines), "bold"))
    for error in errors:
        console.print(Text(f"warning: {error}", "yellow"), soft_wrap=True)


def _summary(both: Timeline, alone: Timeline) -> str:
    """Compare what the models make of the wait, without the time that hearing the question took."""
    first, second = both.wait, alone.wait
    if first is None or second is None:
        return ""
    return (
        f"Once the turn was over, the two models were heard after {first:.1f} s, the large model "
        f"alone after {second:.1f} s."
    )
