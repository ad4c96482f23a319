"""`blastoff doctor`, run as its users run it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.doctor.test_faults import model
from tests.kit.environment import clean_environment

KEY = "sk-never-shown-0123"


async def run(
    server: ScriptedEndpoint, folder: Path, *arguments: str, **changes: str
) -> tuple[int, str, str]:
    """Run the command in a folder, with an environment of its own."""
    environ = {
        **clean_environment(),
        "SMALL_MODEL_URL": server.url,
        "SMALL_MODEL_NAME": "small",
        "LARGE_MODEL_URL": server.url,
        "LARGE_MODEL_NAME": "large",
        "LARGE_MODEL_API_KEY": KEY,
        **changes,
    }
    command = [sys.executable, "-m", "blastoff_pipecat", "doctor", "--rounds", "1", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_right_one_ends_with_ready(server: ScriptedEndpoint, tmp_path: Path) -> None:
    """Status 0, the last line says it, and no key is shown."""
    server.play("small", model())
    server.play("large", model(ttft=0.05, pace=0.002))
    status, out, err = await run(server, tmp_path)
    assert (status, out.splitlines()[-1]) == (0, "ready"), err
    assert "INFO" not in err
    assert KEY not in out + err


@pytest.mark.parametrize("as_json", [False, True])
async def test_a_fault_is_told_and_is_the_status(
    server: ScriptedEndpoint, tmp_path: Path, as_json: bool
) -> None:
    """Status 1, with what to do, for people and for programs."""
    server.play("small", model())
    server.play("large", Script(fault=Fault.STATUS_401, error_message=f"not {KEY}"))
    status, out, err = await run(server, tmp_path, *(["--json"] if as_json else []))
    assert status == 1, err
    assert KEY not in out + err
    if as_json:
        report = json.loads(out)
        assert report["ready"] is False
        (fault,) = [each for each in report["findings"] if each["level"] == "fault"]
        assert fault["do"] == "Check LARGE_MODEL_API_KEY: 127.0.0.1 does not take it."
    else:
        assert "Check LARGE_MODEL_API_KEY" in out
        assert out.splitlines()[-1] == "not ready: 1 at fault"
