"""Two scripted models, the server over them on a loopback port, and clients of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

import httpx
import pytest
from openai import AsyncOpenAI

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.server.app import ServerOptions
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.policies import HANDED_OVER
from tests.kit.server import Served, served

OPENING = "Sure, let me look at that."
ANSWER = "The museum opens at nine."


Serve: TypeAlias = Callable[..., Awaitable[Served]]


@pytest.fixture
async def models() -> AsyncIterator[ScriptedEndpoint]:
    """Two models that answer at once."""
    async with ScriptedEndpoint() as running:
        running.play("small", Script(OPENING))
        running.play("large", Script(ANSWER, ttft=0.05))
        yield running


@pytest.fixture
async def serve(models: ScriptedEndpoint, patient_handover: None) -> AsyncIterator[Serve]:
    """Start a server of two models; fields of `ServerOptions` may be given."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Served:
            small = ChatEndpoint(base_url=models.url, model="small")
            large = ChatEndpoint(base_url=models.url, model="large")
            policy = Policy(**HANDED_OVER)
            made = ServerOptions(**{"small": small, "large": large, "policy": policy, **options})
            return await stack.enter_async_context(served(made))

        yield start


@pytest.fixture
async def http(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A plain client of a server."""
    running = await serve()
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def openai(serve: Serve) -> AsyncIterator[AsyncOpenAI]:
    """The stock client of a server."""
    running = await serve()
    async with AsyncOpenAI(base_url=f"{running.url}/v1", api_key="any", max_retries=0) as client:
        yield client
