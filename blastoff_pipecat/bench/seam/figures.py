"""What the replies of one way come to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from blastoff_pipecat.bench.seam.checks import FAULTS, is_right
from blastoff_pipecat.bench.seam.intervals import Retention, Share
from blastoff_pipecat.bench.seam.judge import Verdict
from blastoff_pipecat.bench.seam.labelled import GOOD
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.sets import Item, Question
from blastoff_pipecat.relay.scripts import count_words

OF_ALL = ("needless", "language", "empty")
"""The faults that any reply may have; the others are counted among those with a seam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of one way. None where there is nothing to tell them by.

    Attributes:
        replies: How many replies there are.
        right: Right answers, of those that can be checked.
        retention: What two models keep of what the large one alone answers rightly, of the items
            that both have answered; None for the large model alone.
        opened: Questions with something said before the answer.
        faults: How many replies have each of `checks.FAULTS`: of all replies where it is one of
            `OF_ALL`, else of those in which something was said before the answer.
        opening_words: Words before the answer, of replies that have some: the mean.
        small_tokens: Tokens that the small model read and wrote for a question: the mean.
        large_tokens: Likewise, the large model.
        first_sound: Seconds from a question to the first sound: the median.
        answer_heard: Seconds to the first sound of the answer: the median.
        later: By how many seconds that is later than the large model's answer would have been heard
            in a bot of its own: the median. None where it was told of an opening in some, and so is
            not known to have been as fast alone.
        sensible: Openings that a judge finds sensible.
        good: Replies that a judge gives `labelled.GOOD` or more.
        score: What the judge gives a reply, 1 to 5: the mean.
    """

    replies: int
    right: Share
    retention: Retention | None
    opened: Share
    faults: Mapping[str, Share]
    opening_words: float | None
    small_tokens: float | None
    large_tokens: float | None
    first_sound: float | None
    answer_heard: float | None
    later: float | None
    sensible: Share
    good: Share
    score: float | None

    @classmethod
    def of(
        cls,
        items: Mapping[str, Item],
        replies: Sequence[SeamReply],
        alone: Sequence[SeamReply] | None,
        verdicts: Iterable[Verdict] = (),
    ) -> "Figures":
        """Judge replies and count.

        Args:
            items: What each answers, by its id.
            replies: Those of the way.
            alone: Those of the large model alone; None where these are it.
            verdicts: What a judge says of them.
        """
        right = _right(items, replies)
        seams = [reply for reply in replies if reply.before]
        asked = [reply for reply in replies if isinstance(items[reply.id], Question)]
        judged = list(verdicts)
        openings = [each.sensible for each in judged if each.sensible is not None]
        answered = [reply for reply in asked if reply.answer_heard is not None]
        known = [each for each in answered if each.alone_heard]
        return cls(
            replies=len(replies),
            right=Share(sum(right.values()), len(right)),
            retention=None if alone is None else _retention(right, _right(items, alone)),
            opened=Share(sum(bool(reply.before) for reply in asked), len(asked)),
            faults={
                name: Share(sum(check(items[each.id], each) for each in among), len(among))
                for name, check in FAULTS.items()
                for among in ((replies if name in OF_ALL else seams),)
            },
            opening_words=_mean(count_words(reply.before) for reply in seams),
            small_tokens=_mean(reply.small_tokens for reply in asked),
            large_tokens=_mean(reply.large_tokens for reply in asked),
            first_sound=_median(reply.first_sound for reply in asked),
            answer_heard=_median(reply.answer_heard for reply in asked),
            later=_median((each.answer_heard or 0.0) - (each.alone_heard or 0.0) for each in known)
            if len(known) == len(answered)
            else None,
            sensible=Share(sum(openings), len(openings)),
            good=Share(sum(each.score >= GOOD for each in judged), len(judged)),
            score=_mean(each.score for each in judged),
        )


def _right(items: Mapping[str, Item], replies: Iterable[SeamReply]) -> dict[str, bool]:
    """Tell which are right, of those that can be checked."""
    judged = {reply.id: is_right(items[reply.id], reply) for reply in replies}
    return {id: right for id, right in judged.items() if right is not None}


def _retention(two: Mapping[str, bool], one: Mapping[str, bool]) -> Retention:
    pairs = [(two[id], one[id]) for id in two.keys() & one.keys()]
    return Retention(*(pairs.count(kind) for kind in ((True, True), (True, False), (False, True))))


def _mean(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return fmean(found) if found else None


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return median(found) if found else None
