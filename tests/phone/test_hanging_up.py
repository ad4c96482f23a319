"""How calls end: by either side, after silence, after a time, and in the middle of the greeting.

The bot's `bot` runs in the tests' own event loop, so that whatever a call leaves there is seen. Its
patience is cut, and the models are scripted; what is spoken and understood is real.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from pipecat.runner.types import WebSocketRunnerArguments
from websockets.exceptions import ConnectionClosed

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.phone.bots import BOT, environment
from tests.phone.caller import Caller, calling, speech
from tests.phone.ear import words
from tests.phone.server import served
from tests.phone.switchboard import load
from tests.phone.wire import Twilio

pytestmark = [
    # Pipecat 1.14's serializer authorizes itself in a way that aiohttp has deprecated.
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning"),
]

GOODBYE = "Thank you, that is all. Goodbye."
OPENING = "All right then, if you say so."
NOBODY = "Is there nobody home?"
FAREWELL = "Take good care of yourself."


def small(body: dict[str, Any]) -> Script:
    if "nobody" in str(body["messages"]):
        return Script(fault=Fault.STATUS_401)
    return Script(OPENING, ttft=0.05)


def large(body: dict[str, Any]) -> Script:
    if "nobody" in str(body["messages"]):
        return Script(fault=Fault.STATUS_401)
    return Script.tool_call("end_call", {"farewell": FAREWELL}, ttft=0.2)


@dataclass
class Line:
    """Bots that can be called, and what became of the calls."""

    port: int = 0
    told: list[str] = field(default_factory=list)
    """The calls that the carrier's REST API was told to end."""
    let_go: dict[str, asyncio.Event] = field(default_factory=dict)
    """Set when a bot has returned."""

    @asynccontextmanager
    async def call(self, scenario: str, *, start: bool = True) -> AsyncGenerator[Caller]:
        url = f"ws://127.0.0.1:{self.port}/{scenario}"
        async with calling(url, Twilio(call=scenario), start=start) as caller:
            yield caller


@dataclass
class Outcome:
    """How a call ended."""

    heard: str = ""
    secs: float = 0.0
    closed_by_bot: bool = False
    let_go_after: float = 0.0


async def _listen_until_closed(line: Line, scenario: str) -> Outcome:
    """Say nothing at all."""
    async with line.call(scenario) as caller:
        await caller.until(lambda: caller.closed)
    await line.let_go[scenario].wait()
    return Outcome(words(caller.pcm()), caller.secs(), closed_by_bot=True)


async def _say(line: Line, scenario: str, *, what: str) -> Outcome:
    """Answer the greeting with one sentence."""
    async with line.call(scenario) as caller:
        await caller.until_spoken_to()
        await caller.until_quiet(0.6)
        await caller.say(what)
        await caller.until(lambda: caller.closed)
    await line.let_go[scenario].wait()
    return Outcome(words(caller.pcm()), caller.secs(), closed_by_bot=True)


async def _leave(line: Line, scenario: str) -> Outcome:
    """Hang up while the bot still greets."""
    async with line.call(scenario) as caller:
        await caller.until_spoken_to(0.2)
        await caller.hang_up()
        left = time.monotonic()
    await line.let_go[scenario].wait()
    return Outcome(secs=caller.secs(), let_go_after=time.monotonic() - left)


async def _vanish(line: Line, scenario: str) -> Outcome:
    """The connection breaks while the bot still greets: no stop, no close."""
    async with line.call(scenario) as caller:
        await caller.until_spoken_to(0.2)
        caller.connection.transport.abort()
        left = time.monotonic()
    await line.let_go[scenario].wait()
    return Outcome(secs=caller.secs(), let_go_after=time.monotonic() - left)


async def _talk_nonsense(line: Line, scenario: str) -> Outcome:
    """Go on, in the middle of a call, in a language that no carrier speaks."""
    async with line.call(scenario) as caller:
        await caller.until_spoken_to(0.2)
        for message in ('{"event": "unknown"}', "{}", b"\xff\0", "[]"):
            with suppress(ConnectionClosed):
                await caller.connection.send(message)
        left = time.monotonic()
        await caller.until(lambda: caller.closed)
    await line.let_go[scenario].wait()
    return Outcome(secs=caller.secs(), let_go_after=time.monotonic() - left)


SCENARIOS: dict[str, tuple[Callable[[Line, str], Awaitable[Outcome]], dict[str, Any]]] = {
    "silence": (_listen_until_closed, {"GREETING": "Hello.", "IDLE_SECS": 0.6}),
    "limit": (_listen_until_closed, {"GREETING": "Hello.", "MAX_CALL_SECS": 4.0}),
    "goodbye": (partial(_say, what=GOODBYE), {"GREETING": "Hello."}),
    "nobody": (partial(_say, what=NOBODY), {"GREETING": "Hello."}),  # both models refuse it
    "leaving": (_leave, {}),
    "vanishing": (_vanish, {}),
    "nonsense": (_talk_nonsense, {}),
}


async def _outcomes() -> tuple[dict[str, Outcome], list[str], list[str]]:
    line, app, bots = Line(), FastAPI(), dict[str, Any]()
    for scenario, (_, constants) in SCENARIOS.items():
        bots[scenario] = load(BOT)
        line.let_go[scenario] = asyncio.Event()
        for name, value in constants.items():
            assert hasattr(bots[scenario], name)
            setattr(bots[scenario], name, value)

    @app.post("/2010-04-01/Accounts/{account}/Calls/{call}.json")
    async def end(account: str, call: str, request: Request) -> None:
        assert (account, await request.body()) == ("AC1", b"Status=completed")
        line.told.append(call)

    @app.websocket("/{scenario}")
    async def stream(scenario: str, websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await bots[scenario].bot(WebSocketRunnerArguments(websocket=websocket))
        finally:
            line.let_go[scenario].set()

    for text in (GOODBYE, NOBODY):
        await speech(text)
    before = asyncio.all_tasks()
    async with ScriptedEndpoint() as models, served(app) as line.port:
        models.play("small", small)
        models.play("large", large)
        os.environ.update(
            SMALL_MODEL_URL=models.url,
            SMALL_MODEL_NAME="small",
            LARGE_MODEL_URL=models.url,
            LARGE_MODEL_NAME="large",
            TWILIO_ACCOUNT_SID="AC1",
            TWILIO_AUTH_TOKEN="token",
            TWILIO_BASE_URL=f"http://127.0.0.1:{line.port}",
        )
        calls = await asyncio.gather(
            *(call(line, scenario) for scenario, (call, _) in SCENARIOS.items())
        )
    left = [repr(task) for task in asyncio.all_tasks() - before]
    return dict(zip(SCENARIOS, calls, strict=True)), line.told, left


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Outcome], list[str], list[str]]:
    """All of these calls, at the same time."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("hanging_up"))
        monkeypatch.setattr(os, "environ", os.environ.copy())
        os.environ.clear()
        os.environ.update(environment())
        return asyncio.run(_outcomes())


Outcomes = tuple[dict[str, Outcome], list[str], list[str]]


def test_a_silent_caller_is_asked_once_and_then_hung_up_on(outcomes: Outcomes) -> None:
    """With a word of farewell."""
    silence = outcomes[0]["silence"]
    assert silence.heard.startswith("hello")
    assert silence.heard.count("are you still there") == 1
    assert silence.heard.endswith("thank you for calling")


def test_a_call_does_not_last_for_ever(outcomes: Outcomes) -> None:
    """When its time is up, the caller is told so."""
    assert "time is up" in outcomes[0]["limit"].heard


def test_the_large_model_can_hang_up(outcomes: Outcomes) -> None:
    """Its farewell is heard to the end, and nothing after it."""
    assert outcomes[0]["goodbye"].heard.endswith("take good care of yourself")


def test_the_carrier_is_told_to_end_each_call_that_the_bot_ends(outcomes: Outcomes) -> None:
    """Once, where the keys to its REST API are set; of the others it knows."""
    ended_by_bot = {name for name, outcome in outcomes[0].items() if outcome.closed_by_bot}
    assert ended_by_bot == {"goodbye", "limit", "nobody", "silence"}
    assert sorted(set(outcomes[1]) - {"nonsense"}) == sorted(ended_by_bot)
    assert len(outcomes[1]) == len(set(outcomes[1]))


def test_where_no_model_can_answer_the_bot_hangs_up(outcomes: Outcomes) -> None:
    """Rather than leave the caller in silence."""
    assert outcomes[0]["nobody"].heard == "hello"


@pytest.mark.parametrize("scenario", ["leaving", "vanishing", "nonsense"])
def test_a_call_may_break_off_during_the_greeting(outcomes: Outcomes, scenario: str) -> None:
    """The bot lets go at once."""
    outcome = outcomes[0][scenario]
    assert 0 < outcome.secs < 3.0
    assert outcome.let_go_after < 2.0


def test_no_call_leaves_a_task_behind(outcomes: Outcomes) -> None:
    """However it ended."""
    assert outcomes[2] == []
