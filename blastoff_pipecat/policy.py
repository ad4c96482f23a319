"""How replies are made: the settings that both skins share, checked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from blastoff_pipecat import prompts

OpeningMode: TypeAlias = Literal["auto", "always", "never"]
Style: TypeAlias = Literal["acknowledge", "choose", "answer"]
OpeningFrames: TypeAlias = Literal["sentence", "token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How replies are made. See `DualLLMSettings` for what each field means.

    Raises:
        ValueError: A value is of the wrong kind or out of its range; the message names it.
    """

    opening: OpeningMode = "auto"
    style: Style = "acknowledge"
    openings: Sequence[str] | None = None
    opening_frames: OpeningFrames = "sentence"
    min_words: int = 3
    max_words: int = 16
    max_bridges: int = 1
    opening_instruction: str | None = None
    continuation_instruction: str | None = None
    small_max_tokens: int = 32
    small_temperature: float | None = 0.7
    small_history: int = 3
    small_first_token_timeout_secs: float = 0.8
    large_first_token_timeout_secs: float = 8.0
    stall_timeout_secs: float = 5.0
    connect_timeout_secs: float = 2.0
    provider_thinking: bool = False

    def __post_init__(self) -> None:
        """Check every value."""
        _one_of("opening", self.opening, get_args(OpeningMode))
        _one_of("style", self.style, get_args(Style))
        _one_of("opening_frames", self.opening_frames, get_args(OpeningFrames))
        _whole("min_words", self.min_words, least=1)
        _whole("max_words", self.max_words, least=self.min_words)
        _whole("max_bridges", self.max_bridges, least=0)
        _whole("small_max_tokens", self.small_max_tokens, least=1)
        _whole("small_history", self.small_history, least=1)
        _seconds("small_first_token_timeout_secs", self.small_first_token_timeout_secs)
        _seconds("large_first_token_timeout_secs", self.large_first_token_timeout_secs)
        _seconds("stall_timeout_secs", self.stall_timeout_secs)
        _seconds("connect_timeout_secs", self.connect_timeout_secs)
        if self.small_temperature is not None:
            _number("small_temperature", self.small_temperature)
            if not 0 <= self.small_temperature <= 2:
                raise ValueError(f"small_temperature must be 0 to 2, not {self.small_temperature}")
        for name in ("opening_instruction", "continuation_instruction"):
            value: object = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value.strip()):
                raise ValueError(f"{name} must be a text or None (the default), not {value!r}")
        _lines(self.openings)

    @property
    def approved_openings(self) -> tuple[str, ...]:
        """The lines that style ``choose`` picks from."""
        return tuple(line.strip() for line in self.openings or prompts.OPENINGS["en"])


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        listed = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{name} must be one of {listed}, not {value!r}")


def _number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ValueError(f"{name} must be a number, not {value!r}")


def _whole(name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")


def _seconds(name: str, value: object) -> None:
    _number(name, value)
    if not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(f"{name} must be a positive number of seconds, not {value!r}")


def _lines(openings: object) -> None:
    if openings is None:
        return
    if isinstance(openings, str) or not isinstance(openings, Sequence) or not openings:
        raise ValueError(f"openings must be a list with at least one line, not {openings!r}")
    for line in openings:  # pyright: ignore[reportUnknownVariableType]  # any value may be given
        if not isinstance(line, str) or not any(char.isalpha() for char in line):
            raise ValueError(f"openings must hold lines to be said; {line!r} is none")
