"""The phone bot as a process of its own, and the carrier that calls it."""

import asyncio
import base64
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from blastoff_pipecat.phone.plivo import PlivoSignature
from blastoff_pipecat.phone.twilio import TwilioSignature
from tests.kit.environment import clean_environment
from tests.kit.served import PHONE_BOT as BOT
from tests.phone.caller import Caller, calling
from tests.phone.switchboard import CARRIERS
from tests.phone.wire import WIRES, Wire

HOST = "bot.example.com"
EXOTEL_SECRET = "kT3-w_9zAbCdEfGhIjKlMnOpQrStUv"
TOKEN = "0123456789abcdef0123456789abcdef"
TELNYX_KEY = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
SECRETS = {
    "twilio": {"TWILIO_AUTH_TOKEN": TOKEN},
    "telnyx": {
        "TELNYX_PUBLIC_KEY": base64.b64encode(TELNYX_KEY.public_key().public_bytes_raw()).decode()
    },
    "plivo": {"PLIVO_AUTH_TOKEN": TOKEN},
    "exotel": {"EXOTEL_STREAM_SECRET": EXOTEL_SECRET},
}
_STARTED = "Uvicorn running"
START_SECS = 60.0
STOP_SECS = 15.0


@dataclass
class Bot:
    """A bot that runs.

    Attributes:
        carrier: Whose calls it answers.
        port: Where it listens on this computer.
        pid: Its process.
        log: What it writes.
    """

    carrier: str
    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def stream_url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    async def announce(self, client: httpx.AsyncClient, call: str) -> httpx.Response:
        """Post the webhook of a call, as the carrier signs it."""
        form = [("CallSid", call), ("From", "+14158675309"), ("To", "+18005551212")]
        headers = _sign(self.carrier, form)
        return await client.post(self.url, content=urlencode(form), headers=headers)

    @asynccontextmanager
    async def call(self, wire: Wire | None = None, *, start: bool = True) -> AsyncGenerator[Caller]:
        """Call the bot the way its carrier does."""
        wire = wire or WIRES[self.carrier]()
        path, headers = f"/ws/{EXOTEL_SECRET}", dict[str, str]()
        if self.carrier != "exotel":
            async with httpx.AsyncClient() as client:
                response = await self.announce(client, wire.call)
            assert response.status_code == 200, response.text
            found = re.search(rf"wss://{HOST}(/ws/[A-Za-z0-9_-]+)", response.text)
            assert found
            path = found[1]
        if self.carrier == "twilio":
            signature = TwilioSignature(TOKEN).of(f"wss://{HOST}{path}")
            headers = {"x-twilio-signature": signature}
        async with calling(self.stream_url(path), wire, headers, start=start) as caller:
            yield caller

    def open_streams(self) -> int:
        """TCP connections of the bot's process that others have made to it."""
        inodes = set[str]()
        for descriptor in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                inodes.add(os.readlink(descriptor).removeprefix("socket:[").rstrip("]"))
        rows = [
            line.split()
            for table in ("tcp", "tcp6")
            for line in Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]
        ]
        port = f":{self.port:04X}"
        return sum(
            row[1].endswith(port) and row[3] == "01" and row[9] in inodes  # 01: established
            for row in rows
        )

    def children(self) -> list[str]:
        """The processes that the bot's process has started and that still run."""
        children = list[str]()
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(FileNotFoundError):  # ended meanwhile
                children += (thread / "children").read_text().split()
        return children

    def said(self) -> str:
        """What the bot has written so far."""
        return _read(self.log)


def _sign(carrier: str, form: list[tuple[str, str]]) -> Mapping[str, str]:
    url, headers = f"https://{HOST}/", {"Content-Type": "application/x-www-form-urlencoded"}
    if carrier == "twilio":
        return {**headers, "X-Twilio-Signature": TwilioSignature(TOKEN).of(url, form)}
    if carrier == "plivo":
        nonce = os.urandom(8).hex()
        signature = PlivoSignature(TOKEN).of(url, nonce, form)
        return {
            **headers,
            "X-Plivo-Signature-V3": signature,
            "X-Plivo-Signature-V3-Nonce": nonce,
        }
    now = str(int(time.time()))
    signature = base64.b64encode(TELNYX_KEY.sign(f"{now}|{urlencode(form)}".encode())).decode()
    return {**headers, "Telnyx-Signature-Ed25519": signature, "Telnyx-Timestamp": now}


def environment(**variables: str) -> dict[str, str]:
    """The tests' own environment, without what would lead a bot elsewhere."""
    return clean_environment({"PYTHONUNBUFFERED": "1", "LOGURU_LEVEL": "INFO", **variables})


@asynccontextmanager
async def phone_bot(
    carrier: str, folder: Path, *arguments: str, **variables: str
) -> AsyncGenerator[Bot]:
    """Run the bot, as its users do, until the block ends."""
    (port,), log = _free_ports(1), folder / f"{carrier}.log"
    command = (str(BOT), "-t", carrier, "--proxy", HOST, "--port", str(port), *arguments)
    async with _running(command, log, 1, {**SECRETS[carrier], **variables}) as pid:
        yield Bot(carrier, port, pid, log)


@asynccontextmanager
async def switchboard(folder: Path, **variables: str) -> AsyncGenerator[dict[str, Bot]]:
    """Run the bot for the other carriers, in one process, until the block ends."""
    ports, log = _free_ports(len(CARRIERS)), folder / "switchboard.log"
    command = ("-m", "tests.phone.switchboard", str(BOT), HOST, *map(str, ports))
    secrets = {name: value for each in SECRETS.values() for name, value in each.items()}
    secrets["PYTHONPATH"] = str(BOT.parents[1])
    async with _running(command, log, len(CARRIERS), {**secrets, **variables}) as pid:
        yield {name: Bot(name, port, pid, log) for name, port in zip(CARRIERS, ports, strict=True)}


@asynccontextmanager
async def _running(
    command: Sequence[str], log: Path, servers: int, variables: Mapping[str, str]
) -> AsyncGenerator[int]:
    """Run Python until the block ends; it then ends on Ctrl-C, without an error. Yields its pid."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=log.parent,  # where no .env is
            env=environment(**variables),
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + START_SECS
        while _read(log).count(_STARTED) < servers:
            assert process.returncode is None, _read(log)
            assert time.monotonic() < deadline, _read(log)
            await asyncio.sleep(0.05)
        yield process.pid
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), STOP_SECS) == 0, _read(log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _read(log: Path) -> str:
    return log.read_text()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in free]
