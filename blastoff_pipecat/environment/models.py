"""The environment, read into two endpoints and what a server is started with.

All of it is read at once, by `Environment.read`, so that whatever is wrong is said once, in one
message that names each variable, shows what was found (never a key) and says what to do about it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.providers import is_private, provider_of
from blastoff_pipecat.environment.reading import read_variables
from blastoff_pipecat.environment.variable import MisconfiguredEnvironment, Text, scrubbed
from blastoff_pipecat.environment.variables import VARIABLES, Variables

_SMALL = (Variables.SMALL_MODEL_URL, Variables.SMALL_MODEL_API_KEY, Variables.SMALL_MODEL_NAME)
_LARGE = (Variables.LARGE_MODEL_URL, Variables.LARGE_MODEL_API_KEY, Variables.LARGE_MODEL_NAME)
_JUDGE = (
    Variables.BLASTOFF_JUDGE_URL,
    Variables.BLASTOFF_JUDGE_API_KEY,
    Variables.BLASTOFF_JUDGE_NAME,
)

# A base URL to try a key or a name with.
_ANY = "http://localhost/v1"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the environment says.

    Attributes:
        small: Where the small model is, or None where no model variable is set.
        large: Where the large model is, or None where no model variable is set.
        host: The address that the server listens on.
        port: The port that the server listens on; 0 lets the system choose one.
        log_level: The least severe level that is logged, by loguru's name for it.
    """

    small: ChatEndpoint | None = None
    large: ChatEndpoint | None = None
    host: str = Variables.HOST.default
    port: int = Variables.PORT.default
    log_level: str = Variables.LOG_LEVEL.default

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, *, dotenv: bool = True) -> Self:
        """Read the variables.

        A value may be quoted and surrounded by blanks; an empty one counts as not set. Where
        no model variable is set, `small` and `large` are None: the embedded default.

        For the arguments see `read_variables`.

        Raises:
            MisconfiguredEnvironment: A variable is missing or malformed; all such are named.
        """
        values = read_variables(environ, dotenv=dotenv)
        reading = _Models(values)
        small, large = reading.endpoints()
        environment = cls(
            small=small,
            large=large,
            host=Variables.HOST.read(values, reading.faults),
            port=Variables.PORT.read(values, reading.faults),
            log_level=Variables.LOG_LEVEL.read(values, reading.faults),
        )
        if reading.faults:
            # Names that begin as ours do and are not ours: misspelt, most likely.
            alike = {name for name in values if name.startswith(("SMALL_MODEL_", "LARGE_MODEL_"))}
            unread = sorted(alike - {each.name for each in VARIABLES})
            raise MisconfiguredEnvironment(reading.faults, unread)
        return environment

    @property
    def configured(self) -> bool:
        """Whether the environment names models; if not, the embedded ones are meant."""
        return self.small is not None and self.large is not None

    def endpoints(self) -> tuple[ChatEndpoint, ChatEndpoint]:
        """The small and the large model, for those who have no embedded default.

        Raises:
            MisconfiguredEnvironment: No model variable is set.
        """
        if self.small is None or self.large is None:
            needed = (_SMALL[0], _SMALL[2], _LARGE[0], _LARGE[2])
            raise MisconfiguredEnvironment({each.name: "is missing." for each in needed})
        return self.small, self.large


def read_judge(
    environ: Mapping[str, str] | None = None, *, dotenv: bool = True
) -> ChatEndpoint | None:
    """Read where the model is that judges replies; None where no variable of its is set.

    It is no part of an `Environment`: what a bench asks for must keep no bot from starting.

    Args:
        environ: The variables; those of the process where it is None. They win over `.env`.
        dotenv: Whether to read the nearest `.env` too, from the current directory upwards.

    Raises:
        MisconfiguredEnvironment: A variable is missing or malformed; all such are named.
    """
    reading = _Models(read_variables(environ, dotenv=dotenv))
    judge = reading.judge()
    if reading.faults:
        raise MisconfiguredEnvironment(reading.faults)
    return judge


class _Models:
    """Makes endpoints, gathering what is wrong with their variables."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.faults: dict[str, str] = {}

    def endpoints(self) -> tuple[ChatEndpoint | None, ChatEndpoint | None]:
        """Both endpoints; None each where nothing names a model."""
        declared = (*_SMALL, *_LARGE, Variables.LARGE_MODEL_SUPPORTS_PREFIX)
        if not any(self._values.get(each.name) for each in declared):
            return None, None
        small, large = self._endpoint(*_SMALL), self._endpoint(*_LARGE)
        goes_on = Variables.LARGE_MODEL_SUPPORTS_PREFIX.read(self._values, self.faults)
        if large is None or goes_on is None:
            return small, large
        provider = provider_of(large)
        if not goes_on:
            continuation = "history"
        elif provider is None:
            continuation = "trailing"
        else:
            # The host's way even for a model that is not listed for it. A host that is known to
            # have none would begin its reply all over again, and be heard doing so.
            continuation = provider.way or "history"
        return small, replace(large, continuation=continuation)

    def judge(self) -> ChatEndpoint | None:
        """The endpoint of the judge; None where nothing names one."""
        named = any(self._values.get(each.name) for each in _JUDGE)
        return self._endpoint(*_JUDGE) if named else None

    def _endpoint(self, the_url: Text, the_key: Text, the_model: Text) -> ChatEndpoint | None:
        url, key, model = (each.read(self._values) for each in (the_url, the_key, the_model))
        at_fault = len(self.faults)

        # Each value is tried alone, so that all that ChatEndpoint would refuse is named at once.
        if url is None:
            self.faults[the_url.name] = "is missing: give the base URL, such as https://host/v1."
            located = None
        else:
            located = self._tried(
                the_url, lambda: ChatEndpoint(base_url=url, model="m", api_key="any")
            )
        if key is not None:
            where = _ANY if located is None else located.base_url
            self._tried(the_key, lambda: ChatEndpoint(base_url=where, model="m", api_key=key))
        elif located is None:
            self.faults[the_key.name] = "is missing: only a model on your own network needs none."
        elif not is_private(located.host):
            self.faults[the_key.name] = (
                f"is missing: {located.host} is not on your own network, so it is taken to ask for "
                "a key (any word will do for a server that asks for none)."
            )
        if model is None:
            self.faults[the_model.name] = "is missing: give the model's name as its host spells it."
        else:
            self._tried(the_model, lambda: ChatEndpoint(base_url=_ANY, model=model))

        if len(self.faults) > at_fault or located is None or model is None:
            return None
        return replace(located, model=model, api_key=key)

    def _tried(self, variable: Text, endpoint: Callable[[], ChatEndpoint]) -> ChatEndpoint | None:
        try:
            return endpoint()
        except ValueError as refusal:
            # It names its field, which is not what whoever set the variable knows it by.
            what = re.sub(r"^ChatEndpoint \w+ ", "", str(refusal))
            self.faults[variable.name] = scrubbed(what, self._values)
            return None
