"""The embedded models as a server's: started once, for all of its worker processes.

They run beside the parent process. A worker gets the two endpoints, with the keys made up for this
run, in the environment variable ``BLASTOFF_EMBEDDED_MODELS``, which nobody else sets.
"""

import asyncio
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from blastoff_pipecat.demo.models import Models, embedded_settings, warm_up
from blastoff_pipecat.endpoints import ChatEndpoint
from blastoff_pipecat.llm_settings import DualLLMSettings
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.progress import TerminalProgress
from blastoff_pipecat.local.store import ModelStore
from blastoff_pipecat.policy import Policy

VARIABLE = "BLASTOFF_EMBEDDED_MODELS"


@contextmanager
def embedded_models() -> Generator[None]:
    """Run the embedded models, and tell worker processes where they are.

    Raises:
        LocalError: A model could not be had or run.
    """
    with TerminalProgress() as progress:
        embedded = EmbeddedModels(store=ModelStore(progress=progress.tell))
        asyncio.run(_start(embedded))
    try:
        found = {"small": asdict(embedded.small), "large": asdict(embedded.large)}
        os.environ[VARIABLE] = json.dumps(found)
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        asyncio.run(embedded.stop())


def embedded_endpoints() -> tuple[ChatEndpoint, ChatEndpoint]:
    """Find the small and the large model in a worker process."""
    found: dict[str, dict[str, Any]] = json.loads(os.environ[VARIABLE])
    return ChatEndpoint(**found["small"]), ChatEndpoint(**found["large"])


def embedded_policy() -> Policy:
    """Return the settings that suit the embedded models."""
    return embedded_settings(DualLLMSettings()).policy()


async def _start(embedded: EmbeddedModels) -> None:
    await embedded.start()
    settings = embedded_settings(DualLLMSettings())
    models = Models(embedded.small, embedded.large, "on this computer", settings)
    await warm_up(models, settings)
