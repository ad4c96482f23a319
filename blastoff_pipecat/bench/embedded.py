"""The embedded models, to be measured: fetched, loaded and warmed up as for a call."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from rich.console import Console

from blastoff_pipecat.bench.asker import ModelsAsker
from blastoff_pipecat.environment import Environment
from blastoff_pipecat.local.pair import doing, pair_of_models, warm_up
from blastoff_pipecat.service.settings import complete_settings


@asynccontextmanager
async def embedded_asker(console: Console) -> AsyncGenerator[ModelsAsker]:
    """Run the embedded models, with the settings that suit them.

    Raises:
        LocalError: A model could not be had or run.
    """
    async with pair_of_models(Environment(), console) as models:
        settings = complete_settings(models.large.model, models.settings())
        with doing("Warming up the language models", console):
            await warm_up(models, settings)
        asker = ModelsAsker(models.small, models.large, settings.policy(), settings.sampling())
        try:
            yield asker
        finally:
            await asker.aclose()
