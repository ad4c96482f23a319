"""Two scripted models and the service that makes one bot of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.policies import HANDED_OVER


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture
def make_llm(server: ScriptedEndpoint) -> Any:
    def make(**settings: Any) -> DualLLMService:
        return DualLLMService(
            small=ChatEndpoint(base_url=server.url, model="small"),
            large=ChatEndpoint(base_url=server.url, model="large"),
            settings=DualLLMService.Settings(**{**HANDED_OVER, **settings}),
        )

    return make
