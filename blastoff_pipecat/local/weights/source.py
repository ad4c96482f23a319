"""What a source of weights reports while it works, and raises where it does not go on."""

from dataclasses import dataclass


class SourceFailed(Exception):
    """A source could not give the file; the message is the reason, for the user to read."""


class FetchStopped(Exception):
    """The caller asked to stop fetching."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of one file is.

    Attributes:
        file: The name of the file.
        source: Where it comes from, in words.
        done: Bytes so far. It goes back to zero with another source.
        total: Bytes in all.
    """

    file: str
    source: str
    done: int
    total: int
