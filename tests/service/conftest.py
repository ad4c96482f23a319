"""Two scripted models, the service that makes one bot of them, and Pipecat's own beside it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.services.openai.llm import OpenAILLMService

from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.two_models import make_llm, server

__all__ = ["make_llm", "make_stock", "server"]


@pytest.fixture
async def make_stock(server: ScriptedEndpoint) -> AsyncIterator[Any]:
    """Make Pipecat's own service of the scripted server's "large" model, to compare with."""
    made: list[OpenAILLMService] = []

    def make(
        *,
        kind: type[OpenAILLMService] = OpenAILLMService,
        service: dict[str, Any] | None = None,
        **settings: Any,
    ) -> OpenAILLMService:
        options = {"base_url": server.url, "api_key": "a-key", **(service or {})}
        settings = {"model": "large", **settings}
        made.append(kind(settings=OpenAILLMService.Settings(**settings), **options))
        return made[-1]

    yield make
    for llm in made:
        await llm._client.close()  # which Pipecat leaves open
