"""The WAV files that a demo leaves behind."""

import tempfile
import wave
from pathlib import Path

from blastoff_pipecat.demo.playout import Reply


class Unwritable(ValueError):
    """The recordings cannot be written where they were asked for."""


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

    def write(self, both: Reply, alone: Reply) -> None:
        """Write both replies.

        Raises:
            Unwritable: The disk refused.
        """
        for path, reply in ((self.both, both), (self.alone, alone)):
            try:
                _write(path, reply)
            except OSError as error:
                raise Unwritable(f"{path} could not be written: {error.strerror}.") from error


def _try(path: Path) -> None:
    try:
        if path.exists():
            path.open("r+b").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise Unwritable(f"--output: {path} cannot be written: {error.strerror}.") from error


def _write(path: Path, reply: Reply) -> None:
    with path.open("wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(reply.sample_rate)
        file.writeframes(bytes(reply.pcm))
