"""The two models that a demo talks to: those of the environment, or the embedded ones."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace

from rich.console import Console

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor import Conductor
from blastoff_pipecat.conversation import Conversation
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.llm_settings import DualLLMSettings
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.manifest import QWEN_CODER_15B, SMOLLM2_135M, WHISPER_TINY_EN, Model
from blastoff_pipecat.local.progress import TerminalProgress
from blastoff_pipecat.local.store import ModelStore
from blastoff_pipecat.settings import Environment

SYSTEM_INSTRUCTION = (
    "You are a friendly voice assistant. Answer in one or two short spoken sentences, with advice "
    "where the user has a problem."
)

_WARM_UP_QUESTION = "What can you do?"
_WARM_UP_SECS = 30.0


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

    def settings_with(self, *, opening: str) -> DualLLMSettings:
        """The settings, with another ``opening``."""
        settings = self.settings.copy()
        settings.apply_update(DualLLMSettings.from_mapping({"opening": opening}))
        return settings


async def fetch_weights(environment: Environment, console: Console) -> None:
    """Fetch what is not on this computer yet, showing how far it is.

    Raises:
        ModelUnavailable: A file could not be had.
    """
    needed = [WHISPER_TINY_EN]
    if not environment.configured:
        needed += [SMOLLM2_135M, QWEN_CODER_15B]
    store = ModelStore()
    with doing("Looking for the models", console):
        missing = [m for m in needed if await asyncio.to_thread(store.find, m) is None]
    if not missing:
        return
    console.print(f"Fetching {_listed(missing)}, once.")
    with TerminalProgress() as progress:
        store = ModelStore(progress=progress.tell)
        for model in missing:
            await store.fetch_in_thread(model)


@asynccontextmanager
async def find_models(environment: Environment, console: Console) -> AsyncGenerator[Models]:
    """Take the models that the environment names; where it names none, run the embedded ones.

    Raises:
        LocalError: An embedded model could not be had or run.
    """
    settings = DualLLMSettings(system_instruction=SYSTEM_INSTRUCTION)
    if environment.configured:
        small, large = environment.endpoints()
        yield Models(small, large, "from the environment", settings)
        return
    embedded = EmbeddedModels()
    try:
        with doing("Loading the language models", console):
            await embedded.start()
        yield Models(
            embedded.small, embedded.large, "on this computer", embedded_settings(settings)
        )
    finally:
        await embedded.stop()


def embedded_settings(settings: DualLLMSettings) -> DualLLMSettings:
    """Fit settings to the embedded models: a tiny model chooses well and writes badly."""
    suited = settings.copy()
    suited.apply_update(
        DualLLMSettings(
            style="choose",
            openings=prompts.EMBEDDED_OPENINGS,
            small_temperature=0.0,
            temperature=0.2,
            max_tokens=100,
            # An old computer, or a busy one, should be slow and not mute.
            small_first_token_timeout_secs=3.0,
            large_first_token_timeout_secs=30.0,
            stall_timeout_secs=15.0,
        )
    )
    return suited


async def warm_up(models: Models, settings: DualLLMSettings) -> None:
    """Have both servers read their instructions, as in a call after its first turn.

    Another question than the demo's is asked, so that no server has its answer ready.
    """
    conductor = Conductor(ChatClient(models.small), ChatClient(models.large))
    conversation = Conversation(
        messages=[
            {"role": "system", "content": SYSTEM_INSTRUCTION},
            {"role": "user", "content": _WARM_UP_QUESTION},
        ],
        params={"max_tokens": 4},
    )
    policy = replace(
        settings.policy(),
        small_first_token_timeout_secs=_WARM_UP_SECS,
        large_first_token_timeout_secs=_WARM_UP_SECS,
    )
    try:
        async with aclosing(conductor.reply(conversation, policy)) as reply:
            async for _ in reply:
                pass
    finally:
        await conductor.aclose()


def doing(what: str, console: Console) -> AbstractContextManager[object]:
    """Tell what is being done, while it is: as a spinner on a terminal, else as a line."""
    if console.is_terminal:
        return console.status(f"{what}…")
    console.print(f"{what}…")
    return nullcontext()


def _listed(models: Sequence[Model]) -> str:
    size = sum(model.size for model in models)
    names = ", ".join(model.name for model in models)
    return f"{names} ({size / 1e6:.0f} MB)"
