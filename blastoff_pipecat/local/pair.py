"""The embedded default: two models that run where the environment names none.

`pair_of_models` is for one process that runs its own. `shared_models` is for a parent whose worker
processes, or whose calls, share one pair: it runs them in the background and tells where they are
in the environment variable ``BLASTOFF_EMBEDDED_MODELS``, which nobody else sets; `models_found`
reads it. `call_models` is for one call of a bot, which takes what there is. All of them fetch what
is not on this computer yet, and warm up what they run.
"""

import asyncio
import json
import os
import signal
import threading
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import asdict, dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelAnswered
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.environment import Environment, Variables, read_variables
from blastoff_pipecat.local.language import EmbeddedModels, would_be_slow
from blastoff_pipecat.local.llama import check_installed
from blastoff_pipecat.local.weights.manifest import (
    QWEN_CODER_05B,
    QWEN_CODER_15B,
    SMOLLM2_135M,
    Model,
)
from blastoff_pipecat.local.weights.progress import shown_on
from blastoff_pipecat.local.weights.store import ModelStore

if TYPE_CHECKING:
    from blastoff_pipecat.service.settings import DualLLMSettings

SYSTEM_INSTRUCTION = (
    "You are a friendly voice assistant. Answer in one or two short spoken sentences, with advice "
    "where the user has a problem."
)
"""An instruction that suits a small model's spoken answers."""

_SUITED: Mapping[str, Any] = {
    "style": "choose",  # a tiny model chooses well and writes badly
    "openings_to": "asked",  # it would choose for bad news, too
    "handover": "beside",  # right as often as alone; what it goes on from misleads it
    "spoken_instruction": prompts.SPOKEN_BESIDE,
    "small_history": 1,
    "forecast_prior_secs": 2.0,
    # Its answers come within a second or two of each other: a line would be said just before one.
    "max_silence_secs": 1.6,
    "small_temperature": 0.0,
    # An old computer, or a busy one, should be slow and not mute.
    "small_first_token_timeout_secs": 3.0,
    "large_first_token_timeout_secs": 30.0,
    "stall_timeout_secs": 15.0,
}
"""The fields of a policy that suit the embedded pair."""

_SUITED_SAMPLING: Mapping[str, Any] = {"temperature": 0.2, "max_tokens": 100}
"""Likewise, the fields of a request to the large model."""

_WARM_UP_QUESTION = "What can you do?"
_WARM_UP_SECS = 30.0
_MEASURING = "Measuring how fast this computer is"


@dataclass(frozen=True)
class PairOfModels:
    """Two models, and the settings that suit them.

    Attributes:
        small: Opens replies.
        large: Carries them on.
        embedded: Whether they run on this computer, out of this package.
    """

    small: ChatEndpoint
    large: ChatEndpoint
    embedded: bool = False

    def policy(self) -> Policy:
        """Return how these models make replies best."""
        return Policy(**(_SUITED if self.embedded else {}))

    def sampling(self) -> Mapping[str, Any]:
        """Return the fields of a request that say how the large model is to write."""
        return _SUITED_SAMPLING if self.embedded else {}

    def settings(self, own: "DualLLMSettings | None" = None) -> "DualLLMSettings":
        """Return a bot's settings that suit these models; what is set in `own` stays as it is."""
        from blastoff_pipecat.service.settings import DualLLMSettings  # a server has no Pipecat

        suited = DualLLMSettings()
        if self.embedded:
            suited = DualLLMSettings(**_SUITED, **_SUITED_SAMPLING)
        if own is not None:
            suited.apply_update(own)
        return suited


async def fetch_weights(models: Sequence[Model], console: Console) -> None:
    """Fetch what of these is not on this computer yet, showing how far it is.

    Raises:
        ModelUnavailable: A file could not be had.
    """
    store = ModelStore()
    with doing("Looking for the models", console):
        missing = [m for m in models if await asyncio.to_thread(store.find, m) is None]
    if not missing:
        return
    console.print(f"Fetching {_listed(missing)}, once.")
    with shown_on(console) as tell:
        store = ModelStore(progress=tell)
        for model in missing:
            await store.fetch_in_thread(model)


LANGUAGE_MODELS = (SMOLLM2_135M, QWEN_CODER_15B)
"""The weights of the embedded pair."""


async def run_models(console: Console, *, may_be_slow: bool = False) -> EmbeddedModels:
    """Run the embedded pair, with the large model that this computer is fast enough for.

    The large one is measured once it runs. Where it writes too slowly to be talked to, a smaller
    one, which answers less well, is run in its place; where the small model's pace tells that it
    would, the large one is not even fetched.

    Args:
        console: Where to show how far it is.
        may_be_slow: Whether the large one is run however slow it is: nobody talks to it.

    Returns:
        The models; whoever asked for them stops them.

    Raises:
        LocalError: A model could not be had or run.
    """
    check_installed()
    slow = not may_be_slow and await _not_worth_fetching(console)
    if not slow:
        embedded = await _run(QWEN_CODER_15B, console)
        if may_be_slow:
            return embedded
        try:
            with doing(_MEASURING, console):
                slow = await embedded.large_is_slow()
        except BaseException:
            await embedded.stop()
            raise
        if not slow:
            return embedded
        await embedded.stop()
    console.print(f"{QWEN_CODER_15B.name} is too slow here: {QWEN_CODER_05B.name} is taken.")
    return await _run(QWEN_CODER_05B, console)


async def _not_worth_fetching(console: Console) -> bool:
    """Tell whether the large model is not here yet, and would be too slow if it were."""
    store = ModelStore()
    if await asyncio.to_thread(store.find, QWEN_CODER_15B) is not None:
        return False
    await fetch_weights((SMOLLM2_135M,), console)
    with doing(_MEASURING, console):
        return await would_be_slow(store)


async def _run(large: Model, console: Console) -> EmbeddedModels:
    await fetch_weights((SMOLLM2_135M, large), console)
    embedded = EmbeddedModels(large=large.name)
    with doing("Loading the language models", console):
        await embedded.start()
    return embedded


@asynccontextmanager
async def pair_of_models(
    environment: Environment, console: Console, *, may_be_slow: bool = False
) -> AsyncGenerator[PairOfModels]:
    """Take the models that the environment names; where it names none, run the embedded ones.

    Args:
        environment: What the environment says.
        console: Where to show how far it is.
        may_be_slow: As for `run_models`.

    Raises:
        LocalError: An embedded model could not be had or run.
    """
    if environment.configured:
        yield PairOfModels(*environment.endpoints())
        return
    embedded = await run_models(console, may_be_slow=may_be_slow)
    try:
        yield PairOfModels(embedded.small, embedded.large, embedded=True)
    finally:
        await embedded.stop()


@contextmanager
def shared_models(
    console: Console | None = None,
    *,
    instruction: str = SYSTEM_INSTRUCTION,
    greeting: str | None = None,
) -> Generator[None]:
    """Run the embedded models for other processes, or for many calls of this one.

    Args:
        console: Where to show how far it is; by default standard error.
        instruction: The system instruction that they are warmed up with.
        greeting: What the bot says first in each call.

    Raises:
        LocalError: A model could not be had or run.
    """
    console = console or Console(stderr=True)
    with _ended_by_sigterm():
        embedded = asyncio.run(run_models(console))
        try:
            models = PairOfModels(embedded.small, embedded.large, embedded=True)
            with doing("Warming up the language models", console):
                asyncio.run(
                    warm_up(models, models.policy(), instruction=instruction, greeting=greeting)
                )
            found = {"small": asdict(models.small), "large": asdict(models.large)}
            os.environ[Variables.BLASTOFF_EMBEDDED_MODELS.name] = json.dumps(found)
            yield
        finally:
            os.environ.pop(Variables.BLASTOFF_EMBEDDED_MODELS.name, None)
            asyncio.run(embedded.stop())


@contextmanager
def _ended_by_sigterm() -> Generator[None]:
    """Have SIGTERM do what Ctrl-C does, where nobody handles either.

    Servers raise the signal again once they have shut down, and it would end the process there and
    then, with the models left to find out.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def models_found() -> PairOfModels | None:
    """Find the models that a parent shares; None where it shares none."""
    told = Variables.BLASTOFF_EMBEDDED_MODELS.read(read_variables())
    if told is None:
        return None
    found: dict[str, dict[str, Any]] = json.loads(told)
    return PairOfModels(
        ChatEndpoint(**found["small"]), ChatEndpoint(**found["large"]), embedded=True
    )


@asynccontextmanager
async def call_models() -> AsyncGenerator[PairOfModels]:
    """Have two models for as long as a call lasts.

    They are those that the environment (or `.env`) names; else those that the bot's own process
    runs for all of its calls; else, where something else than our `main` started the bot, a pair
    that is run for this call alone, which takes seconds and two gigabytes of memory.

    Yields:
        The models, with the settings that suit them.

    Raises:
        MisconfiguredEnvironment: A variable is missing or malformed; the message names it.
        LocalError: An embedded model could not be had or run.
    """
    environment = Environment.read()
    shared = None if environment.configured else models_found()
    if shared is not None:
        yield shared
        return
    async with pair_of_models(environment, Console(stderr=True)) as models:
        yield models


async def warm_up(
    models: PairOfModels,
    policy: Policy,
    *,
    instruction: str = SYSTEM_INSTRUCTION,
    greeting: str | None = None,
) -> None:
    """Have both servers read their instructions, as in a call after its first turn.

    Another question is asked than a demo's, so that no server has its answer ready.

    Args:
        models: The models.
        policy: How they make replies.
        instruction: The bot's system instruction.
        greeting: What the bot says first in each call.
    """
    said = [{"role": "assistant", "content": greeting}] if greeting else []
    conductor = Conductor(ChatClient(models.small), ChatClient(models.large))
    conversation = Conversation(
        messages=[
            {"role": "system", "content": instruction},
            *said,
            {"role": "user", "content": _WARM_UP_QUESTION},
        ],
    )
    policy = replace(
        policy,
        opening="never" if policy.opening == "never" else "always",
        max_silence_secs=_WARM_UP_SECS,
        small_first_token_timeout_secs=_WARM_UP_SECS,
        large_first_token_timeout_secs=_WARM_UP_SECS,
    )
    reading = {"large"} if policy.opening == "never" else {"small", "large"}
    try:
        async with aclosing(conductor.reply(conversation, policy)) as reply:
            async for heard in reply:
                if isinstance(heard, ModelAnswered):
                    reading.discard(heard.role)
                if not reading:
                    break
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
