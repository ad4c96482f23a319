"""The process's environment and its `.env` file, read into two endpoints.

A bot in a container is told where its models are by variables, not by code. All of them are read
at once, by `Environment.read`, so that whatever is wrong is said once, in one message that names
each variable, shows what was found (never a key) and says what to do about it.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from dotenv import dotenv_values, find_dotenv

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.providers import is_private, provider_of

#: Every variable that is read, with its spellings, the current one first.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "SMALL_MODEL_URL": ("SMALL_MODEL_URL", "SMALL_MODEL_BASE_URL"),
    "SMALL_MODEL_API_KEY": ("SMALL_MODEL_API_KEY",),
    "SMALL_MODEL_NAME": ("SMALL_MODEL_NAME",),
    "LARGE_MODEL_URL": ("LARGE_MODEL_URL", "LARGE_MODEL_BASE_URL"),
    "LARGE_MODEL_API_KEY": ("LARGE_MODEL_API_KEY",),
    "LARGE_MODEL_NAME": ("LARGE_MODEL_NAME",),
    "LARGE_MODEL_SUPPORTS_PREFIX": ("LARGE_MODEL_SUPPORTS_PREFIX",),
    "HOST": ("HOST",),
    "PORT": ("PORT",),
    "LOG_LEVEL": ("LOG_LEVEL",),
}

_MODEL_PREFIXES = ("SMALL_MODEL_", "LARGE_MODEL_")

_LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")

# A base URL to try a key or a name with.
_ANY = "http://localhost/v1"

# A key pasted into the wrong variable must not reach a log through the message about it.
_LOOKS_LIKE_A_KEY = re.compile(r"(?<![A-Za-z0-9])(?:sk|gsk|csk|pk|xai|nvapi|hf)[-_][\w-]{8,}")
_USER_INFO = re.compile(r"(?<=//)[^/@\s]+@")


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
    host: str = "127.0.0.1"
    port: int = 8000
    log_level: str = "INFO"

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, *, dotenv: bool = True) -> Self:
        """Read the variables.

        A value may be quoted and surrounded by blanks; an empty one counts as not set. Where
        no model variable is set, `small` and `large` are None: the embedded default.

        Args:
            environ: The variables; those of the process where it is None. They win over `.env`.
            dotenv: Whether to read the nearest `.env` too, from the current directory upwards.

        Raises:
            MisconfiguredEnvironment: A variable is missing or malformed; all such are named.
        """
        real = os.environ if environ is None else environ
        reading = _Reading(real, read_dotenv() if dotenv else {})
        environment = cls(
            host=reading.host(default=cls.host),
            port=reading.port(default=cls.port),
            log_level=reading.log_level(default=cls.log_level),
            **reading.models(),
        )
        if reading.faults:
            raise MisconfiguredEnvironment(reading.faults, reading.unread())
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
            raise MisconfiguredEnvironment(
                {
                    name: "is missing."
                    for name in _SPELLINGS
                    if name.endswith(("_MODEL_URL", "_MODEL_NAME"))
                }
            )
        return self.small, self.large


class _Reading:
    """One pass over the variables, gathering what is wrong with them."""

    def __init__(self, *sources: Mapping[str, str]) -> None:
        """Take the sources, the one that wins first."""
        self._sources = sources
        self._values = {name: self._find(name) for name in _SPELLINGS}
        # A short "key" is a word for servers that ask for none, and may well be part of a URL.
        keys = (value for name, value in self._values.items() if name.endswith("_API_KEY"))
        self._keys = [key for key in keys if key and len(key) >= 12]
        self.faults: dict[str, str] = {}

    def models(self) -> dict[str, ChatEndpoint | None]:
        """Both endpoints, by the field of `Environment`; None each where nothing names a model."""
        if not any(v for name, v in self._values.items() if name.startswith(_MODEL_PREFIXES)):
            return {"small": None, "large": None}
        small, large = self._endpoint("SMALL_MODEL"), self._endpoint("LARGE_MODEL")
        return {"small": small, "large": self._with_continuation(large)}

    def host(self, default: str) -> str:
        """The address to listen on."""
        value = self._values["HOST"] or default
        if re.search(r"[\s/]", value):
            self._malformed("HOST", "give a name or an address alone, such as 127.0.0.1.")
        return value

    def port(self, default: int) -> int:
        """The port to listen on."""
        value = self._values["PORT"]
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,5}", value) or int(value) > 65535:
            self._malformed("PORT", "give a whole number from 0 to 65535.")
            return default
        return int(value)

    def log_level(self, default: str) -> str:
        """The level to log at."""
        value = (self._values["LOG_LEVEL"] or default).upper()
        if value not in _LOG_LEVELS:
            self._malformed("LOG_LEVEL", f"give one of {', '.join(_LOG_LEVELS)}.")
        return value

    def unread(self) -> list[str]:
        """Names that begin as ours do and are not ours: misspelt, most likely."""
        known = {spelling for spellings in _SPELLINGS.values() for spelling in spellings}
        names = {n for source in self._sources for n in source if n.startswith(_MODEL_PREFIXES)}
        return sorted(names - known)

    def _find(self, name: str) -> str | None:
        # Source by source, so that an older spelling in the environment wins over `.env`; and an
        # empty variable in the environment still hides the one in `.env`.
        for source in self._sources:
            values = [v for spelling in _SPELLINGS[name] if (v := source.get(spelling)) is not None]
            if values:
                return next((bare for value in values if (bare := unquoted(value))), None)
        return None

    def _endpoint(self, prefix: str) -> ChatEndpoint | None:
        url_name, key_name, model_name = f"{prefix}_URL", f"{prefix}_API_KEY", f"{prefix}_NAME"
        url, key, model = (self._values[name] for name in (url_name, key_name, model_name))
        at_fault = len(self.faults)

        # Each value is tried alone, so that all that ChatEndpoint would refuse is named at once.
        if url is None:
            self.faults[url_name] = "is missing: give the base URL, such as https://host/v1."
            located = None
        else:
            located = self._tried(
                url_name, lambda: ChatEndpoint(base_url=url, model="m", api_key="any")
            )
        if key is not None:
            where = _ANY if located is None else located.base_url
            self._tried(key_name, lambda: ChatEndpoint(base_url=where, model="m", api_key=key))
        elif located is None:
            self.faults[key_name] = "is missing: only a model on your own network needs none."
        elif not is_private(located.host):
            self.faults[key_name] = (
                f"is missing: {located.host} is not on your own network, so it is taken to ask for "
                "a key (any word will do for a server that asks for none)."
            )
        if model is None:
            self.faults[model_name] = "is missing: give the model's name as its host spells it."
        else:
            self._tried(model_name, lambda: ChatEndpoint(base_url=_ANY, model=model))

        if len(self.faults) > at_fault or located is None or model is None:
            return None
        return replace(located, model=model, api_key=key)

    def _tried(self, name: str, endpoint: Callable[[], ChatEndpoint]) -> ChatEndpoint | None:
        try:
            return endpoint()
        except ValueError as refusal:
            # It names its field, which is not what whoever set the variable knows it by.
            what = re.sub(r"^ChatEndpoint \w+ ", "", str(refusal))
            self.faults[name] = self._scrubbed(what)
            return None

    def _with_continuation(self, large: ChatEndpoint | None) -> ChatEndpoint | None:
        value = self._values["LARGE_MODEL_SUPPORTS_PREFIX"]
        if value is None:
            return large
        if value.lower() not in ("true", "false"):
            self._malformed(
                "LARGE_MODEL_SUPPORTS_PREFIX",
                "give true or false, or leave it out to let the host and the model decide.",
            )
            return None
        if large is None:
            return None
        provider = provider_of(large)
        if value.lower() == "false":
            continuation = "history"
        elif provider is None:
            continuation = "trailing"
        else:
            # The host's way even for a model that is not listed for it. A host that is known to
            # have none would begin its reply all over again, and be heard doing so.
            continuation = provider.way or "history"
        return replace(large, continuation=continuation)

    def _malformed(self, name: str, what_to_do: str) -> None:
        self.faults[name] = self._scrubbed(f"is {self._values[name]!r}: {what_to_do}")

    def _scrubbed(self, text: str) -> str:
        for key in self._keys:
            text = text.replace(key, "<the key>")
        return _USER_INFO.sub("<user>@", _LOOKS_LIKE_A_KEY.sub("<a key>", text))


def unquoted(value: str) -> str:
    """Return a value without blanks and quotation marks around it."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value


def read_dotenv() -> dict[str, str]:
    """Read the nearest `.env`, from the current directory upwards; nothing where there is none.

    Raises:
        MisconfiguredEnvironment: It cannot be read.
    """
    path = find_dotenv(usecwd=True)
    if not path:
        return {}
    try:
        # utf-8-sig: some editors begin the file with a mark that would stick to the first name.
        values = dotenv_values(path, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisconfiguredEnvironment({f"The file {path}": f"cannot be read: {error}"}) from error
    return {name: value for name, value in values.items() if value is not None}
