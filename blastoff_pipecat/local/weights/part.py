"""The half-written file beside the final name, and what a source may do with it."""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


class SourceFailed(Exception):
    """A source could not give the file; the message is the reason, for the user to read."""


class FetchStopped(Exception):
    """The caller asked to stop fetching; what was fetched so far is kept for the next try."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of one file is.

    Attributes:
        file: The name of the file.
        source: Where it comes from, in words.
        done: Bytes so far. It goes back when a source has to start over.
        total: Bytes in all.
    """

    file: str
    source: str
    done: int
    total: int


@dataclass(frozen=True)
class Watch:
    """What a source reports while it works, and how it learns that it should stop.

    Attributes:
        file: The name of the file.
        source: Where it comes from, in words.
        total: Bytes in all.
        tell: Called with each report, in the thread that fetches.
        stop: Set by the caller to stop.
    """

    file: str
    source: str
    total: int
    tell: Callable[[Progress], None]
    stop: threading.Event

    def at(self, done: int) -> None:
        """Report that ``done`` bytes are there.

        Raises:
            FetchStopped: The caller asked to stop.
        """
        if self.stop.is_set():
            raise FetchStopped
        self.tell(Progress(self.file, self.source, min(done, self.total), self.total))


class PartFile:
    """A file being fetched, as ``NAME.part``; it gets its final name only when it is whole.

    What is on disk under the part's name is a beginning of the file, whichever source it came from.
    """

    def __init__(self, final: Path) -> None:
        """Use ``NAME.part`` beside the final path, which may hold a beginning already."""
        self.final = final
        self.path = final.with_name(final.name + ".part")

    @property
    def have(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def writing_from(self, offset: int) -> Generator[BinaryIO]:
        """Open the part to write on after its first ``offset`` bytes; what lies beyond is cut."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "w+b") as stream:
            if offset < self.have:
                stream.truncate(offset)
            stream.seek(offset)
            yield stream

    def commit(self) -> None:
        """Give the part its final name, after its bytes are on the disk."""
        with self.path.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(self.path, self.final)

    def discard(self) -> None:
        """Delete the part."""
        self.path.unlink(missing_ok=True)
