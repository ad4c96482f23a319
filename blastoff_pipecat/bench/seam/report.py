"""What was measured, as a table, as JSON and as a plot."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench.plot import Interval, intervals, stacked
from blastoff_pipecat.bench.report import rounded
from blastoff_pipecat.bench.seam import record
from blastoff_pipecat.bench.seam.checks import FAULTS, faults
from blastoff_pipecat.bench.seam.figures import Figures
from blastoff_pipecat.bench.seam.intervals import Retention, Share
from blastoff_pipecat.bench.seam.labelled import GOOD
from blastoff_pipecat.bench.seam.run import Run
from blastoff_pipecat.bench.seam.way import ALONE, Way
from blastoff_pipecat.bench.shell import say
from blastoff_pipecat.relay.cover import PRIOR_LATENCY_SECS

FAULT_NAMES: Mapping[str, str] = {
    "misfit": "misfit openings",
    "repeat": "words repeated",
    "double_lead_in": "double lead-ins",
    "grammar_break": "grammar breaks",
    "contradiction": "contradictions",
    "needless": "needless openings",
    "language": "language mismatches",
    "empty": "empty answers",
}
"""What each fault is called: first those of a seam, then those of any reply."""

_NOTHING = "–"
_MOST_SHOWN = 4  # replies with each fault
_MOST_CHARS = 150
_Cell: TypeAlias = Callable[[Figures], str]


def figures(run: Run) -> dict[Way, Figures]:
    """Judge what was said, and return the figures of each way that has replies."""
    items, alone = run.sample.items, run.replies.get(ALONE, [])
    return {
        way: Figures.of(
            items,
            replies,
            None if way == ALONE else alone,
            run.verdicts.get(way, {}).values(),
        )
        for way, replies in run.replies.items()
        if replies
    }


def rows(*, judged: bool) -> Iterator[tuple[str, _Cell]]:
    """Yield the rows of the table: what a figure is called, and how it is told of one way.

    Args:
        judged: Whether a judge was asked.
    """
    yield "right answers", lambda each: told(each.right)
    yield "retention", _retention
    yield "questions with an opening", lambda each: told(each.opened)
    for name, called in FAULT_NAMES.items():
        yield called, lambda each, name=name: told(each.faults[name])
    if judged:
        yield "openings judged sensible", lambda each: told(each.sensible)
        yield f"replies judged {GOOD} or 5", lambda each: told(each.good)
        yield "… mean, of 1 to 5", lambda each: _number(each.score, 2)
    yield "words of opening, mean", lambda each: _number(each.opening_words)
    yield "tokens a question, small", lambda each: _number(each.small_tokens, 0)
    yield "tokens a question, large", lambda each: _number(each.large_tokens, 0)
    yield "first sound, s", lambda each: _number(each.first_sound, 2)
    yield "answer heard, s", lambda each: _number(each.answer_heard, 2)
    yield "… later than alone, s", lambda each: _number(each.later, 2)


def told(share: Share) -> str:
    """Tell a share with what it is of, and its interval in percent."""
    if share.value is None or share.interval is None:
        return _NOTHING
    low, high = (f"{100 * end:.1f}" for end in share.interval)
    return f"{100 * share.value:.1f} % ({low}–{high}), {share.hits}/{share.of}"


def legend(run: Run) -> str:
    """Say what a reader of the table has to know."""
    sample = run.sample
    asked = {reply.id.partition(".")[0] for replies in run.replies.values() for reply in replies}
    questions, turns, conversations = (
        sum(each.id in asked for each in kind)
        for kind in (sample.questions, sample.turns, sample.conversations)
    )
    warmth = run.params.get("temperature")
    drawn = f"seed {run.seed}" + ("" if warmth is None else f", temperature {warmth:g}")
    return (
        f"{questions} questions with a known answer, {turns} everyday turns, {conversations} "
        f"conversations of six turns; {drawn}. In brackets 95 % intervals. Retention: right "
        "answers by two models over right answers alone. The first five faults are counted among "
        "replies in which something was said before the answer, the others among all. Times are "
        "medians of the questions, estimated from the text for a voice "
        f"{PRIOR_LATENCY_SECS:g} s late."
    )


def show(run: Run, console: Console) -> None:
    """Print the table, and what is at fault."""
    found = figures(run)
    table = Table(title=run.where, title_justify="left")
    table.add_column("figure")
    for way in found:
        table.add_column(str(way), justify="right")
    for called, cell in rows(judged=bool(run.judge)):
        table.add_row(called, *map(cell, found.values()))
    console.print(table)
    for line in (legend(run), *remarks(run)):
        say(line, console)


def remarks(run: Run) -> Iterator[str]:
    """Say what is no figure: what was left out, what failed, and which replies are at fault."""
    if run.judge:
        yield f"Judged by {run.judge}: {run.judged} of {run.made} replies."
    if run.made < run.planned:
        yield f"Stopped after {run.made} of {run.planned} replies."
    items = run.sample.items
    for way, replies in run.replies.items():
        if failures := run.failures.get(way):
            yield f"{way}: {len(failures)} requests failed, the first: {failures[0]}"
        if rescued := sum(reply.outcome == "small_only" for reply in replies):
            yield f"{way}: {rescued} replies were made by the small model alone; they count."
        for name in FAULTS:
            at_fault = [each for each in replies if name in faults(items[each.id], each)]
            if at_fault:
                yield f"{way}: {FAULT_NAMES[name]}: {len(at_fault)}"
            for reply in at_fault[:_MOST_SHOWN]:
                yield f"  {reply.id}: {reply.asked} → {_seam(reply.before, reply.answer)}"


def as_data(run: Run) -> dict[str, Any]:
    """Return everything as plain data: the figures, and what they were counted from."""
    found = figures(run)
    data = record.as_data(run)
    for way, each in zip(run.ways, data["ways"], strict=True):
        if way in found:
            each["figures"] = _as_data(found[way])
    return data


def plot(run: Run) -> str:
    """Draw retention, and what is wrong how often, as SVG."""
    found = figures(run)
    names = [str(way) for way in found]
    kept = [_interval(each.retention) for each in found.values()]
    at_fault = [
        (called, [_interval(each.faults[name]) for each in found.values()])
        for name, called in FAULT_NAMES.items()
    ]
    return stacked(
        [
            intervals(
                "Right answers by two models, for each by the large model alone",
                "ratio, with its 95 % interval",
                names,
                [("retention", kept)],
            ),
            intervals(
                "What is wrong with a reply, and how often",
                "% of replies, with 95 % intervals",
                names,
                at_fault,
            ),
        ]
    )


def _retention(found: Figures) -> str:
    kept = found.retention
    if kept is None or kept.value is None or kept.interval is None:
        return _NOTHING
    low, high = kept.interval
    two, one = kept.both + kept.two_alone, kept.both + kept.one_alone
    return f"{kept.value:.3f} ({low:.2f}–{high:.2f}), {two}/{one}"


def _number(value: float | None, digits: int = 1) -> str:
    return _NOTHING if value is None else f"{value:.{digits}f}"


def _interval(known: Share | Retention | None) -> Interval | None:
    if known is None or known.value is None or known.interval is None:
        return None
    times = 100.0 if isinstance(known, Share) else 1.0
    return Interval(times * known.value, *(times * end for end in known.interval))


def _seam(before: str, answer: str) -> str:
    said = f"[{before}] {answer}" if before else answer or "[nothing]"
    return said if len(said) <= _MOST_CHARS else f"{said[:_MOST_CHARS]}…"


def _as_data(found: Figures) -> dict[str, Any]:
    shares = {"right": found.right, "opened": found.opened, **found.faults}
    shares |= {"sensible": found.sensible, "good": found.good}
    kept = found.retention
    numbers = {
        name: rounded(value, 4)
        for name, value in asdict(found).items()
        if value is None or isinstance(value, float)
    }
    return {
        "replies": found.replies,
        **{name: _known_as_data(share) for name, share in shares.items()},
        **numbers,
        "retention": None if kept is None else _known_as_data(kept),
    }


def _known_as_data(known: Share | Retention) -> dict[str, Any]:
    interval = None if known.interval is None else [round(end, 4) for end in known.interval]
    return {**asdict(known), "value": rounded(known.value, 4), "interval": interval}
