"""What a bot's process has of `.env`, beside Pipecat's runner, which reads it too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """if True:
    import os
    import sys
    from blastoff_pipecat.calls.runner import run_bot

    def tell(app):
        names = ("DAILY_API_KEY", "DAILY_ROOM_URL", "PORT", "LARGE_MODEL_URL")
        print([os.environ.get(name) for name in names], os.environ.get("PYTHON_DOTENV_DISABLED"))

    sys.argv = ["bot", "--help"]
    run_bot(tell)
"""


@pytest.mark.parametrize("disabled", [None, "false"])
def test_pipecat_finds_what_dotenv_says_and_the_real_environment_wins(
    tmp_path: Path, disabled: str | None
) -> None:
    """What only Pipecat reads is put into the process, where what is set stays, even if empty."""
    (tmp_path / ".env").write_text(
        "DAILY_API_KEY=file\nDAILY_ROOM_URL='from file'\nPORT=7000\n"
        "LARGE_MODEL_URL=http://localhost:1/v1\nLARGE_MODEL_NAME=m\n"
        "SMALL_MODEL_URL=http://localhost:2/v1\nSMALL_MODEL_NAME=m\n"
    )
    real = {
        **os.environ,
        "DAILY_API_KEY": "real",
        "PORT": "",
        "LARGE_MODEL_BASE_URL": "http://localhost:3/v1",
    }
    for name in ("DAILY_ROOM_URL", "LARGE_MODEL_URL", "PYTHON_DOTENV_DISABLED"):
        real.pop(name, None)
    if disabled is not None:
        real["PYTHON_DOTENV_DISABLED"] = disabled
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=tmp_path, env=real, capture_output=True, text=True
    )
    expected = f"['real', 'from file', '', 'http://localhost:3/v1'] {disabled}"
    assert expected in done.stdout, done.stdout + done.stderr
