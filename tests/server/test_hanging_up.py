"""Clients that go away, and a server that is told to."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from blastoff_pipecat.server.streaming import ClientGone, while_connected
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.server.conftest import ANSWER, OPENING, Serve

CHAT = "/v1/chat/completions"
QUESTION = [{"role": "user", "content": "When does the museum open?"}]
NEVER = 60.0


async def ask_until(url: str, seen: str, *, asked: Any = None, **more: Any) -> None:
    """Ask for a stream, and hang up once `seen` was in it, and what `asked` waits for is there."""
    body = {"messages": QUESTION, "stream": True, **more}
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
        client.stream("POST", CHAT, json=body) as response,
    ):
        text = ""
        async for piece in response.aiter_text():
            text += piece
            if seen in text:
                if asked is not None:
                    await asked()
                return
    pytest.fail(f"the stream ended without {seen!r}: {text}")


async def hang_up_once(url: str, models: ScriptedEndpoint, condition: Any, **body: Any) -> None:
    """Ask, and hang up as soon as the models' log says so, before any byte of an answer."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        asking = asyncio.create_task(client.post(CHAT, json={"messages": QUESTION, **body}))
        await models.until(condition)
        assert not asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def all_disconnected(models: ScriptedEndpoint, count: int) -> None:
    """Wait until that many requests were made and all are over; all must have been hung up."""
    await models.until(lambda: len(models.requests) == count)
    await models.until(lambda: all(request.ended for request in models.requests), timeout=2)
    assert all(request.disconnected for request in models.requests)


@pytest.mark.parametrize("stream", [True, False])
async def test_before_the_first_byte_both_requests_are_closed(
    serve: Serve, models: ScriptedEndpoint, stream: bool
) -> None:
    """A client that leaves before any answer costs no more: the models' servers see it too."""
    models.play("small", Script(ttft=NEVER))
    models.play("large", Script(ttft=NEVER))
    server = await serve()
    await hang_up_once(server.url, models, lambda: models.requests_for("small"), stream=stream)
    await all_disconnected(models, len(models.requests))


@pytest.mark.parametrize("stream", [True, False])
async def test_while_the_large_model_thinks_its_request_is_closed(
    serve: Serve, models: ScriptedEndpoint, stream: bool
) -> None:
    """A client that leaves after the opening closes the large model's request."""
    models.play("large", Script(ttft=NEVER))
    server = await serve()
    if stream:
        await ask_until(
            server.url, OPENING, asked=lambda: models.until(lambda: models.requests_for("large"))
        )
    else:
        await hang_up_once(server.url, models, lambda: models.requests_for("large"))
    await models.until(lambda: models.requests_for("large")[0].ended, timeout=2)
    assert models.requests_for("large")[0].disconnected


async def test_in_the_opening_the_small_models_request_is_closed(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """A client that leaves in mid-opening closes the small model's request."""
    models.play("small", Script(["Well, ", "let me see,", NEVER, " what there is."]))
    models.play("large", Script(ttft=NEVER))
    server = await serve()
    await hang_up_once(
        server.url, models, lambda: any(r.tokens == 2 for r in models.requests), stream=True
    )
    await models.until(lambda: models.requests_for("small")[0].ended, timeout=2)
    assert models.requests_for("small")[0].disconnected


async def test_in_the_continuation_the_large_models_request_is_closed(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """A client that leaves in mid-sentence closes the large model's request."""
    models.play("large", Script(["The museum ", "opens at ", NEVER, "nine."]))
    server = await serve()
    await ask_until(server.url, "opens")
    await models.until(lambda: models.requests_for("large")[0].ended, timeout=2)
    assert models.requests_for("large")[0].disconnected


@pytest.mark.parametrize("stream", [True, False])
async def test_a_direct_request_is_closed(
    serve: Serve, models: ScriptedEndpoint, stream: bool
) -> None:
    """A client that leaves while the large model answers alone closes that request."""
    models.play("large", Script(["The museum ", NEVER, "opens."]))
    server = await serve()
    if stream:
        await ask_until(server.url, "museum", n=2)
    else:
        await hang_up_once(server.url, models, lambda: models.requests_for("large"), n=2)
    await all_disconnected(models, 1)


@pytest.mark.parametrize("relayed", [True, False])
async def test_a_client_that_never_reads_is_given_up(
    serve: Serve, models: ScriptedEndpoint, relayed: bool
) -> None:
    """A client that leaves its answer unread holds neither a place nor the models for ever."""
    models.play("large", Script(["much to be said, " * 500] * 5000))
    server = await serve(unread_secs=0.3, max_requests=1)
    body = json.dumps({"messages": QUESTION, "stream": True, **({} if relayed else {"n": 2})})
    request = (
        f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}"
    )
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    try:
        writer.write(request.encode())
        await models.until(lambda: bool(models.requests_for("large")))
        await models.until(lambda: all(request.ended for request in models.requests), timeout=8)
        assert models.requests_for("large")[0].disconnected
        models.play("large", ANSWER)
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            answered = await client.post(CHAT, json={"messages": QUESTION})
        assert answered.status_code == 200
    finally:
        writer.transport.abort()
        await reader.read()


async def test_a_client_that_left_is_counted_as_interrupted(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """What nobody heard to its end is no failure of the models."""
    models.play("large", Script(["The museum ", NEVER, "opens."]))
    server = await serve()
    await ask_until(server.url, "museum")
    await models.until(lambda: models.requests_for("large")[0].ended, timeout=2)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        relayed = (await client.get("/metrics")).json()["modes"]["relayed"]
        text = (await client.get("/metrics", headers={"accept": "text/plain"})).text
    assert (relayed["count"], relayed["failed"]) == (1, 0)
    assert 'blastoff_replies_total{mode="relayed",outcome="interrupted"} 1.0' in text


async def test_a_server_that_is_told_to_stop_finishes_what_streams(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """At shutdown the reply in progress is streamed to its end, and new clients find no server."""
    on = asyncio.Event()
    models.play("large", Script(["The museum ", on, "opens at nine."]))
    server = await serve()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        body = {"messages": QUESTION, "stream": True}
        async with client.stream("POST", CHAT, json=body) as response:
            events = response.aiter_lines()
            async for line in events:
                if "museum" in line:
                    break
            stopping = asyncio.create_task(server.stop())
            while server.uvicorn.servers[0].is_serving():  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            on.set()
            rest = [line async for line in events if line]
            assert rest.pop() == "data: [DONE]"
        chunks = [json.loads(line.removeprefix("data: "))["choices"][0] for line in rest]
        assert "".join(c["delta"].get("content") or "" for c in chunks).endswith("opens at nine.")
        assert chunks[-1]["finish_reason"] == "stop"
        await stopping
        with pytest.raises(httpx.ConnectError):
            await client.get("/health")


async def test_a_kept_connection_serves_the_next_request(serve: Serve) -> None:
    """A client that asks again over the same connection is answered again."""
    server = await serve()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        for _ in range(3):
            response = await client.post(CHAT, json={"messages": QUESTION, "stream": True})
            assert ANSWER.split()[1] in response.text
            assert response.text.endswith("data: [DONE]\n\n")


async def test_a_client_that_leaves_as_the_work_ends_has_left() -> None:
    """Work that ends in the moment of the hang-up neither hides it nor is cancelled later."""
    hung_up = asyncio.Event()
    left: list[int] = []

    async def receive() -> dict[str, Any]:
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def ask() -> None:
        async with while_connected(receive):
            await asyncio.sleep(0)
            hung_up.set()
            for _ in range(turns):
                await asyncio.sleep(0)

    for turns in range(5):
        hung_up.clear()
        try:
            await ask()
        except ClientGone:
            left.append(turns)
        await asyncio.sleep(0)  # where a cancellation that is left over would strike
    assert left
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_half_closes_gets_its_answer(
    serve: Serve, models: ScriptedEndpoint, stream: bool
) -> None:
    """Whoever says that it sends no more is answered to the end; what looks for it is no word."""
    models.play("large", Script(["The museum ", 0.3, "opens at ", 0.3, "nine."], ttft=0.5))
    server = await serve()
    body = json.dumps({"messages": QUESTION, "stream": stream})
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(
            f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )
        writer.write_eof()
        async with asyncio.timeout(10):
            answer = (await reader.read()).decode()
    finally:
        writer.close()
        await writer.wait_closed()
    assert "nine." in answer
    assert answer.endswith("data: [DONE]\n\n\r\n0\r\n\r\n") if stream else answer.endswith("}")
    assert not models.requests_for("large")[0].disconnected
