"""What lets in once: tokens for streams, and webhooks that are not taken a second time."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable

TOKEN_SECS = 60.0
"""A carrier opens the stream as soon as it has read the answer to its webhook."""


class StreamTokens:
    """Tokens that a webhook's answer hands out, each of which admits one stream."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Hand out none yet.

        Args:
            clock: Tells the time, in seconds.
        """
        self._clock = clock
        self._ends: dict[bytes, tuple[float, str]] = {}  # in the order of their ends

    def issue(self, caller: str = "") -> str:
        """Make a token of 256 bits that is good once, for `TOKEN_SECS`, for a caller's stream."""
        now = self._clock()
        while self._ends and (oldest := next(iter(self._ends.items())))[1][0] <= now:
            del self._ends[oldest[0]]
        token = secrets.token_urlsafe(32)
        self._ends[_digest(token)] = now + TOKEN_SECS, caller
        return token

    def caller(self, token: str) -> str:
        """Who called for a token; empty where it is not good, or nobody told."""
        return self._ends.get(_digest(token), (0.0, ""))[1]

    def redeem(self, token: str) -> bool:
        """Whether a token admits a stream now; afterwards it admits none."""
        # By its digest: how long the look-up takes tells nothing about a token that is good.
        end, _ = self._ends.pop(_digest(token), (None, ""))
        return end is not None and self._clock() < end


class UsedWords:
    """Words that are good once each: what no two signed requests share."""

    def __init__(self, most: int = 10_000) -> None:
        """Remember none yet.

        Args:
            most: How many are remembered, the latest ones.
        """
        self._most = most
        self._used: OrderedDict[bytes, None] = OrderedDict()

    def first_use(self, word: str) -> bool:
        """Whether a word is new; from now on it is not."""
        digest = _digest(word)
        if digest in self._used:
            return False
        self._used[digest] = None
        if len(self._used) > self._most:
            self._used.popitem(last=False)
        return True


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()
