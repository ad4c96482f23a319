"""The transition tables of one reply's timeline, as data: whose sound it is, and how it ends.

In a state, a sign leads to the next state; a sign without a row means nothing in that state.
"""

from collections.abc import Mapping
from enum import StrEnum


class Whose(StrEnum):
    """Whose sound comes."""

    NOBODY = "nobody's yet"
    LINE = "the small model's, whose line was announced"
    ANSWER = "the continuation's"
    STREAM = "not told: the voice streams"
    WORDS = "told by the words of a voice that streams"
    SETTLED = "the continuation's, by its words"


class Sign(StrEnum):
    """What tells whose sound comes."""

    LINE = "a line of the small model's is announced"
    TEXT = "other text is announced"
    TEXT_ONLY = "other text is announced, and a line that was said is not"
    TIMED_TEXT = "text is announced whose words will be told"
    UNTIMED_WORD = "text is told to be said before any of its sound has come"
    SOUND = "sound comes"
    SOUND_AFTER_LINE = "sound comes, and a line was said"
    OPENING_PARTED = "plain text turns out to have begun with an opening"
    WORD_PASSED = "the continuation's first word is long past"


WHOSE: Mapping[Whose, Mapping[Sign, Whose]] = {
    Whose.NOBODY: {
        Sign.LINE: Whose.LINE,
        Sign.TEXT: Whose.ANSWER,
        Sign.TEXT_ONLY: Whose.STREAM,
        Sign.TIMED_TEXT: Whose.WORDS,
        Sign.SOUND: Whose.ANSWER,
        Sign.SOUND_AFTER_LINE: Whose.STREAM,
    },
    Whose.LINE: {
        Sign.TEXT: Whose.ANSWER,
        Sign.TIMED_TEXT: Whose.WORDS,
        Sign.UNTIMED_WORD: Whose.STREAM,
    },
    Whose.ANSWER: {
        Sign.LINE: Whose.LINE,
        Sign.TEXT_ONLY: Whose.STREAM,
        Sign.TIMED_TEXT: Whose.WORDS,
        Sign.OPENING_PARTED: Whose.STREAM,
    },
    Whose.STREAM: {Sign.TIMED_TEXT: Whose.WORDS},
    Whose.WORDS: {Sign.WORD_PASSED: Whose.SETTLED},
    Whose.SETTLED: {},
}


class Life(StrEnum):
    """How far a reply is."""

    COMING = "its sound comes"
    WHOLE = "all its sound has come, and is being heard"
    DOOMED = "its sound comes, and an interruption is on its way"
    DOOMED_WHOLE = "all its sound has come, and an interruption is on its way"
    OVER = "it is over"
    INTERRUPTED = "it is over, and not all of it was heard"


class End(StrEnum):
    """What brings a reply nearer to its end."""

    LAST = "no more sound comes"
    SILENCE = "the bot is silent since its last sound"
    DOOM = "an interruption is on its way"
    CUT = "the interruption is there, and something is still to be heard"
    IDLE_CUT = "the interruption is there, and all that has come was heard"


LIFE: Mapping[Life, Mapping[End, Life]] = {
    Life.COMING: {End.LAST: Life.WHOLE, End.DOOM: Life.DOOMED},
    Life.WHOLE: {End.SILENCE: Life.OVER, End.DOOM: Life.DOOMED_WHOLE},
    Life.DOOMED: {End.CUT: Life.INTERRUPTED, End.IDLE_CUT: Life.INTERRUPTED},
    Life.DOOMED_WHOLE: {
        End.SILENCE: Life.OVER,
        End.CUT: Life.INTERRUPTED,
        End.IDLE_CUT: Life.OVER,
    },
    Life.OVER: {},
    Life.INTERRUPTED: {},
}
