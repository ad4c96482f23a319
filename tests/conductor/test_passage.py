"""An answer of the large model alone, handed on unread, with its deadlines and its report."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from blastoff_pipecat.conductor.passage import Chunk, Passage
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import (
    Ask,
    ChatClient,
    ChatEndpoint,
    EndpointTimeout,
    ServerFailed,
)
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint, ToolCall

ANSWER = "The museum opens at nine."
ASK = Ask(messages=[{"role": "user", "content": "When?"}])


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture
async def large(server: ScriptedEndpoint) -> AsyncIterator[ChatClient]:
    client = ChatClient(ChatEndpoint(base_url=server.url, model="large"))
    yield client
    await client.aclose()


def passage(
    large: ChatClient, *, stream: bool = True, whole_secs: float = 5.0, **settings: Any
) -> Passage:
    return Passage(large, ASK, Policy(**settings), stream=stream, whole_secs=whole_secs)


async def read(answer: Passage) -> list[Chunk]:
    async with aclosing(answer.chunks()) as chunks:
        return [chunk async for chunk in chunks]


def text_of(chunks: list[Chunk]) -> str:
    deltas = [choice.get("delta") or {} for chunk in chunks for choice in chunk.choices]
    return "".join(delta.get("content") or "" for delta in deltas)


async def test_a_streamed_answer_is_handed_on(server: ScriptedEndpoint, large: ChatClient) -> None:
    """Chunk by chunk; the first only announces who speaks."""
    server.play("large", Script(ANSWER, ttft=0.1, early_role=True))
    answer = passage(large)
    chunks = await read(answer)
    assert text_of(chunks) == ANSWER
    assert chunks[0].is_preamble
    assert not any(chunk.is_preamble for chunk in chunks[1:] if chunk.choices)
    assert all(chunk.data["object"] == "chat.completion.chunk" for chunk in chunks)
    report = answer.report
    assert report.outcome == "large_only"
    assert not report.speculative
    assert report.first_text == report.large_ttft
    assert report.first_text is not None
    assert report.total is not None
    assert 0.1 <= report.first_text <= report.total < 3.0
    assert report.opening_chars == report.continuation_chars == 0


async def test_a_whole_answer_is_handed_on(server: ScriptedEndpoint, large: ChatClient) -> None:
    """In one piece; nobody knows when it began."""
    server.play("large", ANSWER)
    answer = passage(large, stream=False)
    (chunk,) = await read(answer)
    assert chunk.choices[0]["message"]["content"] == ANSWER
    assert not chunk.is_preamble
    assert answer.report.outcome == "large_only"
    assert answer.report.first_text is None
    assert answer.report.large_ttft is None
    assert answer.report.total is not None


async def test_a_call_begins_an_answer(server: ScriptedEndpoint, large: ChatClient) -> None:
    """As its first text does; thoughts do not."""
    calls = [ToolCall("get_weather", {"city": "Oslo"})]
    server.play("large", Script(tool_calls=calls, reasoning="hm " * 5, pace=0.03))
    answer = passage(large)
    await read(answer)
    assert answer.report.large_ttft is not None
    assert answer.report.large_ttft >= 0.1


@pytest.mark.parametrize("stream", [True, False])
async def test_who_says_nothing_is_given_up(
    server: ScriptedEndpoint, large: ChatClient, stream: bool
) -> None:
    """A streamed answer at its first token's deadline, another at that of the whole."""
    server.play("large", Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN))
    secs = {"large_first_token_timeout_secs": 0.2 if stream else 9.0}
    answer = passage(large, stream=stream, whole_secs=9.0 if stream else 0.2, **secs)
    began = time.monotonic()
    with pytest.raises(EndpointTimeout) as caught:
        await read(answer)
    assert (caught.value.what, caught.value.secs) == ("first token", 0.2)
    assert 0.15 < time.monotonic() - began < 3.0
    assert answer.report.outcome == "failed"
    assert answer.report.total is not None


async def test_who_falls_silent_is_given_up(server: ScriptedEndpoint, large: ChatClient) -> None:
    """Each piece has its time; thoughts do not put off the first token's deadline."""
    server.play("large", Script(ANSWER, pace=0.01, fault=Fault.STALL, after=3))
    answer = passage(large, large_first_token_timeout_secs=9.0, stall_timeout_secs=0.2)
    with pytest.raises(EndpointTimeout) as caught:
        await read(answer)
    assert (caught.value.what, caught.value.secs) == ("stall", 0.2)

    server.play("large", Script(ANSWER, reasoning="hm " * 100, pace=0.05))
    answer = passage(large, large_first_token_timeout_secs=0.3, stall_timeout_secs=9.0)
    with pytest.raises(EndpointTimeout) as caught:
        await read(answer)
    assert caught.value.what == "first token"


async def test_an_answer_that_goes_on_slowly_is_not_given_up(
    server: ScriptedEndpoint, large: ChatClient
) -> None:
    """Every piece puts the deadline off, until the whole reply's."""
    server.play("large", Script([*["word "] * 8], pace=0.1))
    answer = passage(large, large_first_token_timeout_secs=0.5, stall_timeout_secs=0.5)
    assert text_of(await read(answer)) == "word " * 8
    answer = passage(large, stall_timeout_secs=0.5, reply_timeout_secs=0.3)
    with pytest.raises(EndpointTimeout):
        await read(answer)


async def test_an_answer_without_an_end_is_a_failure(
    server: ScriptedEndpoint, large: ChatClient
) -> None:
    """Whatever of it has come."""
    server.play("large", Script(ANSWER, fault=Fault.EOF_WITHOUT_DONE, after=3))
    answer = passage(large)
    with pytest.raises(ServerFailed, match="its answer has no end"):
        await read(answer)
    assert answer.report.outcome == "failed"


async def test_an_answer_that_is_left_is_interrupted(
    server: ScriptedEndpoint, large: ChatClient
) -> None:
    """And the server sees whoever asked hang up."""
    server.play("large", Script(["word "] * 500, pace=0.01))
    answer = passage(large)
    async with aclosing(answer.chunks()) as chunks:
        async for chunk in chunks:
            if not chunk.is_preamble:
                break
    assert answer.report.outcome == "interrupted"
    assert answer.report.total is not None
    await server.until(lambda: server.requests[0].disconnected)
