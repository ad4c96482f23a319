"""Other projects' clients, each in an environment of its own (`make clients`), not in CI.

Each client is a script beside this file that is run by a Python which has it, and prints JSON. The
table of clients on the server's page says what these tests hold.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.server.app import ServerOptions
from blastoff_pipecat.server.manner import PRESETS, Manner
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from blastoff_pipecat.testing import ToolCall as ScriptedCall
from tests.kit.policies import HANDED_OVER
from tests.kit.server import served

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".clients"
PLUGIN = ROOT / "blastoff_pipecat" / "server" / "livekit.py"
OPENING, ANSWER = "Sure, let me look at that.", "The museum opens at nine."
LATE_SECS, SOON_SECS = 1.0, 0.05
PATIENCE_SECS = 60.0


SCRIPTS = {
    "livekit": "livekit_session.py",
    "langchain": "langchain_client.py",
    "litellm": "litellm_client.py",
    "pydantic-ai": "pydantic_ai_client.py",
    "openai-node": "openai_node.mjs",
    "ai-sdk": "ai_sdk.mjs",
}


async def run(client: str, *arguments: str) -> Any:
    """Run a client's script; return what it prints."""
    script = Path(__file__).parent / SCRIPTS[client]
    node = script.suffix == ".mjs"
    home = ENVIRONMENTS / ("node" if node else client)
    if not (home / ".installed").exists():
        pytest.skip(f"{client} is not installed: make clients")
    # What Node imports is looked for where it runs.
    command = ["node", "--input-type=module", "-e", script.read_text(encoding="utf-8"), "--"]
    process = await asyncio.create_subprocess_exec(
        *(command if node else [str(home / "bin" / "python"), str(script)]),
        *arguments,
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_SECS):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    return json.loads(out.decode().strip().splitlines()[-1])


@asynccontextmanager
async def serving(
    opening: str = OPENING, large: Script | None = None, *, preset: str = ""
) -> AsyncIterator[tuple[str, ScriptedEndpoint]]:
    """Serve two models, of which the large one is late."""
    async with ScriptedEndpoint() as models:
        models.play("small", opening)
        models.play("large", large or Script(ANSWER, ttft=LATE_SECS), ANSWER)
        few = {"min_words": 1} if len(opening) < 4 else {}
        options = ServerOptions(
            small=ChatEndpoint(base_url=models.url, model="small"),
            large=ChatEndpoint(base_url=models.url, model="large"),
            policy=Policy(**HANDED_OVER | {"handover": "auto"} | few),
            manner=PRESETS[preset] if preset else Manner(),
        )
        async with served(options) as server:
            yield f"{server.url}/v1", models


@pytest.mark.parametrize(
    ("opening", "question"),
    [
        ("Sure, let me look at that.", "When does the museum open?"),
        ("Hm.", "When does the museum open?"),
        ("Einen Moment, bitte.", "Wann öffnet das Museum?"),
        ("好的，让我看看。", "博物馆几点开门？"),
        ("ज़रा देखता हूँ।", "संग्रहालय कब खुलता है?"),
    ],
)
async def test_livekit_speaks_an_opening_at_once_with_the_plugin(
    opening: str, question: str
) -> None:
    """Of any length from three characters on, in any language: within 50 ms of its chunk."""
    async with serving(opening) as (url, _):
        told = await run("livekit", url, "flush", str(PLUGIN), question)
    assert told["spoken"] == opening
    assert told["after"] < SOON_SECS
    assert told["reply"].replace(" ", "") == f"{opening}{ANSWER}".replace(" ", "")


async def test_livekit_speaks_an_opening_at_once_by_its_ending() -> None:
    """Without the plugin, from 20 characters on, through the default filters and tokenizer."""
    async with serving(preset="livekit") as (url, _):
        told = await run("livekit", url, "plain", str(PLUGIN), "When does it open?")
    assert told["spoken"] == OPENING
    assert told["after"] < SOON_SECS


async def test_livekit_speaks_it_late_without_either() -> None:
    """What the two are for."""
    async with serving() as (url, _):
        told = await run("livekit", url, "plain", str(PLUGIN), "When does it open?")
    assert told["after"] > LATE_SECS / 2


CALL = (ScriptedCall("get_weather", {"city": "Oslo"}, "id-1"),)


@pytest.mark.parametrize("client", list(SCRIPTS)[1:])
async def test_a_client_streams_and_answers_whole(client: str) -> None:
    """Text streamed and whole is the reply of both models."""
    async with serving(large=Script(ANSWER, ttft=0.1)) as (url, models):
        models.play("large", lambda _: Script(ANSWER, ttft=0.1))
        told = await run(client, url)
    assert told["streamed"] == told["whole"] == f"{OPENING} {ANSWER}"


async def test_pydantic_ai_takes_an_opening_before_a_call_for_all() -> None:
    """What its preset is for: a stream's first text is taken for the final answer."""
    async with serving(large=Script(tool_calls=CALL, ttft=0.1)) as (url, _):
        told = await run("pydantic-ai", url, "tools")
    assert ANSWER not in told["streamed"]


@pytest.mark.parametrize(
    ("client", "preset"),
    [
        *((client, "") for client in ("langchain", "litellm", "openai-node", "ai-sdk")),
        ("langchain", "pydantic-ai"),
        ("pydantic-ai", "pydantic-ai"),
    ],
)
async def test_a_client_calls_tools(client: str, preset: str) -> None:
    """A tool is called and its result answered, where an opening comes before the call or none."""
    async with serving(large=Script(tool_calls=CALL, ttft=0.1), preset=preset) as (url, models):
        told = await run(client, url, "tools")
        results = [m for m in models.requests_for("large")[-1].messages if m["role"] == "tool"]
    assert told["called"] == ["Oslo"]
    assert told["streamed"].endswith(ANSWER)
    assert len(results) == 1
