"""What a bot's process has of `.env`, beside Pipecat's runner, which reads it too."""

import os
import subprocess
import sys
from pathlib import Path

ASK = """if True:
    import os
    import sys
    from blastoff_pipecat.calls.runner import run_bot

    def tell(app):
        names = ("DAILY_API_KEY", "DAILY_ROOM_URL", "PORT", "PYTHON_DOTENV_DISABLED")
        print([os.environ.get(name) for name in names])

    sys.argv = ["bot", "--help"]
    run_bot(tell)
"""


def test_pipecat_finds_what_dotenv_says_and_the_real_environment_wins(tmp_path: Path) -> None:
    """What only Pipecat reads is put into the process; what is set there stays, if empty too."""
    (tmp_path / ".env").write_text("DAILY_API_KEY=file\nDAILY_ROOM_URL='from file'\nPORT=7000\n")
    real = {**os.environ, "DAILY_API_KEY": "real", "PORT": ""}
    for name in ("DAILY_ROOM_URL", "PYTHON_DOTENV_DISABLED"):
        real.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=tmp_path, env=real, capture_output=True, text=True
    )
    assert "['real', 'from file', '', None]" in done.stdout, done.stderr
