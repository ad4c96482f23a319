"""`DualLLMService`: the reply by two models, as one Pipecat LLM service.

What the service promises for every `LLMContextFrame`:

- one `LLMFullResponseStartFrame`, then the reply's text, then one `LLMFullResponseEndFrame`;
- an opening leaves as `OpeningTextFrame`s, which a TTS speaks without waiting for more text; after
  the first words in a plain `LLMTextFrame` there are only plain ones;
- an interruption ends the reply at once: both requests are closed, nothing more leaves;
- a failure of one model is an `ErrorFrame` of a non-permanent category while the other speaks; a
  failure of both is one `ErrorFrame`, classified as a stock service's would be.

The service decides nothing about a reply: that is the relay's. What it uses of Pipecat's inside is
in `blastoff_pipecat.service.pipecat`.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Self, cast

from loguru import logger
from pipecat.adapters.llm.base_llm_adapter import LLMContextConversionError
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMUpdateSettingsFrame,
    MetricsFrame,
    StartFrame,
    UserStartedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, ServiceSettings
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.tracing.service_decorators import traced_llm  # pyright: ignore[reportUnknownVariableType]  # untyped in Pipecat

from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelUsed
from blastoff_pipecat.conductor.latency import LatencySummary
from blastoff_pipecat.conductor.report import ReplyReport
from blastoff_pipecat.conductor.requests import inference_ask
from blastoff_pipecat.environment import Environment
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.asking import Adapter, OpeningHook, ShouldOpen, conversation_of
from blastoff_pipecat.service.failures import Failures
from blastoff_pipecat.service.listening import Listening
from blastoff_pipecat.service.metrics import DualLLMMetricsData
from blastoff_pipecat.service.models import FOR_MODELS, GivenModel, LargeContinuation, OwnModels
from blastoff_pipecat.service.settings import DualLLMSettings, refuse_unknown_options
from blastoff_pipecat.service.speaking import Speaking
from blastoff_pipecat.service.speculation import Speculation
from blastoff_pipecat.service.tools import FOLLOWED, Tools
from blastoff_pipecat.service.trace import TracedText, trace_reply
from blastoff_pipecat.service.universal import universal_conversation

IDLE_SECS_BEFORE_WARMING = 30.0
"""After this long without a reply, connections are opened again when the user starts speaking."""


class DualLLMService(LLMService[Adapter]):
    """An LLM service whose replies are opened by a small model and carried on by a large one.

    Example::

        llm = DualLLMService(
            small=ChatEndpoint(base_url="https://api.groq.com/openai/v1", api_key="…", model="…"),
            large=ChatEndpoint(base_url="https://api.deepseek.com/beta", api_key="…", model="…"),
            settings=DualLLMService.Settings(system_instruction="You are a helpful voice."),
        )
    """

    Settings = DualLLMSettings
    _settings: DualLLMSettings  # pyright: ignore[reportIncompatibleVariableOverride]  # Pipecat's own services narrow it likewise

    supports_response_schema = True

    def __init__(
        self,
        *,
        small: GivenModel,
        large: GivenModel,
        settings: DualLLMSettings | None = None,
        large_continuation: LargeContinuation = "history",
        should_open: ShouldOpen | None = None,
        tool_lines: Mapping[str, str] | None = None,
        end_on_permanent_failure: bool = False,
        **kwargs: Any,
    ) -> None:
        """Initialize the service. No connection is opened before the pipeline starts.

        Args:
            small: The model that opens replies: an endpoint, or any Pipecat LLM service. Fast
                matters more than clever.
            large: The model that carries them on, calls tools and runs inferences: likewise. A
                Pipecat service keeps its settings, but for those that are given here; functions
                are registered here, and run once. It is set up, stopped and closed with this one.
            settings: What can be changed in mid-call; see `DualLLMService.Settings`.
            large_continuation: How a Pipecat service as `large` goes on from an opening, where one
                is handed over: ``"history"`` (asked by a user message; with ``handover="prefix"``)
                or ``"trailing"`` (the opening is the last message, for models that continue it).
            should_open: Asked first for each reply: whether an opening may be said.
            tool_lines: What is said while a tool runs and silence would be felt, by the tool's
                name: ``{"get_weather": "Let me check the weather."}``. For other tools the small
                model writes a line.
            end_on_permanent_failure: Whether a key or name that the large model's host refuses
                retires the service though the small model could speak, as it would a stock one;
                the worker's ``processor_unusable_policy`` says what follows.
            **kwargs: Passed on to Pipecat's `LLMService` (``name``, ``run_in_parallel``,
                ``function_call_timeout_secs``, …).

        Raises:
            ValueError: An endpoint, a setting or an option is missing, malformed or unknown; the
                message names it.
        """
        refuse_unknown_options(kwargs)
        self._models = models = OwnModels(small, large, large_continuation, settings)
        self._policy = models.settings.policy()
        super().__init__(settings=models.settings, **kwargs)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        models.adopt_into(self)
        self._conductor = Conductor(models.small, models.large)
        self.latency = LatencySummary()
        self._failures = Failures(self, self._conductor, end_on_permanent_failure)
        self._opening_hook = OpeningHook(should_open)
        self._speculation = Speculation(hooks.speculation_gate(self), self._tell)
        self._listening = Listening(self._conductor.learnt.voice)
        self._last_reply_at = time.monotonic()
        self._warming: asyncio.Task[None] | None = None
        self._tools = Tools(self, self._conductor, tool_lines, self._read)
        self._speaking = Speaking(self, self._tools, self._failures, lambda: self._policy)

    @classmethod
    def from_env(cls, *, settings: DualLLMSettings | None = None, **kwargs: Any) -> Self:
        """Make a service of the two models that the environment (or `.env`) names.

        Args:
            settings: As for the constructor.
            **kwargs: As for the constructor.

        Raises:
            ValueError: A variable is missing or malformed; the message names each.
        """
        small, large = Environment.read().endpoints()
        return cls(small=small, large=large, settings=settings, **kwargs)

    def can_generate_metrics(self) -> bool:
        """Tell Pipecat that this service measures itself."""
        return True

    # Life cycle.

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Set up, and with it what is given as a model."""
        await super().setup(setup)
        await self._models.setup(setup, self)

    async def start(self, frame: StartFrame) -> None:
        """Start, opening a connection to each model in the background."""
        await super().start(frame)
        await self._models.start(frame)
        self._warm()

    async def stop(self, frame: EndFrame) -> None:
        """Stop, closing every request and connection."""
        await super().stop(frame)
        await self._close()
        await self._models.stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """Cancel, closing every request and connection."""
        await super().cancel(frame)
        await self._close()
        await self._models.stop(frame)

    async def cleanup(self) -> None:
        """Release all that is left."""
        await super().cleanup()
        await self._close()
        await self._models.cleanup()

    async def _close(self) -> None:
        warming, self._warming = self._warming, None
        if warming is not None:
            await self.cancel_task(warming)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        await self._tools.forget()
        await self._conductor.aclose()

    def _warm(self) -> None:
        if self._warming is None or self._warming.done():
            self._warming = self.create_task(self._conductor.warm(), "warm")  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat

    async def _update_settings(self, delta: ServiceSettings) -> dict[str, Any]:
        """Apply a change; raises `ValueError`, changing nothing, if a value is out of range."""
        change = cast("DualLLMSettings", delta)  # or another service's: what it shares is taken
        tried = self._settings.copy()
        tried.apply_update(change)
        tried.policy()
        changed = await super()._update_settings(change)
        self._policy = self._settings.policy()
        await self._models.change(self._settings, changed)
        return changed

    # Frames in.

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer an `LLMContextFrame`; pass everything else on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self._answer(frame.context)
            return
        if isinstance(frame, UserStartedSpeakingFrame):
            if time.monotonic() - self._last_reply_at > IDLE_SECS_BEFORE_WARMING:
                self._warm()
        elif isinstance(frame, FOR_MODELS):
            await self._update_as_model(await self._models.process(frame))
            if isinstance(frame, LLMUpdateSettingsFrame) and frame.service not in (None, self):
                return  # LLMService has passed it on already
        await self._tools.process(frame)
        await self.push_frame(frame, direction)
        self._listening.process(frame)

    async def _update_as_model(self, delta: LLMSettings | None) -> None:
        """Take over what the small model and the logs are told of the large one's settings."""
        if delta is not None:
            change = DualLLMSettings(model=delta.model, system_instruction=delta.system_instruction)
            await self._update_settings(change)

    async def _answer(self, context: LLMContext) -> None:
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            await self.start_processing_metrics()
            await self._process_context(context)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        except LLMContextConversionError as error:
            await self.push_error(error_msg=str(error), exception=error)
            context.remove_invalid_file_message()
        except Exception as error:
            await self.push_error(
                error_msg=f"Error during completion: {error}",
                exception=error,
                category=ErrorCategory.UNKNOWN,
            )
        finally:
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())
            self._last_reply_at = time.monotonic()

    @traced_llm
    async def _process_context(self, context: LLMContext) -> None:
        if not self._models.answers_as_service:  # else that one logs it
            hooks.log_request(self, context)
        conversation = await self._read(
            context,
            needs_whole_answer=hooks.filters_turns(self),
            may_open=self._opening_hook.allows(context),
        )
        policy = self._policy
        if hooks.filters_turns(self) or hooks.skips_tts(self):  # nothing is spoken as it is said
            policy = replace(policy, clause_release=False, max_waiting_lines=0)
        turn, prefetched = await self._tools.goes_on(conversation)
        reply = self._conductor.reply(
            conversation,
            policy,
            speculative=self._speculation.begin(),
            report_usage=self.usage_metrics_enabled,
            turn=turn,
            prefetched=prefetched,
        )
        used: list[ModelUsed] = []
        try:
            async with aclosing(self._listening.to(self._tools.follow(reply, context))):
                async for heard in reply:
                    await self._speaking.hear(heard, reply, context, used)
        finally:
            await self._note(reply, used)

    async def _read(self, context: LLMContext, **more: Any) -> Conversation:
        if self._models.answers_as_service:
            return universal_conversation(context, self._settings, **more)
        return await conversation_of(context, self._settings, self.get_llm_adapter(), **more)

    # Metrics.

    async def _note(self, reply: Reply, used: list[ModelUsed]) -> None:
        """Report a reply that has ended."""
        report = reply.report
        trace_reply(report, self._conductor.small.name, self._conductor.large.name, used)
        logger.debug("{}: reply {}: {}", self, report.outcome, report)
        for frame, direction in self._speculation.end(report):
            await super().push_frame(frame, direction)

    def _tell(self, report: ReplyReport) -> list[MetricsFrame]:
        """Add a reply to the summary; return what is pushed of it."""
        self.latency.add(report)
        if not self.metrics_enabled:
            return []
        large = self._conductor.large.name
        data = DualLLMMetricsData.of(report, processor=self.name, model=large)
        return [MetricsFrame(data=[data])]

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame, but metrics only when the speculation that they belong to is settled."""
        if isinstance(frame, TracedText):
            return
        for let_go, way in self._speculation.process(frame, direction):
            await super().push_frame(let_go, way)
        if direction is FrameDirection.DOWNSTREAM and isinstance(frame, FOLLOWED):
            await self._tools.pushed(frame)

    # Inference outside the pipeline.

    async def run_inference(
        self,
        context: LLMContext,
        max_tokens: int | None = None,
        system_instruction: str | None = None,
        response_schema: dict[str, Any] | None = None,
    ) -> str | None:
        """Ask the large model once, outside the pipeline.

        Args:
            context: What to ask.
            max_tokens: The most tokens to generate; None for the setting.
            system_instruction: Used in place of the setting's.
            response_schema: A JSON schema that the answer must follow.

        Returns:
            The answer's text, or None if there is none.

        Raises:
            EndpointError: The large model could not be asked.
        """
        conversation = await self._read(context, system=system_instruction)
        ask = inference_ask(
            conversation,
            self._policy,
            max_tokens=max_tokens,
            schema=hooks.check_schema(self, response_schema),
        )
        large = self._conductor.large
        runs = self._warming is not None  # a pipeline, which closes the connections in the end
        try:
            return (await large.complete(ask)).text or None
        finally:
            if not runs:
                await large.hang_up()
