"""A call: one service in a pipeline with a voice and a loudspeaker, asked again and again."""

import asyncio
import time
from typing import Any

from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    MetricsFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from blastoff_pipecat import DualLLMMetricsData
from blastoff_pipecat.bench.heard.models import QUESTION
from blastoff_pipecat.bench.heard.reply import Reply
from blastoff_pipecat.bench.heard.speaker import Speaker
from blastoff_pipecat.bench.heard.voice import PacedVoice
from blastoff_pipecat.bench.pipeline import Service, ServicePipeline


class _End(FrameProcessor):
    """Stands behind the loudspeaker: notes reports, and when a reply was played to its end."""

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        self.reports: list[DualLLMMetricsData] = []
        self.played = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, MetricsFrame):
            self.reports += [each for each in frame.data if isinstance(each, DualLLMMetricsData)]
        elif isinstance(frame, LLMFullResponseEndFrame):
            self.played.set()
        await self.push_frame(frame, direction)


class Call(ServicePipeline):
    """One service on the line."""

    def __init__(self, name: str, service: Service, answer: str) -> None:
        """Put a service into a pipeline; `running` runs it.

        Args:
            name: What the call is called where something fails.
            service: Who answers.
            answer: The large model's words.
        """
        self._answer = answer
        self._voice, self._speaker, self._end = PacedVoice(answer), Speaker(), _End()
        # Nobody speaks to it: the default strategies would load a model that hears when turns end.
        turns = UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy()])
        pair = LLMContextAggregatorPair(
            LLMContext(), user_params=LLMUserAggregatorParams(user_turn_strategies=turns)
        )
        parts = (pair.user(), service, self._voice, self._speaker, self._end, pair.assistant())
        super().__init__(name, service, parts, PipelineParams(enable_metrics=True))

    async def ask(self) -> Reply:
        """Ask, and hear the whole reply.

        Raises:
            RuntimeError: The reply is not the one expected: nothing that is measured counts.
        """
        self._end.played.clear()
        self._end.reports.clear()
        self._speaker.played.clear()
        self._voice.said.clear()
        message: Any = {"role": "user", "content": QUESTION}
        asked = time.monotonic()
        await self.worker.queue_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))
        await self._wait(self._end.played, "no end of a reply")
        if self.error:
            raise self._failure("a reply with an error")
        lines = self._end.reports[-1].waiting_lines if self._end.reports else 0
        try:
            return Reply.of(self._speaker.played, asked, self._answer, lines)
        except RuntimeError as error:
            raise self._failure(f"{error}: {self._voice.said}") from None
