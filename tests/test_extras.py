"""What each extra brings is enough for what it is for: run where nothing else is installed."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.environment import clean_environment

ROOT = Path(__file__).parent.parent
OURS = "blastoff-pipecat"

Python = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def python(tmp_path: Path, request: pytest.FixtureRequest) -> Python:
    """An interpreter that finds the packages of some extras alone, by links to them."""
    site = tmp_path / "site"
    site.mkdir()
    for name in _required(request.param):
        _link(name, site)

    def start(*arguments: str, **environ: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-S", "-P", *arguments],
            cwd=tmp_path,
            env=clean_environment({"PYTHONPATH": f"{site}{os.pathsep}{ROOT}", **environ}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def _required(extras: Iterable[str]) -> set[str]:
    """The package, and what it needs with these extras, here, all the way down."""
    found: set[str] = set()
    waiting = [Requirement(f"{OURS}[{','.join(extras)}]")]
    seen: set[str] = set()
    while waiting:
        asked = waiting.pop()
        if str(asked) in seen:
            continue
        seen.add(str(asked))
        name = canonicalize_name(asked.name)
        found.add(name)
        for needs in _of_ours() if name == OURS else _of(name):
            wanted = ("", *asked.extras)
            if not needs.marker or any(needs.marker.evaluate({"extra": e}) for e in wanted):
                needs.marker = None
                waiting.append(needs)
    return found


def _of(name: str) -> Iterator[Requirement]:
    for line in importlib.metadata.requires(name) or ():
        yield Requirement(line)


def _of_ours() -> Iterator[Requirement]:
    """What pyproject.toml says, which may be newer than what is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    yield from map(Requirement, project["dependencies"])
    for extra, lines in project["optional-dependencies"].items():
        for line in lines:
            needs = Requirement(line)
            also = f"({needs.marker}) and " if needs.marker else ""
            needs.marker = Marker(f"{also}extra == '{extra}'")
            yield needs


def _link(name: str, site: Path) -> None:
    """Put what a distribution installed into another folder of packages."""
    distribution = importlib.metadata.distribution(name)
    tops = {Path(file).parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    assert tops, name
    for top in tops:
        if not (site / top).exists():
            (site / top).symlink_to(str(distribution.locate_file(top)))


@pytest.mark.parametrize("python", [()], indirect=True, ids=["base"])
def test_a_bot_needs_no_extra(python: Python) -> None:
    """The public names, the observer and the scripted models, as the README has them."""
    code = """if True:
        from blastoff_pipecat import DualLLMService, ChatEndpoint, LatencySummary
        from blastoff_pipecat.testing import ScriptedEndpoint
        from blastoff_pipecat.timeline import TimelineObserver
        DualLLMService.from_env()
        """
    names = {"SMALL_MODEL_NAME": "small", "LARGE_MODEL_NAME": "large"}
    urls = {"SMALL_MODEL_URL": "http://localhost:1/v1", "LARGE_MODEL_URL": "http://localhost:1/v1"}
    process = python("-c", code, **names, **urls)
    said = process.communicate()[0]
    assert process.returncode == 0, said


@pytest.mark.parametrize("python", [()], indirect=True, ids=["base"])
def test_the_command_says_what_it_needs(python: Python) -> None:
    """Without an extra there is no command, and a line that installs it."""
    process = python("-m", "blastoff_pipecat", "serve")
    said = process.communicate()[0]
    assert process.returncode == 1
    assert "pip install 'blastoff-pipecat[cli," in said
    assert "Traceback" not in said


@pytest.mark.parametrize("python", [("server",)], indirect=True)
async def test_the_server_needs_its_own_extra_alone(python: Python) -> None:
    """As in the image, and as the README says: no embedded model, nothing of theirs."""
    async with ScriptedEndpoint() as models:
        models.play("small", Script("Let me see."))
        models.play("large", Script(" It opens at nine.", ttft=1.5))
        named = {
            "SMALL_MODEL_URL": models.url,
            "SMALL_MODEL_NAME": "small",
            "LARGE_MODEL_URL": models.url,
            "LARGE_MODEL_NAME": "large",
        }
        server = python("-m", "blastoff_pipecat", "serve", "--port", "0", **named)
        try:
            assert server.stdout is not None
            said = ""
            while "startup complete" not in said:
                line = server.stdout.readline()
                assert line, said
                said += line
            url = re.search(r"http://[\d.:]+", said)
            assert url is not None
            async with httpx.AsyncClient(base_url=url[0], trust_env=False) as http:
                asked = {
                    "model": "any",
                    "messages": [{"role": "user", "content": "When do you open?"}],
                }
                answer = await http.post("/v1/chat/completions", json=asked)
        finally:
            server.kill()
            server.communicate()
    content = answer.json()["choices"][0]["message"]["content"]
    assert content in ("Let me see. It opens at nine.", "One moment. It opens at nine.")


@pytest.mark.parametrize("python", [("server",)], indirect=True)
@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("bench", "latency")])
def test_without_models_it_says_what_to_do(python: Python, command: tuple[str, ...]) -> None:
    """Nothing is named and nothing is embedded: one message, with both ways out."""
    process = python("-m", "blastoff_pipecat", *command)
    said = process.communicate()[0]
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "local]" in said
    assert "SMALL_MODEL_URL" in said


@pytest.mark.parametrize("python", [("bots",)], indirect=True)
@pytest.mark.parametrize("bot", ["minimal_bot.py", "voice_bot.py", "phone_bot.py"])
def test_the_bots_need_their_own_extra_alone(python: Python, bot: str) -> None:
    """With hosted models and speech; their options, and each module that they import."""
    process = python(str(ROOT / "bots" / bot), "--help")
    said = process.communicate()[0]
    assert process.returncode == 0, said
    assert "--transport" in said
