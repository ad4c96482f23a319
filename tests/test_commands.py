"""Every command of every page can be given: the program, its subcommands and its options are there.

What takes long or needs an account is not run, but read by the program's own parser.
"""

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from packaging.requirements import Requirement
from pipecat.cli import main as pipecat

from blastoff_pipecat.cli import app as blastoff
from tests.kit.commands import PROGRAMS, blocks, commands, named
from tests.kit.environment import clean_environment
from tests.kit.served import ROOT

NOT_UNDERSTOOD = typer.BadParameter.__mro__[1]
"""What a command's parser raises: click's usage error, of which typer has a copy."""

PAGES = [
    ROOT / page
    for page in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
]
TEXTS = [
    page.read_text(encoding="utf-8")
    for page in PAGES
    if page.name != "CHANGELOG.md"  # where things are named, not told to be done
]
COMMANDS = sorted({tuple(words) for text in TEXTS for words in commands(text)})
NAMED = sorted({tuple(words) for text in TEXTS for words in named(text)} - {*COMMANDS})


def helps(*command: str) -> str:
    """What a program says of its options."""
    done = subprocess.run(
        [sys.executable, *command, "--help"],
        cwd=ROOT,
        env={**clean_environment(), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def parsed(app: typer.Typer, words: Sequence[str]) -> list[str]:
    """Have a command line parsed by the command that it names, which is not run.

    Returns:
        The words that the command takes without knowing them.
    """
    command: Any = typer.main.get_command(app)
    name, left = "", list(words)
    while True:
        context = command.make_context(name, left)
        if not hasattr(command, "resolve_command"):
            return context.args
        given = [*context._protected_args, *context.args]
        name, command, left = command.resolve_command(context, given)


def check_blastoff(*words: str) -> None:
    if left := parsed(blastoff, words):  # what `blastoff demo` leaves to its bot
        assert "--headless" not in words
        _check_bot("bots/voice_bot.py", *left)


def check_pipecat(*words: str) -> None:
    words = tuple("bots/evals/question.yaml" if word == "…" else word for word in words)
    assert all((ROOT / word).is_file() for word in words if word.endswith(".yaml"))
    parsed(pipecat.app, words)


def check_make(*words: str) -> None:
    targets = [word for word in words if "=" not in word]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in targets:
        assert re.search(rf"^{target}:.* ## ", makefile, re.MULTILINE), target
    for name, _, value in (word.partition("=") for word in words if "=" in word):
        assert name == "ARGS"
        assert targets in ([], ["demo"])
        check_blastoff("demo", *value.split())


def check_python(*words: str) -> None:
    if words[0] != "-m":
        _check_bot(*words)
        return
    module, *options = words[1:]
    found = importlib.util.find_spec(module)
    assert found, module
    assert found.origin
    is_package = found.submodule_search_locations is not None
    main = Path(found.origin).with_name("__main__.py") if is_package else Path(found.origin)
    assert main.name == "__main__.py" or '__name__ == "__main__"' in main.read_text(), module
    if module == "pipecat.evals":
        check_pipecat("eval", *options)
        return
    said = helps("-m", module, *[word for word in options if word[0] != "-"]) if options else ""
    for option in options:
        assert option in said, option


def _check_bot(script: str, *options: str) -> None:
    said = helps(str(ROOT / script))
    for at, option in enumerate(options):
        if option == "-t":
            choices = re.search(r"-t\b.*?\{([\w,-]+)\}", said, re.DOTALL)
            assert choices
            assert options[at + 1] in choices[1].split(",")
        elif option.startswith("-"):
            assert re.search(rf"{option}\b", said), option


def check_pip(*words: str) -> None:
    if words[0] != "install":
        said = helps("-m", "pip", words[0])
        assert all(re.search(rf"{word}\b", said) for word in words[1:] if word.startswith("-"))
        return
    for word in words[1:]:
        asked = Requirement(word)
        if asked.name == "blastoff-pipecat":
            declared = Requirement("blastoff-pipecat[bots,cli,dev,local,server]").extras
            assert asked.extras <= declared
        else:
            lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
            assert f"\n{asked.name}==" in lock


def check_uv(*words: str) -> None:
    match words:
        case ("run", "bot.py"):  # of what Pipecat's own quickstart has made
            pass
        case ("tool", "install", asked, "--with", plugin):
            assert Requirement(asked).name == "pipecat-ai"
            assert importlib.util.find_spec(plugin)
        case _:
            raise AssertionError(words)


def check_docker(*words: str) -> None:
    builds = [each for each in (*COMMANDS, *NAMED) if each[:2] == ("docker", "build")]
    tags = {build[build.index("-t") + 1] for build in builds}
    if words[0] == "build":
        folder = ROOT / words[-1]
        recipe = (folder / "Dockerfile").read_text(encoding="utf-8")
        options = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
        assert set(options) <= {"-t", "--target"}
        if stage := options.get("--target"):
            assert re.search(rf"^FROM .* AS {stage}$", recipe, re.MULTILINE)
        return
    assert words[0] == "run"
    assert words[-1] in tags
    if "-p" in words:
        port = words[words.index("-p") + 1].partition(":")[2]
        assert f"EXPOSE {port}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def check_cd(folder: str) -> None:
    assert (ROOT / folder).is_dir()


CHECKS: dict[str, Callable[..., None]] = {
    "blastoff": check_blastoff,
    "cd": check_cd,
    "docker": check_docker,
    "make": check_make,
    "pip": check_pip,
    "pipecat": check_pipecat,
    "python": check_python,
    "uv": check_uv,
}


def check(command: Sequence[str]) -> None:
    program, *words = command
    if program.startswith("ARGS="):  # as in "ARGS=… does it for yours"
        program, words = "make", [*command]
    CHECKS[program](*words)


@pytest.fixture(autouse=True)
def in_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_can_be_given(command: Sequence[str]) -> None:
    """By whoever types what a page says, in a checkout."""
    check(command)


@pytest.mark.parametrize("command", NAMED, ids=" ".join)
def test_every_command_that_is_named_is_there(command: Sequence[str]) -> None:
    """Though not all that it needs may be said where it is named."""
    try:
        check(command)
    except Exception as error:
        if type(error).__name__ not in ("MissingParameter", "NoArgsIsHelpError"):
            raise


@pytest.mark.parametrize(
    "line",
    [
        "blastoff serve --prot 8000",
        "blastoff bench cpu",
        "make dmeo",
        "make demo ARGS=--headles",
        "make demo ARGS='--headless --prot 1'",
        "python bots/voice_bot.py -t fax",
        "python bots/voice_bot.py --prxy x",
        "python -m blastoff_pipecat.bench.nothing",
        "python -m blastoff_pipecat.bench.heard.readme --anew",
        "pip install blastoff-pipecat[everything]",
        "pipecat cloud undeploy-all",
        "pipecat eval run bots/evals/nothing.yaml",
        "docker build --target desktop -t voice-bot bots",
        "docker run --rm voice-bto",
        "cd bot",
    ],
)
def test_a_command_that_cannot_be_given_is_found(line: str) -> None:
    """A program, subcommand, option, target or file that is not there."""
    with pytest.raises((AssertionError, ModuleNotFoundError, NOT_UNDERSTOOD)):
        check(shlex.split(line))


def test_every_program_has_a_check() -> None:
    """Prose is searched for the programs that can be checked, and for no other."""
    assert set(PROGRAMS) == {*CHECKS, "ARGS"}
    assert {command[0].partition("=")[0] for command in (*COMMANDS, *NAMED)} <= set(PROGRAMS)


def test_every_block_is_in_a_language_that_is_checked() -> None:
    """Python runs, commands are parsed, the rest is held by a test of its own."""
    elsewhere = {"mermaid", "diff", "yaml", "py", ""}
    for page in PAGES:
        languages = re.findall(r"```(\w*)\n.*?```", page.read_text(encoding="utf-8"), re.DOTALL)
        assert set(languages) <= {"python", "sh", *elsewhere}, page


def test_the_job_runs_the_image_that_the_page_builds() -> None:
    """As far as it can be told without a cluster: what is deployed is what the bot takes."""
    page = (ROOT / "bots" / "DEPLOY.md").read_text(encoding="utf-8")
    (job,) = [yaml.safe_load(block) for block in blocks(page, "yaml")]
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    check_docker("run", container["image"])
    _check_bot("bots/voice_bot.py", *container["args"])
    assert [each["name"] for each in container["env"]] == ["DAILY_ROOM_URL"]
    assert pod["restartPolicy"] == "Never"
