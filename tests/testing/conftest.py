"""A plain HTTP client that listens to the scripted endpoint, and nothing of ours."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from blastoff_pipecat.testing import ScriptedEndpoint


@dataclass
class Heard:
    """What one streamed request brought."""

    status: int = 0
    content_type: str = ""
    reads: list[bytes] = field(default_factory=list)
    broken: Exception | None = None

    @property
    def raw(self) -> bytes:
        return b"".join(self.reads)

    @property
    def data(self) -> list[str]:
        """The data of each event, in order."""
        lines = self.raw.decode().replace("\r\n", "\n").split("\n")
        return [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        return [json.loads(data) for data in self.data if data != "[DONE]"]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [choice["delta"] for chunk in self.chunks for choice in chunk["choices"]]

    @property
    def text(self) -> str:
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def finish_reasons(self) -> list[str]:
        choices = [choice for chunk in self.chunks for choice in chunk["choices"]]
        return [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


class Asker:
    """Sends chat-completions requests to one endpoint."""

    def __init__(self, server: ScriptedEndpoint, client: httpx.AsyncClient) -> None:
        self.client = client
        self.server = server

    def body(self, messages: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
        messages = messages or [{"role": "user", "content": "What is the weather?"}]
        return {"model": "m", "messages": messages, **fields}

    def open(self, **fields: Any) -> Any:
        """A stream as a context manager, for a test that does not read it to its end."""
        body = self.body(stream=True, **fields)
        return self.client.stream("POST", f"{self.server.url}/chat/completions", json=body)

    async def stream(self, **fields: Any) -> Heard:
        heard = Heard()
        try:
            async with self.open(**fields) as response:
                heard.status = response.status_code
                heard.content_type = response.headers["content-type"]
                async for read in response.aiter_raw():
                    heard.reads.append(read)
        except httpx.TransportError as error:
            heard.broken = error
        return heard

    async def whole(self, **fields: Any) -> httpx.Response:
        url = f"{self.server.url}/chat/completions"
        return await self.client.post(url, json=self.body(**fields))


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def ask(server: ScriptedEndpoint) -> AsyncIterator[Asker]:
    async with httpx.AsyncClient(timeout=5.0) as client:
        yield Asker(server, client)
