"""A model that judges replies, where the environment names one."""

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from blastoff_pipecat.bench.seam import prompts
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.endpoints import Ask, ChatClient, ChatEndpoint, EndpointError

_AT_ONCE = 4
_TRIES = 3
_SECS = 120.0  # it may think
_sensible = re.compile(r'"sensible"\s*:\s*"?(true|false)', re.IGNORECASE)
_score = re.compile(r'"score"\s*:\s*"?([1-5])\b(?!\.\d)')


class JudgeFailed(Exception):
    """The judge does not answer, or not as it is asked to; the message says how."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of one reply.

    Attributes:
        sensible: Whether what was said before the answer is sensible; None where nothing was.
        score: How good the whole reply is, 1 to 5.
    """

    sensible: bool | None
    score: int


class Judge:
    """Asks the judge."""

    def __init__(self, endpoint: ChatEndpoint) -> None:
        """Take where it is."""
        self.where = str(endpoint)
        self._client = ChatClient(endpoint)
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def judge(self, reply: SeamReply, before: Sequence[SeamReply] = ()) -> Verdict:
        """Judge one reply.

        Args:
            reply: The reply.
            before: Those that the same conversation had before it, in order.

        Raises:
            JudgeFailed: There is no verdict.
        """
        context = _context(reply, before)
        sensible = None
        if reply.before:
            asked = prompts.SENSIBLE.replace("{context}", context)
            said = await self._ask(asked.replace("{opening}", reply.before), _sensible)
            sensible = said.lower() == "true"
        asked = prompts.SCORE.replace("{context}", context)
        score = await self._ask(asked.replace("{reply}", reply.spoken or "(nothing)"), _score)
        return Verdict(sensible, int(score))

    async def judge_all(
        self,
        replies: Sequence[SeamReply],
        tell: Callable[[SeamReply, Verdict], None],
        known: Collection[str] = (),
    ) -> None:
        """Judge replies, a few at once.

        Args:
            replies: Those of one way, in the order in which they were made.
            tell: Told of every verdict.
            known: The ids of those that were judged already.

        Raises:
            JudgeFailed: There is no verdict on one of them.
        """

        async def one(reply: SeamReply) -> None:
            async with self._free:
                tell(reply, await self.judge(reply, _before(reply, replies)))

        try:
            async with asyncio.TaskGroup() as group:
                for reply in replies:
                    if reply.id not in known:
                        group.create_task(one(reply))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _ask(self, text: str, wanted: re.Pattern[str]) -> str:
        """Ask, and return the part of the answer that is wanted."""
        why = "said nothing"
        for _ in range(_TRIES):
            try:
                async with asyncio.timeout(_SECS):
                    ask = Ask(messages=[{"role": "user", "content": text}], thinks=True)
                    answer = (await self._client.complete(ask)).text
            except EndpointError as error:
                why = str(error)
                continue
            except TimeoutError:
                why = f"no answer within {_SECS:g} s"
                continue
            if found := wanted.search(answer):
                return found[1]
            why = f"said {answer[:80]!r} where JSON was asked for"
        raise JudgeFailed(f"The judge {self.where} gives no verdict: {why}")


def _before(reply: SeamReply, replies: Iterable[SeamReply]) -> list[SeamReply]:
    """List the replies that the same conversation had before."""
    conversation, point, _ = reply.id.partition(".")
    earlier = takewhile(lambda each: each is not reply, replies)
    return [each for each in earlier if each.id.startswith(f"{conversation}.") and point]


def _context(reply: SeamReply, before: Sequence[SeamReply]) -> str:
    lines = [f"User: {each.asked}\nAssistant: {each.spoken}" for each in before]
    return "\n".join((*lines, f"User: {reply.asked}"))
