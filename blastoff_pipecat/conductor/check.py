"""Refuses values that no setting may have. Each message names the setting and the value.

Every function raises `ValueError`; none returns anything.
"""

import json
from collections.abc import Sequence


def one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse what is not one of the allowed words."""
    if value not in allowed:
        listed = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{name} must be one of {listed}, not {value!r}")


def number(name: str, value: object) -> None:
    """Refuse what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ValueError(f"{name} must be a number, not {value!r}")


def whole(name: str, value: object, *, least: int | None) -> None:
    """Refuse what is no whole number, or less than the least."""
    wrong = isinstance(value, bool) or not isinstance(value, int)
    if wrong or (least is not None and isinstance(value, int) and value < least):
        bound = "" if least is None else f" of at least {least}"
        raise ValueError(f"{name} must be a whole number{bound}, not {value!r}")


def seconds(name: str, value: object) -> None:
    """Refuse what no deadline can be."""
    number(name, value)
    if not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(f"{name} must be a positive number of seconds, not {value!r}")


def flag(name: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, not {value!r}")


def text(name: str, value: object, *, may_be_empty: bool = False) -> None:
    """Refuse what is no text."""
    if not isinstance(value, str) or not (may_be_empty or value.strip()):
        kind = "a text" if may_be_empty else "a text that is not empty"
        raise ValueError(f"{name} must be {kind}, not {value!r}")


def lines(name: str, value: object) -> None:
    """Refuse what is no list of lines to be said."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise ValueError(f"{name} must be a list with at least one line, not {value!r}")
    for line in value:  # pyright: ignore[reportUnknownVariableType]  # any value may be given
        if not isinstance(line, str) or not any(char.isalpha() for char in line):
            raise ValueError(f"{name} must hold lines to be said; {line!r} is none")


def json_object(name: str, value: object) -> None:
    """Refuse what cannot be sent as a JSON object."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a dict of body fields, not {value!r}")
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be sent as JSON: {error}") from None
