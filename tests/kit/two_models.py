"""Two scripted models and the service that makes one bot of them, as fixtures."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.policies import HANDED_OVER

__all__ = ["make_llm", "server"]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture
def make_llm(server: ScriptedEndpoint, patient_handover: None) -> Any:
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
