"""How a step of the release check fails: with what was said, and what to do."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


class Fault(Exception):
    """A step failed; its message says what to do."""


def run(
    *command: str | Path, cwd: Path, otherwise: str, environ: Mapping[str, str] | None = None
) -> str:
    """Run a command and return what it prints.

    Args:
        command: The command.
        cwd: Where it runs.
        otherwise: What to do where it fails.
        environ: Its environment; None for ours.

    Raises:
        Fault: It failed; with all that it said.
    """
    done = subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Fault(f"{done.stdout}{done.stderr}\n{otherwise}")
    return done.stdout
