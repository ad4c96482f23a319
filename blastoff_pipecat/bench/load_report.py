"""What a server held, as a table, as JSON and as a plot."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from blastoff_pipecat.bench.latency import summary
from blastoff_pipecat.bench.load import Limits, Trial, p95
from blastoff_pipecat.bench.plot import Line, lines, stacked
from blastoff_pipecat.bench.report import MOST_FAILURES_SHOWN, machine, rounded
from blastoff_pipecat.bench.shell import say

_BUSY_SECS = 0.01  # this process's own lateness, from which on its figures are doubtful
_HEADS = ("sessions", "", "n", "fails", "p50", "p95", "gap", "tok/s", "CPU%", "MB", "held")


def held(trials: Sequence[Trial]) -> int:
    """Count the sessions that were held; 0 where not even one was."""
    return max((trial.sessions for trial in trials if trial.held), default=0)


def per_session(trials: Sequence[Trial]) -> dict[str, float] | None:
    """Tell what one session costs, at the most sessions held; None without the process's number.

    CPU is in cores (0.01 is one per cent of a core) and is what the server used in that trial, by
    its sessions. Memory is what it had more than before the first trial, by the sessions: a server
    that keeps memory once it has it shows less of it later.
    """
    best = next((t for t in reversed(trials) if t.held), None)
    first = next((t for t in trials if t.who == "server"), None)
    if best is None or first is None or best.cpu_secs is None or not best.secs:
        return None
    grown = (best.memory_bytes or 0) - (first.idle_bytes or 0)
    return {
        "sessions": best.sessions,
        "cpu_cores": best.cpu_secs / best.secs / best.sessions,
        "memory_bytes": grown / best.sessions,
    }


def as_data(trials: Sequence[Trial], where: dict[str, str | None], limits: Limits) -> Any:
    """Return everything as plain data; times are seconds."""
    return {
        "about": machine(),
        **where,
        "bound_secs": limits.bound_secs,
        "trial_secs": limits.secs,
        "most_sessions": limits.most,
        "warm_up": "one answer each, not counted",
        "held": held(trials),
        "per_session": rounded(per_session(trials)),
        "trials": [_trial_data(trial) for trial in trials],
    }


def _trial_data(trial: Trial) -> dict[str, Any]:
    return {
        "who": trial.who,
        "sessions": trial.sessions,
        "secs": round(trial.secs, 3),
        "answers": trial.replies,
        "failures": dict(Counter(trial.failures)),
        "first_text": rounded(summary(trial.first_texts)),
        "gap": rounded(summary(trial.gaps)),
        "tokens_per_sec": _rate(trial, trial.tokens),
        "chars_per_sec": _rate(trial, trial.chars),
        "cpu_secs": trial.cpu_secs,
        "memory_bytes": trial.memory_bytes,
        "own_lag_p95": round(trial.lag, 6),
        "added_gap": trial.added_gap,
        "added_first_text": trial.added_first,
        "held": trial.held,
    }


def show(trials: Sequence[Trial], limits: Limits, console: Console) -> None:
    """Print the trials, and what comes of them."""
    table = Table(
        title="n: whole answers; p50, p95: to the first text, gap: p95 between texts, in ms",
        title_justify="left",
        box=box.SIMPLE,
        pad_edge=False,
    )
    for head in _HEADS:
        table.add_column(head, justify="left" if head in ("", "held") else "right")
    for trial in trials:
        table.add_row(*_cells(trial))
    console.print(table)
    for line in remarks(trials, limits):
        say(line, console)


def remarks(trials: Sequence[Trial], limits: Limits) -> list[str]:
    """Say what a reader of the table has to know."""
    most, bound = held(trials), f"{limits.bound_secs * 1e3:g} ms"
    last = next((trial for trial in reversed(trials) if trial.who == "server"), None)
    lines = ["Not counted: one answer each to warm up with."]
    if last is not None and last.held is False:
        why = f"{len(last.failures)} answers failed" if last.failures else _growth(last)
        lines.append(f"Held: {most} sessions at once (p95 added < {bound}).")
        lines.append(f"Not held: {last.sessions} sessions, {why}.")
    elif most:
        lines.append(f"Held: all {most} sessions that were tried (p95 added < {bound}).")
    if cost := per_session(trials):
        lines.append(
            f"A session costs {cost['cpu_cores'] * 100:.2f} % of a core and "
            f"{cost['memory_bytes'] / 1e6:.2f} MB, with {cost['sessions']:g} at once."
        )
    busy = [trial for trial in trials if trial.lag > _BUSY_SECS]
    if busy:
        lines.append(
            f"This bench was itself late (p95 up to {max(t.lag for t in busy) * 1e3:.0f} ms): the "
            "server may hold more than it could see."
        )
    failed = Counter(reason for trial in trials for reason in trial.failures)
    for reason, times in failed.most_common(MOST_FAILURES_SHOWN):
        lines.append(f"  {times} x {reason}")
    return lines


def plot(trials: Sequence[Trial], limits: Limits) -> str:
    """Draw the p95 of first texts and between texts, of the server and the endpoint, as SVG."""
    bound = f"bound on what is added: {limits.bound_secs * 1e3:g} ms"
    return stacked(
        [
            _drawn(f"First text, p95 ({bound})", trials, "first_texts"),
            _drawn(f"From one text to the next, p95 ({bound})", trials, "gaps"),
        ]
    )


def _drawn(title: str, trials: Sequence[Trial], figure: str) -> str:
    drawn: list[Line] = []
    for who in ("server", "endpoint alone"):
        points = [
            (float(trial.sessions), value * 1e3)
            for trial in trials
            if trial.who == who and (value := p95(getattr(trial, figure))) is not None
        ]
        if points:
            drawn.append(Line(who, points))
    return lines(title, "ms", drawn)


def _cells(trial: Trial) -> tuple[str, ...]:
    first = summary(trial.first_texts)
    gap = p95(trial.gaps)
    tokens = _rate(trial, trial.tokens)
    cpu = trial.cpu_secs / trial.secs if trial.cpu_secs is not None and trial.secs else None
    memory = None if trial.memory_bytes is None else trial.memory_bytes / 1e6
    return (
        str(trial.sessions),
        "server" if trial.who == "server" else "alone",
        str(trial.replies),
        str(len(trial.failures)),
        *(_told(first[name] * 1e3 if first else None) for name in ("p50", "p95")),
        _told(None if gap is None else gap * 1e3, 1),
        _told(tokens),
        _told(None if cpu is None else cpu * 100, 1),
        _told(memory),
        {True: "yes", False: "no", None: ""}[trial.held],
    )


def _told(value: float | None, digits: int = 0) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _rate(trial: Trial, count: int | None) -> float | None:
    return round(count / trial.secs, 1) if count and trial.secs else None


def _growth(trial: Trial) -> str:
    gap, first = trial.added_gap, trial.added_first
    told = [
        f"{value * 1e3:.0f} ms added {what}"
        for value, what in ((gap, "between texts"), (first, "to the first text"))
        if value is not None
    ]
    return ", ".join(told) or "nothing was heard"
