"""Two scripted models and the service that makes one bot of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.services.openai.llm import OpenAILLMService

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.policies import HANDED_OVER


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture
def make_llm(server: ScriptedEndpoint) -> Any:
    """Make the service of two models, "small" and "large", of the scripted server."""

    def make(
        *,
        small: dict[str, Any] | None = None,
        large: dict[str, Any] | None = None,
        service: dict[str, Any] | None = None,
        **settings: Any,
    ) -> DualLLMService:
        return DualLLMService(
            small=ChatEndpoint(**{"base_url": server.url, "model": "small", **(small or {})}),
            large=ChatEndpoint(**{"base_url": server.url, "model": "large", **(large or {})}),
            settings=DualLLMService.Settings(**{**HANDED_OVER, **settings}),
            **(service or {}),
        )

    return make


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
