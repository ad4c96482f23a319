"""The settings of `DualLLMService` that can be changed in mid-call."""

import difflib
import functools
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, ServiceSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven, is_given

from blastoff_pipecat.conductor import check
from blastoff_pipecat.conductor.policy import Handover, OpeningFrames, OpeningsTo, Policy, SmallSees
from blastoff_pipecat.conductor.styles import StyleName
from blastoff_pipecat.endpoints import ChatEndpoint
from blastoff_pipecat.relay.scrub import SpeechSafe
from blastoff_pipecat.relay.timing import Whether

_RENAMED = {"max_bridges": "max_waiting_lines"}

SAMPLING = (
    "temperature",
    "max_tokens",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
)
"""The settings that say how the large model is to write."""


class UnknownSetting(ValueError, TypeError):
    """A setting or an option was given that does not exist."""


_C = TypeVar("_C")
_S = TypeVar("_S", bound=ServiceSettings)


def _naming_unknown_settings(cls: type[_C]) -> type[_C]:
    """Let a settings class say which setting it does not know, and which was perhaps meant."""
    take = cls.__init__

    @functools.wraps(take)
    def __init__(self: _C, *args: Any, **settings: Any) -> None:
        known = [each.name for each in fields(cls)]  # pyright: ignore[reportArgumentType]  # a dataclass
        for name in settings:
            if name not in known:
                hint = _hint(name, known)
                raise UnknownSetting(f"DualLLMService.Settings has no setting {name!r}{hint}")
        take(self, *args, **settings)

    cls.__init__ = __init__
    return cls


@_naming_unknown_settings
@dataclass
class DualLLMSettings(LLMSettings):
    """Settings of `DualLLMService`; change them in mid-call with an `LLMUpdateSettingsFrame`.

    `model`, `temperature`, `max_tokens`, `top_p`, `top_k`, `frequency_penalty`, `presence_penalty`,
    `seed` and `extra` (more body fields) go to the large model; `system_instruction` too.

    Parameters:
        opening: ``"auto"`` (default; where silence would otherwise be felt), ``"always"`` (whatever
            the forecast says) or ``"never"``. A tool's result is always answered by the large model
            alone, and so is every turn while Pipecat filters incomplete user turns.
        style: ``"acknowledge"`` (default): a lead-in without any fact, digit, yes or no, in the
            small model's words. ``"choose"``: one of `openings`. ``"answer"``: the beginning of
            the answer itself.
        handover: How the large model learns of the opening. ``"beside"``: it does not, and begins
            a sentence of its own; both are asked at once. ``"prefix"``: it is asked when the
            opening is final, and goes on from its very words. ``"auto"`` (default): ``"prefix"``
            where the host can continue an assistant message, else ``"beside"``.
        openings: Approved lines for ``"choose"``; None (default) is the package's list in the
            user's language (`blastoff_pipecat.prompts.OPENINGS`). In the other styles they stand in
            for an opening that does not fit, was refused or was used recently.
        openings_to: Which turns may have one: ``"all"`` (default) but those that plainly need none,
            such as a greeting; or ``"asked"``, only those that ask for something as far as their
            words tell, for a small model that is too small to decline bad news.
        language: The user's language, such as ``"de"``; None (default) tells it from their words.
        opening_frames: ``"sentence"`` (default) or ``"token"``: plain text frames, word by word,
            for a TTS that aggregates by token.
        min_words: Words an opening has at least, where the model says that many. Default 2.
        max_words: Words an opening has at most. Default 6.
        max_silence_secs: Seconds for which the user may hear nothing while a reply is due. Default
            1.0.
        max_waiting_lines: Lines that may be added in a turn while the large model is late or a tool
            runs. Default 2.
        clause_release: Whether the answer's first clause is spoken before its sentence is whole,
            where the listener waits. Default True.
        rescue: Who finishes a reply in the large model's place: ``"small"`` (default), or the line
            that is said instead, or None for nobody.
        speech_safe: What of a model's text is kept from the voice: ``"controls"`` (default; control
            characters), ``"tags"`` (these, and ``<tags>`` too) or ``"off"``.
        opening_instruction: The small model's system message; None is the package's for the style
            (``{openings}`` in it becomes the list).
        continuation_instruction: The user message after an opening, for servers that cannot
            continue an assistant message; None is the package's (``{said}`` in it becomes what was
            said).
        waiting_instruction: The small model's system message for a waiting line; None is the
            package's.
        spoken_instruction: Added to the large model's system message; None adds nothing. The
            default says that a lead-in may have been said already.
        small_sees: What the small model is told: ``"full"`` (default; the bot's instruction and the
            last messages) or ``"turn"`` (the user's last message and nothing else).
        small_max_tokens: Tokens an opening has at most. Default 32.
        small_temperature: 0 to 2, or None to leave it to the server. Default 0.7.
        small_history: Messages the small model sees. Default 3.
        forecast_prior_secs: Seconds that the large model's first clause is believed to take, until
            replies have taught better. Default 1.0.
        small_first_token_timeout_secs: Seconds for its first text; the opening must be whole
            within twice that. Default 0.8.
        large_first_token_timeout_secs: Seconds for the large model's first text or call. Default
            8.0.
        stall_timeout_secs: Seconds between two texts. Default 5.0.
        connect_timeout_secs: Seconds to open a connection, to either model. Default 2.0.
        reply_timeout_secs: Seconds for a whole reply. Default 120.0.
    """

    opening: Whether | NotGiven = NOT_GIVEN
    style: StyleName | NotGiven = NOT_GIVEN
    handover: Handover | NotGiven = NOT_GIVEN
    openings: Sequence[str] | NotGiven | None = NOT_GIVEN
    openings_to: OpeningsTo | NotGiven = NOT_GIVEN
    language: str | NotGiven | None = NOT_GIVEN
    opening_frames: OpeningFrames | NotGiven = NOT_GIVEN
    min_words: int | NotGiven = NOT_GIVEN
    max_words: int | NotGiven = NOT_GIVEN
    max_silence_secs: float | NotGiven = NOT_GIVEN
    max_waiting_lines: int | NotGiven = NOT_GIVEN
    clause_release: bool | NotGiven = NOT_GIVEN
    rescue: str | NotGiven | None = NOT_GIVEN
    speech_safe: SpeechSafe | NotGiven = NOT_GIVEN
    opening_instruction: str | NotGiven | None = NOT_GIVEN
    continuation_instruction: str | NotGiven | None = NOT_GIVEN
    waiting_instruction: str | NotGiven | None = NOT_GIVEN
    spoken_instruction: str | NotGiven | None = NOT_GIVEN
    small_sees: SmallSees | NotGiven = NOT_GIVEN
    small_max_tokens: int | NotGiven = NOT_GIVEN
    small_temperature: float | NotGiven | None = NOT_GIVEN
    small_history: int | NotGiven = NOT_GIVEN
    forecast_prior_secs: float | NotGiven = NOT_GIVEN
    small_first_token_timeout_secs: float | NotGiven = NOT_GIVEN
    large_first_token_timeout_secs: float | NotGiven = NOT_GIVEN
    stall_timeout_secs: float | NotGiven = NOT_GIVEN
    connect_timeout_secs: float | NotGiven = NOT_GIVEN
    reply_timeout_secs: float | NotGiven = NOT_GIVEN

    def apply_update(self: _S, delta: _S) -> dict[str, Any]:
        """Take over what is given in `delta`; return the former values of what has changed.

        Raises:
            ValueError: `extra` is no dict.
        """
        check.json_object("extra", delta.extra)
        return ServiceSettings.apply_update(self, delta)

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Self:
        """Make a change of the deprecated dict form of `LLMUpdateSettingsFrame`.

        Raises:
            UnknownSetting: There is no such setting. Pipecat's own services would send it to their
                server as a field of the body; ``extra`` does that here.
        """
        return cls(**{cls._aliases.get(name, name): value for name, value in settings.items()})

    def sampling(self) -> dict[str, Any]:
        """Return the body fields that say how the large model is to write."""
        values = {name: getattr(self, name) for name in SAMPLING}
        return {name: value for name, value in values.items() if value is not None}

    def policy(self) -> Policy:
        """Check the fields and return them as a policy; fields that are not given are defaults.

        Raises:
            ValueError: A field's value is out of its range; the message names it.
        """
        self._check_shared()
        shared = {each.name for each in fields(Policy)} & {each.name for each in fields(self)}
        given = {name: getattr(self, name) for name in shared if is_given(getattr(self, name))}
        return Policy(**given, provider_thinking=self.use_provider_thinking_default is True)

    def _check_shared(self) -> None:
        """Check what is Pipecat's and is sent to the large model."""
        if is_given(self.model):
            check.text("model", self.model)
        for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty"):
            if is_given(value := getattr(self, name)) and value is not None:
                check.number(name, value)
        for name, least in (("max_tokens", 1), ("top_k", 0), ("seed", None)):
            if is_given(value := getattr(self, name)) and value is not None:
                check.whole(name, value, least=least)
        if is_given(self.system_instruction) and self.system_instruction is not None:
            check.text("system_instruction", self.system_instruction, may_be_empty=True)
        check.json_object("extra", self.extra)


def refuse_unknown_options(options: Iterable[str]) -> None:
    """Refuse options of the service that Pipecat would take and never look at.

    Raises:
        UnknownSetting: No Pipecat LLM service has such an option; the message says where it
            belongs.
    """
    known = _pipecat_options()
    for name in options:
        if name in known:
            continue
        if name in (each.name for each in fields(DualLLMSettings)):
            hint = f": it is a setting, settings=DualLLMService.Settings({name}=…)"
        elif name in ("url", *(each.name for each in fields(ChatEndpoint))):
            hint = ": it belongs to one of the two endpoints, ChatEndpoint(…)"
        else:
            hint = _hint(name, known)
        raise UnknownSetting(f"DualLLMService has no option {name!r}{hint}")


@functools.cache
def _pipecat_options() -> frozenset[str]:
    """Names of what the constructors of Pipecat's LLM services take."""
    return frozenset(
        name
        for cls in LLMService.__mro__
        for name, option in inspect.signature(cls.__init__).parameters.items()
        if option.kind not in (option.VAR_KEYWORD, option.VAR_POSITIONAL) and name != "self"
    )


def _hint(name: str, known: Iterable[str]) -> str:
    if name in _RENAMED:
        return f": it is called {_RENAMED[name]!r} now"
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def complete_settings(
    model: str, given: DualLLMSettings | None, *, system_instruction: str | None = None
) -> DualLLMSettings:
    """Fill in the defaults of every field that is not given.

    Args:
        model: The large model's name, where none is given.
        given: What is given.
        system_instruction: Likewise.

    Raises:
        ValueError: A field's value is out of its range; the message names it.
    """
    policy = Policy()
    ours = {each.name: getattr(policy, each.name) for each in fields(Policy)}
    del ours["provider_thinking"]
    complete = DualLLMSettings(
        model=model,
        system_instruction=system_instruction,
        filter_incomplete_user_turns=False,
        user_turn_completion_config=None,
        use_provider_thinking_default=False,
        extra={},
        **dict.fromkeys(SAMPLING),
        **ours,
    )
    if given is not None:
        if not isinstance(given, DualLLMSettings):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may not check types
            raise ValueError(f"settings must be DualLLMService.Settings, not {given!r}")
        complete.apply_update(given)
    complete.policy()
    return complete
