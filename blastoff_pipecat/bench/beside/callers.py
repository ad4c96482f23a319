"""A crowd of clients at the least cost, and what they saw.

Every token of the large model is numbered and says when it was due (`models`), so a client sees
what each was late by, and whether one was lost or came out of order.
"""

import asyncio
import math
import random
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field

KEY = f"sk-{secrets.token_hex(32)}"
"""What clients show. LiteLLM's proxy does not start without one; ours is given the same."""

PATIENCE_SECS = 120.0
_TOKEN = re.compile(rb"\bw(\d+)@(\d+\.\d+)")
_TEXT = re.compile(rb'"content": ?"[^"]')
_DONE = b"[DONE]"
_HEAD = (
    "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
    f"authorization: Bearer {KEY}\r\n"
    "content-type: application/json\r\ncontent-length: {}\r\n\r\n"
)


@dataclass
class Tally:
    """What a crowd saw.

    Attributes:
        late: What each token of the large model was late by, in seconds.
        last: Likewise the last token of each reply.
        first: How long after it asked a client got the first text, in seconds.
        replies: How many there were.
        broken: How many of them were not whole.
    """

    late: list[float] = field(default_factory=list[float])
    last: list[float] = field(default_factory=list[float])
    first: list[float] = field(default_factory=list[float])
    replies: int = 0
    broken: int = 0

    @property
    def p95(self) -> float:
        """What the 95th percentile of the tokens was late by, in seconds."""
        return percentile(self.late, 95)

    @property
    def last_p95(self) -> float:
        """Likewise of the replies' last tokens."""
        return percentile(self.last, 95)

    def percentiles(self) -> dict[str, float]:
        """How late tokens were, and how soon the first text came, in milliseconds."""
        told = {f"p{q}": 1e3 * percentile(self.late, q) for q in (50, 95, 99)}
        return told | {f"first p{q}": 1e3 * percentile(self.first, q) for q in (50, 95)}

    def told(self) -> str:
        """Sum it up in a line."""
        told = ", ".join(f"{name} {ms:.1f}" for name, ms in self.percentiles().items())
        return (
            f"{self.replies} replies, {len(self.late)} tokens, {self.broken} replies lost or "
            f"reordered a token; late, and first text, in ms: {told}"
        )


class Caller(asyncio.Protocol):
    """One client, which only notes what came when: the crowd shares its processor."""

    def __init__(self, tally: Tally, tokens: int) -> None:
        """Take where to write it down, and how many tokens a reply has."""
        self._tally = tally
        self._tokens = tokens
        self._reads: list[tuple[float, bytes]] = []
        self._before = b""
        self.asked = 0.0
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Note it; look at it after the end."""
        self._reads.append((time.monotonic(), data))
        if _DONE in self._before + data and not self.ended.done():
            self.ended.set_result(None)
        self._before = data[-len(_DONE) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a reply that broke off end."""
        if not self.ended.done():
            self.ended.set_result(None)

    def count(self) -> None:
        """Read the reply, token by token."""
        rest, following, in_order, ended = b"", 0, True, False
        first, late = math.inf, math.inf
        for at, data in self._reads:
            whole, _, rest = (rest + data).rpartition(b"\n\n")
            ended = ended or _DONE in whole
            if first == math.inf and _TEXT.search(whole):
                first = at
            for index, due in _TOKEN.findall(whole):
                in_order = in_order and int(index) == following
                following += 1
                late = at - float(due)
                self._tally.late.append(late)
        self._tally.first.append(first - self.asked)
        self._tally.last.append(late)
        self._tally.replies += 1
        self._tally.broken += not (ended and in_order and following == self._tokens)


async def connect(port: int, caller: Caller) -> asyncio.Transport:
    """Open a connection for one request."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: caller, "127.0.0.1", port)
    return transport


def ask(transport: asyncio.Transport, body: bytes, caller: Caller) -> None:
    """Send one request."""
    caller.asked = time.monotonic()
    transport.write(_HEAD.format(len(body)).encode() + body)


async def crowd(port: int, model: str, *, size: int, tokens: int, arrival_secs: float) -> Tally:
    """Let that many clients listen at once, each to a reply that starts a little later.

    Args:
        port: Where they ask.
        model: What they ask for.
        size: How many they are.
        tokens: How long a reply of the large model's is.
        arrival_secs: Over which time they come in, in seconds.
    """
    tally, body = Tally(), request(model, tokens)
    callers = [Caller(tally, tokens) for _ in range(size)]

    async def one(number: int, caller: Caller) -> None:
        await asyncio.sleep(number * arrival_secs / size)
        caller.asked = time.monotonic()  # where connecting fails, too
        transport = await connect(port, caller)
        ask(transport, body, caller)
        with suppress(TimeoutError):  # then the reply is not whole
            await asyncio.wait_for(caller.ended, PATIENCE_SECS)
        transport.close()

    await asyncio.gather(*(one(number, caller) for number, caller in enumerate(callers)))
    for caller in callers:
        caller.count()
    return tally


async def droppers(port: int, *, count: int, at_once: int = 100) -> None:
    """Open connections, ask, and hang up at random moments, some before the answer begins."""
    chance = random.Random(7)
    places = asyncio.Semaphore(at_once)
    body = request("any", 100)

    async def one() -> None:
        async with places:
            caller = Caller(Tally(), 0)
            transport = await connect(port, caller)
            ask(transport, body, caller)
            with suppress(TimeoutError):
                await asyncio.wait_for(caller.ended, chance.uniform(0, 1.2))
            transport.abort()

    await asyncio.gather(*(one() for _ in range(count)))


def request(model: str, tokens: int) -> bytes:
    """Write a request's body."""
    said = f"Tell me about the museum in {tokens} words, please."
    return (
        f'{{"model": "{model}", "stream": true, '
        f'"messages": [{{"role": "user", "content": "{said}"}}]}}'
    ).encode()


def percentile(values: list[float], q: int) -> float:
    """Return a percentile; infinite where there is nothing."""
    return sorted(values)[len(values) * q // 100] if values else math.inf
