from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint, Delta
from blastoff_pipecat.endpoints.connections import _ssl_context
from blastoff_pipecat.testing import ScriptedEndpoint

KEY = "sk-very-secret-1"
BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}

MakeClient = Callable[..., ChatClient]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as scripted:
        yield scripted


@pytest.fixture(params=["own pool", "an httpx client"])
def carrier(request: pytest.FixtureRequest) -> str:
    """What carries the requests: every promise holds for both, unless a test says otherwise."""
    return request.param


@pytest.fixture
async def connect(carrier: str) -> AsyncIterator[MakeClient]:
    """Makes clients for a URL, and closes them when the test is over."""
    made: list[ChatClient] = []
    lent: list[httpx.AsyncClient] = []

    def make(url: str, *, connect_timeout: float = 2.0, **fields: Any) -> ChatClient:
        if carrier == "an httpx client":
            lent.append(httpx.AsyncClient(verify=_ssl_context()))
            fields = {"http_client": lent[-1], **fields}
        endpoint = ChatEndpoint(base_url=url, **{"model": "m", "api_key": KEY, **fields})
        made.append(ChatClient(endpoint, connect_timeout=connect_timeout))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()
    for each in lent:
        await each.aclose()


async def reads(client: ChatClient, body: dict[str, Any] = BODY) -> list[list[Delta]]:
    """All that a reply brings, read by read."""
    stream: AsyncGenerator[list[Delta], None] = client.stream(body)
    async with aclosing(stream):
        return [deltas async for deltas in stream]


async def reply(client: ChatClient, body: dict[str, Any] = BODY) -> list[Delta]:
    """All that a reply brings."""
    return [delta for deltas in await reads(client, body) for delta in deltas]
