"""The user's turns: when the user fell silent, and which turn a reply answers.

Pure: it is told what happens and when, in seconds on one clock.
"""

from dataclasses import dataclass

_STALE_SECS = 5.0
"""A reply that begins later than this after a turn's end is no answer to that turn."""


@dataclass(eq=False)
class UserTurn:
    """What a reply answers. Times are seconds, None where not reached.

    Attributes:
        silent: The user's last sound.
        is_known: Whether that is known, and no VAD's estimate.
        ended: The bot noticed that the turn was over.
        answered: Whether a reply to it has begun.
    """

    silent: float | None = None
    is_known: bool = False
    ended: float | None = None
    answered: bool = False


class User:
    """The user of one call, turn by turn."""

    def __init__(self) -> None:
        """The user has not said anything yet."""
        self._turn: UserTurn | None = None

    def speak(self) -> None:
        """Note that speech begins."""
        if self._turn is None or self._turn.answered or self._turn.ended is not None:
            self._turn = UserTurn()
        self._turn.silent, self._turn.is_known = None, False

    def begin(self) -> None:
        """Note that a turn begins: perhaps after its speech, where words begin a turn."""
        if self._turn is None or self._turn.ended is not None:
            self._turn = UserTurn()

    def fall_silent(self, at: float, *, is_known: bool = False) -> None:
        """Note when speech ended, as a VAD estimates it or as it is known."""
        turn = self._turn = self._turn or UserTurn()
        if is_known or not turn.is_known:
            turn.silent, turn.is_known = at, is_known
        turn.answered &= turn.ended is not None

    def end(self, at: float) -> None:
        """Note that the bot noticed the turn's end."""
        turn = self._turn = self._turn or UserTurn()
        turn.ended = at if turn.ended is None else turn.ended

    def answer(self, at: float) -> UserTurn | None:
        """Return the turn that a reply which begins then answers, if it answers one."""
        turn = self._turn
        if not turn or turn.answered or (turn.ended is not None and at - turn.ended > _STALE_SECS):
            return None
        turn.answered = True
        return turn
