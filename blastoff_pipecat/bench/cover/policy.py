"""The policies that are compared: a stock bot, and three manners of the relay."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias

from blastoff_pipecat.relay.lead_in import leads_in
from blastoff_pipecat.relay.lines import LINES, Stock
from blastoff_pipecat.relay.opening import Opening, OpeningRules, WrittenLine, WrittenOpening
from blastoff_pipecat.relay.timing import Manner

PolicyName: TypeAlias = Literal["alone", "fixed", "auto", "auto, prefix"]
POLICIES: tuple[PolicyName, ...] = ("alone", "fixed", "auto", "auto, prefix")
"""The large model alone; an opening in every reply, handed over; the default, with the large model
asked beside the opening; the same, with the opening handed over to it."""

FIXED_OPENING = "Good question, let me see,"
LINE_SECS = 0.16
"""How long the small model is believed to need for a line: a little more than it does."""


LANGUAGE = "en"


def _auto(*, beside: bool) -> Manner:
    lines = LINES[LANGUAGE]
    return Manner(
        opening="auto",
        beside=beside,
        max_silence=1.0,
        max_waiting_lines=2,
        clause_release=True,
        gathers=True,
        lines=Stock(lines.sentences if beside else lines.commas),
        waiting_lines=Stock(lines.waiting),
        asks_for_lines=True,
        line_secs=LINE_SECS,
    )


_MANNERS: dict[PolicyName, Manner] = {
    "fixed": Manner(opening="always"),
    "auto": _auto(beside=True),
    "auto, prefix": _auto(beside=False),
}


def make_manner(policy: PolicyName, recent: Sequence[str]) -> Manner:
    """Say in which manner a reply is made, as a conductor does.

    Args:
        policy: Which.
        recent: The replies before, newest first.
    """
    manner = _MANNERS[policy]
    kinds = {"lines": manner.lines, "waiting_lines": manner.waiting_lines}
    return replace(manner, **{kind: Stock(all.lines, recent) for kind, all in kinds.items()})


def make_opening(policy: PolicyName, recent: Sequence[str]) -> Opening:
    """Prepare a reply's opening as a conductor does; for the arguments see `make_manner`."""
    manner = _MANNERS[policy]
    if manner.opening == "always":
        return WrittenOpening()
    rules = OpeningRules(min_words=2, enough_words=2, max_words=6)
    kind = WrittenLine if manner.beside else WrittenOpening
    suits = partial(leads_in, language=LANGUAGE)
    return kind(rules, recent=recent, stand_ins=manner.lines.lines, suits=suits)
