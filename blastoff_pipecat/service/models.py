"""The two models of a service, made of what its owner has given: endpoints or Pipecat services."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    LLMEnablePromptCachingFrame,
    LLMUpdateSettingsFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameProcessor, FrameProcessorSetup
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

from blastoff_pipecat.conductor import check
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.inner_service import InnerService, instruction_of, model_of
from blastoff_pipecat.service.settings import SAMPLING, DualLLMSettings, complete_settings

GivenModel: TypeAlias = ChatEndpoint | LLMService[Any]
"""What can be a model: one behind a URL, or a Pipecat LLM service of any provider."""

LargeContinuation: TypeAlias = Literal["history", "trailing"]

_WANTED = "a ChatEndpoint or a Pipecat LLM service of its own, such as AnthropicLLMService(…)"


FOR_MODELS = (LLMEnablePromptCachingFrame, LLMUpdateSettingsFrame)
"""The frames that may be meant for one of the models."""


class OwnModels:
    """The models of one service, which lives as long as they do.

    Attributes:
        small: The small model.
        large: The large model.
        settings: The service's, complete.
    """

    def __init__(
        self,
        small: GivenModel,
        large: GivenModel,
        continuation: LargeContinuation,
        settings: DualLLMSettings | None,
    ) -> None:
        """Make the models; nothing is connected yet.

        All is as the owner has given it; `continuation` is how a Pipecat service as large model
        goes on from an opening.

        Raises:
            ValueError: One of them cannot be a model, or a setting is out of its range; the message
                says what to pass.
        """
        for role, given in (("small", small), ("large", large)):
            if fault := _fault(given):
                raise ValueError(f"{role} must be {_WANTED}, not {fault}")
        if small is large and isinstance(large, LLMService):
            raise ValueError(f"small and large are the same instance; each must be {_WANTED}")
        check.one_of("large_continuation", continuation, get_args(LargeContinuation))
        if isinstance(large, LLMService):
            own = instruction_of(large)
            self.settings = complete_settings(model_of(large), settings, system_instruction=own)
        elif continuation != "history":
            wanted = f"ChatEndpoint(continuation={continuation!r})"
            raise ValueError(f"large_continuation is for a Pipecat service; pass {wanted} instead")
        else:
            self.settings = complete_settings(large.model, settings)
            large = replace(large, model=str(self.settings.model))
        secs = self.settings.policy().connect_timeout_secs
        self.small, self.large = (
            ChatClient(each, connect_timeout=secs)
            if isinstance(each, ChatEndpoint)
            else InnerService(each, continuation)
            for each in (small, large)
        )

    @property
    def _inner(self) -> list[InnerService]:
        return [each for each in (self.small, self.large) if isinstance(each, InnerService)]

    @property
    def answers_as_service(self) -> bool:
        """Whether the large model is a Pipecat service, which reads contexts by itself."""
        return isinstance(self.large, InnerService)

    # Life cycle.

    def adopt_into(self, service: LLMService[Any]) -> None:
        """Have the dual service speak for a Pipecat service that is its large model."""
        if isinstance(self.large, InnerService):
            hooks.adopt(service, self.large.service)

    async def setup(self, setup: FrameProcessorSetup, service: LLMService[Any]) -> None:
        """Set them up; functions that were registered on one become the dual service's."""
        for each in self._inner:
            hooks.take_functions(service, each.service)
            await each.setup(setup)

    async def start(self, frame: StartFrame) -> None:
        """Start them, with the settings that the owner has given for the large one."""
        for each in self._inner:
            await each.process(frame)
        await self.change(self.settings, ("model", *SAMPLING, *self.settings.extra))

    async def stop(self, frame: EndFrame | CancelFrame) -> None:
        """Stop or cancel them; replies must have ended."""
        for each in self._inner:
            await each.process(frame)

    async def cleanup(self) -> None:
        """Release what they hold."""
        for each in self._inner:
            await each.cleanup()

    # Changes.

    async def change(self, settings: DualLLMSettings, changed: Iterable[str]) -> None:
        """Tell the models of changed settings.

        Args:
            settings: The dual service's, as they are now.
            changed: The names of those that have changed.
        """
        for each in (self.small, self.large):
            if isinstance(each, ChatClient):
                each.connect_timeout = settings.policy().connect_timeout_secs
        names = set(changed)
        if isinstance(self.large, ChatClient):
            if "model" in names:
                self.large.name = str(settings.model)
            return
        given = {name: getattr(settings, name) for name in ("model", *SAMPLING) if name in names}
        given = {name: value for name, value in given.items() if value is not None}
        extra = {name: value for name, value in settings.extra.items() if name in names}
        if given.get("model") == self.large.name:
            del given["model"]
        if given or extra:
            await self.large.update(LLMSettings(**given, extra=extra))

    async def process(self, frame: Frame) -> LLMSettings | None:
        """Have a Pipecat service process a frame that is meant for it.

        Returns:
            The settings that were changed by that, where it is the large model.
        """
        for each in self._inner:
            if isinstance(frame, LLMEnablePromptCachingFrame):
                await each.pass_on(frame)
            elif isinstance(frame, LLMUpdateSettingsFrame) and frame.service is each.service:
                await each.pass_on(frame)
                return frame.delta if each is self.large else None
        return None


def _fault(given: object) -> str:
    """Say what is wrong with what is given as a model; empty where nothing is."""
    if isinstance(given, ChatEndpoint):
        return ""
    if isinstance(given, type):
        return f"the class {given.__name__}: pass an instance"
    if not isinstance(given, FrameProcessor):
        return repr(given)
    kind = type(given).__name__
    if not isinstance(given, LLMService):
        return f"{kind}, which is no LLM service"
    if "DualLLMService" in (each.__name__ for each in type(given).__mro__):  # pyright: ignore[reportUnknownArgumentType]  # of any adapter
        return f"a {kind}, which has two models of its own"
    if given.service_metadata_frame().is_realtime_service:
        return f"{kind}, which hears and speaks by itself"
    if given.previous or given.next:
        return f"the {kind} of another pipeline or service: make one for this service alone"
    return ""
