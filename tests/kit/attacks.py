"""Hostile clients of an HTTP server: each does its worst once, over connections of its own."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache

CHAT = "/v1/chat/completions"
PATIENCE_SECS = 5.0
"""How long a server's answer is waited for; what is slower is left, as an attacker would."""

BODY_BYTES = 2_999_000
"""Just below what the server takes."""

Attack = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def connection(
    port: int,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def exchange(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces, as far as the server lets one; return what it answers."""
    async with connection(port) as (reader, writer):
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECS):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECS):
                return await reader.read(65_536)
    return b""


def head(length: int | str, path: str = CHAT) -> bytes:
    """The head of a request that is taken for an honest one."""
    how = f"content-length: {length}" if isinstance(length, int) else f"transfer-encoding: {length}"
    return (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\n"
        f"content-type: application/json\r\n{how}\r\n\r\n"
    ).encode()


def body(start: bytes, piece: bytes, end: bytes, separator: bytes = b",") -> bytes:
    """A body of nearly the largest size, of one piece again and again."""
    count = (BODY_BYTES - len(start) - len(end)) // (len(piece) + len(separator))
    return start + separator.join([piece] * count) + end


def sends(make: Callable[[], bytes]) -> Attack:
    """An attack by one body, which is made once."""
    made = cache(make)

    async def attack(port: int) -> None:
        whole = made()
        await exchange(port, head(len(whole)), whole)

    return attack


def _asking(text: str) -> bytes:
    message = {"role": "user", "content": text}
    asked = {"messages": [message], "max_tokens": 60}
    return json.dumps(asked, ensure_ascii=False).encode()


async def _endless_header(port: int) -> None:
    await exchange(port, b"GET / HTTP/1.1\r\nx: ", *([b"a" * 60_000] * 100))


async def _many_headers(port: int) -> None:
    await exchange(port, b"GET / HTTP/1.1\r\n", *([b"a:\r\n" * 15_000] * 100))


async def _endless_path(port: int) -> None:
    await exchange(port, b"GET /", *([b"a" * 60_000] * 100))


async def _trailers(port: int) -> None:
    start = head("chunked") + b"2\r\n{}\r\n0\r\n"
    await exchange(port, start, *([b"a:\r\n" * 15_000] * 100))


async def _tiny_chunks(port: int) -> None:
    await exchange(port, head("chunked"), *([b"1\r\n \r\n" * 10_000] * 100))


async def _pipelined(port: int) -> None:
    await exchange(port, *([b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n" * 2_000] * 20))


async def _half_a_header(port: int) -> None:
    await exchange(port, b"GET / HTTP/1.1\r\nho")


async def _slow_header(port: int) -> None:
    await exchange(port, b"GET / HTTP/1.1\r\n", *([b"a: b\r\n"] * 40), pause=0.05)


async def _slow_body(port: int) -> None:
    await exchange(port, head(BODY_BYTES), *([b" " * 100] * 40), pause=0.05)


async def _flood(port: int) -> None:
    async def idle() -> None:
        with suppress(OSError):
            async with connection(port) as (reader, _):
                with suppress(TimeoutError, OSError):
                    async with asyncio.timeout(1.0):
                        await reader.read()

    await asyncio.gather(*(idle() for _ in range(200)))


async def _drops(port: int) -> None:
    chance = random.Random()
    asking = _asking("When does it open?")

    async def drop() -> None:
        with suppress(OSError):
            async with connection(port) as (_, writer):
                writer.write(head(len(asking)) + asking[: chance.randint(0, 2 * len(asking))])
                await asyncio.sleep(chance.uniform(0, 0.2))

    await asyncio.gather(*(drop() for _ in range(20)))


async def _too_large(port: int) -> None:
    await exchange(port, head(10**12), *([b" " * 60_000] * 100))


async def _noise(port: int) -> None:
    await exchange(port, random.Random(7).randbytes(60_000))


ATTACKS: Mapping[str, Attack] = {
    "a million numbers": sends(lambda: body(b'{"messages":[', b"1", b"]}")),
    "empty lists": sends(lambda: body(b'{"messages":[', b"[]", b"]}")),
    "empty objects": sends(lambda: body(b'{"messages":[', b"{}", b"]}")),
    "tiny messages": sends(lambda: body(b'{"messages":[', b'{"role":"user"}', b"]}")),
    "tiny parts": sends(
        lambda: body(b'{"messages":[{"role":"user","content":[', b'{"text":""}', b"]}]}")
    ),
    "as many messages as values are taken": sends(
        lambda: b'{"messages":[' + b",".join([b'{"role":"user"}'] * 99_000) + b"]}"
    ),
    "fields": sends(
        lambda: (
            b'{"messages":[{"role":"user"}],'
            + b",".join(b'"f%d":1' % i for i in range(190_000))
            + b"}"
        )
    ),
    "deep": sends(lambda: body(b"", b"[", b"", b"")),
    "deep objects": sends(lambda: body(b"", b'{"a":', b"", b"")),
    "one text": sends(lambda: _asking("a" * 2_900_000)),
    "one text in wide letters": sends(lambda: _asking("a" * 2_900_000 + "\U0001f600")),
    "blanks": sends(lambda: _asking(" " * 2_900_000 + "?")),
    "letters apart": sends(lambda: _asking("no " * 950_000)),
    "escapes": sends(
        lambda: b'{"messages":[{"role":"user","content":"' + b"\\n" * 1_450_000 + b'"}]}'
    ),
    "digits": sends(lambda: body(b'{"messages":', b"7", b"}", b"")),
    "halves of pairs": sends(
        lambda: b'{"messages":[{"role":"user","content":"' + b"\\ud800" * 480_000 + b'"}]}'
    ),
    "an endless header": _endless_header,
    "many headers": _many_headers,
    "an endless path": _endless_path,
    "trailers": _trailers,
    "tiny chunks": _tiny_chunks,
    "requests ahead": _pipelined,
    "half a header": _half_a_header,
    "a slow header": _slow_header,
    "a slow body": _slow_body,
    "idle connections": _flood,
    "dropped connections": _drops,
    "a body that is too large": _too_large,
    "noise": _noise,
}
"""By what each sends."""
