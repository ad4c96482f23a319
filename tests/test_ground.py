"""The ground that the rest stands on: names, dependencies, commands, files."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import blastoff_pipecat

ROOT = Path(__file__).parent.parent


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # Without what an outer `make test` or pytest says to the processes that it starts.
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTEST_"))
    }
    return subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_public_names_are_these() -> None:
    """Code may rely on these names, and each of them is there."""
    assert set(blastoff_pipecat.__all__) == {
        "ChatEndpoint",
        "DualLLMMetricsData",
        "DualLLMService",
        "LatencySummary",
        "OpeningTextFrame",
        "ReplyReport",
    }
    for name in blastoff_pipecat.__all__:
        assert getattr(blastoff_pipecat, name).__name__ == name


def test_no_tracked_file_names_a_path_of_a_machine() -> None:
    """What is true on one machine only stays on that machine."""
    somewhere = re.compile(rb"(?<![\w.}~])/(?:home|root|Users|work|opt|private|workspace)/\w")
    for name in run("git", "ls-files", "-z").stdout.split("\0"):
        path = ROOT / name
        if not path.is_file() or b"\0" in (content := path.read_bytes()):
            continue
        found = somewhere.search(content)
        assert not found, f"{name}: {content[found.start() :][:60]!r}"


def test_the_version_stands_in_one_place() -> None:
    """No module repeats what pyproject.toml says; who needs it asks what is installed."""
    version = re.escape(TestDependencies.project["version"])
    repeated = re.compile(rf"^__version__\b|[\"']{version}[\"']", re.MULTILINE)
    for module in ROOT.glob("blastoff_pipecat/**/*.py"):
        assert not repeated.search(module.read_text(encoding="utf-8")), module


def test_no_pattern_has_a_possessive_group() -> None:
    """Debian 12's Python matches them wrongly: https://github.com/python/cpython/issues/106052."""
    for module in [*ROOT.glob("blastoff_pipecat/**/*.py"), *ROOT.glob("bots/*.py")]:
        assert not re.search(r"\)(?:[*+?]|\{[\d,]+\})\+", module.read_text()), module


class TestDependencies:
    """What is installed beside the package."""

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def test_each_has_a_lower_and_an_upper_bound(self) -> None:
        """No release of somebody else's can break an installation unasked."""
        extras = itertools.chain.from_iterable(self.extras.values())
        for requirement in [*self.project["dependencies"], *extras]:
            bare = requirement.partition(";")[0]
            if not bare.startswith("blastoff-pipecat["):
                assert re.search(r">=[\d.]+,<\d", bare), requirement

    def test_the_base_install_is_light(self) -> None:
        """A bot that uses hosted models installs nothing but what it runs on."""
        assert {re.split(r"[\[>=<]", name)[0] for name in self.project["dependencies"]} == {
            "pipecat-ai",
            "httpx",
            "aiohttp",
            "yarl",
            "python-dotenv",
            "numpy",
            "pydantic",
        }

    def test_the_extras_are_these(self) -> None:
        """An extra is something that users type."""
        assert set(self.extras) == {"server", "bots", "local", "cli", "dev"}

    def test_pins_are_plain(self) -> None:
        """The lock names versions only, no index, file or address, and never PyTorch."""
        pins = [
            line
            for line in (ROOT / "requirements.lock").read_text().splitlines()
            if not line.startswith("#")
        ]
        assert pins
        for pin in pins:
            assert re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.]+", pin), pin
            assert not pin.startswith("torch")

    def test_what_is_required_is_pinned(self) -> None:
        """Everything that `make test` installs by name is in the lock."""
        pinned = {
            re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
            for line in (ROOT / "requirements.lock").read_text().splitlines()
        }
        wanted = [*self.project["dependencies"]]
        for extra in ("cli", "local", "dev"):
            wanted += self.extras[extra]
        assert {re.split(r"[\[>=<;]", name)[0] for name in wanted} - {"blastoff-pipecat"} <= pinned


class TestMake:
    """The commands of the Makefile."""

    @pytest.mark.parametrize(
        ("target", "runs"),
        [
            ("demo", "blastoff demo"),
            ("test", "-m pytest"),
            ("lint", "-m pyright"),
            ("format", "-m ruff format"),
            ("bench", "blastoff bench overhead"),
        ],
    )
    def test_each_target_sets_up_its_environment_first(
        self, target: str, runs: str, tmp_path: Path
    ) -> None:
        """In a clean clone each command makes .venv, installs from the pins, then runs."""
        for name in ("Makefile", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, tmp_path)

        result = run("make", "-n", target, cwd=tmp_path)

        assert result.returncode == 0, result.stderr
        steps = [result.stdout.find(step) for step in ("-m venv", "-c requirements.lock", runs)]
        assert -1 not in steps
        assert steps == sorted(steps)

    def test_help_lists_every_target(self) -> None:
        """`make` alone says what can be made."""
        result = run("make")
        phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert phony
        for target in phony[1].split():
            assert re.search(rf"^  {target} ", result.stdout, re.MULTILINE), target

    def test_an_old_python_is_refused_in_one_message(self, tmp_path: Path) -> None:
        """Where no interpreter is new enough, the message says what is needed and what to do."""
        shutil.copy(ROOT / "Makefile", tmp_path)
        (tmp_path / "pyproject.toml").touch()
        (tmp_path / "requirements.lock").touch()
        old = tmp_path / "old-python"
        old.write_text("#!/bin/sh\nexit 1\n")
        old.chmod(0o755)

        result = run("make", "test", f"PYTHON={old}", cwd=tmp_path)

        assert result.returncode != 0
        assert "Python 3.11 or newer is needed" in result.stderr
        assert "make test PYTHON=" in result.stderr
        assert not (tmp_path / ".venv").exists()

    def test_each_python_is_told_of(self, tmp_path: Path) -> None:
        """`make test-all` says which passed, failed and were not found, and fails for either."""
        for name in ("Makefile", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, tmp_path)
        broken = tmp_path / "python3.98"
        broken.write_text("#!/bin/sh\n[ $# = 2 ] || exit 1\n")  # it runs code, but makes no venv
        broken.chmod(0o755)
        path = f"PATH={tmp_path}{os.pathsep}{os.environ['PATH']}"

        result = run("make", "test-all", "VERSIONS=3.98 3.99", path, cwd=tmp_path)

        assert result.stdout.endswith("== passed: none; failed: 3.98; not found: 3.99\n")
        assert result.returncode != 0
        absent = run("make", "test-all", "VERSIONS=3.99", cwd=tmp_path)
        assert absent.stdout == "== passed: none; failed: none; not found: 3.99\n"
        assert absent.returncode != 0

    def test_ci_runs_what_developers_run(self) -> None:
        """.ci/run is executable, stops at the first failure, and calls `make test`."""
        script = ROOT / ".ci" / "run"
        assert os.access(script, os.X_OK)
        assert "set -euo pipefail" in script.read_text()
        assert "make test" in script.read_text()


def test_a_wheel_holds_what_runs_and_nothing_else(tmp_path: Path) -> None:
    """Bots, page and what a bench asks are installed; what the page is built from is not."""
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path))
    built = run(*pip, str(ROOT), cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"blastoff_pipecat-{TestDependencies.project['version']}-")
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        *("bots/minimal_bot.py", "bots/voice_bot.py", "bots/phone_bot.py"),
        *("page/static/page.js", "relay/relay.py"),
        *(f"bench/seam/sets/{kind}.jsonl" for kind in ("questions", "turns", "conversations")),
    ):
        assert f"blastoff_pipecat/{name}" in names
    for name in names:
        assert "node_modules" not in name
        assert "/page/web/" not in name
        assert name.startswith(("blastoff_pipecat/", "blastoff_pipecat-"))


def test_a_test_that_leaves_something_behind_fails(tmp_path: Path) -> None:
    """A task still running, a socket still open: each fails the test that left it."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "test_leaks.py").write_text(
        """if True:
        import asyncio
        import socket

        left = []

        async def test_leaves_a_task():
            left.append(asyncio.create_task(asyncio.sleep(60), name="forgotten"))

        def test_leaves_a_socket():
            left.append(socket.create_server(("127.0.0.1", 0)))

        async def test_leaves_nothing():
            server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
            async with server:
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                assert await reader.read() == b""
                writer.close()
        """
    )

    result = run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", ".", cwd=tmp_path)

    assert re.search(r"ERROR .*::test_leaves_a_task", result.stdout)
    assert re.search(r"ERROR .*::test_leaves_a_socket", result.stdout)
    assert "3 passed, 2 errors" in result.stdout
    assert "name='forgotten'" in result.stdout
