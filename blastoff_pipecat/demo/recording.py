"""The sound of a reply, and the WAV files that a demo leaves behind."""

import tempfile
import wave
from dataclasses import dataclass, field
from pathlib import Path


class Unwritable(ValueError):
    """The recordings cannot be written where they were asked for."""


@dataclass
class Recording:
    """What was heard of one reply, pauses included.

    Attributes:
        pcm: 16-bit mono samples, from `started` on.
        sample_rate: Samples a second.
        started: When the first of them was heard, in seconds.
    """

    pcm: bytearray = field(default_factory=bytearray)
    sample_rate: int = 24000
    started: float | None = None

    def add(self, audio: bytes, sample_rate: int, starts: float) -> None:
        """Add a piece, heard from `starts` on (seconds), with the pause before it."""
        if self.started is None:
            self.started, self.sample_rate = starts, sample_rate
        before = 2 * round((starts - self.started) * sample_rate)
        self.pcm.extend(bytes(max(0, before - len(self.pcm))) + audio)

    def write(self, path: Path) -> None:
        """Write it to a WAV file.

        Raises:
            Unwritable: The disk refused.
        """
        try:
            with path.open("wb") as raw, wave.open(raw, "wb") as file:
                file.setparams((1, 2, self.sample_rate, 0, "NONE", ""))
                file.writeframes(bytes(self.pcm))
        except OSError as error:
            raise Unwritable(f"{path} could not be written: {error.strerror}.") from error


class Recordings:
    """Where the two replies are written; checked before anything is asked, not after it.

    Attributes:
        both: The reply by two models.
        alone: The reply by the large model alone, beside it.
    """

    def __init__(self, output: Path, *, question: Path | None = None) -> None:
        """Check that both files can be written.

        Args:
            output: The file for the reply by two models.
            question: The recorded question, which must not be overwritten.

        Raises:
            Unwritable: One of the files cannot be written; the message says why.
        """
        if output.is_dir():
            raise Unwritable(f"--output: {output} is a folder; give the name of a file.")
        self.both = output
        self.alone = output.with_name(f"{output.stem}-large-alone{output.suffix}")
        if not output.parent.is_dir():
            raise Unwritable(f"--output: there is no folder {output.parent}.")
        for path in (self.both, self.alone):
            if question is not None and path.resolve() == question.resolve():
                raise Unwritable(f"--output: {path} is the question, and would be overwritten.")
            _try(path)


def _try(path: Path) -> None:
    try:
        if path.exists():
            path.open("r+b").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise Unwritable(f"--output: {path} cannot be written: {error.strerror}.") from error
