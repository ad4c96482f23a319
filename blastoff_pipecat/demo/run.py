"""The whole demo: one question, answered by two models and by the large one alone."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from blastoff_pipecat.conductor import Conductor
from blastoff_pipecat.conversation import Conversation
from blastoff_pipecat.demo.call import Turn, ask
from blastoff_pipecat.demo.question import BUNDLED_QUESTION, Question
from blastoff_pipecat.demo.timeline import CONTINUATION_STYLE, OPENING_STYLE, Timeline, draw
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.llm_settings import DualLLMSettings
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.progress import TerminalProgress
from blastoff_pipecat.local.store import ModelStore
from blastoff_pipecat.local.voice import DEFAULT_VOICE, Voice
from blastoff_pipecat.service import DualLLMService
from blastoff_pipecat.settings import Environment

SYSTEM_INSTRUCTION = (
    "You are a friendly voice assistant. Answer in one or two short spoken sentences."
)
WARM_UP_QUESTION = "What can you do?"


@dataclass(frozen=True)
class Models:
    """The two models of a demo.

    Attributes:
        small: Opens replies.
        large: Carries them on.
        where: What they are, in words.
        settings: Settings that suit them.
    """

    small: ChatEndpoint
    large: ChatEndpoint
    where: str
    settings: DualLLMSettings


@asynccontextmanager
async def find_models(environment: Environment, store: ModelStore) -> AsyncGenerator[Models]:
    """Take the models that the environment names; where it names none, run the embedded ones."""
    settings = DualLLMSettings(system_instruction=SYSTEM_INSTRUCTION)
    if environment.configured:
        small, large = environment.endpoints()
        yield Models(small, large, "from the environment", settings)
        return
    settings = embedded_settings(settings)
    async with EmbeddedModels(store=store) as models:
        yield Models(models.small, models.large, "embedded, on this computer", settings)


def embedded_settings(settings: DualLLMSettings) -> DualLLMSettings:
    """Fit settings to the embedded models: a tiny model chooses well and writes badly."""
    suited = settings.copy()
    suited.apply_update(
        DualLLMSettings(
            style="choose",
            small_temperature=0.0,
            temperature=0.2,
            max_tokens=120,
            small_first_token_timeout_secs=1.5,
            large_first_token_timeout_secs=20.0,
        )
    )
    return suited


async def run(wav: Path | None, output: Path, console: Console) -> Turn:
    """Run the demo, telling a terminal what happens.

    Args:
        wav: The question; None asks the bundled one.
        output: Where the reply by two models is written, as a WAV file. The reply by the large
            model alone is written beside it.
        console: Where to tell it.

    Returns:
        The turn with two models.

    Raises:
        ValueError: The environment or the question cannot be used; the message says why.
        LocalError: An embedded model could not be had or run.
        NoAnswer: The bot did not answer.
    """
    environment = Environment.read()
    with TerminalProgress() as progress:
        store = ModelStore(progress=progress.tell)
        await store.fetch_in_thread(WHISPER_TINY_EN)
        with console.status("Loading the models…"):
            question = await (Question.read(wav) if wav else Question.speak(BUNDLED_QUESTION))
            Voice.shared(DEFAULT_VOICE)
        async with find_models(environment, store) as models:
            console.print(f"Models {models.where}:")
            console.print(Text(f"  small  {models.small}", OPENING_STYLE))
            console.print(Text(f"  large  {models.large}", CONTINUATION_STYLE))
            console.print(f"Question: {question.source} ({question.secs:.1f} s)\n")
            alone = await _turn(models, question, console, opening="never")
            turn = await _turn(models, question, console, opening="always")
    _tell(turn, alone, console)
    turn.reply.write(output)
    other = output.with_stem(f"{output.stem}-large-alone")
    alone.reply.write(other)
    console.print(f"\nThe reply is in {output}, the large model's alone in {other}.")
    return turn


async def _turn(models: Models, question: Question, console: Console, *, opening: str) -> Turn:
    settings = models.settings.copy()
    settings.apply_update(DualLLMSettings.from_mapping({"opening": opening}))
    what = "the large model alone" if opening == "never" else "two models"
    with console.status(f"Asking {what}, in real time…"):
        llm = DualLLMService(small=models.small, large=models.large, settings=settings)
        await _warm_up(models, settings)
        return await ask(question, llm)


async def _warm_up(models: Models, settings: DualLLMSettings) -> None:
    """Have both servers read their instructions once, as in a call after its first turn."""
    conductor = Conductor(ChatClient(models.small), ChatClient(models.large))
    conversation = Conversation(
        messages=[
            {"role": "system", "content": SYSTEM_INSTRUCTION},
            {"role": "user", "content": WARM_UP_QUESTION},
        ],
        params={"max_tokens": 4},
    )
    try:
        async with aclosing(conductor.reply(conversation, settings.policy())) as reply:
            async for _ in reply:
                pass
    finally:
        await conductor.aclose()


def _tell(turn: Turn, alone: Turn, console: Console) -> None:
    console.print(Text("You      ", "bold").append(turn.heard, "not bold"))
    said = Text("Bot      ", "bold")
    said.append(turn.reply.opening, OPENING_STYLE)
    said.append(turn.reply.continuation, f"not bold {CONTINUATION_STYLE}")
    console.print(said)
    told = Text("(alone)  ", "dim").append(alone.reply.text, "dim")
    console.print(told)
    console.print()
    console.print(draw([Timeline.of("two models", turn), Timeline.of("large alone", alone)]))
    for error in (*turn.errors, *alone.errors):
        console.print(Text(f"warning: {error}", "yellow"))
