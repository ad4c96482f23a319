"""What a declaration of a variable is, and what is said where a value cannot be used."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")

SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD")
"""What is part of the names of variables whose values nobody is to see."""

# A key pasted into the wrong variable must not reach a log through the message about it.
_LOOKS_LIKE_A_KEY = re.compile(r"(?<![A-Za-z0-9])(?:sk|gsk|csk|pk|xai|nvapi|hf)[-_][\w-]{8,}")
_USER_INFO = re.compile(r"(?<=//)[^/@\s]+@")
# A short "key" is a word for servers that ask for none, and may well be part of a URL.
_LEAST_KEY = 12


class MisconfiguredEnvironment(ValueError):
    """A variable is missing or malformed.

    Attributes:
        faults: What is wrong with each variable at fault, by the variable's current name.
    """

    def __init__(self, faults: Mapping[str, str], unread: Iterable[str] = ()) -> None:
        """Put every fault into one message.

        Args:
            faults: What is wrong with each variable at fault, by its name.
            unread: Variables that are set and look as if they were meant for us, but are not read.
        """
        self.faults = dict(faults)
        lines = ["The environment cannot be used as it is:"]
        lines += [f"  {name} {fault}" for name, fault in self.faults.items()]
        lines += [f"  {name} is set, but no variable of that name is read." for name in unread]
        lines.append(
            "Set these in the environment or in a .env file; .env.example describes each. "
            "With no *_MODEL_* variable set, `blastoff demo` runs on its own embedded models."
        )
        super().__init__("\n".join(lines))


@dataclass(eq=False)
class Variable(Generic[T]):
    """One variable, named as the attribute of the class that it is declared in.

    Attributes:
        doc: What it does, for `.env.example`; after a line break where others follow that it
            stands above. Empty where a process of ours sets it for its children.
        parse: Makes its value of the text, or raises ValueError with what is wrong, to be read
            after the name.
        default: Its value where it is not set, or empty.
        older: A spelling that is still read.
    """

    doc: str
    parse: Callable[[str], T]
    default: T
    older: str | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        """Be told the name."""
        self.name = name

    def read(self, values: Mapping[str, str], faults: dict[str, str] | None = None) -> T:
        """Its value.

        Args:
            values: The variables, as `read_variables` gives them.
            faults: Where to note that it is malformed, by its name, instead of raising.

        Raises:
            MisconfiguredEnvironment: It is malformed, and ``faults`` is None.
        """
        value = values.get(self.name)
        if not value:
            return self.default
        try:
            return self.parse(value)
        except ValueError as error:
            fault = {self.name: scrubbed(str(error), values)}
        if faults is None:
            raise MisconfiguredEnvironment(fault)
        faults |= fault
        return self.default


Text: TypeAlias = Variable[str | None]
"""A variable that may hold anything, or nothing."""


def scrubbed(text: str, values: Mapping[str, str]) -> str:
    """Return a message without the keys among ``values``, nor what looks like one."""
    for name, value in values.items():
        if SECRET_NAME.search(name) and len(value) >= _LEAST_KEY:
            text = text.replace(value, "<the key>")
    return _USER_INFO.sub("<user>@", _LOOKS_LIKE_A_KEY.sub("<a key>", text))
