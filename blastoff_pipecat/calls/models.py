"""The two models of one call, wherever they are."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from rich.console import Console

from blastoff_pipecat.local.default import (
    PairOfModels,
    models_found,
    pair_of_models,
)
from blastoff_pipecat.settings import Environment


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
