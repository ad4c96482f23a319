"""The guard before a real server: which requests get through, and how the others are answered."""

import asyncio
import logging
import re
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from blastoff_pipecat.phone import PhoneGuard
from blastoff_pipecat.phone.carriers import DAILY, TWILIO
from blastoff_pipecat.phone.daily import DailySignature
from blastoff_pipecat.phone.doors import CarrierDoor, Door, EvalDoor, ExotelDoor
from blastoff_pipecat.phone.exotel import ExotelSecret
from blastoff_pipecat.phone.guard import MAX_BODY, MAX_MESSAGE
from blastoff_pipecat.phone.twilio import TwilioSignature
from tests.phone.server import served

HOST = "bot.example.com"
FORM = [("CallSid", "CA1"), ("From", "+14158675309")]
EXOTEL_SECRET = "kT3-w_9zAbCdEfGhIjKlMnOpQrStUv"
SIGNATURE = TwilioSignature("12345")
ROUTES = (
    ("GET", "/"),
    ("GET", "/client/"),
    ("GET", "/status"),
    ("GET", "/daily"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/files/x"),
    ("POST", "/start"),
    ("POST", "/api/offer"),
    ("PATCH", "/api/offer"),
    ("POST", "/files"),
    ("POST", "/sessions/x/api/offer"),
    ("POST", "/daily-dialin-webhook"),
    ("POST", "/whatsapp"),
    ("POST", "//"),
    ("PUT", "/"),
)


@dataclass
class Bot:
    """What stands behind the guard: it answers everything, and notes what gets through."""

    port: int = 0
    through: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stream(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def guarded(door: Door) -> AsyncGenerator[Bot]:
    bot, app = Bot(), FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH"])
    async def anything(path: str, request: Request) -> str:
        bot.through.append(f"{request.method} /{path}")
        bot.bodies.append(await request.body())
        return "the runner"

    @app.websocket("/ws")
    async def stream(websocket: WebSocket) -> None:
        bot.through.append("/ws")
        await websocket.accept()
        try:
            while True:
                text = await websocket.receive_text()
                bot.lengths.append(len(text))
                await websocket.send_text(text)
        except WebSocketDisconnect:
            bot.left.set()

    app.add_middleware(PhoneGuard, door=door)
    async with served(app) as bot.port:
        yield bot


def _twilio() -> CarrierDoor:
    return CarrierDoor(TWILIO, SIGNATURE, HOST)


def _signed(url: str = f"https://{HOST}/") -> dict[str, str]:
    return {"X-Twilio-Signature": SIGNATURE.of(url, FORM)}


async def _announced(client: httpx.AsyncClient, bot: Bot) -> tuple[str, Mapping[str, str]]:
    """The path of a stream that the bot announces, and what a handshake with it carries."""
    response = await client.post(bot.url, data=dict(FORM), headers=_signed())
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/xml")
    found = re.search(rf'<Stream url="wss://{HOST}(/ws/[^"]+)"', response.text)
    assert found
    return found[1], {"x-twilio-signature": SIGNATURE.of(f"wss://{HOST}{found[1]}")}


async def test_a_signed_call_gets_its_stream() -> None:
    """The webhook announces it, and the runner sees one plain path."""
    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        path, headers = await _announced(client, bot)
        async with connect(bot.stream(path), additional_headers=headers) as stream:
            await stream.send("hello")
            assert await stream.recv() == "hello"
        await bot.left.wait()
    assert bot.through == ["/ws"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {"X-Twilio-Signature": "é"},
        _signed("http://127.0.0.1/"),
        _signed("https://evil.example.com/"),
    ],
)
async def test_a_webhook_that_is_not_signed_for_this_host_is_refused(
    headers: dict[str, str],
) -> None:
    """Whatever its own headers say the host is."""
    faked = {
        "Host": "evil.example.com",
        "X-Forwarded-Host": "evil.example.com",
        "X-Forwarded-Proto": "https",
        "X-Original-URL": "https://evil.example.com/",
    }
    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        for more in ({}, faked):
            raw = {name: value.encode() for name, value in {**headers, **more}.items()}
            response = await client.post(bot.url, data=dict(FORM), headers=raw)
            assert (response.status_code, response.text) == (403, "Forbidden")
    assert bot.through == []


async def test_a_webhook_is_taken_by_its_body_and_query() -> None:
    """A field more, a field less, or a query that is not signed, and it is refused."""
    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        for url, form in (
            (bot.url, {**dict(FORM), "Digits": "1"}),
            (bot.url, {"CallSid": "CA1"}),
            (f"{bot.url}/?a=b", dict(FORM)),
        ):
            assert (await client.post(url, data=form, headers=_signed())).status_code == 403
        with_query = _signed(f"https://{HOST}/?a=b%20c")
        response = await client.post(f"{bot.url}/?a=b%20c", data=dict(FORM), headers=with_query)
        assert response.status_code == 200


async def test_nothing_else_of_the_runner_is_there() -> None:
    """Every other route, and every other method of the webhook's, is answered as unknown."""
    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        for method, path in ROUTES:
            response = await client.request(method, f"{bot.url}{path}", headers=_signed())
            assert (response.status_code, response.text) == (404, "Not Found"), (method, path)
        for path in ("/ws", "/ws/x", "/ws-client", "/ws-client/x", "/"):
            with pytest.raises(InvalidStatus) as refused:
                await connect(bot.stream(path))
            assert refused.value.response.status_code == 403
    assert bot.through == []


async def test_loopback_is_nobody_special_where_a_carrier_calls() -> None:
    """Behind a tunnel everybody comes from there."""
    async with guarded(_twilio()) as bot:
        with pytest.raises(InvalidStatus):
            await connect(bot.stream("/ws"))
    assert bot.through == []


async def test_an_eval_harness_gets_in_where_no_carrier_calls() -> None:
    """And nobody through a tunnel, nor any other way."""
    async with guarded(EvalDoor()) as bot, httpx.AsyncClient() as client:
        async with connect(bot.stream("/ws")) as stream:
            await stream.send("hello")
            assert await stream.recv() == "hello"
        await bot.left.wait()
        for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"Origin": "http://localhost"}):
            with pytest.raises(InvalidStatus):
                await connect(bot.stream("/ws"), additional_headers=headers)
        for method, path in (*ROUTES, ("POST", "/")):
            response = await client.request(method, f"{bot.url}{path}")
            assert response.status_code == 404
    assert bot.through == ["/ws"]


async def test_dailys_webhook_reaches_the_runner_whole() -> None:
    """Byte by byte as it was signed, and only signed."""
    signature = DailySignature("YSBzZWNyZXQgb2YgMzIgYnl0ZXMsIGluIGJhc2U2NCE=")
    body = b'{ "From": "+1", "To": "+2",\n "callId": "a", "callDomain": "b" }'
    async with (
        guarded(CarrierDoor(DAILY, signature, "", lambda: 1000.0)) as bot,
        httpx.AsyncClient() as client,
    ):
        url = f"{bot.url}/daily-dialin-webhook"
        headers = {"X-Pinless-Timestamp": "1000", "X-Pinless-Signature": signature.of("1000", body)}
        assert (await client.post(url, content=body)).status_code == 403
        assert (await client.post(url, content=body + b" ", headers=headers)).status_code == 403
        assert (await client.post(url, content=body, headers=headers)).text == '"the runner"'
        assert (await client.post(url, content=body, headers=headers)).status_code == 403
    assert bot.bodies == [body]


async def test_a_webhook_that_is_too_long_is_refused() -> None:
    """Whether or not it says how long it is."""

    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(MAX_BODY // 1000 + 2):
            yield b"a" * 1000

    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        whole = await client.post(bot.url, content=b"a" * (MAX_BODY + 1), headers=_signed())
        pieces = await client.post(bot.url, content=endless(), headers=_signed())
    assert (whole.status_code, pieces.status_code) == (413, 413)


async def test_a_webhook_that_breaks_off_is_no_error() -> None:
    """And the next one is answered."""
    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        with socket.create_connection(("127.0.0.1", bot.port)) as half:
            half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        assert (await client.post(bot.url, data=dict(FORM), headers=_signed())).status_code == 200


async def test_a_message_that_is_too_long_ends_its_stream() -> None:
    """Ten million characters never reach the bot; the largest that a carrier may send do."""
    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        path, headers = await _announced(client, bot)
        async with connect(bot.stream(path), additional_headers=headers, max_size=None) as stream:
            await stream.send("a" * MAX_MESSAGE)
            assert len(await stream.recv()) == MAX_MESSAGE
            await stream.send("a" * 10_000_000)
            with pytest.raises(ConnectionClosed) as closed:
                await stream.recv()
        await bot.left.wait()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert bot.lengths == [MAX_MESSAGE]


async def test_what_a_stranger_asks_for_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """A secret that is misspelt, in a place that is not its own, or asked for as a page."""
    caplog.set_level(logging.INFO)
    logging.getLogger("uvicorn.access").setLevel(logging.INFO)
    near = f"{EXOTEL_SECRET}x"
    async with guarded(ExotelDoor(ExotelSecret(EXOTEL_SECRET))) as bot, httpx.AsyncClient() as http:
        for path in (f"/ws/{near}", f"/wss/{EXOTEL_SECRET}", f"/ws?secret={EXOTEL_SECRET}"):
            with pytest.raises(InvalidStatus):
                await connect(bot.stream(path))
        for path in (f"/ws/{EXOTEL_SECRET}", f"/?secret={EXOTEL_SECRET}", f"/{near}"):
            assert (await http.get(bot.url + path)).status_code == 404
        async with connect(bot.stream(f"/ws/{EXOTEL_SECRET}")):
            pass
    async with guarded(_twilio()) as bot, httpx.AsyncClient() as client:
        path, _ = await _announced(client, bot)
        with pytest.raises(InvalidStatus):
            await connect(bot.stream(path))
        with pytest.raises(InvalidStatus):
            await connect(bot.stream(path), additional_headers={"x-twilio-signature": "no"})
    token = path.rpartition("/")[2]
    ours = [each for each in caplog.records if each.name.startswith(("uvicorn", "blastoff"))]
    said = "\n".join(each.getMessage() for each in ours)
    assert "Refused a stream" in said
    assert "404" in said
    assert EXOTEL_SECRET not in said
    assert token not in said
