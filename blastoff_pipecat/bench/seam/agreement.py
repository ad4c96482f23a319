"""How far a judge, and the checks, agree with the labels that were given by hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench.seam.intervals import Share
from blastoff_pipecat.bench.seam.judge import Verdict
from blastoff_pipecat.bench.seam.labelled import (
    GOOD,
    agreement,
    checked_good,
    checked_sensible,
    labelled,
)
from blastoff_pipecat.bench.seam.report import told


@dataclass(frozen=True, slots=True)
class Agreement:
    """What somebody agrees on with the labels.

    Attributes:
        who: Who.
        what: On what.
        same: How many were judged as they are labelled.
        kappa: Cohen's: 0 where that is no more than chance; None where one of both never varies.
    """

    who: str
    what: str
    same: Share
    kappa: float | None


def agreements(where: str, verdicts: Mapping[str, Verdict]) -> Iterator[Agreement]:
    """Yield what the judge agrees on with the labels, and what the checks do.

    Args:
        where: Who the judge is.
        verdicts: What it says of the labelled replies, by their ids.
    """
    known = [(each, verdicts[each.reply.id]) for each in labelled() if each.reply.id in verdicts]
    sensible, good = "openings: sensible", f"replies: {GOOD} or 5"
    openings = [(each, said) for each, said in known if each.sensible is not None]
    pairs = [(bool(each.sensible), bool(said.sensible)) for each, said in openings]
    yield _agreement(where, sensible, pairs)
    yield _agreement(
        where, good, [(each.quality >= GOOD, said.score >= GOOD) for each, said in known]
    )
    near = sum(abs(each.quality - said.score) <= 1 for each, said in known)
    yield Agreement(where, "replies: within 1 of 1 to 5", Share(near, len(known)), None)
    pairs = [(bool(each.sensible), checked_sensible(each)) for each, _ in openings]
    yield _agreement("the checks", sensible, pairs)
    pairs = [(each.quality >= GOOD, checked_good(each)) for each, _ in known]
    yield _agreement("the checks", good, pairs)


def show(found: list[Agreement], console: Console) -> None:
    """Print a table."""
    table = Table("who", "what", "as labelled", "kappa")
    for each in found:
        kappa = "–" if each.kappa is None else f"{each.kappa:.2f}"
        table.add_row(each.who, each.what, told(each.same), kappa)
    console.print(table)


def as_data(found: list[Agreement]) -> list[dict[str, Any]]:
    """Return it as plain data."""
    return [
        {
            "who": each.who,
            "what": each.what,
            "same": each.same.hits,
            "of": each.same.of,
            "kappa": None if each.kappa is None else round(each.kappa, 3),
        }
        for each in found
    ]


def _agreement(who: str, what: str, pairs: list[tuple[bool, bool]]) -> Agreement:
    same = Share(sum(one == other for one, other in pairs), len(pairs))
    return Agreement(who, what, same, agreement(pairs)[1] if pairs else None)
