"""What an examination finds, in words."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["ok", "note", "fault"]
"""Good, worth knowing, or to be mended before a call."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: How bad it is.
        about: What it is about: a variable, a model, a service.
        said: What was found, in one sentence or less.
        do: What to do about it; empty where there is nothing to do.
    """

    level: Level
    about: str
    said: str
    do: str = ""

    def scrubbed(self, secrets: tuple[str, ...]) -> "Finding":
        """Return it without any of these secrets."""
        said, do = self.said, self.do
        for secret in secrets:
            said, do = said.replace(secret, "***"), do.replace(secret, "***")
        return replace(self, said=said, do=do)
