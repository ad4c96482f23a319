"""The embedded language models with their real weights."""

import asyncio
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from rich.console import Console

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.local import language, pair
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.weights.manifest import QWEN_CODER_15B, SMOLLM2_135M
from blastoff_pipecat.local.weights.store import ModelStore

pytestmark = pytest.mark.e2e

OPENINGS = ["Good question, let me think,", "Alright, here is what I can say,", "Okay, one moment,"]


@pytest.fixture(scope="module")
def models() -> Iterator[EmbeddedModels]:
    """Both default models, loaded once for this file."""
    running = EmbeddedModels()
    asyncio.run(running.start())
    yield running
    asyncio.run(running.stop())


async def _ask(endpoint: ChatEndpoint, messages: list[dict[str, str]], **body: Any) -> str:
    """The streamed reply to a request."""
    text = ""
    headers = {"Authorization": f"Bearer {endpoint.api_key}"}
    request = {"model": endpoint.model, "messages": messages, "stream": True, **body}
    async with (
        httpx.AsyncClient(timeout=60, headers=headers) as client,
        client.stream("POST", f"{endpoint.base_url}/chat/completions", json=request) as response,
    ):
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                delta = json.loads(line[6:])["choices"][0]["delta"]
                text += delta.get("content") or ""
    return text


async def test_the_small_model_only_says_what_was_approved(models: EmbeddedModels) -> None:
    """Kept to a grammar, the small model's whole reply is one of the given openings."""
    assert models.small.choice == "grammar"
    grammar = "root ::= " + " | ".join(json.dumps(opening) for opening in OPENINGS)
    for question in ("What is the capital of France?", "Tell me a joke.", "Wie geht's?"):
        reply = await _ask(
            models.small, [{"role": "user", "content": question}], grammar=grammar, max_tokens=24
        )
        assert reply in OPENINGS


async def test_the_large_model_goes_on_with_what_was_said(models: EmbeddedModels) -> None:
    """A trailing assistant message is continued: the stream holds what comes after it."""
    assert models.large.continuation == "trailing"
    opening = "Good question, the capital of France is"
    reply = await _ask(
        models.large,
        [
            {"role": "user", "content": "What is the capital of France?"},
            {"role": "assistant", "content": opening},
        ],
        max_tokens=8,
        temperature=0,
    )
    assert "Paris" in reply
    assert "Good question" not in reply


async def test_a_warmed_up_model_reads_only_what_is_new() -> None:
    """After the warm-up the bot's instruction is taken from the large model's cache."""
    instruction = "You are a polite parrot. " * 20
    asked = [{"role": "system", "content": instruction}, {"role": "user", "content": "Hi"}]
    async with (
        EmbeddedModels(large=SMOLLM2_135M.name) as models,
        httpx.AsyncClient(timeout=60) as client,
    ):
        found = pair.PairOfModels(models.small, models.large, embedded=True)
        await pair.warm_up(found, found.policy(), instruction=instruction)
        response = await client.post(
            f"{models.large.base_url}/chat/completions",
            headers={"Authorization": f"Bearer {models.large.api_key}"},
            json={"messages": asked, "max_tokens": 1},
        )
    timings = response.json()["timings"]
    assert timings["cache_n"] > 100
    assert timings["prompt_n"] < 20


async def _runs_the_smaller_one(monkeypatch: pytest.MonkeyPatch) -> str:
    """On a computer that is too slow for the 1.5B; return what was told."""
    monkeypatch.setattr(language, "SLOWEST_TOKENS_PER_SECOND", 10_000.0)
    monkeypatch.setattr(pair, "QWEN_CODER_05B", SMOLLM2_135M)  # which is here
    console = Console(file=io.StringIO(), width=200)
    running = await pair.run_models(console)
    try:
        assert running.large.model == SMOLLM2_135M.name
        assert await _ask(running.large, [{"role": "user", "content": "Hello!"}], max_tokens=4)
    finally:
        await running.stop()
    told = console.file.getvalue()
    assert "qwen2.5-coder-1.5b is too slow here: smollm2-135m is taken." in told
    return told


async def test_where_the_large_model_is_too_slow_a_smaller_one_runs_in_its_place(
    models: EmbeddedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What decides is how many tokens a second it writes here and now.

    It is told, and the model that was too slow is gone. Who does not talk to it keeps it.
    """
    monkeypatch.setattr(language, "SLOWEST_TOKENS_PER_SECOND", 0.1)
    assert not await models.large_is_slow()
    await _runs_the_smaller_one(monkeypatch)
    patient = await pair.run_models(Console(file=io.StringIO()), may_be_slow=True)
    try:
        assert patient.large.model == QWEN_CODER_15B.name
    finally:
        await patient.stop()


async def test_a_model_that_would_be_too_slow_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The small model's own pace tells it; its gigabyte is spared."""
    small = await ModelStore().fetch_in_thread(SMOLLM2_135M)
    os.symlink(small, tmp_path / small.name)
    monkeypatch.setenv("BLASTOFF_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told = await _runs_the_smaller_one(monkeypatch)
    assert "Fetching" not in told


async def test_only_who_has_the_key_is_answered(models: EmbeddedModels) -> None:
    """A page in the user's browser, or another user, cannot use the models."""
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{models.large.base_url}/chat/completions", json={})
    assert response.status_code == 401
    assert models.small.api_key not in repr(models.small)


async def test_the_event_loop_goes_on_while_a_model_loads() -> None:
    """Loading takes hundreds of milliseconds; no turn of the loop is late by even half of that."""
    models = EmbeddedModels(large=SMOLLM2_135M.name)
    loop = asyncio.get_running_loop()
    starting = asyncio.create_task(models.start())
    last, longest = loop.time(), 0.0
    while not starting.done():
        await asyncio.wait([starting], timeout=0.002)
        now = loop.time()
        last, longest = now, max(longest, now - last)
    await starting
    await models.stop()
    assert longest < 0.25


async def test_stopping_ends_the_servers() -> None:
    """After the context nobody listens on the endpoints' ports."""
    async with EmbeddedModels(large=SMOLLM2_135M.name) as models:
        addresses = [_address(models.small), _address(models.large)]
        assert all(_is_listening(address) for address in addresses)
    assert not any(_is_listening(address) for address in addresses)


async def test_the_servers_end_with_the_process_that_started_them() -> None:
    """A bot that is killed leaves no model behind in memory."""
    code = """
import asyncio, os, sys
from pathlib import Path
from blastoff_pipecat.local.llama import EmbeddedModel
model = EmbeddedModel("tiny", Path(sys.argv[1]))
asyncio.run(model.start())
print(model.endpoint().base_url, flush=True)
os.kill(os.getpid(), 9)
"""
    path = await ModelStore().fetch_in_thread(SMOLLM2_135M)
    parent = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, str(path)], capture_output=True, text=True
    )
    assert parent.stderr == "", "llama.cpp is quiet by default"
    address = _address(ChatEndpoint(base_url=parent.stdout.strip(), model="tiny"))
    async with asyncio.timeout(10):
        while _is_listening(address):  # noqa: ASYNC110 - nothing tells of a closed port
            await asyncio.sleep(0.01)


async def test_a_model_loads_from_a_folder_with_any_name(tmp_path: Path) -> None:
    """Spaces and letters beyond ASCII in the path do no harm."""
    path = await ModelStore().fetch_in_thread(SMOLLM2_135M)
    folder = tmp_path / "Modèles de voix"
    folder.mkdir()
    os.symlink(path, folder / path.name)
    async with EmbeddedModels(large=SMOLLM2_135M.name, store=ModelStore(folder=folder)) as models:
        reply = await _ask(models.small, [{"role": "user", "content": "Hello!"}], max_tokens=4)
    assert reply


def _address(endpoint: ChatEndpoint) -> tuple[str, int]:
    parts = urlsplit(endpoint.base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def _is_listening(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0
