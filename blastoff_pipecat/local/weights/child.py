"""A child process that downloads into a folder: watched by what lies there, and killed to stop it.

The clients of the registry and of the hub do not stop in mid-download; a process does.
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from blastoff_pipecat.local.weights.source import SourceFailed

_POLL_SECS = 0.2


def download(
    command: Sequence[str],
    folder: Path,
    report: Callable[[int], None],
    settings: Mapping[str, str] = {},
) -> None:
    """Run a command that downloads into ``folder``, a new one.

    Its temporary files are put there too: on the disk whose space was looked at, seen by ``report``
    and gone with the folder.

    Args:
        command: The command with its arguments.
        folder: The folder, which is made.
        report: Called with the bytes in the folder now and then; what it raises ends the command.
        settings: Variables of the command's environment that ours may set otherwise.

    Raises:
        SourceFailed: The command could not be started, or failed.
        OSError: The folder cannot be made.
    """
    folder.mkdir(parents=True)
    log, temporary = folder / "log", dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**settings, **os.environ, **temporary},
            )
        except OSError as error:
            raise SourceFailed(f"{command[0]} could not be started: {error}") from error
        most = 0
        with process:
            try:
                while process.poll() is None:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_POLL_SECS)
                    most = max(most, _bytes_in(folder))
                    report(most)
            finally:
                process.kill()  # does nothing to one that has ended
    if process.returncode != 0:
        raise SourceFailed(_reason(log.read_text(errors="replace"), process.returncode))


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a download moves its files about
                total += os.stat(os.path.join(parent, name)).st_size
    return total


def _reason(log: str, status: int) -> str:
    """The errors in a command's output."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = "; ".join(errors or lines[-1:]) or f"the download ended with status {status}"
    return without_credentials(reason)[:400]


def without_credentials(text: str) -> str:
    """Leave out the user names and passwords of the addresses in a text."""
    return re.sub(r"//[^/@\s]+@", "//", text)
