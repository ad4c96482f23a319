"""The variables of the process, and those of the nearest `.env` for what is not in them."""

import os
from collections.abc import Mapping

from dotenv import dotenv_values, find_dotenv

from blastoff_pipecat.environment.variable import MisconfiguredEnvironment
from blastoff_pipecat.environment.variables import VARIABLES


def read_variables(
    environ: Mapping[str, str] | None = None, *, dotenv: bool = True
) -> dict[str, str]:
    """Find every variable that is set, ours or not, by its current name.

    A value may be quoted and surrounded by blanks, which are no part of it. A variable of the
    environment hides the one in `.env`, under whichever spelling, even if it is empty.

    Args:
        environ: The variables; those of the process where it is None. They win over `.env`.
        dotenv: Whether to read the nearest `.env` too, from the current directory upwards.

    Raises:
        MisconfiguredEnvironment: `.env` cannot be read.
    """
    real = os.environ if environ is None else environ
    return _by_current_names(_read_dotenv() if dotenv else {}) | _by_current_names(real)


def fill_process() -> None:
    """Put `.env` into the process's environment, for what only Pipecat reads of it.

    Raises:
        MisconfiguredEnvironment: `.env` cannot be read.
    """
    for name, value in read_variables().items():
        os.environ.setdefault(name, value)


def _by_current_names(source: Mapping[str, str]) -> dict[str, str]:
    values = {name: _unquoted(value) for name, value in source.items()}
    for variable in VARIABLES:
        if variable.older in values:
            older = values.pop(variable.older)
            values[variable.name] = values.get(variable.name) or older
    return values


def _unquoted(value: str) -> str:
    """Return a value without blanks and quotation marks around it."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value


def _read_dotenv() -> dict[str, str]:
    path = find_dotenv(usecwd=True)
    if not path:
        return {}
    try:
        # utf-8-sig: some editors begin the file with a mark that would stick to the first name.
        values = dotenv_values(path, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisconfiguredEnvironment({f"The file {path}": f"cannot be read: {error}"}) from error
    return {name: value for name, value in values.items() if value is not None}
