"""The settings of `DualLLMService` that can be changed in mid-call."""

import difflib
import functools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from pipecat.services.settings import LLMSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven, is_given

from blastoff_pipecat.policy import OpeningFrames, OpeningMode, Policy, Style


class UnknownSetting(ValueError, TypeError):
    """A setting was given that does not exist."""


_C = TypeVar("_C")


def _naming_unknown_settings(cls: type[_C]) -> type[_C]:
    """Let a settings class say which setting it does not know, and which was perhaps meant."""
    take = cls.__init__

    @functools.wraps(take)
    def __init__(self: _C, *args: Any, **settings: Any) -> None:
        known = [each.name for each in fields(cls)]  # pyright: ignore[reportArgumentType]  # a dataclass
        for name in settings:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
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
        opening: ``"auto"`` (default; an opening unless it cannot help), ``"always"`` or
            ``"never"``. A tool's result is always answered by the large model alone, and so is
            every turn while Pipecat filters incomplete user turns.
        style: ``"acknowledge"`` (default): a lead-in without any fact, digit, yes or no, in the
            small model's words. ``"choose"``: one of `openings`. ``"answer"``: the beginning of
            the answer itself.
        openings: Approved lines for ``"choose"``, the first one neutral; None (default) is the
            package's English list (`blastoff_pipecat.prompts.OPENINGS` has other languages). In
            the other styles they stand in for an opening that was refused or used recently.
        opening_frames: ``"sentence"`` (default) or ``"token"``: plain text frames, word by word,
            for a TTS that aggregates by token.
        min_words: Words an opening has at least, where the model says that many. Default 3.
        max_words: Words an opening has at most. Default 16.
        max_bridges: Sentences the small model may add while the large is late. Default 1.
        opening_instruction: The small model's system message; None is the package's for the style
            (``{openings}`` in it becomes the list).
        continuation_instruction: The user message after an opening, for servers that cannot
            continue an assistant message; None is the package's (``{said}`` in it becomes what was
            said).
        small_max_tokens: Tokens an opening has at most. Default 32.
        small_temperature: 0 to 2, or None to leave it to the server. Default 0.7.
        small_history: Messages the small model sees. Default 3.
        small_first_token_timeout_secs: Seconds for its first text; the opening must be whole
            within twice that. Default 0.8.
        large_first_token_timeout_secs: Seconds for the large model's first text or call. Default
            8.0.
        stall_timeout_secs: Seconds between two texts. Default 5.0.
        connect_timeout_secs: Seconds to open a connection, to either model. Default 2.0.
    """

    opening: OpeningMode | NotGiven = NOT_GIVEN
    style: Style | NotGiven = NOT_GIVEN
    openings: Sequence[str] | NotGiven | None = NOT_GIVEN
    opening_frames: OpeningFrames | NotGiven = NOT_GIVEN
    min_words: int | NotGiven = NOT_GIVEN
    max_words: int | NotGiven = NOT_GIVEN
    max_bridges: int | NotGiven = NOT_GIVEN
    opening_instruction: str | NotGiven | None = NOT_GIVEN
    continuation_instruction: str | NotGiven | None = NOT_GIVEN
    small_max_tokens: int | NotGiven = NOT_GIVEN
    small_temperature: float | NotGiven | None = NOT_GIVEN
    small_history: int | NotGiven = NOT_GIVEN
    small_first_token_timeout_secs: float | NotGiven = NOT_GIVEN
    large_first_token_timeout_secs: float | NotGiven = NOT_GIVEN
    stall_timeout_secs: float | NotGiven = NOT_GIVEN
    connect_timeout_secs: float | NotGiven = NOT_GIVEN

    def policy(self) -> Policy:
        """Check the fields and return them as a policy; fields that are not given are defaults.

        Raises:
            ValueError: A field's value is out of its range; the message names it.
        """
        shared = {each.name for each in fields(Policy)} & {each.name for each in fields(self)}
        given = {name: getattr(self, name) for name in shared if is_given(getattr(self, name))}
        return Policy(**given, provider_thinking=self.use_provider_thinking_default is True)


def complete_settings(model: str, given: DualLLMSettings | None) -> DualLLMSettings:
    """Fill in the defaults of every field that is not given.

    Raises:
        ValueError: A field's value is out of its range; the message names it.
    """
    policy = Policy()
    ours = {each.name: getattr(policy, each.name) for each in fields(Policy)}
    del ours["provider_thinking"]
    complete = DualLLMSettings(
        model=model,
        system_instruction=None,
        temperature=None,
        max_tokens=None,
        top_p=None,
        top_k=None,
        frequency_penalty=None,
        presence_penalty=None,
        seed=None,
        filter_incomplete_user_turns=False,
        user_turn_completion_config=None,
        use_provider_thinking_default=False,
        extra={},
        **ours,
    )
    if given is not None:
        complete.apply_update(given)
    complete.policy()
    return complete
