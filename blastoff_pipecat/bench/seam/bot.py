"""A bot that answers in one way: a conductor, and what it is told.

It is the conductor that bots and the server have, without a voice: what is heard when is estimated
by the relay's own rules, from the text alone, for a voice as late as is assumed before one was
heard. Tools answer at once, with what the set says.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from blastoff_pipecat.bench.report import rounded
from blastoff_pipecat.bench.seam import sets
from blastoff_pipecat.bench.seam.reply import Called, SeamReply
from blastoff_pipecat.bench.seam.way import ALONE, Way
from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelUsed, ToolCalls
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.report import Outcome, ReplyReport
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint, Message, ToolCall
from blastoff_pipecat.relay.actions import (
    ReportFailures,
    SayClause,
    SayContinuation,
    SayOpening,
    SayWaiting,
)
from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.scripts import count_words, is_never_spaced, tokens

INSTRUCTION = (
    "You are a friendly voice assistant. Answer in one or two short spoken sentences, in the "
    "user's language."
)
"""What a bot is told to be that is asked questions and everyday turns."""

_MOST_ROUNDS = 3  # of tools, for one turn


class Bot:
    """Answers in one way.

    Attributes:
        way: The way.
        failures: What went wrong, in words.
    """

    def __init__(
        self,
        small: ChatEndpoint,
        large: ChatEndpoint,
        way: Way,
        policy: Policy,
        params: Mapping[str, Any],
    ) -> None:
        """Take the two models.

        Args:
            small: Opens replies.
            large: Carries them on.
            way: How replies are made.
            policy: How these models make replies best; what the way leaves open is as in it.
            params: Body fields for the large model.
        """
        self.way = way
        self.failures: list[str] = []
        self._policy = way.policy(policy)
        self._params = dict(params)
        # One of its own: what a conductor learns, and whether it tells of lead-ins, is its bot's.
        self._conductor = Conductor(
            ChatClient(small, connect_timeout=policy.connect_timeout_secs),
            ChatClient(large, connect_timeout=policy.connect_timeout_secs),
        )

    async def answer(self, asked: sets.Question | sets.Turn) -> SeamReply:
        """Answer a question or an everyday turn, as the first of a conversation."""
        role = asked.role if isinstance(asked, sets.Turn) else "user"
        messages: list[Message] = [
            {"role": "system", "content": INSTRUCTION},
            {"role": role, "content": asked.text},
        ]
        return await self._reply(asked.id, asked.language, asked.text, messages)

    async def converse(self, conversation: sets.Conversation) -> AsyncGenerator[SeamReply]:
        """Hold a conversation; yield the reply to each turn of the user's."""
        messages: list[Message] = [{"role": "system", "content": conversation.instruction}]
        following = (*conversation.turns[1:], None)
        for number, (turn, then) in enumerate(zip(conversation.turns, following, strict=True), 1):
            messages.append({"role": "user", "content": turn.text})
            yield await self._reply(
                f"{conversation.id}.{number}",
                conversation.language,
                turn.text,
                messages,
                tools=conversation.tools,
                result=turn.call.result if turn.call else None,
                words=then.interrupts if then else None,
            )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._conductor.aclose()

    async def _reply(
        self,
        id: str,
        language: str,
        asked: str,
        messages: list[Message],
        *,
        tools: Sequence[sets.Tool] = (),
        result: Mapping[str, Any] | None = None,
        words: int | None = None,
    ) -> SeamReply:
        """Make a reply, and put into the messages what was heard of it.

        Args:
            id: What it answers.
            language: The user's language.
            asked: What the user said.
            messages: The conversation so far.
            tools: What the large model may call.
            result: What a tool returns.
            words: After how many words the user interrupts; None where nobody does.
        """
        await self._conductor.warm()
        params = {**self._params, "tools": [tool.schema() for tool in tools]}
        heard = _Heard(asyncio.get_running_loop().time())
        turn, said, spoken = None, "", ""
        for _ in range(_MOST_ROUNDS):
            conversation = Conversation(messages=list(messages), params=params)
            reply = self._conductor.reply(
                conversation, self._policy, report_usage=self.way != ALONE, turn=turn
            )
            before = heard.spoken(words)
            calls = await heard.listen(reply, words)
            spoken = heard.spoken(words)
            turn = reply.turn
            said = spoken[len(before) :].strip()
            if not calls:
                break
            messages += _called(calls, result, said)
        else:
            said = ""
        self.failures += heard.failures
        if said:
            messages.append({"role": "assistant", "content": said})
        return heard.as_reply(self.way, spoken, id=id, language=language, asked=asked)


class _Heard:
    """What is heard of one reply, its rounds of tools included."""

    def __init__(self, asked_at: float) -> None:
        self.failures: list[str] = []
        self._asked_at = asked_at
        self._cover = Cover(Voice(), asked_at)
        self._said: list[str] = []
        self._opening: list[str] = []
        self._waiting: list[str] = []
        self._answer: list[str] = []
        self._calls: list[Called] = []
        self._tokens: dict[str, int] = {}
        self._reports: list[ReplyReport] = []
        self._first_sound: float | None = None
        self._answer_heard: float | None = None
        self._alone_heard: float | None = None

    async def listen(self, reply: Reply, words: int | None) -> tuple[ToolCall, ...]:
        """Listen to a reply, or to so many words of it; return what it calls."""
        loop = asyncio.get_running_loop()
        began, calls = loop.time(), tuple[ToolCall, ...]()
        for said in (self._said, self._answer):  # what a tool's result is followed by begins anew
            if said and not is_never_spaced(said[-1][-1]):
                said.append(" ")
        async with aclosing(reply):
            async for heard in reply:
                match heard:
                    case SayOpening(text) | SayWaiting(text):
                        self._say(text, loop.time())
                        self._said.append(text)
                        lines = self._opening if isinstance(heard, SayOpening) else self._waiting
                        lines.append(text)
                    case SayClause(text) | SayContinuation(text):
                        self._said.append(text)
                        self._answer.append(text)
                    case ToolCalls():
                        calls = heard.calls
                    case ModelUsed():
                        used = heard.usage.total_tokens
                        self._tokens[heard.role] = self._tokens.get(heard.role, 0) + used
                    case ReportFailures():
                        self.failures += [f"{each.role}: {each.reason}" for each in heard.failures]
                    case _:
                        pass
                if words is not None and count_words("".join(self._said)) >= words:
                    break
        self._calls += [(call.name, call.arguments) for call in calls]
        self._note(reply.report, began)
        return calls

    def spoken(self, words: int | None) -> str:
        """Return all that was said, or as much of it as was heard before the interruption."""
        said = "".join(self._said).strip()
        if words is None or count_words(said) <= words:
            return said
        ends = (said[: token.end()] for token in tokens(said))
        return next(heard for heard in ends if count_words(heard) >= words)

    def as_reply(self, way: Way, spoken: str, *, id: str, language: str, asked: str) -> SeamReply:
        """Return it as plain data; what was not heard any more is no part of it."""
        said = "".join(self._said).strip()
        outcomes: list[Outcome] = [each.outcome for each in self._reports]
        answer = "".join(self._answer).strip()
        return SeamReply(
            id=id,
            asked=asked,
            language=language,
            style=way.style,
            handover=next((each.handover for each in self._reports if each.handover), None),
            opening="".join(self._opening).strip(),
            waiting=tuple(filter(None, map(str.strip, self._waiting))),
            answer=answer[: max(0, len(answer) - (len(said) - len(spoken)))].rstrip(),
            spoken=spoken,
            calls=tuple(self._calls),
            outcome=_outcome(outcomes),
            small_tokens=self._tokens.get("small"),
            large_tokens=self._tokens.get("large"),
            first_sound=rounded(self._first_sound, 3),
            answer_heard=rounded(self._answer_heard, 3),
            alone_heard=rounded(self._alone_heard, 3),
            interrupted=len(spoken) < len(said) or "interrupted" in outcomes,
        )

    def _say(self, text: str, now: float) -> None:
        """Have the voice say a line."""
        if self._first_sound is None:
            self._first_sound = self._cover.heard_by(now) - self._asked_at
        self._cover.say(text, now)

    def _note(self, report: ReplyReport, began: float) -> None:
        """Note when the answer is heard, if this was the reply that gave it."""
        self._reports.append(report)
        if report.answer_text is None or self._answer_heard is not None:
            return
        self._answer_heard = self._cover.heard_by(began + report.answer_text) - self._asked_at
        if self._first_sound is None:
            self._first_sound = self._answer_heard
        if report.alone_text is not None and not self._calls:
            alone = Cover(Voice(), self._asked_at)  # of a bot that has said nothing yet
            self._alone_heard = alone.heard_by(began + report.alone_text) - self._asked_at


def _outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """Return who spoke in the replies to a turn: both models, if the small one did in any."""
    last = outcomes[-1]
    return "relayed" if last == "large_only" and "relayed" in outcomes else last


def _called(
    calls: Sequence[ToolCall], result: Mapping[str, Any] | None, said: str
) -> list[Message]:
    """Return the messages of calls, with what was said before them, and of what came of them."""
    told = {"error": "nothing found"} if result is None else dict(result)
    wire = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]
    returned = json.dumps(told, ensure_ascii=False)
    return [
        {"role": "assistant", "content": said or None, "tool_calls": wire},
        *({"role": "tool", "tool_call_id": call.id, "content": returned} for call in calls),
    ]
