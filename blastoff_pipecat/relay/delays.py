"""Delays: how long something takes, learnt from how long it took before.

The knowledge is a distribution: each of the latest observations is a narrow log-normal around it
(a kernel), and older ones weigh less. The prior is believed until a few were seen. One odd delay
changes little; three in a row that are all later, or all earlier, than nine tenths of those before
them are a change, and those before hardly count any more. A delay that was cut short is known to be
at least so long, and says no more than that. A small mass stands on "much later": whoever has
waited longer than ever before is told to wait half as long again.

Times are seconds. What is no time (nan, infinite, negative) is ignored; delays are kept between
10 ms, below which nobody hears a difference, and one hour; a wait counts for at most eleven days.
"""

import math
from copy import copy
from math import erfc, exp

_SHORTEST_SECS, _LONGEST_SECS = 0.01, 3600.0
_LONGEST_WAIT_SECS = 1e6  # beyond it the chances are too small to compare
_DECAY = 0.5 ** (1 / 6)  # what is left of a weight when another delay was observed
_LEAST_WEIGHT = 0.015  # that of the 37th
_PRIOR_DECAY = 0.35  # the prior falls faster
_NARROWEST, _WIDEST = 0.06, 0.5  # a kernel's standard deviation, in log units
_RESOLUTION_SECS = 0.01  # ... its least in seconds
_FEW_WIDTH, _FEW_DECAY = 0.5, 0.7  # ... its least where few delays are known
_WIDTH = 1.8  # ... in standard deviations of the delays over the root of their number
_MOST = 0.68  # so much of a normal distribution is within one standard deviation
_TAIL_SHARE = 0.02
_TAIL = 1.5  # its exponent: half of what is left is over after 2 ** (1 / 1.5) times the wait
_RUN = 3  # delays in a row that make a change,
_OUTER = 0.1  # ... each in this outer part of those before,
_OUTDATED = 0.1  # ... and what is left of the weight of those before
_ODD, _ODD_WEIGHT = 0.005, 0.4  # a delay this unlikely, when nothing has changed, counts for less
_CUT_EARLY = 0.02  # a delay that is cut short where so few have ended says nothing
_SHARPNESS = math.sqrt(0.5)  # of a standard deviation of 1, as `erfc` counts

_Weighted = list[tuple[float, float]]
"""Values in order, with their weights."""
_Seen = tuple[float, float, bool]
"""An observation: the logarithm of the delay, its weight, whether it was cut short."""


class Delays:
    """What is known of one delay, learnt online.

    Attributes:
        count: How many delays were observed; those cut short are not counted.
    """

    def __init__(self, prior_secs: float, *, prior_spread: float = 0.5) -> None:
        """Start with a guess.

        Args:
            prior_secs: The median that is believed until delays were observed.
            prior_spread: The standard deviation of its logarithm.

        Raises:
            ValueError: `prior_secs` is not a number.
        """
        if math.isnan(prior_secs):
            raise ValueError("prior_secs is not a number")
        self._prior, self._prior_spread = _bounded_log(prior_secs), max(prior_spread, _NARROWEST)
        self.count = 0
        self._seen: list[_Seen] = []  # the oldest first
        self._fit()

    def copy(self) -> "Delays":
        """Make another that knows the same and learns on its own."""
        return copy(self)  # nothing inside is changed in place

    def add(self, secs: float) -> None:
        """Learn that it took `secs`."""
        if 0 <= secs < math.inf:
            self._learn(_bounded_log(secs), cut=False)

    def add_at_least(self, secs: float) -> None:
        """Learn that it had not come after `secs`, when waiting ended."""
        if secs < math.inf and self.chance_by(secs) > _CUT_EARLY:
            self._learn(_bounded_log(secs), cut=True)

    def chance_by(self, secs: float, *, waited: float = 0.0) -> float:
        """Say how likely it is to come within `secs`, as it has not after `waited`: 0 to 1."""
        waited = _time(waited)
        if not secs > waited:
            return 0.0
        return 1.0 - min(1.0, self._later(_log(secs)) / self._later(_log(waited)))

    def expected(self, *, waited: float = 0.0) -> float:
        """Say by when it is as likely to have come as not; always later than `waited`."""
        return self.quantile(0.5, waited=waited)

    def quantile(self, p: float, *, waited: float = 0.0) -> float:
        """Say by when it has come with a chance of `p` (at most 0.999); later than `waited`."""
        waited = _time(waited)
        if waited:
            return self._find(p, waited)
        if (found := self._quantiles.get(p)) is None:
            found = self._quantiles[p] = self._find(p, 0.0)
        return found

    def _find(self, p: float, waited: float) -> float:
        left = self._later(_log(waited)) * (1.0 - min(max(p, 0.0), 0.999))
        low = _log(max(waited, _SHORTEST_SECS / 10))
        high = low + 0.5
        while self._later(high) > left:
            low, high = high, high + 2 * (high - low)
        while high - low > 1e-4:
            middle = (low + high) / 2
            low, high = (middle, high) if self._later(middle) > left else (low, middle)
        return max(exp(high), math.nextafter(waited, math.inf))

    def _learn(self, log: float, *, cut: bool) -> None:
        odd = self.count >= _RUN and not _ODD < self._later(log) < 1 - _ODD
        before, latest = self._seen[: 1 - _RUN], [*self._seen[1 - _RUN :], (log, 1.0, cut)]
        left = _DECAY
        if self._changed(before, latest):
            left *= _OUTDATED
        elif odd:
            latest[-1] = (log, _ODD_WEIGHT, cut)
        aged = [(log, left * weight, cut) for log, weight, cut in before]
        aged += [(log, _DECAY * weight, cut) for log, weight, cut in latest]
        self._seen = [seen for seen in aged if seen[1] > _LEAST_WEIGHT]
        self.count += not cut
        self._fit()

    def _changed(self, before: list[_Seen], latest: list[_Seen]) -> bool:
        """Tell whether the latest delays are unlike those before."""
        if len(self._seen) < 2 * _RUN - 1:
            return False
        logs = [log for log, _, _ in latest]
        first, last = min(logs), max(logs)
        known = [(log, weight) for log, weight, cut in before if not cut]
        if len(known) < _RUN or first <= self._middle <= last:
            return False
        known.sort()
        if first > self._middle:
            return first > _quantile(known, 1 - _OUTER) + self._width
        return last < _quantile(known, _OUTER) - self._width

    def _fit(self) -> None:
        """Prepare what the questions need."""
        self._quantiles: dict[float, float] = {}
        known = sorted([(log, weight) for log, weight, cut in self._seen if not cut])
        cuts = [(log, weight) for log, weight, cut in self._seen if cut]
        prior_weight = _PRIOR_DECAY**self.count
        total = prior_weight + sum([weight for _, weight in known])
        half = (1 - _TAIL_SHARE) / total / 2
        self._middle, self._width = _shape(known) if known else (self._prior, self._prior_spread)
        sharpest = _SHARPNESS / self._width
        self._kernels = [
            (log, min(sharpest, _SHARPNESS / _RESOLUTION_SECS * exp(log)), half * weight)
            for log, weight in known
        ]
        self._kernels.append((self._prior, _SHARPNESS / self._prior_spread, half * prior_weight))
        total += sum([weight for _, weight in cuts])
        self._whole = 1 - sum([weight for _, weight in cuts]) / total
        # What was cut short would have gone on like the others that lasted so long.
        self._cuts = [(log, weight / total, self._whole_later(log)) for log, weight in cuts]

    def _later(self, log: float) -> float:
        """The chance of a longer delay."""
        later = self._whole_later(log)
        if not self._cuts:
            return later
        return later * self._whole + sum(
            [share * min(1.0, later / beyond) for _, share, beyond in self._cuts]
        )

    def _whole_later(self, log: float) -> float:
        """The same, as far as those tell that were not cut short."""
        later = _TAIL_SHARE * exp(min(0.0, _TAIL * (self._middle - log)))
        for centre, sharpness, half in self._kernels:
            later += half * erfc((log - centre) * sharpness)
        return later


def _shape(known: _Weighted) -> tuple[float, float]:
    """Return the median of logarithms, and the standard deviation of a kernel around each."""
    middle = _quantile(known, 0.5)
    away = sorted([(abs(log - middle), weight) for log, weight in known])
    spread = _quantile(away, _MOST)
    weights = [weight for _, weight in known]
    number = sum(weights) ** 2 / sum([weight * weight for weight in weights])
    width = min(_WIDTH * spread / math.sqrt(number), _WIDEST)
    return middle, max(_NARROWEST, width, _FEW_WIDTH * _FEW_DECAY**number)


def _quantile(values: _Weighted, p: float) -> float:
    """Return the first of the values that reaches `p` of their weight."""
    left = p * sum([weight for _, weight in values])
    for value, weight in values:
        left -= weight
        if left <= 0:
            return value
    return values[-1][0]


def _time(secs: float) -> float:
    return min(secs, _LONGEST_WAIT_SECS) if secs > 0 else 0.0


def _log(secs: float) -> float:
    return math.log(max(secs, 1e-9))


def _bounded_log(secs: float) -> float:
    return math.log(min(max(secs, _SHORTEST_SECS), _LONGEST_SECS))
