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
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Self, cast

from loguru import logger
from pipecat.adapters.llm.base_llm_adapter import LLMContextConversionError
from pipecat.adapters.llm.services.open_ai_adapter import OpenAILLMAdapter, openai_is_given
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    MetricsFrame,
    StartFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import MetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import ServiceSettings
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.tracing.service_decorators import traced_llm  # pyright: ignore[reportUnknownVariableType]  # untyped in Pipecat
from pipecat.utils.types import assert_given

from blastoff_pipecat.conductor.conductor import (
    Conductor,
    Heard,
    ModelAnswered,
    ModelUsed,
    Reply,
    ToolCall,
    ToolCalls,
)
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.latency import LatencySummary
from blastoff_pipecat.conductor.report import ReplyReport
from blastoff_pipecat.conductor.requests import inference_body
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.environment import Environment
from blastoff_pipecat.relay.actions import ReportFailures, Role, SayContinuation, SayOpening
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.failures import judge
from blastoff_pipecat.service.frames import OpeningTextFrame, ShownOpening, spoken_opening
from blastoff_pipecat.service.function_calls import read_calls
from blastoff_pipecat.service.metrics import (
    DualLLMMetricsData,
    answer_metrics,
    usage_metrics,
)
from blastoff_pipecat.service.settings import (
    DualLLMSettings,
    complete_settings,
    refuse_unknown_options,
)
from blastoff_pipecat.service.speculation import Speculation
from blastoff_pipecat.service.trace import TracedText, trace_reply

IDLE_SECS_BEFORE_WARMING = 30.0
"""After this long without a reply, connections are opened again when the user starts speaking."""


class DualLLMService(LLMService[OpenAILLMAdapter]):
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
        small: ChatEndpoint,
        large: ChatEndpoint,
        settings: DualLLMSettings | None = None,
        **kwargs: Any,
    ) -> None:
        """Initialize the service. No connection is opened before the pipeline starts.

        Args:
            small: The model that opens replies. Fast matters more than clever.
            large: The model that carries them on, calls tools and runs inferences.
            settings: What can be changed in mid-call; see `DualLLMService.Settings`.
            **kwargs: Passed on to Pipecat's `LLMService` (``name``, ``run_in_parallel``,
                ``function_call_timeout_secs``, …).

        Raises:
            ValueError: An endpoint, a setting or an option is missing, malformed or unknown; the
                message names it.
        """
        for role, endpoint in (("small", small), ("large", large)):
            if not isinstance(endpoint, ChatEndpoint):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may not check types
                raise ValueError(f"{role} must be a ChatEndpoint, not {endpoint!r}")
        refuse_unknown_options(kwargs)
        complete = complete_settings(large.model, settings)
        self._policy = complete.policy()
        super().__init__(settings=complete, **kwargs)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        connect_timeout = self._policy.connect_timeout_secs
        large = replace(large, model=cast("str", complete.model))
        self._conductor = Conductor(
            ChatClient(small, connect_timeout=connect_timeout),
            ChatClient(large, connect_timeout=connect_timeout),
        )
        self.latency = LatencySummary()
        self._speculation = Speculation(hooks.speculation_gate(self), self._tell)
        self._ttfb_reported: set[Role] = set()
        self._last_reply_at = time.monotonic()
        self._warming: asyncio.Task[None] | None = None
        hooks.after_each_push(self, DualLLMService._show_opening)

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

    async def start(self, frame: StartFrame) -> None:
        """Start, opening a connection to each model in the background."""
        await super().start(frame)
        self._warm()

    async def stop(self, frame: EndFrame) -> None:
        """Stop, closing every request and connection."""
        await super().stop(frame)
        await self._close()

    async def cancel(self, frame: CancelFrame) -> None:
        """Cancel, closing every request and connection."""
        await super().cancel(frame)
        await self._close()

    async def cleanup(self) -> None:
        """Release all that is left."""
        await super().cleanup()
        await self._close()

    async def _close(self) -> None:
        warming, self._warming = self._warming, None
        if warming is not None:
            await self.cancel_task(warming)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
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
        for client in (self._conductor.small, self._conductor.large):
            client.connect_timeout = self._policy.connect_timeout_secs
        if "model" in changed:
            large, model = self._conductor.large, cast("str", self._settings.model)
            large.endpoint = replace(large.endpoint, model=model)
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
        elif isinstance(frame, LLMUpdateSettingsFrame) and frame.service not in (None, self):
            return  # LLMService has passed it on already
        await self.push_frame(frame, direction)

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
        hooks.log_request(self, context)
        conversation = await self._conversation(context)
        reply = self._conductor.reply(
            conversation,
            self._policy,
            speculative=self._speculation.begin(),
            report_usage=self.usage_metrics_enabled,
        )
        used: list[ModelUsed] = []
        try:
            async with aclosing(reply):
                async for heard in reply:
                    await self._hear(heard, context, used)
        finally:
            await self._note(reply, used)

    async def _conversation(self, context: LLMContext, system: str | None = None) -> Conversation:
        params = await self.get_llm_adapter().get_llm_invocation_params(
            context,
            system_instruction=system or assert_given(self._settings.system_instruction),
            convert_developer_to_user=False,
        )
        body = self._settings.sampling()
        if openai_is_given(params["tools"]) and params["tools"]:
            body["tools"] = params["tools"]
            if openai_is_given(params["tool_choice"]):
                body["tool_choice"] = params["tool_choice"]
        body.update(self._settings.extra)
        return Conversation(
            messages=cast("list[dict[str, Any]]", params["messages"]),
            params=body,
            needs_whole_answer=hooks.filters_turns(self),
        )

    # Frames out.

    async def _hear(self, heard: Heard, context: LLMContext, used: list[ModelUsed]) -> None:
        match heard:
            case SayContinuation(text):
                if hooks.filters_turns(self):
                    await hooks.push_filtered(self, text)
                else:
                    await self.push_frame(LLMTextFrame(text))
            case SayOpening(text):
                await self._push_opening(text)
            case ModelAnswered():
                if self.metrics_enabled:
                    await self.push_frame(MetricsFrame(data=self._answer_metrics(heard)))
            case ModelUsed():
                used.append(heard)
                if self.usage_metrics_enabled:
                    await self.push_frame(MetricsFrame(data=[usage_metrics(heard, self.name)]))
            case ToolCalls(calls):
                await self._run_calls(calls, context)
            case ReportFailures():
                await self._push_failure(heard, context)

    async def _push_opening(self, text: str) -> None:
        # With `skip_tts` nothing speaks, so there is no look-ahead to avoid.
        plain = self._policy.opening_frames == "token" or hooks.skips_tts(self)
        for frame in [LLMTextFrame(text)] if plain else spoken_opening(text):
            await self.push_frame(frame)

    async def _show_opening(self, frame: Frame) -> None:
        """Tell observers of an opening that has left for the voice, as they know text."""
        if isinstance(frame, OpeningTextFrame):
            await hooks.show_observers(self, ShownOpening(frame.text))

    async def _run_calls(self, calls: tuple[ToolCall, ...], context: LLMContext) -> None:
        functions, problems = read_calls(calls, context)
        for problem in problems:
            told = f"large model {self._conductor.large.endpoint} {problem}"
            await self.push_error(told, category=ErrorCategory.SERVER)
        await self.run_function_calls(functions)

    async def _push_failure(self, report: ReportFailures, context: LLMContext) -> None:
        verdict = judge(report, self._conductor.small.endpoint, self._conductor.large.endpoint)
        if verdict.late:
            await hooks.tell_of_timeout(self)
        category = verdict.category
        if verdict.blames_payload and context.remove_invalid_file_message():
            category = ErrorCategory.APPLICATION
        await self.push_error(verdict.message, exception=verdict.exception, category=category)

    # Metrics.

    def _answer_metrics(self, answered: ModelAnswered) -> list[MetricsData]:
        ttfb, ttfat = answer_metrics(answered, self.name)
        repeated = self.report_only_initial_ttfb and answered.role in self._ttfb_reported
        self._ttfb_reported.add(answered.role)
        return [ttfat] if repeated else [ttfb, ttfat]

    async def _note(self, reply: Reply, used: list[ModelUsed]) -> None:
        """Report a reply that has ended."""
        report = reply.report
        small, large = self._conductor.small.endpoint, self._conductor.large.endpoint
        trace_reply(report, small.model, large.model, used)
        logger.debug(f"{self}: reply {report.outcome}: {report}")
        for frame, direction in self._speculation.end(report):
            await super().push_frame(frame, direction)

    def _tell(self, report: ReplyReport) -> list[MetricsFrame]:
        """Add a reply to the summary; return what is pushed of it."""
        self.latency.add(report)
        if not self.metrics_enabled:
            return []
        model = self._conductor.large.endpoint.model
        data = DualLLMMetricsData.of(report, processor=self.name, model=model)
        return [MetricsFrame(data=[data])]

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame, but metrics only when the speculation that they belong to is settled."""
        if isinstance(frame, TracedText):
            return
        for let_go, way in self._speculation.process(frame, direction):
            await super().push_frame(let_go, way)

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
        conversation = await self._conversation(context, system_instruction)
        body = inference_body(
            self._conductor.large.endpoint,
            conversation,
            self._policy,
            max_tokens=max_tokens,
            schema=hooks.check_schema(self, response_schema),
        )
        completion = await self._conductor.large.complete(body)
        return completion.text or None
