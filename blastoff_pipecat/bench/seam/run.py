"""A run: every item of a sample is answered in every way, never two at once.

The ways take turns, some items at a time, so that what else this computer does falls on all of
them alike, and so that a server that keeps what it has read of one prompt is not made to read it
anew for every reply.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from blastoff_pipecat.bench.seam import sets
from blastoff_pipecat.bench.seam.bot import Bot
from blastoff_pipecat.bench.seam.judge import Judge, Verdict
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.way import Way
from blastoff_pipecat.conductor import check
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatEndpoint

_BLOCK = 5  # items that one way answers before it is another's turn

_WARM_UPS = tuple(
    sets.Question(id=f"warm-up-{number}", language="en", text=text, accepted=())
    for number, text in enumerate(("What can you help me with?", "Why do we need to sleep?"))
)
"""Asked first and not counted. The second is timed: by then every prompt was read once."""

Asked: TypeAlias = sets.Question | sets.Turn | sets.Conversation


class NoAnswer(Exception):
    """What was to be measured does not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is asked."""

    questions: tuple[sets.Question, ...] = ()
    turns: tuple[sets.Turn, ...] = ()
    conversations: tuple[sets.Conversation, ...] = ()

    @property
    def everything(self) -> tuple[Asked, ...]:
        """All of it, the kinds mixed, so that a run that is stopped has some of each."""
        kinds: tuple[Sequence[Asked], ...] = (self.questions, self.turns, self.conversations)
        return tuple(sets.evenly((0.5, kind) for kind in kinds))

    @property
    def items(self) -> dict[str, sets.Item]:
        """What each reply answers, by the reply's `SeamReply.id`."""
        said = {
            f"{each.id}.{number}": turn
            for each in self.conversations
            for number, turn in enumerate(each.turns, 1)
        }
        return {**{each.id: each for each in (*self.questions, *self.turns)}, **said}

    @property
    def replies(self) -> int:
        """How many replies there are to it."""
        return len(self.items)


@dataclass
class Run:
    """What was asked, and what was said so far.

    Attributes:
        seed: What the sample was drawn by.
        where: Whom it was asked.
        params: What the large model was asked for besides, such as a temperature.
        sample: What is asked.
        ways: How it is answered.
        replies: The replies of each way, in order.
        failures: What went wrong in each way, in words.
        judge: Who judged the replies, where somebody did.
        verdicts: What was said of the replies of each way, by the reply's id.
        about: What it was measured with, where that is another computer or another day; else empty.
    """

    seed: int
    where: str = ""
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    sample: Sample = field(default_factory=Sample)
    ways: tuple[Way, ...] = ()
    replies: dict[Way, list[SeamReply]] = field(default_factory=dict[Way, list[SeamReply]])
    failures: dict[Way, list[str]] = field(default_factory=dict[Way, list[str]])
    judge: str = ""
    verdicts: dict[Way, dict[str, Verdict]] = field(default_factory=dict[Way, dict[str, Verdict]])
    about: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def planned(self) -> int:
        """How many replies are wanted."""
        return self.sample.replies * len(self.ways)

    @property
    def made(self) -> int:
        """How many there are."""
        return sum(map(len, self.replies.values()))

    @property
    def judged(self) -> int:
        """How many of these were judged."""
        return sum(map(len, self.verdicts.values()))


def drawn(
    questions: int, turns: int, conversations: int, seed: int, languages: Sequence[str] = ()
) -> Sample:
    """Draw a sample.

    Args:
        questions: How many questions.
        turns: How many everyday turns.
        conversations: How many conversations.
        seed: The same draws the same.
        languages: Only of these; empty for all.

    Raises:
        ValueError: There is nothing in one of these languages.
    """
    known = {each.language for each in (*sets.questions(), *sets.turns(), *sets.conversations())}
    for language in languages:
        check.one_of("language", language, sorted(known))
    return Sample(
        sets.pick(sets.questions(), questions, seed, languages=languages),
        sets.pick(sets.turns(), turns, seed, languages=languages),
        sets.pick(sets.conversations(), conversations, seed, languages=languages),
    )


@asynccontextmanager
async def bots(
    ways: Sequence[Way],
    small: ChatEndpoint,
    large: ChatEndpoint,
    policy: Policy,
    params: Mapping[str, Any],
) -> AsyncGenerator[list[Bot]]:
    """Have a bot for each way, of the same two models.

    Args:
        ways: How they answer.
        small: The small model.
        large: The large model.
        policy: How these models make replies best.
        params: Body fields for the large model.
    """
    async with AsyncExitStack() as stack:
        ready = (aclosing(Bot(small, large, way, policy, params)) for way in ways)
        yield [await stack.enter_async_context(bot) for bot in ready]


async def warm_up(ready: Sequence[Bot], run: Run) -> float:
    """Have every prompt read once; return how many seconds the run will take, by what was seen.

    Raises:
        NoAnswer: Nobody answers.
    """
    clock, whole = asyncio.get_running_loop().time, 0.0
    for bot in ready:
        secs = 0.0
        for question in _WARM_UPS:
            began = clock()
            reply = await bot.answer(question)
            secs = clock() - began
            if not reply.answer:
                why = "; ".join(dict.fromkeys(bot.failures)) or "not a word"
                raise NoAnswer(f"No answer ({bot.way}): {why}")
        whole += secs * run.sample.replies
        bot.failures.clear()
    return whole


async def measure(run: Run, ready: Sequence[Bot], tell: Callable[[SeamReply], None]) -> None:
    """Have every item answered in every way.

    Args:
        run: Where the replies are kept; what came before an interruption stays there.
        ready: The bots of its ways.
        tell: Told of every reply.
    """
    for bot in ready:
        run.replies[bot.way], run.failures[bot.way] = [], bot.failures
    for bot, asked in _order(ready, run.sample.everything):
        async for reply in _answered(bot, asked):
            run.replies[bot.way].append(reply)
            tell(reply)


async def judge_all(run: Run, judge: Judge, tell: Callable[[SeamReply], None]) -> None:
    """Have every reply judged that was not yet.

    Args:
        run: Where the verdicts are kept.
        judge: Who judges.
        tell: Told of every reply that was judged.

    Raises:
        JudgeFailed: There is no verdict on one of them; what was said of others is kept.
    """
    run.judge = judge.where
    for way, replies in run.replies.items():
        verdicts = run.verdicts.setdefault(way, {})

        def note(
            reply: SeamReply, verdict: Verdict, verdicts: dict[str, Verdict] = verdicts
        ) -> None:
            verdicts[reply.id] = verdict
            tell(reply)

        await judge.judge_all(replies, note, known=set(verdicts))


def _order(ready: Sequence[Bot], everything: Sequence[Asked]) -> Iterator[tuple[Bot, Asked]]:
    """Yield who is asked what: a block at a time, each way first as often as any other."""
    left, first = iter(everything), 0
    while block := list(islice(left, _BLOCK)):
        for bot in (*ready[first:], *ready[:first]):
            for asked in block:
                yield bot, asked
        first = (first + 1) % len(ready)


async def _answered(bot: Bot, asked: Asked) -> AsyncIterator[SeamReply]:
    if not isinstance(asked, sets.Conversation):
        yield await bot.answer(asked)
        return
    async for reply in bot.converse(asked):
        yield reply
