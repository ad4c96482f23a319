"""Any Pipecat LLM service as a model of the conductor's protocol.

The service stands between two ends of our own, in no pipeline, and is asked as a pipeline would ask
it: with a context frame, in a task for each request. Cancelling that task is an interruption. What
it pushes becomes deltas (`inner_request`); the tools that its model calls are the dual service's to
run. It lives as long as the dual service: `setup`, `start`, `stop`, `cancel` and `cleanup` follow
that one's. Settings reach it by frames, so that it keeps its own, its adapter and its client.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, cast

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
)
from pipecat.pipeline.pipeline import PipelineSink, PipelineSource
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings
from pipecat.services.websocket_service import WebsocketService
from pipecat.utils.types import assert_given

from blastoff_pipecat.endpoints import Ask, Completion, ContinuationWay, Delta, Finished, is_refusal
from blastoff_pipecat.endpoints.continuation import HISTORY
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.failures import ServiceFailed
from blastoff_pipecat.service.inner_request import InnerRequest, current
from blastoff_pipecat.service.universal import context_of

TRAILING = ContinuationWay("trailing", "detect")

WAYS = {HISTORY.name: (HISTORY,), TRAILING.name: (TRAILING, HISTORY)}
"""How an opening can be handed over, by the name of the first way that is tried."""

UNKNOWN_END = "no reason given"
"""Why a reply ended: Pipecat's services keep that to themselves."""

_CANCEL_SECS = (0.1, 0.5, 1.0)
"""How long a service may take to let a request go, before it is told again; then it is left to
itself. It may not have heard: on Python 3.11, `asyncio.wait_for` loses a cancellation that comes
together with what it waits for."""


def model_of(service: LLMService[Any]) -> str:
    """Return the name of a service's model."""
    return str(assert_given(service.settings.model) or type(service).__name__)


def instruction_of(service: LLMService[Any]) -> str | None:
    """Return a service's system instruction, as it is now."""
    return assert_given(cast("LLMSettings", service.settings).system_instruction)


class InnerService:
    """A Pipecat LLM service, asked as a model."""

    def __init__(self, service: LLMService[Any], continuation: str = HISTORY.name) -> None:
        """Take the service, which nothing else may use.

        Args:
            service: Not linked to any processor yet.
            continuation: How it goes on from an opening, where one is handed over: one of `WAYS`.
        """
        self.service = service
        self._ways = WAYS[continuation]
        self._source = PipelineSource(self._push)
        self._sink = PipelineSink(self._push)
        self._source.link(service)
        service.link(self._sink)
        hooks.take_calls(service, self._take_calls)
        service.add_event_handler("on_completion_timeout", self._note_timeout)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        self._owns_client = hooks.owns_client(service)
        self._system = instruction_of(service)
        self._has_one_connection = isinstance(service, WebsocketService)
        self._turn = asyncio.Lock() if self._has_one_connection else nullcontext()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """The model's name, as the service has it."""
        return model_of(self.service)

    def describe(self) -> str:
        """Name the model and the service's class, for messages."""
        return f"{self.name} of {type(self.service).__name__}"

    def ways(self) -> tuple[ContinuationWay, ...]:
        """Return the ways in which the model can go on from what was said, best first."""
        return self._ways

    def was_refused(self, error: Exception, ask: Ask) -> bool:
        """Tell whether the way of handing over was declined, and remember it if so."""
        refused = bool(ask.said) and isinstance(error, ServiceFailed) and is_refusal(error)
        if refused:
            self._ways = tuple(way for way in self._ways if way is not ask.way) or (HISTORY,)
        return refused

    # Asking.

    async def stream(self, asked: Ask) -> AsyncGenerator[list[Delta], None]:
        """Ask for a reply and yield it as it comes. See `conductor.model.Model`.

        Raises:
            ServiceFailed: The service told of an error, or raised one.
        """
        request = InnerRequest(self._failure, restarts=self._has_one_connection)
        task = asyncio.create_task(self._answer(request, asked), name=f"{self.service}: reply")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while deltas := await request.take():
                yield deltas
            yield [Finished(UNKNOWN_END)]
        finally:
            await _cancel(task)

    async def _answer(self, request: InnerRequest, asked: Ask) -> None:
        """Have the service answer; all that it does on the way is this request's."""
        current.set(request)
        try:
            async with self._turn:
                system, context = context_of(asked)
                if system != self._system:
                    await self.update(LLMSettings(system_instruction=system))
                    self._system = system
                await self.service.set_usable(True)  # whatever it was, this reply may be had
                await self.process(LLMContextFrame(context))
                await asyncio.sleep(0)  # the handlers of its events run in tasks
        except Exception as error:
            request.fail(self._failed(error))
        finally:
            request.end()

    async def complete(self, asked: Ask) -> Completion:
        """Ask for a reply and return it whole.

        Raises:
            ServiceFailed: The service raised an error.
        """
        system, context = context_of(asked)
        schema = {} if asked.schema is None else {"response_schema": dict(asked.schema)}
        try:
            text = await self.service.run_inference(
                context,
                max_tokens=asked.params.get("max_tokens"),
                system_instruction=system,
                **schema,
            )
        except Exception as error:
            raise self._failed(error) from None
        return Completion(text or "", "", (), None, UNKNOWN_END)

    async def update(self, delta: LLMSettings) -> None:
        """Change the service's settings, as a frame in its pipeline would."""
        await self.process(LLMUpdateSettingsFrame(delta=delta))

    async def pass_on(self, frame: Frame) -> None:
        """Have the service process a frame that is meant for it."""
        await self.process(frame)
        self._system = instruction_of(self.service)

    async def process(self, frame: Frame) -> None:
        """Have the service process a frame, such as the one that starts or stops it."""
        await self.service.process_frame(frame, FrameDirection.DOWNSTREAM)

    # What the service does.

    async def _push(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a frame that the service has pushed; outside of a request nobody waits for it."""
        if (request := current.get()) is not None:
            request.push(frame, direction)

    def _take_text(self, frame: LLMTextFrame) -> bool:
        request = current.get()
        if request is not None:
            request.push_text(frame.text)
        return request is not None

    async def _take_calls(self, calls: Sequence[FunctionCallFromLLM]) -> None:
        request = current.get()
        if request is None:
            return
        if not calls and hooks.calls_were_dropped(self.service):
            told = "called a tool with arguments that are no JSON; the call is not run"
            request.fail(ServiceFailed(self.describe(), told))
        request.call(calls)

    def _note_timeout(self, _: LLMService[Any]) -> None:
        """Some services tell of a timeout in no other way."""
        if (request := current.get()) is not None:
            request.fail(self._failed(TimeoutError("the service's own timeout")))

    def _failure(self, frame: ErrorFrame) -> ServiceFailed:
        """Read an error frame."""
        secrets = hooks.secrets_of(self.service)
        return ServiceFailed.of(self.describe(), frame.error, frame, secrets=secrets)

    def _failed(self, error: Exception) -> ServiceFailed:
        """Read an error that no frame has told of."""
        told = str(error) or type(error).__name__
        return self._failure(ErrorFrame(told, exception=error))

    # Life cycle.

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Set the service up. Nobody observes it: what it pushes, the dual service pushes again."""
        own = replace(
            setup,
            observer=None,
            enable_tracing=False,
            enable_metrics=True,
            enable_usage_metrics=True,
            report_only_initial_ttfb=False,
        )
        for each in (self._source, self.service, self._sink):
            await each.setup(own)
        hooks.take_texts(self.service, self._take_text)

    async def cleanup(self) -> None:
        """Release all that the service holds, and close its client where that is its own."""
        for each in (self._source, self.service, self._sink):
            await each.cleanup()
        if self._owns_client:
            await hooks.close_client(self.service)

    async def warm(self) -> None:
        """Do nothing: when to connect is the service's to know."""

    async def hang_up(self) -> None:
        """Do nothing: so is when to close what is idle."""

    async def aclose(self) -> None:
        """Let go of every request."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end, but not for ever."""
    for secs in _CANCEL_SECS:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=secs)
        if done:
            return
