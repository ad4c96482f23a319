"""The embedded models, to be measured: fetched, loaded and warmed up as for a call."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from rich.console import Console

from blastoff_pipecat.bench.asker import ModelsAsker
from blastoff_pipecat.environment import Environment
from blastoff_pipecat.local.pair import doing, pair_of_models, warm_up


@asynccontextmanager
async def embedded_asker(console: Console) -> AsyncGenerator[ModelsAsker]:
    """Run the embedded models, with the policy that suits them.

    Raises:
        LocalError: A model could not be had or run.
    """
    async with pair_of_models(Environment(), console) as models:
        with doing("Warming up the language models", console):
            await warm_up(models, models.policy())
        asker = ModelsAsker(models.small, models.large, models.policy(), models.sampling())
        try:
            yield asker
        finally:
            await asker.aclose()
