"""People who have found a phone bot's address, and what each of them gets from it."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from blastoff_pipecat.phone.twilio import TwilioSignature
from tests.kit.attacks import ATTACKS, connection
from tests.phone.bots import HOST, TOKEN, Bot
from tests.phone.wire import Twilio

ROUTES = (
    ("GET", "/"),
    ("GET", "/client/"),
    ("GET", "/status"),
    ("GET", "/daily"),
    ("GET", "/files/.env"),
    ("GET", "/docs"),
    ("POST", "/start"),
    ("POST", "/api/offer"),
    ("POST", "/files"),
    ("POST", "/sessions/x/files"),
    ("POST", "/daily-dialin-webhook"),
)
STREAMS = ("/ws", "/ws/guess", "/ws-client", "/ws-client/guess", "/")


@dataclass
class Visits:
    """How strangers were received: HTTP statuses, and websocket close codes."""

    routes: set[int] = field(default_factory=set)
    unsigned: set[int] = field(default_factory=set)
    streams: set[int] = field(default_factory=set)
    used_token: int = 0
    unsigned_token: int = 0
    garbage: int = 0
    huge: int = 0
    silent: int = 0
    silent_secs: float = 0.0
    endless: set[str] = field(default_factory=set)
    half_secs: float = 0.0


def _signed(path: str) -> dict[str, str]:
    return {"x-twilio-signature": TwilioSignature(TOKEN).of(f"wss://{HOST}{path}")}


async def _refused(bot: Bot, path: str, headers: Mapping[str, str] | None = None) -> int:
    try:
        async with connect(bot.stream_url(path), additional_headers=headers):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def _token(bot: Bot, client: httpx.AsyncClient) -> str:
    """The path of a stream, announced as if for a call."""
    response = await bot.announce(client, "CA-stranger")
    found = re.search(r"(/ws/[A-Za-z0-9_-]+)", response.text)
    assert found
    return found[1]


async def _closed(bot: Bot, client: httpx.AsyncClient, *messages: str | bytes) -> int:
    """Get in as the carrier does, say something, and wait to be hung up on."""
    path = await _token(bot, client)
    async with connect(bot.stream_url(path), additional_headers=_signed(path)) as stream:
        try:
            for message in messages:
                await stream.send(message)
            while True:
                await stream.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0


async def visit(bot: Bot) -> Visits:
    """Try everything on Twilio's bot, with some of what only Twilio has where that goes further."""
    visits = Visits()
    half = asyncio.create_task(_half_a_header(bot))
    for name in ("an endless header", "many headers", "an endless path"):
        began = time.monotonic()
        await ATTACKS[name](_port(bot))
        if time.monotonic() - began > 1:
            visits.endless.add(name)
    async with httpx.AsyncClient() as client:
        for method, path in ROUTES:
            response = await client.request(method, f"{bot.url.rstrip('/')}{path}", json={})
            visits.routes.add(response.status_code)
        for headers in (
            {},
            {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
            {"X-Forwarded-Host": HOST, "X-Forwarded-For": "127.0.0.1", "Host": HOST},
        ):
            response = await client.post(bot.url, data={"CallSid": "CA1"}, headers=headers)
            visits.unsigned.add(response.status_code)
        for path in STREAMS:
            visits.streams.add(await _refused(bot, path))
            visits.streams.add(await _refused(bot, path, {"Authorization": "Bearer guess"}))
        path = await _token(bot, client)
        visits.unsigned_token = await _refused(bot, path)
        connected = json.dumps(Twilio().hello()[0])
        async with connect(bot.stream_url(path), additional_headers=_signed(path)):
            pass
        visits.used_token = await _refused(bot, path, _signed(path))
        visits.garbage = await _closed(bot, client, b"\xff\xfe\0junk", "[]")
        visits.huge = await _closed(bot, client, connected, "a" * 10_000_000)
        began = time.monotonic()
        visits.silent = await _closed(bot, client)
        visits.silent_secs = time.monotonic() - began
    visits.half_secs = await half
    return visits


def _port(bot: Bot) -> int:
    return httpx.URL(bot.url).port or 80


async def _half_a_header(bot: Bot) -> float:
    """Begin a request; return how long the bot waits for the rest, in seconds."""
    began = time.monotonic()
    async with connection(_port(bot)) as (reader, writer), asyncio.timeout(60):
        writer.write(b"POST / HTTP/1.1\r\nho")
        await reader.read()
    return time.monotonic() - began
