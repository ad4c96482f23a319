"""Who may come in, with how much, and how many at once; and what is written down of it."""

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI, AuthenticationError, RateLimitError

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.server import guard
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.server.conftest import Serve

CHAT = "/v1/chat/completions"
KEY = "a-key-of-this-server"
ASKING: dict[str, Any] = {"messages": [{"role": "user", "content": "When does it open?"}]}


def client_of(url: str, **options: Any) -> httpx.AsyncClient:
    """Make a plain client."""
    return httpx.AsyncClient(base_url=url, trust_env=False, **options)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x", KEY, "ü"],
)
async def test_without_the_key_nobody_comes_in(serve: Serve, header: str | None) -> None:
    """All but the right bearer key is a 401 in OpenAI's shape, everywhere but at `/health`."""
    server = await serve(key=KEY)
    headers = {} if header is None else {"authorization": header.encode()}
    async with client_of(server.url, headers=headers) as client:
        for response in (
            await client.post(CHAT, json=ASKING),
            await client.get("/metrics"),
            await client.get("/v1/models"),
            await client.get("/health?deep=1"),
        ):
            assert response.status_code == 401
            assert response.json()["error"]["code"] == "invalid_api_key"
            assert response.headers["www-authenticate"] == "Bearer"
        assert (await client.get("/health")).status_code == 200


async def test_with_the_key_a_client_comes_in(serve: Serve) -> None:
    """The stock client's api_key is the bearer key."""
    server = await serve(key=KEY)
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY) as client:
        await client.chat.completions.create(model="m", **ASKING)
        with pytest.raises(AuthenticationError):
            await client.with_options(api_key="wrong").models.list()


def test_the_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much of a key is right cannot be told from how long its refusal takes."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, key: bytes) -> bool:
        compared.append((given, key))
        return given == key

    monkeypatch.setattr(guard.hmac, "compare_digest", compare)
    standing = guard.Guard(_nobody, key=KEY, max_bytes=1, max_requests=1)
    assert standing._knows({b"authorization": f"Bearer {KEY}".encode()})
    assert compared == [(KEY.encode(), KEY.encode())]


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_refused(serve: Serve, declared: bool) -> None:
    """A body over the limit is a 413, whether its size was declared or it came in pieces."""
    server = await serve(max_request_bytes=1000)
    body = json.dumps({"messages": [{"role": "user", "content": "x" * 2000}]}).encode()

    async def pieces() -> Any:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    content = body if declared else pieces()
    async with client_of(server.url, headers={"content-type": "application/json"}) as client:
        response = await client.post(CHAT, content=content)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "request_too_large"


async def test_a_body_that_never_ends_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not finish its request is not waited for."""
    monkeypatch.setattr(guard, "BODY_SECS", 0.2)
    server = await serve()
    port = int(server.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: 500\r\n\r\n{{".encode())
        assert b" 408 " in await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_one_request_too_many_is_told_to_come_again(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """Beyond the limit a request is a 429, at once; when one has ended the next is let in."""
    on = asyncio.Event()
    models.play("large", Script([on, "At nine."]))
    server = await serve(max_requests=2)
    options = {"base_url": f"{server.url}/v1", "api_key": "x", "max_retries": 0}
    async with AsyncOpenAI(**options) as client, client_of(server.url) as plain:
        asked = [
            asyncio.create_task(client.chat.completions.create(model="m", **ASKING))
            for _ in range(2)
        ]
        await models.until(lambda: len(models.requests_for("large")) == 2)
        with pytest.raises(RateLimitError):
            await client.chat.completions.create(model="m", **ASKING)
        refused = await plain.post(CHAT, json=ASKING)
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["type"] == "rate_limit_error"
        assert (await plain.get("/health")).status_code == 200
        on.set()
        await asyncio.gather(*asked)
        assert (await plain.post(CHAT, json=ASKING)).status_code == 200


ODD = {
    "nothing": b"",
    "no JSON": b"hello",
    "half": b'{"messages": [',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "not UTF-8": b'{"messages": "\xff"}',
    "deep": b"[" * 100_000,
    "no messages": b"{}",
    "messages are text": b'{"messages": "hi"}',
    "no role": b'{"messages": [{"content": "hi"}]}',
    "content is a number": b'{"messages": [{"role": "user", "content": 7}]}',
    "a surrogate": b'{"messages": [{"role": "user", "content": 1, "\\ud800": "\\ud800"}]}',
    "stream is text": b'{"messages": [{"role": "user", "content": "hi"}], "stream": "often"}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
async def test_an_odd_body_is_a_clear_400(http: httpx.AsyncClient, body: bytes) -> None:
    """Whatever is sent as a body, the answer is a 400 that says what is wrong."""
    headers = {"content-type": "application/json"}
    response = await http.post(CHAT, content=body, headers=headers)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]


async def test_an_unknown_path_or_method_is_openais_error(http: httpx.AsyncClient) -> None:
    """What is not there is a 404 or 405 in the same shape; `/` says what is."""
    missing, wrong = await http.get("/v1/nope"), await http.get(CHAT)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert f"POST {CHAT}" in (await http.get("/")).json()["endpoints"]


@pytest.mark.parametrize("field", [{}, {"n": 2}], ids=["relayed", "direct"])
async def test_no_key_prompt_or_reply_is_logged(
    serve: Serve,
    models: ScriptedEndpoint,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    field: dict[str, Any],
) -> None:
    """Neither a good answer nor a failure leaves a key, a prompt or a reply in the log."""
    caplog.set_level(logging.INFO)
    secrets = {
        "server": "key-of-the-server",
        "small": "key-of-the-small",
        "large": "key-of-the-large",
        "prompt": "when-does-it-open",
        "reply": "reply-at-nine",
        "upstream": "words-of-upstream",
    }
    models.play("small", f"Well, {secrets['reply']}, let me see.")
    models.play(
        "large",
        Script(secrets["reply"]),
        Script(fault=Fault.STATUS_500, error_message=f"{secrets['upstream']} {secrets['large']}"),
    )
    server = await serve(
        key=secrets["server"],
        small=ChatEndpoint(base_url=models.url, model="small", api_key=secrets["small"]),
        large=ChatEndpoint(base_url=models.url, model="large", api_key=secrets["large"]),
    )
    body = {"messages": [{"role": "user", "content": secrets["prompt"]}], **field}
    async with client_of(
        server.url, headers={"authorization": f"Bearer {secrets['server']}"}
    ) as client:
        for _ in range(2):
            await client.post(CHAT, json=body)
    logged = caplog.text + "".join(capfd.readouterr())
    assert "The large model failed" in logged
    assert [name for name, secret in secrets.items() if secret in logged] == []


async def _nobody(*_: Any) -> None:
    raise AssertionError("nobody is let in")
