"""The command line: what cannot work is said at once, in one message, without a traceback."""

import subprocess
import sys
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from blastoff_pipecat.cli import app
from tests.kit.environment import leave_the_world


@pytest.fixture(autouse=True)
def newcomer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, no setting, no model, and neither a hub nor a registry."""
    leave_the_world(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["demo", *arguments])


def headless(*arguments: str) -> Result:
    return demo("--headless", *arguments)


def assert_refused(result: Result, *says: str) -> None:
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert result.stdout == "" or "Loading" not in result.stdout
    for what in says:
        assert what in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--wav", "nothing.wav"], "There is no file nothing.wav"),
        (["--wav", "."], "cannot be read"),
        (["--output", "."], "is a folder"),
        (["--output", "nowhere/reply.wav"], "there is no folder nowhere"),
    ],
)
def test_a_path_that_cannot_be_used_is_named(arguments: list[str], says: str) -> None:
    """Before a model is loaded."""
    assert_refused(headless(*arguments), says)


@pytest.mark.parametrize("name", ["question.wav", "a/../question.wav"])
def test_the_question_is_never_overwritten(name: str) -> None:
    """However its path is spelt."""
    Path("a").mkdir()
    with wave.open("question.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(b"\0\x40" * 16000)
    before = Path("question.wav").read_bytes()
    assert_refused(headless("--wav", "question.wav", "--output", name), "would be overwritten")
    assert Path("question.wav").read_bytes() == before


def test_half_an_environment_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable that is missing is named."""
    monkeypatch.setenv("SMALL_MODEL_URL", "http://localhost:1/v1")
    assert_refused(headless(), "SMALL_MODEL_NAME is missing", "LARGE_MODEL_URL is missing")


def test_a_dotenv_file_is_read() -> None:
    """It is found in the folder where the command is run."""
    Path(".env").write_text("LARGE_MODEL_NAME=some-model\n")
    assert_refused(headless(), "LARGE_MODEL_URL is missing")


def test_models_that_cannot_be_had_are_named_with_a_way_out() -> None:
    """Without a network the message says what was tried and what else will do."""
    result = headless()
    assert result.exit_code == 1
    assert "could not be had" in result.stderr
    assert "What to do:" in result.stderr
    assert "Traceback" not in result.output
    assert not Path("blastoff-reply.wav").exists()


def test_options_are_explained() -> None:
    """`--help` names each option."""
    result = demo("--help")
    assert result.exit_code == 0
    for option in ("--headless", "--wav", "--output", "--verbose", "--open"):
        assert option in result.stdout


def test_an_option_of_the_other_demo_is_refused() -> None:
    """What would be ignored is said, with what to do."""
    assert_refused(demo("--wav", "question.wav"), "--wav is for --headless: add it")
    assert_refused(demo("--output", "reply.wav"), "--output is for --headless: add it")
    assert_refused(headless("--port", "7861"), "--port is not an option")


def test_the_bot_takes_the_options_of_pipecats_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --headless the voice bot itself reads the command line."""
    done = _run("demo", "-t", "daily", "--misspelt")
    assert done.returncode == 2
    assert "unrecognized arguments: --misspelt" in done.stderr


def test_the_bot_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its errors are as short as the command's own."""
    monkeypatch.setenv("DEEPGRAM_API_KEY", "0123456789abcdef")
    done = _run("demo")
    assert done.returncode == 1
    assert "CARTESIA_API_KEY is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert "0123456789abcdef" not in done.stderr


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "blastoff_pipecat", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _without(package: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command where a package is not installed."""
    code = f"import sys; sys.modules[{package!r}] = None; " + (
        "sys.argv[1:] = " + repr(list(arguments)) + "; "
        "from blastoff_pipecat.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_missing_package_of_the_command_is_named(package: str) -> None:
    """With the line that installs it."""
    done = _without(package, "demo", "--headless")
    assert done.returncode == 1
    assert f"needs the package {package}" in done.stderr
    assert "pip install 'blastoff-pipecat[cli,local]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_engine_is_named() -> None:
    """Without the local extra the demo has no ear."""
    done = _without("faster_whisper", "demo", "--headless")
    assert done.returncode == 1
    assert "faster" in done.stderr
    assert "blastoff-pipecat[" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_part_of_the_bot_is_named() -> None:
    """Without the bots extra there is nothing to talk to in a browser."""
    done = _without("fastapi", "demo")
    assert done.returncode == 1
    assert "fastapi" in done.stderr
    assert "pip install 'blastoff-pipecat[" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_package_can_be_run() -> None:
    """`python -m blastoff_pipecat` is the same command."""
    done = _run("--help")
    assert done.returncode == 0
    assert "demo" in done.stdout
    assert done.stderr == ""
