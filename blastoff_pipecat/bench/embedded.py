"""The embedded models, to be measured: fetched, loaded and warmed up as for a call."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from rich.console import Console

from blastoff_pipecat.bench.asker import ModelsAsker
from blastoff_pipecat.demo.models import Models, doing, embedded_settings, warm_up
from blastoff_pipecat.llm_settings import complete_settings
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.progress import TerminalProgress
from blastoff_pipecat.local.store import ModelStore


@asynccontextmanager
async def embedded_asker(console: Console) -> AsyncGenerator[ModelsAsker]:
    """Run the embedded models, with the settings that suit them.

    Raises:
        LocalError: A model could not be had or run.
    """
    with TerminalProgress() as progress:
        embedded = EmbeddedModels(store=ModelStore(progress=progress.tell))
        try:
            await embedded.start()
        except BaseException:
            await embedded.stop()
            raise
    try:
        small, large = embedded.small, embedded.large
        settings = complete_settings(large.model, None)
        settings = embedded_settings(settings)
        with doing("Warming up the language models", console):
            await warm_up(Models(small, large, "on this computer", settings), settings)
        asker = ModelsAsker(small, large, settings.policy(), settings.sampling())
        try:
            yield asker
        finally:
            await asker.aclose()
    finally:
        await embedded.stop()
