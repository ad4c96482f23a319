"""How replies are made: the settings that both skins share, checked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor import check

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
        check.one_of("opening", self.opening, get_args(OpeningMode))
        check.one_of("style", self.style, get_args(Style))
        check.one_of("opening_frames", self.opening_frames, get_args(OpeningFrames))
        check.whole("min_words", self.min_words, least=1)
        check.whole("max_words", self.max_words, least=self.min_words)
        check.whole("max_bridges", self.max_bridges, least=0)
        check.whole("small_max_tokens", self.small_max_tokens, least=1)
        check.whole("small_history", self.small_history, least=1)
        check.seconds("small_first_token_timeout_secs", self.small_first_token_timeout_secs)
        check.seconds("large_first_token_timeout_secs", self.large_first_token_timeout_secs)
        check.seconds("stall_timeout_secs", self.stall_timeout_secs)
        check.seconds("connect_timeout_secs", self.connect_timeout_secs)
        if self.small_temperature is not None:
            check.number("small_temperature", self.small_temperature)
            if not 0 <= self.small_temperature <= 2:
                raise ValueError(f"small_temperature must be 0 to 2, not {self.small_temperature}")
        for name in ("opening_instruction", "continuation_instruction"):
            if getattr(self, name) is not None:
                check.text(name, getattr(self, name))
        if self.openings is not None:
            check.lines("openings", self.openings)

    @property
    def approved_openings(self) -> tuple[str, ...]:
        """The lines that style ``choose`` picks from."""
        return tuple(line.strip() for line in self.openings or prompts.OPENINGS["en"])
