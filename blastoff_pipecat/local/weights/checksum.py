"""Is this file the model? Hashing once, and remembering the answer while the file is untouched."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import cast

from blastoff_pipecat.local.weights.manifest import ModelFile


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in lower-case hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class VerifiedFiles:
    """Remembers which files were hashed, so that a start does not read gigabytes again.

    A file counts as the one that was hashed while its path, size and time of change are the same.
    The memory is one JSON file; losing it, or a race of two processes over it, costs one more
    hashing and nothing else, so a folder that cannot be written is no error.
    """

    def __init__(self, memory: Path) -> None:
        """Use the given JSON file, which need not exist."""
        self._memory = memory

    def matches(self, path: Path, file: ModelFile) -> bool:
        """Whether the file at ``path`` has the size and hash of ``file``.

        Raises:
            OSError: The file is not there or cannot be read.
        """
        if path.stat().st_size != file.size:
            return False
        if self._read().get(str(path.resolve())) == _stamp(path, file):
            return True
        if sha256_of(path) != file.sha256:
            return False
        self.remember(path, file)
        return True

    def remember(self, path: Path, file: ModelFile) -> None:
        """Take the file at ``path`` for ``file`` from now on: it has just been hashed.

        Raises:
            OSError: The file is not there.
        """
        known = self._read() | {str(path.resolve()): _stamp(path, file)}
        with suppress(OSError):
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            self._memory.write_text(json.dumps(known, indent=1), encoding="utf-8")

    def _read(self) -> dict[str, list[int | str]]:
        try:
            known = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return cast("dict[str, list[int | str]]", known) if isinstance(known, dict) else {}


def _stamp(path: Path, file: ModelFile) -> list[int | str]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, file.sha256]
