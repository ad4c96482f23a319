"""What was said in a reply, and by whom."""

from blastoff_pipecat.relay.actions import Role
from blastoff_pipecat.relay.seam import join


class Said:
    """The text of one reply so far.

    Attributes:
        opening: What the small model has said before the answer, its waiting lines included.
        speakers: The models that were heard, or whose tools are called.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.opening = ""
        self.speakers: set[Role] = set()
        self._continuation: list[str] = []

    @property
    def continuation(self) -> str:
        """The text said after the opening, whichever model said it."""
        return "".join(self._continuation)

    @property
    def has_continuation(self) -> bool:
        """Whether there is any."""
        return bool(self._continuation)

    @property
    def text(self) -> str:
        """All of it."""
        return self.opening + self.continuation

    def open_with(self, text: str) -> None:
        """Note what the small model says before the answer."""
        self.opening += text
        self.speakers.add("small")

    def go_on_with(self, text: str, speaker: Role) -> None:
        """Note what follows, and whose it is."""
        self._continuation.append(text)
        self.speakers.add(speaker)

    def joined(self, line: str) -> str:
        """Return a whole line with the white space that joins it to all that was said."""
        return join(self.text, line)
