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


async def test_what_all_bodies_hold_together_is_bounded(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """One body more than there is room for is a 429; when the others are answered there is room."""
    on = asyncio.Event()
    models.play("large", Script([on, "At nine."]))
    server = await serve(max_held_bytes=5000)
    asking = {"messages": [{"role": "user", "content": "When?" + "x" * 3000}]}
    async with client_of(server.url) as client:
        first = asyncio.create_task(client.post(CHAT, json=asking))
        await models.until(lambda: bool(models.requests_for("large")))
        for _ in range(3):
            refused = await client.post(CHAT, json=asking)
            assert refused.status_code == 429
            assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        on.set()
        assert (await first).status_code == 200
        assert (await client.post(CHAT, json=asking)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "attacker.example"},
        {"host": "localhost.attacker.example:8000"},
        {"host": "192.168.1.20:8000"},
        {"host": "[::1"},
        {"origin": "https://attacker.example"},
        {"origin": "null"},
        {"origin": "http://localhost.attacker.example"},
    ],
)
async def test_without_a_key_no_strangers_page_comes_in(
    serve: Serve, headers: dict[str, str]
) -> None:
    """A page whose name leads here, or that asks from elsewhere, is a 403 where no key is asked."""
    server = await serve()
    async with client_of(server.url, headers=headers) as client:
        for response in (
            await client.post(CHAT, json=ASKING),
            await client.get("/v1/models"),
            await client.post("/metrics/reset"),
        ):
            assert response.status_code == 403
            assert response.json()["error"]["code"] in ("foreign_host", "foreign_origin")
        assert (await client.get("/health")).status_code == 200


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({}, {"host": "[::1]:8000"}),
        ({}, {"host": "LOCALHOST"}),
        ({}, {"origin": "http://localhost:3000"}),
        ({"key": KEY}, {"host": "voice.example", "origin": "https://voice.example"}),
        (
            {"hosts": ["voice.example"]},
            {"host": "voice.example:8000", "origin": "https://voice.example"},
        ),
        ({"hosts": ["*"]}, {"host": "192.168.1.20", "origin": "https://anything.example"}),
    ],
)
async def test_whoever_is_meant_comes_in(
    serve: Serve, options: dict[str, Any], headers: dict[str, str]
) -> None:
    """This computer's own names, and those that the owner gave, come in; with a key, whatever."""
    server = await serve(**options)
    headers = {"authorization": f"Bearer {KEY}", **headers}
    async with client_of(server.url, headers=headers) as client:
        assert (await client.post(CHAT, json=ASKING)).status_code == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "json"])
async def test_a_body_has_to_be_said_to_be_json(serve: Serve, kind: str | None) -> None:
    """What a page can send without asking its browser is a 415."""
    server = await serve()
    headers = {} if kind is None else {"content-type": kind}
    async with client_of(server.url) as client:
        response = await client.post(CHAT, content=json.dumps(ASKING).encode(), headers=headers)
        assert response.status_code == 415
        odd = {"content-type": "Application/JSON; charset=utf-8"}
        response = await client.post(CHAT, content=json.dumps(ASKING).encode(), headers=odd)
        assert response.status_code == 200


async def test_nothing_is_redirected(serve: Serve) -> None:
    """A path with a slash too many is not there: a redirect would name a host of the client's."""
    server = await serve(key=KEY)
    headers = {"host": "attacker.example", "authorization": f"Bearer {KEY}"}
    async with client_of(server.url, headers=headers) as client:
        for path in ("/metrics/", "/health/", "//attacker.example/", f"{CHAT}/"):
            response = await client.get(path)
            assert response.status_code == 404 or "location" not in response.headers
            assert "attacker" not in response.text


async def test_a_body_that_never_ends_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not finish its request is not waited for."""
    monkeypatch.setattr(guard, "BODY_SECS", 0.2)
    server = await serve()
    port = int(server.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
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
    "deep, and whole": b'{"messages": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep, and writable by nobody": b'{"messages": [{"role": "user", "content": "hi"}], "tools": '
    + b"[" * 300
    + b"]" * 300
    + b"}",
    "NaN": b'{"messages": [{"role": "user", "content": "hi"}], "temperature": NaN}',
    "infinite": b'{"messages": [{"role": "user", "content": "hi"}], "temperature": 1e999}',
    "infinite, with half a pair": b'{"messages": [], "a": "\\ud800", "b": -1e999}',
    "a digit too many": b'{"messages": [], "a": ' + b"7" * 10_000 + b"}",
    "an unknown role": b'{"messages": [{"role": "oracle", "content": "hi"}]}',
    "a role that is a list": b'{"messages": [{"role": ["user"], "content": "hi"}]}',
    "calls are a number": b'{"messages": [{"role": "assistant", "tool_calls": 7}]}',
    "a part is a text": b'{"messages": [{"role": "user", "content": ["hi"]}]}',
    "options are a list": b'{"messages": [{"role": "user"}], "stream_options": [1]}',
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
