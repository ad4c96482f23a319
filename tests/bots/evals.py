"""`pipecat eval run`, as a user runs it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.kit.environment import clean_environment
from tests.kit.served import ROOT, ServedBot

SCENARIOS = ROOT / "bots" / "evals"


def start_eval(bot: ServedBot, scenarios: Sequence[str], folder: Path) -> "subprocess.Popen[str]":
    """Start the command on some scenarios, by their files' names without the suffix."""
    folder.mkdir(exist_ok=True)
    files = [str(SCENARIOS / f"{name}.yaml") for name in scenarios]
    url = f"{bot.url.replace('http', 'ws')}/ws"
    where = ["--bot-url", url, "--logs-dir", str(folder), "--cache-dir", str(folder)]
    return subprocess.Popen(
        [sys.executable, "-m", "pipecat.evals", "run", *files, *where, "--verbose"],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
