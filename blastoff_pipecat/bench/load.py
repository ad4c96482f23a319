"""Loads a running server with more and more sessions at once, until it no longer holds them.

A session asks one question after the other without a pause. Each number of sessions is tried for
some seconds, after which nothing more is asked, and what is still being said may end. A trial is
*held* when every answer was whole and latency grew by no more than a bound:

- between texts: the p95 of the time from one text of an answer to the next, without each answer's
  longest (with two models, the seam), against the same of the endpoint alone under the same
  number of sessions where that is measured, else of the server with one session;
- to the first text: its p95, against the server's own with one session; where the endpoint alone
  is measured, what that one's grew by is taken off, since it is not the server's.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from blastoff_pipecat.bench.process import ProcessTree
from blastoff_pipecat.bench.questions import QUESTIONS, WARM_UP, messages
from blastoff_pipecat.conductor.latency import nearest_rank
from blastoff_pipecat.endpoints import ChatClient, EndpointError, TextDelta, UsageReport

MOST_FAILURES = 3
"""A session that failed so often in a trial asks no more in it."""

_LAG_PROBE_SECS = 0.02


@dataclass
class Trial:
    """What one number of sessions saw. Times are seconds.

    Attributes:
        who: ``server``, or ``endpoint alone``.
        sessions: How many there were at once.
        secs: How long it took.
        first_texts: From each question to its first text.
        gaps: From one text to the next.
        replies: Answers that were whole.
        failures: Why the others were not.
        tokens: Of whole answers, as the server reports them; None where it did not for each.
        chars: Characters of text.
        cpu_secs: Processor time of the server's processes; None without their number.
        memory_bytes: The most memory of theirs that was seen, likewise.
        idle_bytes: Their memory before the trial, likewise.
        lag: What this process itself was late by, p95: figures can be no better than it.
        held: Whether it was held; None for the endpoint alone.
        added_gap: By what the p95 between texts grew; None where nothing was heard.
        added_first: By what the p95 of first texts grew, likewise.
    """

    who: str
    sessions: int
    secs: float = 0.0
    first_texts: list[float] = field(default_factory=list[float])
    gaps: list[float] = field(default_factory=list[float])
    replies: int = 0
    failures: list[str] = field(default_factory=list[str])
    tokens: int | None = 0
    chars: int = 0
    cpu_secs: float | None = None
    memory_bytes: int | None = None
    idle_bytes: int | None = None
    lag: float = 0.0
    held: bool | None = None
    added_gap: float | None = None
    added_first: float | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a load is bounded by.

    Attributes:
        most: The most sessions.
        secs: How long new questions are asked in one trial.
        patience_secs: How long one answer may take, and thus how long a trial may go on after.
        bound_secs: By how much latency may grow.
    """

    most: int = 64
    secs: float = 10.0
    patience_secs: float = 30.0
    bound_secs: float = 0.05


@dataclass(frozen=True)
class Load:
    """A ramp of sessions on one server, and on the endpoint behind it.

    Attributes:
        server: The server.
        direct: The large model's endpoint alone.
        process: The server's processes.
        limits: What bounds it.
        tell: Told of every trial when it is over.
        trials: Where they are kept; what came before an interruption stays there.
    """

    server: ChatClient
    direct: ChatClient | None
    process: ProcessTree | None
    limits: Limits
    tell: Callable[[Trial], None]
    trials: list[Trial]

    async def warm_up(self) -> None:
        """Ask each once, uncounted.

        Raises:
            EndpointError: One does not answer.
            TimeoutError: One does not answer in time.
        """
        for client in (self.server, self.direct):
            if client is not None:
                trial = Trial("warm-up", 1)
                async with asyncio.timeout(self.limits.patience_secs):
                    await _answer(client, WARM_UP, trial)
                if not trial.first_texts:
                    raise EndpointError(client.endpoint, "an answer without text")

    async def ramp(self) -> None:
        """Double the sessions until they are not held, or are the most there may be."""
        first: dict[str, Trial] = {}
        for sessions in steps(self.limits.most):
            alone = None
            if self.direct is not None:
                alone = await self._trial("endpoint alone", self.direct, sessions)
                first.setdefault("alone", alone)
                self.tell(alone)
            trial = await self._trial("server", self.server, sessions)
            first.setdefault("server", trial)
            judge(trial, first["server"], alone, first.get("alone"), self.limits.bound_secs)
            self.tell(trial)
            if not trial.held:
                break

    async def _trial(self, who: str, client: ChatClient, sessions: int) -> Trial:
        trial = Trial(who, sessions)
        self.trials.append(trial)
        process = self.process if who == "server" else None
        clock = asyncio.get_running_loop().time
        lags: list[float] = []
        used = 0.0
        if process is not None:
            used, trial.idle_bytes = process.cpu_secs(), process.memory_bytes()
            trial.memory_bytes = trial.idle_bytes
        started = clock()
        watch = asyncio.create_task(_watch(trial, process, lags))
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(sessions):
                    group.create_task(self._session(client, trial, number, started))
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            trial.secs = clock() - started
            trial.lag = p95(lags) or 0.0
            if process is not None:
                trial.cpu_secs = process.cpu_secs() - used
                trial.memory_bytes = max(trial.memory_bytes or 0, process.memory_bytes())
        return trial

    async def _session(self, client: ChatClient, trial: Trial, number: int, started: float) -> None:
        clock = asyncio.get_running_loop().time
        # They do not all ask in the same moment, as callers do not.
        await asyncio.sleep(number * min(1.0, self.limits.secs / 4) / trial.sessions)
        failures = 0
        while clock() < started + self.limits.secs and failures < MOST_FAILURES:
            question = QUESTIONS[number % len(QUESTIONS)]
            number += 1
            try:
                async with asyncio.timeout(self.limits.patience_secs):
                    await _answer(client, question, trial)
            except (EndpointError, TimeoutError) as error:
                failures += 1
                said = str(error) or f"no end within {self.limits.patience_secs:g} s"
                trial.failures.append(said)


async def _answer(client: ChatClient, question: str, trial: Trial) -> None:
    """Hear one answer, and add what was heard to the trial."""
    clock = asyncio.get_running_loop().time
    body: dict[str, Any] = {"messages": messages(question)}
    asked = clock()
    heard: list[float] = []
    tokens = None
    async with aclosing(client.stream(body)) as stream:
        async for deltas in stream:
            now = clock()
            for delta in deltas:
                if isinstance(delta, TextDelta):
                    heard.append(now)
                    trial.chars += len(delta.text)
                elif isinstance(delta, UsageReport):
                    tokens = delta.completion_tokens
    if not heard:
        raise EndpointError(client.endpoint, "an answer without text")
    trial.replies += 1
    trial.first_texts.append(heard[0] - asked)
    gaps = sorted(later - sooner for sooner, later in pairwise(heard))
    trial.gaps += gaps[:-1]
    trial.tokens = None if tokens is None or trial.tokens is None else trial.tokens + tokens


async def _watch(trial: Trial, process: ProcessTree | None, lags: list[float]) -> None:
    """Note what this process is late by, and once a second what memory the server has."""
    clock = asyncio.get_running_loop().time
    looked = clock()
    while True:
        due = clock() + _LAG_PROBE_SECS
        await asyncio.sleep(_LAG_PROBE_SECS)
        lags.append(max(0.0, clock() - due))
        if process is not None and clock() - looked >= 1.0:
            looked = clock()
            trial.memory_bytes = max(trial.memory_bytes or 0, process.memory_bytes())


def judge(
    trial: Trial, own_first: Trial, alone: Trial | None, alone_first: Trial | None, bound: float
) -> None:
    """Tell whether a trial was held; the module says how.

    Args:
        trial: Which.
        own_first: The server with one session.
        alone: The endpoint alone with as many sessions.
        alone_first: The endpoint alone with one session.
        bound: By how much latency may grow, in seconds.
    """
    trial.added_gap = _grown(trial.gaps, (alone or own_first).gaps)
    trial.added_first = _grown(trial.first_texts, own_first.first_texts)
    if trial.added_first is not None and alone is not None and alone_first is not None:
        theirs = _grown(alone.first_texts, alone_first.first_texts) or 0.0
        trial.added_first -= max(0.0, theirs)
    grown = (value for value in (trial.added_gap, trial.added_first) if value is not None)
    trial.held = not trial.failures and trial.replies > 0 and all(g <= bound for g in grown)


def steps(most: int) -> list[int]:
    """Return the numbers of sessions that are tried: doubled each time, up to the most."""
    return [*(2**power for power in range(most.bit_length()) if 2**power < most), most]


def p95(values: Sequence[float]) -> float | None:
    """Return the 95th percentile (nearest rank); None of nothing."""
    return nearest_rank(sorted(values), 0.95) if values else None


def _grown(now: Sequence[float], before: Sequence[float]) -> float | None:
    later, sooner = p95(now), p95(before)
    return None if later is None or sooner is None else later - sooner
