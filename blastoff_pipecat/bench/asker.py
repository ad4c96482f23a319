"""Who is asked: two models through a conductor of this process, or any server by its URL."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from blastoff_pipecat.bench.answer import Answer, Ear
from blastoff_pipecat.bench.questions import messages
from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import (
    ChatClient,
    ChatEndpoint,
    EndpointError,
    RequestRefused,
    TextDelta,
)
from blastoff_pipecat.relay.actions import (
    ReportFailures,
    SayClause,
    SayContinuation,
    SayOpening,
    SayWaiting,
)

Mode: TypeAlias = Literal["two models", "large alone"]
MODES: tuple[Mode, ...] = ("two models", "large alone")

ANSWER_SECS = 60.0
"""How long one answer may take; one that takes longer has failed."""


class ModelsAsker:
    """Asks two models as a bot does, or the large one alone over the same connections.

    Attributes:
        modes: The ways in which it can be asked.
        where: What it is, in words.
    """

    def __init__(
        self,
        small: ChatEndpoint,
        large: ChatEndpoint,
        policy: Policy,
        params: Mapping[str, Any],
    ) -> None:
        """Take the two models.

        Args:
            small: Opens replies.
            large: Carries them on.
            policy: How replies are made; their ``opening`` is set for each mode.
            params: Body fields for the large model, in both modes.
        """
        # Texts are measured as they come: no clause goes before its sentence, and no line between.
        policy = replace(policy, clause_release=False, max_waiting_lines=0)
        self.modes: Sequence[Mode] = MODES
        self.where = f"small {small}, large {large}"
        self._params = dict(params)
        self._policies = {
            "two models": replace(policy, opening="always"),
            "large alone": replace(policy, opening="never"),
        }
        self._conductor = Conductor(
            ChatClient(small, connect_timeout=policy.connect_timeout_secs),
            ChatClient(large, connect_timeout=policy.connect_timeout_secs),
        )

    async def ask(self, mode: Mode, question: str, round: int) -> Answer:
        """Ask, over open connections; return the answer, measured, and what goes wrong in it."""
        await self._conductor.warm()
        clock = asyncio.get_running_loop().time
        answer = Answer(mode=mode, question=question, round=round)
        conversation = Conversation(messages=messages(question), params=self._params)
        ear = Ear(answer, clock())
        reply = self._conductor.reply(conversation, self._policies[mode])
        try:
            async with asyncio.timeout(ANSWER_SECS), aclosing(reply):
                async for heard in reply:
                    match heard:
                        case SayOpening() | SayWaiting() | SayClause() | SayContinuation():
                            ear.hear(heard.text, clock())
                        case ReportFailures():
                            _note(answer, heard)
                        case _:
                            pass
        except TimeoutError:
            answer.failure = f"no end within {ANSWER_SECS:g} s"
        answer.outcome = reply.report.outcome
        answer.large_ttft = reply.report.large_ttft
        ear.end()
        return answer

    async def aclose(self) -> None:
        """Close every connection."""
        await self._conductor.aclose()


class ServerAsker:
    """Asks an OpenAI-compatible server, streaming, with and without ``disable_quick_response``.

    It has the attributes and methods of a `ModelsAsker`.
    """

    def __init__(self, endpoint: ChatEndpoint) -> None:
        """Take where the server is."""
        self.modes: Sequence[Mode] = MODES
        self.where = str(endpoint)
        self._client = ChatClient(endpoint)

    async def ask(self, mode: Mode, question: str, round: int) -> Answer:
        """Ask in one of the two modes, over a connection that is open already."""
        await self._client.warm()
        answer = Answer(mode=mode, question=question, round=round)
        body: dict[str, Any] = {"messages": messages(question)}
        if mode == "large alone":
            body["disable_quick_response"] = True
        clock = asyncio.get_running_loop().time
        ear = Ear(answer, clock())
        try:
            async with asyncio.timeout(ANSWER_SECS), aclosing(self._client.stream(body)) as stream:
                async for deltas in stream:
                    now = clock()
                    for delta in deltas:
                        if isinstance(delta, TextDelta):
                            ear.hear(delta.text, now)
        except EndpointError as error:
            answer.failure = str(error)
            # Other servers do not know the field: they have one mode, which is the first.
            refused = isinstance(error, RequestRefused) and error.status_code in (400, 422)
            if refused and mode == "large alone" and round == 0:
                self.modes = MODES[:1]
        except TimeoutError:
            answer.failure = f"no end within {ANSWER_SECS:g} s"
        ear.end()
        if mode == "large alone":
            answer.large_ttft = answer.first_text
        return answer

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


Asker: TypeAlias = ModelsAsker | ServerAsker


def _note(answer: Answer, report: ReportFailures) -> None:
    said = "; ".join(
        f"{failure.role} model: {failure.error or failure.reason}" for failure in report.failures
    )
    if report.recovered:
        answer.trouble = said
    else:
        answer.failure = said
