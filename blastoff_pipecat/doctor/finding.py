"""What an examination finds, in words."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from blastoff_pipecat.environment import MisconfiguredEnvironment

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

    @classmethod
    def of_faults(cls, error: MisconfiguredEnvironment) -> "list[Finding]":
        """Say what is wrong with each variable."""
        return [cls("fault", name, fault) for name, fault in error.faults.items()]

    @classmethod
    def unreachable(cls, about: str, error: Exception, do: str) -> "Finding":
        """Say that nobody answers there."""
        said = f"cannot be reached: {str(error) or type(error).__name__}"
        return cls("fault", about, said, do)

    @classmethod
    def lacking(cls, about: str, missing: ImportError) -> "Finding":
        """Say which package is missing, of those that the bots need."""
        do = "pip install 'blastoff-pipecat[bots]'."
        return cls("fault", about, f"needs the package {missing.name}", do)

    def scrubbed(self, secrets: tuple[str, ...]) -> "Finding":
        """Return it without any of these secrets."""
        said, do = self.said, self.do
        for secret in secrets:
            said, do = said.replace(secret, "***"), do.replace(secret, "***")
        return replace(self, said=said, do=do)
