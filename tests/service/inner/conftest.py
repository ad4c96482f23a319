"""One Pipecat service as the large model of a bot, each provider's stand-in behind it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.providers.server import Provider
from tests.service.inner.stands import CLOSED_LATE, KEY, STANDS, Stand

BESIDE: dict[str, Any] = {
    "opening": "always",
    "max_words": 16,
    "max_silence_secs": 60.0,
    "max_waiting_lines": 0,
    "small_first_token_timeout_secs": 8.0,  # some services keep the loop busy when they begin
    "language": "tlh",  # there is no list of lines in Klingon: the small model's words are said
}
"""Each reply has an opening, beside which the large model is asked."""


@pytest.fixture
async def small() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture(
    params=[pytest.param(each, marks=CLOSED_LATE if each == "bedrock" else ()) for each in STANDS]
)
def stand(request: pytest.FixtureRequest) -> Stand:
    return STANDS[request.param]


@pytest.fixture
async def provider(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    async with Provider(stand.wire(), key=KEY) as running:
        for name, value in stand.environment.items():
            monkeypatch.setenv(name, value.format(url=running.url))
        yield running


@pytest.fixture
def make_llm(small: ScriptedEndpoint, stand: Stand, provider: Provider) -> Any:
    """Make the service of a small model behind a URL and a large one that is a Pipecat service."""

    def make(
        *,
        inner: dict[str, Any] | None = None,
        service: dict[str, Any] | None = None,
        **settings: Any,
    ) -> DualLLMService:
        return DualLLMService(
            small=ChatEndpoint(base_url=small.url, model="small"),
            large=stand.make(provider.url, **(inner or {})),
            settings=DualLLMService.Settings(**{**BESIDE, **settings}),
            **(service or {}),
        )

    return make
