"""The protocols of three providers, as far as a stream of text goes, in a process of its own.

Run as a module with a provider's name, it prints its URL and serves until its input ends. A request
for the model "burst" is answered in one write, any other a token at a time.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from blastoff_pipecat.bench.child import commands
from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.bench.overhead.extent import LargeName
from blastoff_pipecat.bench.overhead.server import words

TOKENS = 200
APART_SECS = 0.001  # far enough for each to be read by itself


@dataclass(frozen=True, slots=True)
class _Stream:
    """What a reply is made of."""

    begin: bytes
    tokens: Sequence[bytes]
    end: bytes


def _data(event: object, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(event)}\n\n".encode()


def _openai(said: Sequence[str]) -> _Stream:
    def chunk(delta: dict[str, str], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return _data({**head, "choices": [choice]})

    begin, end = chunk({"role": "assistant", "content": ""}), chunk({}, "stop")
    return _Stream(begin, [chunk({"content": t}) for t in said], end + b"data: [DONE]\n\n")


def _anthropic(said: Sequence[str]) -> _Stream:
    def event(kind: str, **fields: Any) -> bytes:
        return _data({"type": kind, **fields}, kind)

    usage = {"input_tokens": 1, "output_tokens": 1}
    message: dict[str, Any] = {"id": "m", "type": "message", "role": "assistant", "model": "m"}
    message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    block = {"type": "text", "text": ""}
    begin = event("message_start", message=message)
    begin += event("content_block_start", index=0, content_block=block)
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    end = event("content_block_stop", index=0)
    end += event("message_delta", delta=delta, usage={"output_tokens": len(said)})
    tokens = [
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": t}) for t in said
    ]
    return _Stream(begin, tokens, end + event("message_stop"))


def _google(said: Sequence[str]) -> _Stream:
    def chunk(text: str, **more: str) -> bytes:
        content = {"role": "model", "parts": [{"text": text}]}
        return _data({"candidates": [{"content": content, **more}]})

    return _Stream(b"", [chunk(t) for t in said], chunk("", finishReason="STOP"))


_STREAMS = {
    LargeName.OPENAI: _openai,
    LargeName.ANTHROPIC: _anthropic,
    LargeName.GOOGLE: _google,
}


async def _serve(large: LargeName) -> None:
    told = await commands()
    stream = _STREAMS[large](["Well", *words(TOKENS)])
    whole = stream.begin + b"".join(stream.tokens) + stream.end

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked = await request.read()
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        if b'"burst"' in asked or "/burst" in request.path:  # Google's model stands in the path
            await response.write(whole)
            return response
        await response.write(stream.begin)
        for token in stream.tokens:
            await response.write(token)
            await asyncio.sleep(APART_SECS)
        await response.write(stream.end)
        return response

    server = web.Server(answer)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
    await told.read()
    listener.close()
    await server.shutdown()


if __name__ == "__main__":
    run(_serve(LargeName(sys.argv[1])))
