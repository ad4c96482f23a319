"""Picking up: what is a call, what is none, and what a call's serializer is made of."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI, Request, WebSocket
from pipecat.evals.fastapi_transport import EvalFastAPIWebsocketTransport
from pipecat.evals.transport import EvalTransportParams
from pipecat.frames.frames import EndFrame
from pipecat.runner.types import CallData, TelnyxCallData, WebSocketRunnerArguments
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from blastoff_pipecat.phone import NoCall, pick_up
from blastoff_pipecat.phone.carriers import missing_rest_keys, serializer_for
from tests.phone.server import served
from tests.phone.wire import WIRES, Wire

LATE_SECS = 0.4
REST_KEYS = {
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "token",
    "TELNYX_API_KEY": "key",
    "PLIVO_AUTH_ID": "MA1",
    "PLIVO_AUTH_TOKEN": "token",
}


def _sound() -> FastAPIWebsocketParams:
    return FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True)


PARAMS = {
    **dict.fromkeys(WIRES, _sound),
    "eval": lambda: EvalTransportParams(audio_in_enabled=True),
}


@dataclass
class Outcome:
    """How picking up went."""

    transport: BaseTransport | None = None
    args: WebSocketRunnerArguments | None = None
    refusal: NoCall | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def picking_up() -> AsyncGenerator[tuple[ClientConnection, Outcome]]:
    """A carrier's connection to a server that picks up."""
    outcome, done, app = Outcome(), asyncio.Event(), FastAPI()

    @app.websocket("/ws")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        outcome.args = WebSocketRunnerArguments(websocket=websocket)
        try:
            outcome.transport = await pick_up(outcome.args, PARAMS, within=LATE_SECS)
        except NoCall as refusal:
            outcome.refusal = refusal
        outcome.over.set()
        await done.wait()

    async with served(app) as port, connect(f"ws://127.0.0.1:{port}/ws") as connection:
        yield connection, outcome
        done.set()


@pytest.mark.parametrize("name", WIRES)
async def test_a_carriers_stream_is_picked_up(name: str) -> None:
    """With its own serializer, and whose call it is."""
    wire: Wire = WIRES[name]()
    async with picking_up() as (connection, outcome):
        for message in [*wire.hello(), wire.media(bytes(320))]:
            await connection.send(json.dumps(message))
        await outcome.over.wait()
    assert outcome.refusal is None
    assert outcome.transport is not None
    assert outcome.args is not None
    assert outcome.args.transport_type == name
    assert outcome.args.call_data is not None
    assert outcome.args.call_data.stream_id == wire.stream
    assert (outcome.args.call_data.call_id or "").endswith(wire.call)


async def test_an_eval_harness_is_picked_up() -> None:
    """It says so in its first message."""
    async with picking_up() as (connection, outcome):
        data = {"t": "eval-connect", "d": {}}
        message = {"label": "rtvi-ai", "type": "client-message", "id": "1", "data": data}
        await connection.send(json.dumps(message))
        await outcome.over.wait()
    assert isinstance(outcome.transport, EvalFastAPIWebsocketTransport)


async def test_who_says_nothing_is_hung_up_on() -> None:
    """After the deadline; the connection is closed, and no task waits on."""
    async with picking_up() as (connection, outcome):
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(connection.recv(), 5)
        await outcome.over.wait()
    assert "within" in str(outcome.refusal)


async def test_a_start_that_comes_too_late_is_no_call() -> None:
    """Even where everything else was said in time."""
    wire = WIRES["twilio"]()
    connected, start = wire.hello()
    async with picking_up() as (connection, outcome):
        await connection.send(json.dumps(connected))
        await outcome.over.wait()
        with suppress(ConnectionClosed):
            await connection.send(json.dumps(start))
        with pytest.raises(ConnectionClosed):
            await connection.recv()
    assert "within" in str(outcome.refusal)


async def test_a_start_that_comes_late_is_a_call() -> None:
    """Within the deadline."""
    connected, start = (wire := WIRES["twilio"]()).hello()
    async with picking_up() as (connection, outcome):
        await connection.send(json.dumps(connected))
        await asyncio.sleep(LATE_SECS / 2)
        await connection.send(json.dumps(start))
        await outcome.over.wait()
        assert outcome.args is not None
        assert outcome.args.call_data is not None
        assert outcome.args.call_data.stream_id == wire.stream


async def _junk(connection: ClientConnection) -> None:
    await connection.send("\0\1\2 not json")
    await connection.send("{")


async def _bytes(connection: ClientConnection) -> None:
    await connection.send(bytes(range(256)))
    await connection.send(b"\xff" * 1000)


async def _lists(connection: ClientConnection) -> None:
    await connection.send("[]")
    await connection.send("[1, 2]")


async def _empty(connection: ClientConnection) -> None:
    await connection.send("")
    await connection.send("{}")


async def _deep(connection: ClientConnection) -> None:
    await connection.send("[" * 100_000)
    await connection.send("{}")


async def _media_first(connection: ClientConnection) -> None:
    wire = WIRES["twilio"]()
    await connection.send(json.dumps(wire.media(bytes(320))))
    await connection.send(json.dumps(wire.hello()[1]).replace("streamSid", "x"))


async def _numbers(connection: ClientConnection) -> None:
    start = {"event": "start", "start": {"streamSid": 1, "callSid": {"a": []}}}
    await connection.send(json.dumps(start))
    await connection.send(json.dumps(start))


async def _no_name(connection: ClientConnection) -> None:
    start = {"event": "start", "start": {"streamSid": "", "callSid": None}}
    await connection.send(json.dumps(start))
    await connection.send(json.dumps(start))


async def _leaves(connection: ClientConnection) -> None:
    await connection.close()


async def _connects_and_leaves(connection: ClientConnection) -> None:
    await connection.send(json.dumps(WIRES["twilio"]().hello()[0]))
    await connection.close()


@pytest.mark.parametrize(
    "send",
    [
        _junk,
        _bytes,
        _lists,
        _empty,
        _deep,
        _media_first,
        _numbers,
        _no_name,
        _leaves,
        _connects_and_leaves,
    ],
)
async def test_what_is_no_call_is_closed(
    send: Callable[[ClientConnection], Awaitable[None]],
) -> None:
    """Whatever comes first, it is refused in one sentence and not with an error."""
    async with picking_up() as (connection, outcome):
        await send(connection)
        await outcome.over.wait()
        with pytest.raises(ConnectionClosed):
            await connection.recv()
    assert outcome.transport is None
    assert outcome.refusal is not None


def _call(name: str) -> CallData:
    kind = TelnyxCallData if name == "telnyx" else CallData
    return kind(stream_id="stream", call_id="call")


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize("environ", [{}, REST_KEYS])
def test_a_serializer_is_made_with_and_without_keys(name: str, environ: dict[str, str]) -> None:
    """Where Pipecat's runner would fail the call, it is answered."""
    assert serializer_for(name, _call(name), environ)
    assert bool(missing_rest_keys(name, environ)) == (not environ and name != "exotel")


# Pipecat 1.14's serializer authorizes itself in a way that aiohttp has deprecated.
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("more", "user"),
    [
        ({}, "AC1:token"),
        ({"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret"}, "SK1:secret"),
        ({"TWILIO_API_KEY": "SK1", "TWILIO_REGION": "ie1"}, "AC1:token"),
    ],
)
async def test_twilio_is_told_to_end_the_call(more: dict[str, str], user: str) -> None:
    """With the API key where there is one, though the auth token stands beside it."""
    told: list[tuple[str, bytes, str]] = []
    api = FastAPI()

    @api.post("/{path:path}")
    async def end(path: str, request: Request) -> None:
        told.append((path, await request.body(), request.headers["authorization"]))

    async with served(api) as port:
        environ = {**REST_KEYS, **more, "TWILIO_BASE_URL": f"http://127.0.0.1:{port}"}
        serializer = serializer_for("twilio", _call("twilio"), environ)
        assert await serializer.serialize(EndFrame()) is None
    authorization = "Basic " + base64.b64encode(user.encode()).decode()
    path = "2010-04-01/Accounts/AC1/Calls/call.json"
    assert told == [(path, b"Status=completed", authorization)]


async def test_without_keys_nobody_is_told_to_end_the_call() -> None:
    """No request is made, to Twilio or to anybody."""
    for name in WIRES:
        assert await serializer_for(name, _call(name), {}).serialize(EndFrame()) is None


def test_a_call_without_a_name_or_a_carrier_is_none() -> None:
    """The message says which of the two."""
    with pytest.raises(ValueError, match="no name"):
        serializer_for("twilio", CallData(), {})
    with pytest.raises(ValueError, match="no carrier"):
        serializer_for("unknown", CallData(stream_id="x"), {})
