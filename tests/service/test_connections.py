"""Connections are open before they are needed, kept between replies, and closed at the end."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pipecat.frames.frames import (
    CancelFrame,
    LLMUpdateSettingsFrame,
    UserStartedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.service import service as service_module
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.kit.policies import PATIENT

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
HANGS = Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN)


@pytest.fixture
async def other() -> AsyncIterator[ScriptedEndpoint]:
    """The large model's own server, so that connections can be told apart."""
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture
def both(server: ScriptedEndpoint, other: ScriptedEndpoint) -> Any:
    """Wait until something holds of each server."""

    async def until(condition: Callable[[ScriptedEndpoint], bool]) -> None:
        await server.until(lambda: condition(server))
        await other.until(lambda: condition(other))

    return until


@pytest.fixture
def make(server: ScriptedEndpoint, other: ScriptedEndpoint, make_llm: Any) -> Any:
    """Make a service with the small model on `server` and the large one on `other`."""

    def make(**settings: Any) -> Any:
        return make_llm(large={"base_url": other.url}, **PATIENT | settings)

    return make


async def test_first_reply_opens_no_connection(
    server: ScriptedEndpoint, other: ScriptedEndpoint, make: Any
) -> None:
    """Both connections are there before the first turn."""
    server.play("small", OPENING)
    other.play("large", CONTINUATION)
    async with talking_to(make()) as bot:
        await server.until(lambda: server.connections == 1)
        await other.until(lambda: other.connections == 1)
        await bot.hear_reply()
        assert (server.connections, other.connections) == (1, 1)
        assert [r.connection for r in (*server.requests, *other.requests)] == [1, 1]


@pytest.mark.parametrize("usage", [True, False])
async def test_uninterrupted_turns_open_no_connection(
    server: ScriptedEndpoint, other: ScriptedEndpoint, make: Any, both: Any, usage: bool
) -> None:
    """Twenty turns use the connections that were opened at the start."""
    server.play("small", Script(OPENING, pace=0.001))
    other.play("large", Script(CONTINUATION, ttft=0.02, pace=0.001))
    params = PipelineParams(enable_metrics=True, enable_usage_metrics=usage)
    async with talking_to(make(), params=params) as bot:
        await both(lambda each: each.connections == 1)
        for turn in range(20):
            await bot.hear_reply(f"Question {turn}?")
        assert len(server.requests) == len(other.requests) == 20
        assert (server.connections, other.connections) == (1, 1)
        assert bot.errors == []


async def test_talkative_small_model_costs_no_reply_a_connection(
    server: ScriptedEndpoint, other: ScriptedEndpoint, make: Any
) -> None:
    """A small model that is closed in mid-sentence has a new connection before the next turn."""
    server.play("small", Script([OPENING, *[" and more"] * 500], pace=0.01))
    other.play("large", Script(CONTINUATION, ttft=0.2))
    async with talking_to(make(), params=PipelineParams()) as bot:
        for turn in range(3):
            await bot.hear_reply(f"Question {turn}?")
            await server.until(lambda turn=turn: server.connections == turn + 2)
            assert server.requests[-1].disconnected
        assert [request.connection for request in server.requests] == [1, 2, 3]
        assert other.connections == 1


async def test_interruption_reopens_at_once_what_it_closed(
    server: ScriptedEndpoint, other: ScriptedEndpoint, make: Any
) -> None:
    """After an interruption there is a connection to each model before the next turn begins."""
    server.play("small", OPENING)
    other.play("large", HANGS, CONTINUATION)
    async with talking_to(make()) as bot:
        await bot.ask("When does it open?")
        await other.until(lambda: len(other.requests) == 1)
        await bot.interrupt()
        await other.until(lambda: other.connections == 2 and other.open_connections == 1)
        assert (server.connections, server.open_connections) == (1, 1)
        await bot.hear_reply("And today?")
        assert (server.connections, other.connections) == (1, 2)


@pytest.mark.parametrize("fault", [Fault.CLOSE_IDLE, Fault.CLOSE_ON_REUSE])
async def test_kept_connection_that_was_closed_is_never_noticed(
    server: ScriptedEndpoint, other: ScriptedEndpoint, make: Any, fault: Fault
) -> None:
    """A request that finds its connection closed is sent again, unseen by listener and bot."""
    server.play("small", Script(OPENING, fault=fault))
    other.play("large", Script(CONTINUATION, fault=fault))
    async with talking_to(make()) as bot:
        for turn in range(4):
            assert (await bot.hear_reply(f"Question {turn}?")).endswith(CONTINUATION)
        assert bot.errors == []
        assert {report.outcome for report in bot.reports} == {"relayed"}


async def test_user_who_speaks_after_a_long_silence_finds_connections_open(
    server: ScriptedEndpoint,
    other: ScriptedEndpoint,
    make: Any,
    both: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Connections closed during a silence are opened again when the user starts to speak."""
    server.play("small", OPENING)
    other.play("large", CONTINUATION)
    async with talking_to(make()) as bot:
        await bot.hear_reply()
        server.close_idle()
        other.close_idle()
        await both(lambda each: each.open_connections == 0)
        await bot.before.push_frame(UserStartedSpeakingFrame())
        assert (server.connections, other.connections) == (1, 1)  # the silence was short

        monkeypatch.setattr(service_module, "IDLE_SECS_BEFORE_WARMING", 0.0)
        await bot.before.push_frame(UserStartedSpeakingFrame())
        await both(lambda each: each.open_connections == 1)
        await bot.hear_reply("Are you there?")
        assert (server.connections, other.connections) == (2, 2)


@pytest.mark.parametrize(
    ("small", "large"),
    [(HANGS, HANGS), (Script(OPENING), HANGS), (Script(OPENING), Script(CONTINUATION, pace=0.1))],
    ids=["silence", "seam", "continuation"],
)
async def test_cancelling_in_mid_reply_leaves_nothing(
    server: ScriptedEndpoint,
    other: ScriptedEndpoint,
    make: Any,
    both: Any,
    small: Script,
    large: Script,
) -> None:
    """A CancelFrame ends the reply, its requests, tasks and sockets (the fixture looks)."""
    server.play("small", small)
    other.play("large", large)
    last = server if small is HANGS else other
    async with talking_to(make()) as bot:
        await bot.ask("When does it open?")
        await last.until(lambda: len(last.requests) == 1)
        await bot.worker.queue_frame(CancelFrame())
        await both(lambda each: each.open_connections == 0)
        assert all(request.ended for request in (*server.requests, *other.requests))
    assert len(server.requests) + len(other.requests) == (1 if small is HANGS else 2)
    assert bot.errors == []


async def test_ending_leaves_nothing(
    server: ScriptedEndpoint, other: ScriptedEndpoint, make: Any, both: Any
) -> None:
    """After the pipeline has ended, both servers see every connection closed."""
    server.play("small", Script([OPENING, *[" and more"] * 500], pace=0.01))
    other.play("large", CONTINUATION)
    async with talking_to(make()) as bot:
        await bot.hear_reply()
    await both(lambda each: each.open_connections == 0)
    before = server.connections, other.connections
    for _ in range(20):  # turns of the loop, in which something forgotten would connect
        await asyncio.sleep(0)
    assert (server.connections, other.connections) == before


async def test_service_that_never_started_leaves_nothing(make: Any) -> None:
    """A service that is made and thrown away opens nothing and is collected without a warning."""
    llm = make()
    gone = weakref.ref(llm)
    del llm
    gc.collect()
    assert gone() is None


async def test_service_that_never_started_can_be_cleaned_up(make: Any) -> None:
    """`cleanup` may be called on a service that was never set up, and more than once."""
    llm = make()
    await llm.cleanup()
    await llm.cleanup()


async def test_dead_endpoints_do_not_hinder_the_start(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Where no connection can be opened ahead, the bot starts all the same and says nothing."""
    dead = {"base_url": server.dead_url()}
    async with talking_to(make_llm(small=dead, large=dead)) as bot:
        assert bot.errors == []


async def test_connect_timeout_can_be_changed_in_mid_call(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A new deadline for connecting holds from the next connection on."""
    server.play("small", OPENING)
    async with server.unanswered_url() as url:
        llm = make_llm(large={"base_url": url}, connect_timeout_secs=30.0, **PATIENT)
        async with talking_to(llm) as bot:
            delta = DualLLMService.Settings(connect_timeout_secs=0.1)
            await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
            await bot.ask("When does it open?")
            await bot.until(lambda: bot.ended == 1, within=5)
            assert "no connection within 0.1 s" in bot.errors[0].error


@pytest.mark.parametrize("secs", [0, -1.0, float("nan"), float("inf"), "2", True, None])
def test_connect_timeout_that_cannot_be_is_named(make_llm: Any, secs: Any) -> None:
    """A deadline that is no positive number is one `ValueError` with the setting's name."""
    with pytest.raises(ValueError, match="connect_timeout_secs"):
        make_llm(connect_timeout_secs=secs)
