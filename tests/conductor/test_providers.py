"""Every host that is known, as the scripted endpoint plays it: a whole reply comes through each.

The hosts are reached under their own names: the scripted endpoint stands in as a proxy.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelUsed
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint, EndpointError, memory, ways_for
from blastoff_pipecat.endpoints.providers import OLLAMA, PROVIDERS, provider_of
from blastoff_pipecat.relay.actions import SayClause, SayContinuation, SayOpening
from blastoff_pipecat.testing import HOSTS, Fault, Host, Request, Script, ScriptedEndpoint
from tests.kit.policies import HANDED_OVER

OPENING = "Sure, let me look at that,"
CONTINUATION = "the museum opens at nine. Bring a coat."
QUESTION = {"role": "user", "content": "When does the museum open?"}
PATIENT = Policy(**HANDED_OVER, small_first_token_timeout_secs=8.0)
KEY = "a-key-of-16-chars"

pytestmark = pytest.mark.usefixtures("patient_handover")
each_host = pytest.mark.parametrize("host", HOSTS.values(), ids=list(HOSTS))
LISTED = {
    name: host
    for name, host in HOSTS.items()
    if host.continuation == "auto" and not host.base_url.startswith("http://ollama")
}
"""The hosts whose models are listed; of the others their owner knows them."""


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    memory.reset()
    yield
    memory.reset()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, running.url.removesuffix("/v1"))
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield running


def large_of(host: Host, **changes: Any) -> ChatEndpoint:
    fields = {
        "base_url": host.base_url,
        "model": host.model,
        "api_key": KEY,
        "continuation": host.continuation,
        "extra": host.extra,
    }
    return ChatEndpoint(**{**fields, **changes})


@asynccontextmanager
async def conducting(large: ChatEndpoint) -> AsyncIterator[Conductor]:
    small = ChatEndpoint(base_url="http://small.local/v1", model="a-small-model")
    conductor = Conductor(ChatClient(small), ChatClient(large))
    try:
        yield conductor
    finally:
        await conductor.aclose()


async def hear(conductor: Conductor, policy: Policy = PATIENT) -> tuple[list[Any], Reply]:
    conversation = Conversation(
        messages=[{"role": "system", "content": "Be kind."}, QUESTION],
        params={"max_tokens": 200, "temperature": 0.5, "tools": []},
    )
    reply = conductor.reply(conversation, policy, report_usage=True)
    async with aclosing(reply):
        return [heard async for heard in reply], reply


def text_of(heard: list[Any]) -> str:
    return "".join(
        each.text for each in heard if isinstance(each, SayOpening | SayClause | SayContinuation)
    )


def played(server: ScriptedEndpoint, host: Host, text: str, **script: Any) -> None:
    server.play("a-small-model", OPENING)
    server.play(host.model, host.playing(text, **script))


def whole_text(request_takes: bool) -> str:
    """What a model says that was told to go on in words, or that continues a prefill."""
    return f"{OPENING} {CONTINUATION}" if request_takes else CONTINUATION


@each_host
async def test_an_opening_is_carried_on(server: ScriptedEndpoint, host: Host) -> None:
    """The opening is heard once and the answer follows, with nothing of what the host adds."""
    large = large_of(host)
    way = ways_for(large)[0].name
    played(server, host, whole_text(way in host.takes))
    async with conducting(large) as conductor:
        heard, reply = await hear(conductor)
    assert text_of(heard) == f"{OPENING} {CONTINUATION}"
    assert reply.report.outcome == "relayed"
    assert reply.report.continuation_mode == way
    # At the first request: the host refuses nothing, and knows the way.
    (request,) = server.requests_for(host.model)
    assert request.status == 200
    assert request.prefill is None or request.prefill.shape == way
    assert request.prefill is not None or way == "history"
    used = [each for each in heard if isinstance(each, ModelUsed) and each.role == "large"]
    assert len(used) == 1


@each_host
async def test_nothing_is_thought_aloud(server: ScriptedEndpoint, host: Host) -> None:
    """Thinking is off where it can be, so that the first token is one of the answer's."""
    played(server, host, CONTINUATION)
    async with conducting(large_of(host)) as conductor:
        heard, _ = await hear(conductor, Policy(opening="never"))
    assert text_of(heard) == CONTINUATION
    (request,) = server.requests_for(host.model)
    script = host.playing(CONTINUATION).script_for(request)
    assert script.reasoning == ""


@pytest.mark.parametrize("host", LISTED.values(), ids=list(LISTED))
async def test_an_unlisted_model_is_handed_the_opening_in_words(
    server: ScriptedEndpoint, host: Host
) -> None:
    """A model that nothing is known of is asked in the way that each understands."""
    large = large_of(host, model="brand-new-1")
    server.play("a-small-model", OPENING)
    server.play("brand-new-1", CONTINUATION)
    async with conducting(large) as conductor:
        heard, reply = await hear(conductor)
    assert text_of(heard) == f"{OPENING} {CONTINUATION}"
    assert reply.report.continuation_mode == "history"


@each_host
async def test_a_way_that_is_not_the_hosts_is_replaced_within_the_reply(
    server: ScriptedEndpoint, host: Host
) -> None:
    """Where a prefill is refused or begun anew, the listener does not hear it."""
    wrong = next(way for way in ("trailing", "message_prefix") if way not in host.takes)
    played(server, host, CONTINUATION)
    async with conducting(large_of(host, continuation=wrong)) as conductor:
        heard, _ = await hear(conductor)
    assert text_of(heard) == f"{OPENING} {CONTINUATION}"


@each_host
async def test_its_errors_are_told(server: ScriptedEndpoint, host: Host) -> None:
    """What it says in its own shape is said again, with the status and without the key."""
    words = f"Insufficient Balance for {KEY}"
    played(server, host, "", fault=Fault.STATUS_402, error_message=words)
    client = ChatClient(large_of(host))
    with pytest.raises(EndpointError) as caught:
        await client.complete({"messages": [QUESTION]})
    await client.aclose()
    assert caught.value.status_code == 402
    assert "Insufficient Balance for ***" in str(caught.value)


@each_host
async def test_its_odd_reasons_are_read(server: ScriptedEndpoint, host: Host) -> None:
    """A word for "I failed" is a failure, any other an end."""
    played(server, host, "Hi.", **({"finish_reason": host.failing} if host.failing else {}))
    client = ChatClient(large_of(host))
    try:
        if host.failing:
            with pytest.raises(EndpointError, match=host.failing):
                await client.complete({"messages": [QUESTION]})
        else:
            completion = await client.complete({"messages": [QUESTION]})
            assert completion.finish_reason == host.habits.get("finish_reason", "stop")
    finally:
        await client.aclose()


def test_every_row_of_the_table_is_played() -> None:
    """No provider is known whose host is not played here."""
    named = [provider_of(large_of(host)) for host in HOSTS.values()]
    unplayed = {provider.name for provider in (*PROVIDERS, OLLAMA) if provider not in named}
    assert unplayed == set()


SOURCES = {provider.name: provider.source for provider in (*PROVIDERS, OLLAMA)} | {
    name: host.source for name, host in HOSTS.items() if provider_of(large_of(host)) is None
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_every_row_says_where_it_comes_from_and_when(source: str) -> None:
    """A fact without a source cannot be checked again."""
    assert re.search(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) 20\d\d$", source)
    assert re.search(r"\w+\.\w+|@\w+|#\d+", source)


class TestTheHosts:
    """What the scripted endpoint plays is not our own wish: each row can refuse and begin anew."""

    def request(self, body: dict[str, Any], path: str = "/v1/chat/completions") -> Request:
        return Request(model="m", body=body, headers={}, path=path, connection=1, started=0.0)

    @pytest.mark.parametrize(
        ("name", "body", "words"),
        [
            (
                "DeepSeek",
                {"messages": [QUESTION, {"role": "assistant", "content": "a", "prefix": True}]},
                "beta",
            ),
            ("Moonshot", {"messages": [QUESTION], "temperature": 0.5}, "invalid temperature"),
            (
                "Mistral",
                {"messages": [QUESTION, {"role": "assistant", "content": "a"}]},
                "Expected last role",
            ),
            (
                "Anthropic",
                {"messages": [QUESTION, {"role": "assistant", "content": "a "}]},
                "whitespace",
            ),
            (
                "Anthropic from 4.6 on",
                {"messages": [QUESTION, {"role": "assistant", "content": "a"}]},
                "prefill",
            ),
            ("OpenAI", {"messages": [QUESTION], "max_tokens": 5}, "max_completion_tokens"),
            ("vLLM", {"messages": [QUESTION], "tools": []}, "empty array"),
            (
                "vLLM",
                {
                    "messages": [QUESTION, {"role": "assistant", "content": "a"}],
                    "continue_final_message": True,
                },
                "Cannot set both",
            ),
            (
                "llama.cpp",
                {"messages": [QUESTION, {"role": "assistant", "content": "a"}]},
                "enable_thinking",
            ),
        ],
    )
    def test_it_refuses(self, name: str, body: dict[str, Any], words: str) -> None:
        """Each rule of refusal is broken once."""
        script = HOSTS[name].playing("Hi.").script_for(self.request(body))
        assert script.fault is Fault.STATUS_400
        assert words in (script.error_message or "")

    @each_host
    def test_it_thinks_unless_told_not_to(self, host: Host) -> None:
        """A plain request is thought about wherever thinking is the default."""
        script = host.playing("Hi.").script_for(self.request({"messages": [QUESTION]}))
        assert isinstance(script, Script)
        assert bool(script.reasoning) == bool(host.thinks_unless)
