"""How replies are made: the settings that both skins share, checked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor import check
from blastoff_pipecat.conductor.styles import STYLES, StyleName
from blastoff_pipecat.relay.limits import Limits
from blastoff_pipecat.relay.scrub import SpeechSafe
from blastoff_pipecat.relay.timing import Whether

Handover: TypeAlias = Literal["auto", "beside", "prefix"]
OpeningsTo: TypeAlias = Literal["all", "asked"]
SmallSees: TypeAlias = Literal["full", "turn"]
OpeningFrames: TypeAlias = Literal["sentence", "token"]

USAGE_GRACE_SECS = 0.5
"""How long a small model may run on unheard to report its usage."""

ENDING_GRACE_SECS = 0.1
"""How long a small model may run on unheard where no usage is wanted: most say no more than the
opening, and one that ends by itself leaves its connection to the next reply."""

HANDOVER_SECS = 0.4
"""How long the large model waits for an opening that it is to go on from."""

_CHOICES = {
    "opening": get_args(Whether),
    "style": tuple(STYLES),
    "handover": get_args(Handover),
    "openings_to": get_args(OpeningsTo),
    "opening_frames": get_args(OpeningFrames),
    "small_sees": get_args(SmallSees),
    "speech_safe": get_args(SpeechSafe),
}
_SECONDS = (
    "max_silence_secs",
    "forecast_prior_secs",
    "small_first_token_timeout_secs",
    "large_first_token_timeout_secs",
    "stall_timeout_secs",
    "connect_timeout_secs",
    "reply_timeout_secs",
)
_TEXTS = (
    "language",
    "rescue",
    "opening_instruction",
    "continuation_instruction",
    "waiting_instruction",
    "spoken_instruction",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How replies are made. See `DualLLMSettings` for what each field means.

    Raises:
        ValueError: A value is of the wrong kind or out of its range; the message names it.
    """

    opening: Whether = "auto"
    style: StyleName = "acknowledge"
    handover: Handover = "auto"
    openings: Sequence[str] | None = None
    openings_to: OpeningsTo = "all"
    language: str | None = None
    opening_frames: OpeningFrames = "sentence"
    min_words: int = 2
    max_words: int = 6
    max_silence_secs: float = 1.0
    max_waiting_lines: int = 2
    clause_release: bool = True
    rescue: str | None = "small"
    speech_safe: SpeechSafe = "controls"
    opening_instruction: str | None = None
    continuation_instruction: str | None = None
    waiting_instruction: str | None = None
    spoken_instruction: str | None = prompts.SPOKEN
    small_sees: SmallSees = "full"
    small_max_tokens: int = 32
    small_temperature: float | None = 0.7
    small_history: int = 3
    forecast_prior_secs: float = 1.0
    small_first_token_timeout_secs: float = 0.8
    large_first_token_timeout_secs: float = 8.0
    stall_timeout_secs: float = 5.0
    connect_timeout_secs: float = 2.0
    reply_timeout_secs: float = 120.0
    provider_thinking: bool = False

    def __post_init__(self) -> None:
        """Check every value."""
        for name, allowed in _CHOICES.items():
            check.one_of(name, getattr(self, name), allowed)
        for name in _SECONDS:
            check.seconds(name, getattr(self, name))
        for name in _TEXTS:
            if getattr(self, name) is not None:
                check.text(name, getattr(self, name))
        check.whole("min_words", self.min_words, least=1)
        check.whole("max_words", self.max_words, least=self.min_words)
        check.whole("max_waiting_lines", self.max_waiting_lines, least=0)
        check.whole("small_max_tokens", self.small_max_tokens, least=1)
        check.whole("small_history", self.small_history, least=1)
        check.flag("clause_release", self.clause_release)
        if self.small_temperature is not None:
            check.number("small_temperature", self.small_temperature)
            if not 0 <= self.small_temperature <= 2:
                raise ValueError(f"small_temperature must be 0 to 2, not {self.small_temperature}")
        if self.openings is not None:
            check.lines("openings", self.openings)

    def limits(self, *, report_usage: bool) -> Limits:
        """Return how long is waited for what.

        Args:
            report_usage: Whether to wait a little for a small model's usage report.
        """
        return Limits(
            small_first_token=self.small_first_token_timeout_secs,
            large_first_token=self.large_first_token_timeout_secs,
            stall=self.stall_timeout_secs,
            small_usage=USAGE_GRACE_SECS if report_usage else ENDING_GRACE_SECS,
            handover=HANDOVER_SECS,
            reply=self.reply_timeout_secs,
        )
