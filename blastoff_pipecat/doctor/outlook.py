"""Whether replies will have an opening at the speeds that were measured, and how long one lasts.

It is asked of the relay itself (`relay/timing.py`), as a reply would.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.doctor.asking import Answer
from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.forecast import Forecast
from blastoff_pipecat.relay.scripts import WORDS_PER_SECOND
from blastoff_pipecat.relay.timing import LONGEST_OPENING_SECS, Manner, Timing


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected of a reply.

    Attributes:
        answer_at: When the answer is likely to be heard, in seconds after the question.
        opens: Whether an opening is said at once.
        words: How many words it may last, if it is.
    """

    answer_at: float
    opens: bool
    words: int


def outlook_of(answers: Sequence[Answer], small_secs: float, *, beside: bool) -> Outlook:
    """Say what replies will be like, made as they are by default.

    Args:
        answers: The large model's.
        small_secs: How long the small model needs for a line, in seconds.
        beside: Whether the large model is asked at once, and not to go on from the opening.
    """
    policy = Policy()
    forecast = Forecast(policy.forecast_prior_secs)
    for answer in answers:
        seen = forecast.began()
        seen.clause(answer.first_clause or answer.total)
        seen.sentence(answer.first_sentence or answer.total)
    expected, voice = forecast.began(), Voice()
    manner = Manner(
        opening=policy.opening,
        beside=beside,
        max_silence=policy.max_silence_secs,
        max_waiting_lines=policy.max_waiting_lines,
        clause_release=policy.clause_release,
        gathers=policy.clause_release,
        line_secs=small_secs,
    )
    timing = Timing(manner, voice, Cover(voice, 0.0), expected, 0.0)
    most = min(policy.max_words / WORDS_PER_SECOND, LONGEST_OPENING_SECS)
    opens = timing.wants_opening(0.0)
    words = int(timing.room(0.0, most=most) * WORDS_PER_SECOND) if opens else 0
    return Outlook(expected.expected() + voice.latency_secs, opens, words)
