"""What the room offers to users: its names, its example and its command."""

import asyncio
import re
import signal
import sys
from typing import Any

import httpx
import pytest

import blastoff_pipecat.testing as room


def test_the_public_names_are_these():
    """The room exports its public names and no others."""
    assert sorted(room.__all__) == [
        "ERROR_SHAPES",
        "Fault",
        "HOSTS",
        "Host",
        "HostedModel",
        "PREFILL_SHAPES",
        "Part",
        "Prefill",
        "Request",
        "Script",
        "ScriptedEndpoint",
        "Step",
        "ToolCall",
        "WRONG_SHAPES",
        "prefill_of",
    ]
    assert all(hasattr(room, name) for name in room.__all__)


async def test_the_docstrings_example_works():
    """The example in the module's docstring runs as it stands."""
    (code,) = re.findall(r"```python\n(.*?)```", room.__doc__ or "", re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    await names["example"]()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=str)
async def test_the_command_serves_two_models_until_it_is_stopped(stop: signal.Signals):
    """`python -m` tells its URL, serves "small" and "large" as told, and stops without a word."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "blastoff_pipecat.testing"),
        *("--small-text", "Let me see.", "--small-ttft", "0", "--small-pace", "0"),
        *("--large-text", "Let me see. At nine.", "--large-ttft", "0.1", "--large-pace", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        async with httpx.AsyncClient() as client:

            async def say(model: str, *messages: dict[str, str]) -> str:
                body = {"model": model, "messages": messages}
                reply = (await client.post(f"{url}/chat/completions", json=body)).json()
                return reply["choices"][0]["message"]["content"]

            said = await say("small")
            assert said == "Let me see."
            assert await say("large", {"role": "assistant", "content": said}) == " At nine."
            process.send_signal(stop)
            out, err = await asyncio.wait_for(process.communicate(), 10)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, out, err) == (0, b"", b"")
