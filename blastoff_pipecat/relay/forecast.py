"""Forecasts: when one endpoint's answer is to be expected.

`Forecast` is what is known of an endpoint and a model: how long its first whole clause takes, how
long it still takes after each sign on the wire, and how long after its first clause its first
sentence is whole. `Expectation` is one request's view of it: it is told what comes, and asked what
is still to come. A sign is heeded only while the forecasts made with it are better than those made
without: headers that are sent long before the answer has begun tell nothing.

Times are seconds since the request; what is no time (nan, infinite, negative) is ignored.
"""

import math
from copy import copy
from typing import Literal

from blastoff_pipecat.relay.delays import Delays

__all__ = ["SENTENCE_PRIOR_SECS", "Delays", "Expectation", "Forecast", "Sign"]

Sign = Literal["headers", "role", "reasoning", "text"]

SENTENCE_PRIOR_SECS = 0.6
"""Seconds from an answer's first whole clause to its first whole sentence, until they are known."""

_LEARNT = 3  # delays after a sign before it is heeded
_LEAST_GAIN, _GAIN_RATE = 0.2, 0.1  # of the log-likelihood of what happened,
_NEAR_SECS, _NEAR = 0.02, 0.1  # ... give or take so many seconds, or so much of the delay,
_SOONEST = 0.1  # an answer takes at least what so many take
_LEAST_CHANCE = 0.001  # ... and never quite unlikely, so that one reply does not decide


class Forecast:
    """When one endpoint's answer is to be expected, with what its wire has told so far."""

    def __init__(self, prior_secs: float) -> None:
        """Start with a guess of the time to the first whole clause, in seconds."""
        self.clause = Delays(prior_secs)
        self.sentence = Delays(SENTENCE_PRIOR_SECS)  # since the clause
        self._after: dict[Sign, _After] = {}

    def copy(self) -> "Forecast":
        """Make another that knows the same and learns on its own."""
        twin = copy(self)
        twin.clause, twin.sentence = self.clause.copy(), self.sentence.copy()
        twin._after = {kind: after.copy() for kind, after in self._after.items()}
        return twin

    def began(self) -> "Expectation":
        """Follow one request from its beginning."""
        return Expectation(self)

    def since(self, signs: dict[Sign, float]) -> tuple[Delays, float]:
        """Say what tells most of a request with these signs, and since when its delay counts."""
        for kind, at in sorted(signs.items(), key=lambda sign: -sign[1]):
            after = self._after.get(kind)
            if after and after.tells:
                return after.delays, at
        return self.clause, 0.0

    def learn(self, signs: dict[Sign, float], clause: float) -> None:
        """Learn from a request whose first whole clause has come."""
        for kind, at in signs.items():
            after = self._after.setdefault(kind, _After(self.clause))
            after.learn(self.clause, at, clause)
        self.clause.add(clause)

    def learn_at_least(self, signs: dict[Sign, float], waited: float) -> None:
        """Learn from a request whose first clause had not come when waiting ended."""
        for kind, at in signs.items():
            if kind in self._after:
                self._after[kind].delays.add_at_least(waited - at)
        self.clause.add_at_least(waited)


class _After:
    """What one kind of sign tells: how long the first whole clause still takes."""

    def __init__(self, clause: Delays) -> None:
        self.delays = Delays(clause.expected())
        self._gain = 0.0

    @property
    def tells(self) -> bool:
        return self.delays.count >= _LEARNT and self._gain > _LEAST_GAIN

    def copy(self) -> "_After":
        twin = copy(self)
        twin.delays = self.delays.copy()
        return twin

    def learn(self, plain: Delays, sign: float, clause: float) -> None:
        """Learn how long it took, and whether knowing the sign was better than `plain`."""
        if self.delays.count:
            near = max(_NEAR_SECS, _NEAR * clause)
            knowing = _chance_of(self.delays, clause - sign, near, waited=0.0)
            without = _chance_of(plain, clause, near, waited=sign)
            self._gain += _GAIN_RATE * (math.log(knowing / without) - self._gain)
        self.delays.add(clause - sign)


def _chance_of(delays: Delays, secs: float, near: float, *, waited: float) -> float:
    """Say how likely what happened was, give or take `near`."""
    chance = delays.chance_by(secs + near, waited=waited)
    return max(chance - delays.chance_by(secs - near, waited=waited), _LEAST_CHANCE)


class Expectation:
    """What is still to be expected of one request."""

    def __init__(self, forecast: Forecast) -> None:
        """Follow a request that begins now; `forecast` learns from it."""
        self._forecast = forecast
        self._signs: dict[Sign, float] = {}
        self._clause: float | None = None
        self._over = False

    def sign(self, kind: Sign, at: float) -> None:
        """Take a sign on the wire; the first of its kind counts."""
        if 0 <= at < math.inf:
            self._signs.setdefault(kind, at)

    def clause(self, at: float) -> None:
        """Learn that the first whole clause came."""
        if self._clause is None and not self._over and 0 <= at < math.inf:
            self._clause = at
            self._forecast.learn(self._signs, at)

    def sentence(self, at: float) -> None:
        """Learn that the first whole sentence came, and with it the clause at the latest."""
        self.clause(at)
        if self._clause is not None and not self._over and 0 <= at < math.inf:
            self._over = True
            self._forecast.sentence.add(max(0.0, at - self._clause))

    def gave_up(self, at: float) -> None:
        """Learn that waiting ended: what had not come yet takes longer than this."""
        if self._over or not 0 <= at < math.inf:
            return
        self._over = True
        if self._clause is None:
            self._forecast.learn_at_least(self._signs, at)
        else:
            self._forecast.sentence.add_at_least(at - self._clause)

    def chance_by(self, secs: float, *, waited: float = 0.0) -> float:
        """Say how likely the first whole clause is to come within `secs`: 0 to 1.

        Args:
            secs: Seconds since the request.
            waited: How long it is known not to have come, in seconds since the request.
        """
        if self._clause is not None:
            return float(self._clause <= secs)
        delays, since = self._forecast.since(self._signs)
        return delays.chance_by(secs - since, waited=waited - since)

    def expected(self, *, waited: float = 0.0) -> float:
        """Say by when the first whole clause is as likely to have come as not.

        Returns:
            Seconds since the request, later than `waited`; once the clause has come, when it came.
        """
        return self.quantile(0.5, waited=waited)

    def quantile(self, p: float, *, waited: float = 0.0) -> float:
        """Say by when the first whole clause has come with a chance of `p`, as in `expected`."""
        if self._clause is not None:
            return self._clause
        delays, since = self._forecast.since(self._signs)
        return since + delays.quantile(p, waited=waited - since)

    def sentence_after_clause(self, p: float = 0.8) -> float:
        """Say within how many seconds of its first clause its sentence is whole, likely as `p`."""
        return self._forecast.sentence.quantile(p)


class AfterTool(Expectation):
    """What is to be expected of an answer that will be asked for when a tool has ended.

    Seconds count from when the tool began.
    """

    def __init__(self, forecast: Forecast, tool: Delays) -> None:
        """Expect the answer, which teaches nothing here, after the tool."""
        super().__init__(forecast)
        self._tool = tool
        self._soonest = forecast.clause.quantile(_SOONEST)

    def chance_by(self, secs: float, *, waited: float = 0.0) -> float:
        """Say how likely the first whole clause is to come within `secs`: 0 to 1."""
        return self._tool.chance_by(secs - self._soonest, waited=waited)

    def sentence_after_clause(self, p: float = 0.8) -> float:
        """Say that nothing is to spare: without a line, the first clause would be heard, too."""
        return 0.0
