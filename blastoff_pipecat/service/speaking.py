"""What is heard of a reply, as the frames that a service pushes for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from pipecat.frames.frames import Frame, LLMMessagesAppendFrame, LLMTextFrame, MetricsFrame
from pipecat.metrics.metrics import MetricsData
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat.services.llm_service import LLMService

from blastoff_pipecat.conductor.conductor import Reply
from blastoff_pipecat.conductor.heard import Heard, ModelAnswered, ModelUsed, ToolCalls
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import Aside
from blastoff_pipecat.relay.actions import (
    ReportFailures,
    Role,
    SayClause,
    SayContinuation,
    SayOpening,
    SayWaiting,
)
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.failures import Failures
from blastoff_pipecat.service.frames import (
    ClauseTextFrame,
    OpeningTextFrame,
    SpokenTextFrame,
    shown,
    spoken,
)
from blastoff_pipecat.service.metrics import answer_metrics, push_usage
from blastoff_pipecat.service.tools import Tools


@dataclass
class Speaking:
    """Pushes what is heard of the replies of one service.

    Attributes:
        service: Pushes the frames.
        tools: Runs the tools that are called.
        failures: Tells of what fails.
        policy: Tells how replies are made now.
    """

    service: LLMService[Any]
    tools: Tools
    failures: Failures
    policy: Callable[[], Policy]
    _ttfb_reported: set[Role] = field(default_factory=set[Role], init=False)

    def __post_init__(self) -> None:
        """Have observers shown what has left."""
        hooks.after_each_push(self.service, _show_spoken)

    async def hear(
        self, heard: Heard, reply: Reply, context: LLMContext, used: list[ModelUsed]
    ) -> None:
        """Push what is heard.

        Args:
            heard: What.
            reply: Of which reply.
            context: What the reply answers.
            used: Takes the tokens that were used.
        """
        service = self.service
        match heard:
            case SayContinuation(text):
                if hooks.filters_turns(service):
                    await hooks.push_filtered(service, text)
                else:
                    await service.push_frame(LLMTextFrame(text))
            case SayOpening(text) | SayWaiting(text):
                await self._push_spoken(text, OpeningTextFrame)
            case SayClause(text):
                await self._push_spoken(text, ClauseTextFrame)
            case ModelAnswered():
                if service.metrics_enabled:
                    await service.push_frame(MetricsFrame(data=self._answer_metrics(heard)))
            case ModelUsed():
                used.append(heard)
                await push_usage(service, heard)
            case ToolCalls(calls):
                await self.tools.run(calls, context)
            case ReportFailures():
                await self.failures.push(heard, context)
            case Aside(content):
                frame = cast("Frame", content)
                _bookmark_whole_reply(frame, reply.said)
                await service.push_frame(frame)

    async def _push_spoken(self, text: str, kind: type[SpokenTextFrame]) -> None:
        # With `skip_tts` nothing speaks, so there is no look-ahead to avoid.
        plain = self.policy().opening_frames == "token" or hooks.skips_tts(self.service)
        for frame in [LLMTextFrame(text)] if plain else spoken(text, kind):
            await self.service.push_frame(frame)

    def _answer_metrics(self, answered: ModelAnswered) -> list[MetricsData]:
        ttfb, ttfat = answer_metrics(answered, self.service.name)
        repeated = self.service.report_only_initial_ttfb and answered.role in self._ttfb_reported
        self._ttfb_reported.add(answered.role)
        return [ttfat] if repeated else [ttfb, ttfat]


async def _show_spoken(service: LLMService[Any], frame: Frame) -> None:
    """Tell observers of text that has left for the voice, as they know text."""
    if isinstance(frame, SpokenTextFrame):
        await hooks.show_observers(service, shown(frame))


def _bookmark_whole_reply(frame: Frame, said: str) -> None:
    """Have Gemini's signature of a text found at the message that the whole reply becomes.

    Pipecat finds the message by its text, which with an opening is more than Gemini has said.
    """
    if not isinstance(frame, LLMMessagesAppendFrame) or not said.strip():
        return
    for message in frame.messages:
        match message:
            case LLMSpecificMessage(message={"bookmark": {"text": _} as bookmark}):
                bookmark["text"] = said
            case _:
                pass
