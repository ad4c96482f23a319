"""llama.cpp where the system has no OpenMP library, as on a minimal Linux."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blastoff_pipecat.local import openmp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux's wheel needs it")

LOADED = "import xllamacpp; print(*(line.split()[-1] for line in open('/proc/self/maps')))"


def can_hide() -> bool:
    """Whether a process may be given its own view of the files."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rm", "true"], check=False).returncode == 0


START = """
import asyncio
from blastoff_pipecat.local.language import EmbeddedModels

async def main():
    async with EmbeddedModels(large="smollm2-135m") as models:
        print(models.small.model, "runs")

asyncio.run(main())
"""


def test_another_wheel_lends_its_copy() -> None:
    """A child that is told of the copy loads that one, and llama.cpp with it."""
    borrowed = openmp.borrow_openmp()
    child = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={**os.environ, **borrowed},
        capture_output=True,
        text=True,
        check=True,
    )
    used = {Path(path) for path in child.stdout.split() if "libgomp" in path}
    assert [path.parent.suffix for path in used] == [".libs"]


def test_the_users_own_folders_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for before stays in force."""
    monkeypatch.setenv("LD_LIBRARY_PATH", "first:second")
    assert openmp.borrow_openmp()["LD_LIBRARY_PATH"].startswith("first:second:")


def test_no_copy_is_taken_from_where_the_user_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no wheel has one, nothing is lent, least of all from the current folder."""
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.libs").mkdir()
    (tmp_path / "odd.libs" / "libgomp-1.so.1").touch()
    assert openmp.borrow_openmp() == {}


@pytest.mark.e2e
@pytest.mark.skipif(not can_hide(), reason="nothing can be hidden from a process here")
def test_the_embedded_models_run_without_the_systems() -> None:
    """The library is hidden from the process; both models are loaded all the same."""
    libraries = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    found = [line.split()[-1] for line in libraries.stdout.splitlines() if "libgomp.so.1" in line]
    hidden = " && ".join(f"mount --bind /dev/null {os.path.realpath(path)}" for path in found)
    script = f'{hidden or "true"} && exec "$0" -c "$1"'
    started = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, sys.executable, START],
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    assert "smollm2-135m runs" in started.stdout
