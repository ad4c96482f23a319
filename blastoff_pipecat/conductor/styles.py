"""The styles of an opening: one record each, and nothing about a style anywhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from blastoff_pipecat import prompts

StyleName: TypeAlias = Literal["acknowledge", "choose", "answer"]

Examples: TypeAlias = Sequence[tuple[str, str]]
"""Worked examples: what a user says, and the opening for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """How the small model is asked.

    Attributes:
        instruction: Its system message; ``{openings}`` in it becomes the list.
        examples: Makes the worked examples of the approved lines.
    """

    instruction: str
    examples: Callable[[Sequence[str]], Examples]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an opening is asked for, and what it may be.

    Attributes:
        beside: How it is asked for where the answer begins a sentence of its own.
        prefix: How it is asked for where the answer goes on from it.
        chooses: Whether the small model picks a line, rather than writes one.
        neutral: Whether it may hold no digit, yes, no or commitment.
        answers: Whether it begins the answer, so that it is handed over, may be all of the answer,
            and the small model sees whole replies and the whole instruction of the bot.
    """

    beside: Prompt
    prefix: Prompt
    chooses: bool = False
    neutral: bool = True
    answers: bool = False


_CHOOSE = Prompt(instruction=prompts.CHOOSE, examples=prompts.choose_examples)
_ANSWER = Prompt(instruction=prompts.ANSWER, examples=lambda _: ())

STYLES: Mapping[StyleName, Style] = {
    "acknowledge": Style(
        beside=Prompt(
            instruction=prompts.ACKNOWLEDGE, examples=lambda _: prompts.ACKNOWLEDGE_EXAMPLES
        ),
        prefix=Prompt(
            instruction=prompts.ACKNOWLEDGE_PREFIX,
            examples=lambda _: prompts.ACKNOWLEDGE_PREFIX_EXAMPLES,
        ),
    ),
    "choose": Style(beside=_CHOOSE, prefix=_CHOOSE, chooses=True),
    "answer": Style(beside=_ANSWER, prefix=_ANSWER, neutral=False, answers=True),
}
