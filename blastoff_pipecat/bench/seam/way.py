"""The ways of answering that are compared: the large model alone, and styles by handovers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor import check
from blastoff_pipecat.conductor.policy import Handover, Policy
from blastoff_pipecat.conductor.styles import STYLES, StyleName


@dataclass(frozen=True, slots=True)
class Way:
    """One way of answering.

    Attributes:
        style: The style of openings; None for the large model alone.
        handover: How the large model learns of an opening.
        always: Whether every reply that may have an opening gets one; else those whose answer is
            forecast to be late.
    """

    style: StyleName | None = None
    handover: Handover = "auto"
    always: bool = False

    def __str__(self) -> str:
        """Name it, as a table's head."""
        if self.style is None:
            return "large alone"
        return ", ".join((self.style, self.handover, *(["always"] if self.always else [])))

    def policy(self, suited: Policy) -> Policy:
        """Return how replies are made in it.

        Args:
            suited: How these models make replies best.
        """
        if self.style is None:  # as a stock service would: whole sentences, nobody in its place
            return replace(
                suited, opening="never", clause_release=False, max_waiting_lines=0, rescue=None
            )
        changes: dict[str, Any] = {"style": self.style, "handover": self.handover}
        changes["opening"] = "always" if self.always else "auto"
        if self.handover == "prefix" and suited.spoken_instruction == prompts.SPOKEN_BESIDE:
            changes["spoken_instruction"] = prompts.SPOKEN  # it says what to do with an opening
        return replace(suited, **changes)


ALONE = Way()
"""The large model alone, beside which the others are held."""


def ways(
    suited: Policy,
    styles: Sequence[str] = (),
    handovers: Sequence[str] = (),
    openings: Sequence[str] = (),
) -> tuple[Way, ...]:
    """Return what is compared, the large model alone first.

    Args:
        suited: How these models make replies best: what is not chosen is as in it.
        styles: The styles.
        handovers: The handovers; a style that begins the answer is always handed over.
        openings: Whether replies get one: "auto" or "always"; none of them is "auto".

    Raises:
        ValueError: There is no such style, handover or opening.
    """
    chosen: dict[Way, None] = {}
    for style, handover in product(styles or (suited.style,), handovers or (suited.handover,)):
        policy = replace(suited, style=style, handover=handover)  # pyright: ignore[reportArgumentType]  # it says what there is
        answers = STYLES[policy.style].answers
        for opening in openings or ("auto",):
            check.one_of("opening", opening, ("auto", "always"))
            handed = "prefix" if answers else policy.handover
            chosen[Way(policy.style, handed, opening == "always")] = None
    return (ALONE, *chosen)
