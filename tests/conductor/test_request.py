"""How the requests of a reply are read: by tasks while two are open, else by the reply itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from blastoff_pipecat.conductor.alarm import Alarm
from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import Heard
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.relay.actions import ReportFailures, SayContinuation, SayOpening
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.policies import HANDED_OVER

OPENING = "Good question, let me see what we have."
ANSWER = [f" w{number}" for number in range(20)]
NEVER = 60.0


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        running.play("small", OPENING)
        yield running


@pytest.fixture
async def conductor(server: ScriptedEndpoint) -> AsyncIterator[Conductor]:
    made = Conductor(
        ChatClient(ChatEndpoint(base_url=server.url, model="small")),
        ChatClient(ChatEndpoint(base_url=server.url, model="large")),
    )
    yield made
    await made.aclose()


def asked(conductor: Conductor, **policy: float) -> Reply:
    conversation = Conversation(messages=[{"role": "user", "content": "When do you open?"}])
    options: dict[str, Any] = {**HANDED_OVER, "small_first_token_timeout_secs": 8.0, **policy}
    return conductor.reply(conversation, Policy(**options))


def said(heard: list[Heard]) -> str:
    return "".join(each.text for each in heard if isinstance(each, SayOpening | SayContinuation))


def readers() -> list[str]:
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name() == "blastoff large model"]


async def test_the_large_model_alone_is_read_without_a_task(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """Once the small model's request is over, no task stands between the socket and the reply."""
    server.play("large", Script(ANSWER, ttft=0.3, pace=0.01))
    tasks: list[int] = []
    heard: list[Heard] = []
    async with aclosing(asked(conductor)) as reply:
        async for each in reply:
            heard.append(each)
            if isinstance(each, SayContinuation):
                tasks.append(len(readers()))
    assert said(heard) == OPENING + "".join(ANSWER)
    assert tasks[0] <= 1
    assert set(tasks[1:]) == {0}


async def test_a_reply_read_without_a_task_leaves_its_connection_to_the_next(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """The end of the body is read in the background, so that no reply opens a connection anew."""
    server.play("large", Script(ANSWER, ttft=0.05, pace=0.002))
    for _ in range(5):
        async with aclosing(asked(conductor)) as reply:
            assert said([each async for each in reply]) == OPENING + "".join(ANSWER)
        await server.until(lambda: all(request.ended for request in server.requests))
    assert server.connections == 2


async def test_a_slow_listener_hears_everything_in_order(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """What came while the listener was busy is heard before what is read by the reply itself."""
    server.play("large", Script(ANSWER, ttft=0.02, pace=0.002))
    heard: list[Heard] = []
    waits = [20, 15, 10, 5]
    async with aclosing(asked(conductor)) as reply:
        async for each in reply:
            heard.append(each)
            if isinstance(each, SayContinuation) and waits:
                sent = waits.pop()
                await server.until(lambda sent=sent: server.requests_for("large")[0].tokens >= sent)
    assert said(heard) == OPENING + "".join(ANSWER)


async def test_a_large_model_that_falls_silent_is_given_up(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """The deadline holds where the reply itself waits; the small model finishes the answer."""
    server.play("large", Script([" We open", " at", NEVER, " nine."], ttft=0.2))
    server.play("small", OPENING, " nine o'clock.")
    async with aclosing(asked(conductor, stall_timeout_secs=0.3)) as reply:
        heard = [each async for each in reply]
    assert said(heard) == f"{OPENING} We open at nine o'clock."
    assert [each.recovered for each in heard if isinstance(each, ReportFailures)] == [True]
    await server.until(lambda: server.requests_for("large")[0].disconnected)


async def test_a_busy_process_gathers_tokens(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """Where it is asked to pause, a reply under way says more at once, and first words at once."""
    server.play("large", Script(ANSWER, ttft=0.2, pace=0.01))
    conductor.pause = lambda: 0.05
    loop = asyncio.get_running_loop()
    pieces: list[tuple[float, str]] = []
    async with aclosing(asked(conductor)) as reply:
        async for each in reply:
            if isinstance(each, SayContinuation):
                pieces.append((loop.time(), each.text))
        large_ttft = reply.report.large_ttft
    assert "".join(text for _, text in pieces) == "".join(ANSWER)
    assert len(pieces) <= len(ANSWER) // 2
    assert large_ttft is not None
    assert large_ttft < 0.25
    assert pieces[1][0] - pieces[0][0] >= 0.05


async def test_a_reply_that_pauses_is_interrupted_at_once(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """An interruption and a deadline find a reply that waits for more tokens, too."""
    server.play("large", Script([" We open", " at", NEVER, " nine."], ttft=0.2))
    conductor.pause = lambda: NEVER
    server.play("small", OPENING, " nine o'clock.", OPENING)
    async with aclosing(asked(conductor, stall_timeout_secs=0.3)) as reply:
        assert said([each async for each in reply]) == f"{OPENING} We open at nine o'clock."
    async with asyncio.timeout(2), aclosing(asked(conductor)) as reply:
        async for each in reply:
            if isinstance(each, SayContinuation):
                break
    await server.until(
        lambda: all(request.disconnected for request in server.requests_for("large"))
    )


async def test_cancelling_a_reply_that_reads_closes_the_request(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """Whoever cancels gets the cancellation at once, and the server sees the disconnect."""
    server.play("large", Script([" We open", " at", NEVER, " nine."], ttft=0.2))
    reading = asyncio.Event()

    async def listen() -> None:
        async with aclosing(asked(conductor)) as reply:
            async for each in reply:
                if isinstance(each, SayContinuation) and " at" in each.text:
                    asyncio.get_running_loop().call_later(0.05, reading.set)

    listening = asyncio.create_task(listen())
    await reading.wait()
    assert readers() == []
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await server.until(lambda: server.requests_for("large")[0].disconnected)


async def test_a_cancellation_at_the_deadline_is_not_lost(
    server: ScriptedEndpoint, conductor: Conductor
) -> None:
    """However close the deadline and a cancellation are, a cancelled listener ends cancelled."""
    server.play("large", Script([" We open", " at", NEVER, " nine."], ttft=0.05))
    server.play("small", Script(OPENING))
    stall, loop = 0.1, asyncio.get_running_loop()

    async def listen(offset: float) -> None:
        async with aclosing(asked(conductor, stall_timeout_secs=stall)) as reply:
            async for each in reply:
                if isinstance(each, SayContinuation) and " at" in each.text:
                    loop.call_at(loop.time() + stall + offset, listening.cancel)
            await asyncio.Event().wait()  # a reply that ended must not swallow the cancellation

    for offset in (-0.004, -0.002, 0.0, 0.0005, 0.002, 0.004):
        listening = asyncio.create_task(listen(offset))
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(listening, 5)
        assert listening.cancelled()


class MadeUpLoop:
    """The part of an event loop that an alarm needs, on made-up time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[MadeUpTimer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> "MadeUpTimer":
        self.timers.append(MadeUpTimer(when, callback))
        return self.timers[-1]

    def pass_time(self, secs: float) -> None:
        """Let so much time pass, with every timer that goes off meanwhile."""
        end = self.now + secs
        while due := [timer for timer in self.timers if timer.when <= end]:
            timer = min(due, key=lambda timer: timer.when)
            self.timers.remove(timer)
            self.now = max(self.now, timer.when)
            timer.callback()
        self.now = end


@dataclass
class MadeUpTimer:
    when: float
    callback: Callable[[], None]

    def cancel(self) -> None:
        self.callback = lambda: None


def test_an_alarm_rings_once_at_the_last_deadline() -> None:
    """Moving a deadline on or back costs no early, late or second ringing."""
    loop = MadeUpLoop()
    rung: list[float] = []
    alarm = Alarm(loop, lambda: rung.append(loop.time()))  # type: ignore[arg-type]
    begun = loop.time()
    alarm.set(begun + 0.02)
    alarm.set(begun + 0.06)
    loop.pass_time(0.04)
    assert rung == []
    loop.pass_time(0.06)
    assert len(rung) == 1
    assert rung[0] >= begun + 0.06
    alarm.set(loop.time() + 5.0)
    alarm.set(loop.time() + 0.01)
    loop.pass_time(0.05)
    assert len(rung) == 2
    alarm.set(loop.time() + 0.01)
    alarm.stop()
    loop.pass_time(0.03)
    assert len(rung) == 2
