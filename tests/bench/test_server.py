"""`blastoff bench server`: what it says a server holds is so, and it stops by itself."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from blastoff_pipecat.bench.load import Trial, judge, steps
from blastoff_pipecat.bench.process import ProcessTree
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.bench.conftest import (
    LARGE_TTFT,
    OPENING,
    PACE,
    SMALL_TTFT,
    TOKENS,
    Bench,
    assert_refused,
    started,
    stopped_by_ctrl_c,
    written,
)

SLACK_SECS = 0.020
BRIEFLY = ("--secs", "0.5", "--json", "out.json")
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


def near(expected: float) -> Any:
    return pytest.approx(expected, abs=SLACK_SECS)


async def test_the_figures_are_the_servers_own_times(
    bench: Bench, server: str, models: ScriptedEndpoint
) -> None:
    """First text and gaps of the server, beside those of the endpoint alone, within 20 ms."""
    models.play("large", Script(TOKENS, ttft=LARGE_TTFT, pace=PACE, usage=True))
    direct = ("--direct-url", models.url, "--direct-model", "large")
    result = await bench("server", server, *direct, "--most", "2", *BRIEFLY)
    assert result.exit_code == 0, result.output
    data = written()
    assert [(trial["who"], trial["sessions"]) for trial in data["trials"]] == [
        ("endpoint alone", 1),
        ("server", 1),
        ("endpoint alone", 2),
        ("server", 2),
    ]
    for trial in data["trials"]:
        ttft = SMALL_TTFT if trial["who"] == "server" else LARGE_TTFT
        assert trial["first_text"]["p50"] == near(ttft)
        assert trial["gap"]["p50"] == near(PACE)
        assert trial["answers"] == trial["first_text"]["n"]
        assert trial["tokens_per_sec"] > 0
    assert data["held"] == 2
    assert "all 2 sessions" in result.stdout


async def test_a_server_that_slows_down_is_found_out(
    bench: Bench, models: ScriptedEndpoint
) -> None:
    """The ramp ends at the first number of sessions that adds more than the bound."""

    def crowded(_body: dict[str, Any]) -> Script:
        open_now = len([r for r in models.requests_for("slow") if r.ended is None])
        return Script(TOKENS, ttft=0.02, pace=0.005 if open_now < 3 else 0.1)

    models.play("slow", crowded)
    result = await bench("server", models.url, "--model", "slow", "--most", "64", *BRIEFLY)
    data = written()
    assert result.exit_code == 0, result.output
    assert data["held"] == 2
    assert [trial["held"] for trial in data["trials"]] == [True, True, False]
    assert data["trials"][-1]["added_gap"] == near(0.095)
    assert "Not held: 4 sessions" in result.stdout


async def test_answers_that_fail_end_the_ramp(bench: Bench, models: ScriptedEndpoint) -> None:
    """They are counted with their reasons, and no session goes on for ever."""
    models.play("bad", Script(TOKENS), Script("", fault=Fault.STATUS_503))
    result = await bench("server", models.url, "--model", "bad", *BRIEFLY)
    (trial,) = written()["trials"]
    assert result.exit_code == 1
    assert trial["answers"] == 0
    assert sum(trial["failures"].values()) == 3
    assert "503" in result.stdout
    assert "Held: 0 sessions" in result.stdout


@linux
async def test_a_process_is_measured_by_its_number(bench: Bench, server: str) -> None:
    """CPU and memory of the server, here the test's own process, by session."""
    arguments = ("--pid", str(os.getpid()), "--most", "1", "--plot", "load.svg")
    result = await bench("server", server, *arguments, *BRIEFLY)
    assert result.exit_code == 0, result.output
    data = written()
    (trial,) = data["trials"]
    assert 0 < trial["cpu_secs"] < 2
    assert trial["memory_bytes"] > 1e6
    assert data["per_session"]["cpu_cores"] == pytest.approx(
        trial["cpu_secs"] / trial["secs"], rel=0.01
    )
    assert "A session costs" in result.stdout
    root = ElementTree.parse("load.svg").getroot()
    assert len(root.findall(".//{http://www.w3.org/2000/svg}polyline")) == 2


@linux
async def test_workers_are_part_of_the_process() -> None:
    """What a server's children use is the server's."""
    code = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', "
        "'b = bytearray(60_000_000); print(1, flush=True); input()'], stdin=subprocess.PIPE);"
        "input()"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    await parent.stdout.readline()
    assert ProcessTree(parent.pid).memory_bytes() > 60_000_000
    await parent.communicate(b"\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "lacks http:// or https://"),
        (["https://api.example.com/v1"], "add --mine"),
        (["http://localhost:1", "--direct-url", "https://api.example.com/v1"], "--direct-model"),
        (
            ["http://localhost:1", "--direct-url", "https://a.example/v1", "--direct-model", "m"],
            "a.example is not on your own network",
        ),
        (["http://localhost:1", "--direct-model", "m"], "--direct-url too"),
        (["http://localhost:1", "--pid", "4194305"], "no such process"),
        (["http://localhost:1", "--key-variable", "NO_SUCH"], "NO_SUCH"),
        (["http://localhost:1", "--plot", "a.png"], "end it in .svg"),
    ],
)
@linux
async def test_arguments_that_cannot_be_used_are_named(
    bench: Bench, arguments: list[str], says: str
) -> None:
    """Before anything is asked."""
    assert_refused(await bench("server", *arguments), says)


async def test_a_dead_server_is_one_message(bench: Bench) -> None:
    """With what was tried."""
    result = await bench("server", ScriptedEndpoint.dead_url())
    assert_refused(result, "No answer", "127.0.0.1")


async def test_ctrl_c_shows_what_was_measured(models: ScriptedEndpoint) -> None:
    """And leaves no request open."""
    models.play("large", Script([OPENING, *TOKENS] * 100, ttft=0.01, pace=0.01))
    models.play("quick", Script(TOKENS), Script([OPENING, *TOKENS] * 100, pace=0.05))
    bench = await started(
        "server", models.url, "--model", "quick", "--secs", "60", "--json", "out.json"
    )
    await models.until(lambda: len(models.requests) == 2, timeout=20)
    out, err = await stopped_by_ctrl_c(bench)
    assert bench.returncode == 130, (out, err)
    assert err == b""
    assert b"Stopped." in out
    assert written()["trials"][0]["held"] is None
    await models.until(lambda: models.requests[-1].ended is not None, timeout=5)


def test_sessions_are_doubled_up_to_the_most() -> None:
    """The most is tried whatever it is."""
    assert steps(1) == [1]
    assert steps(64) == [1, 2, 4, 8, 16, 32, 64]
    assert steps(100)[-2:] == [64, 100]


def test_what_the_endpoint_itself_adds_is_not_the_servers() -> None:
    """A server behind an endpoint that slows down is held."""

    def trial(first: float, gap: float) -> Trial:
        return Trial("any", 8, first_texts=[first] * 20, gaps=[gap] * 20, replies=20)

    loaded = trial(0.5, 0.2)
    judge(loaded, trial(0.1, 0.02), trial(1.5, 0.19), trial(1.0, 0.02), 0.05)
    assert loaded.held
    judge(loaded, trial(0.1, 0.02), None, None, 0.05)
    assert not loaded.held


def test_help_names_every_option_of_both_commands() -> None:
    """As the rest of the command does."""
    from typer.testing import CliRunner

    from blastoff_pipecat.cli import app

    for command, options in {
        "latency": ("--questions", "--rounds", "--url", "--json", "--plot"),
        "server": ("--direct-url", "--pid", "--most", "--secs", "--bound-ms", "--mine"),
    }.items():
        told = re.sub(
            r"\x1b\[[0-9;]*m", "", CliRunner().invoke(app, ["bench", command, "--help"]).stdout
        )
        for option in options:
            assert option in told
