"""`blastoff bench overhead`: both services are measured, and a part that fails costs no other's."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blastoff_pipecat.bench.overhead.extent import FULL, QUICK, PartName
from blastoff_pipecat.bench.process import ProcessTree
from tests.bench.conftest import Bench, assert_refused, started, stopped_by_ctrl_c, written

PATIENCE_SECS = 120
BRIEFLY = ("overhead", "--quick", "--rounds", "1", "--json", "out.json")
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


async def ended(bench: asyncio.subprocess.Process) -> tuple[str, str]:
    """Wait for its end; return what it wrote."""
    out, err = await asyncio.wait_for(bench.communicate(), PATIENCE_SECS)
    return out.decode(), err.decode()


async def until_it_says(bench: asyncio.subprocess.Process, what: str) -> None:
    """Wait until it says that on stderr."""
    assert bench.stderr is not None
    while what not in (line := (await bench.stderr.readline()).decode()):
        assert line, f"it never said {what!r}"


async def part_of(bench: asyncio.subprocess.Process, module: str) -> int:
    """Wait for a process of the bench; return its number."""
    wanted = f"blastoff_pipecat.bench.overhead.{module}\0"
    async with asyncio.timeout(PATIENCE_SECS):
        while True:
            for pid in ProcessTree(bench.pid).pids():
                if wanted in command_of(pid):
                    return pid
            await asyncio.sleep(0.01)


def command_of(pid: int) -> str:
    """The command line of a process, with NUL between its words; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def measured() -> set[str]:
    """The figures that were written, each with samples of both services."""
    figures = written()["figures"]
    assert all(figure["samples"]["stock"] and figure["samples"]["dual"] for figure in figures)
    return {figure["name"] for figure in figures}


async def test_both_services_are_measured() -> None:
    """As a table, and as JSON with every sample and what it was measured with."""
    bench = await started(*BRIEFLY, "--only", "replies")
    out, err = await ended(bench)
    assert bench.returncode == 0, (out, err)
    data = written()
    assert data["failures"] == {}
    assert data["about"]["cores"] == os.cpu_count()
    first, *_ = data["figures"]
    assert first["name"] == "added latency to first text, warm"
    for kind in ("stock", "dual"):
        (sample,) = first["samples"][kind]
        assert first[kind] == pytest.approx(1e3 * sample)
    assert first["ratio"] == pytest.approx(first["dual"] / first["stock"])
    for name in measured():
        assert name in out
    assert "target" in out
    assert err == "Measuring replies (part 1 of 1)\n"


@linux
async def test_a_part_that_fails_leaves_the_others() -> None:
    """It is told in one line with its reason; the figures of the others are shown and written."""
    bench = await started(*BRIEFLY, "--markdown", "--only", "startup", "--only", "replies")
    await until_it_says(bench, "Measuring replies (part 1 of 2)")
    os.kill(await part_of(bench, "server"), signal.SIGKILL)
    out, err = await ended(bench)
    assert bench.returncode == 1, (out, err)
    assert re.fullmatch(r"replies: .+\nMeasuring startup \(part 2 of 2\)\n", err)
    assert list(written()["failures"]) == ["replies"]
    assert "loop-blocking construction" in measured()
    assert re.search(r"^\| loop-blocking construction \| [\d.]+ ", out, re.MULTILINE)


@linux
async def test_a_process_that_fails_is_told_with_its_part() -> None:
    """What was measured before it stays."""
    bench = await started(*BRIEFLY, "--only", "replies", "--only", "startup")
    await until_it_says(bench, "Measuring startup")
    os.kill(await part_of(bench, "startup"), signal.SIGKILL)
    out, err = await ended(bench)
    assert bench.returncode == 1, (out, err)
    assert re.fullmatch(r"startup: `startup first \w+ http\S+` ended with -9: .+\n", err)
    assert "added latency to first text, warm" in measured()


async def test_a_service_is_measured_as_the_large_model() -> None:
    """Alone and within ours, each token by itself and all at once, and nothing else."""
    bench = await started(*BRIEFLY, "--large", "anthropic")
    out, err = await ended(bench)
    assert bench.returncode == 0, (out, err)
    per_token = "CPU per token of anthropic"
    branch = [f"{per_token}, {how}, as a model" for how in ("each by itself", "burst of 200")]
    assert {name.replace("in a reply of ours", "as a model") for name in measured()} == {*branch}
    targets = {figure["name"]: figure["target"] for figure in written()["figures"]}
    assert [name for name, target in targets.items() if target == "≤ 20 µs more"] == branch
    assert "≤ 20 µs more" in out


async def test_a_part_has_a_limit_of_time() -> None:
    """Past it the part is given up; with no figure at all there is no file."""
    bench = await started(*BRIEFLY, "--only", "startup", "--part-timeout", "0.1")
    out, err = await ended(bench)
    assert bench.returncode == 1
    assert err.splitlines()[1:] == ["startup: not done within 0.1 s"]
    assert out == ""
    assert "out.json" not in os.listdir()


async def test_ctrl_c_shows_what_was_measured() -> None:
    """And writes it, with the part that was stopped."""
    bench = await started(*BRIEFLY, "--only", "replies", "--only", "startup")
    await until_it_says(bench, "Measuring startup")
    out, err = await stopped_by_ctrl_c(bench)
    assert bench.returncode == 130, (out, err)
    assert err == b""
    assert b"Stopped." in out
    assert b"added latency to first text" in out
    assert written()["failures"] == {"startup": "stopped"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--json", "out.txt"], "end it in .json"),
        (["--only", "service"], "needs --large"),
        (["--json", "nowhere/out.json"], "there is no folder nowhere"),
    ],
)
async def test_arguments_that_cannot_be_used_are_named(
    bench: Bench, arguments: list[str], says: str
) -> None:
    """Before anything is measured."""
    assert_refused(await bench("overhead", *arguments), says)


def test_capacity_takes_long_and_is_asked_for() -> None:
    """A quick bench has it only where it is named; the parts keep their order."""
    assert list(FULL.planned((), None)) == [each for each in PartName if each != "service"]
    assert PartName.CAPACITY not in QUICK.planned((), None)
    only = [PartName.STARTUP, PartName.CAPACITY]
    assert QUICK.planned(only, None) == {PartName.CAPACITY: 1, PartName.STARTUP: 2}
    assert set(FULL.planned((), 2).values()) == {2}


def without(package: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command where a package is not installed."""
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = {list(arguments)!r};"
        "from blastoff_pipecat.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [("--help",), ("bench", "overhead", "--help")])
def test_help_needs_no_pipecat(arguments: tuple[str, ...]) -> None:
    """It comes at once; that of the command names its options."""
    done = without("pipecat", *arguments)
    assert done.returncode == 0, done.stderr
    if arguments != ("--help",):
        for option in ("--quick", "--only", "--rounds", "--part-timeout", "--check", "--markdown"):
            assert option in done.stdout


def test_a_missing_package_is_one_message() -> None:
    """With the line that installs it."""
    done = without("openai", "bench", "overhead")
    assert done.returncode == 1
    assert done.stderr == (
        "The bench needs the package openai: pip install 'blastoff-pipecat[cli]'\n"
    )
