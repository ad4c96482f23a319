"""What a Pipecat context asks: a conversation for the conductor, and whether it may be opened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.types import assert_given

from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.service.settings import DualLLMSettings

if TYPE_CHECKING:
    from pipecat.adapters.llm.services.open_ai_adapter import OpenAILLMAdapter

Adapter: TypeAlias = "OpenAILLMAdapter"
"""What turns a context into chat completions. By its name alone: Pipecat imports it, and OpenAI's
library with it, when the first service is made."""

ShouldOpen: TypeAlias = Callable[[LLMContext], bool]
"""A bot author's own hook: whether an opening may be said to this context."""


async def conversation_of(
    context: LLMContext,
    settings: DualLLMSettings,
    adapter: Adapter,
    *,
    system: str | None = None,
    **more: Any,
) -> Conversation:
    """Read a context as the conversation that both models are asked about.

    Args:
        context: Pipecat's.
        settings: The service's.
        adapter: Turns the context's messages and tools into those of chat completions.
        system: A system instruction in place of the setting's.
        more: As in `Conversation`.
    """
    params = await adapter.get_llm_invocation_params(
        context,
        system_instruction=system or assert_given(settings.system_instruction),
        convert_developer_to_user=False,
    )
    body = settings.sampling()
    if params["tools"]:  # what is not given is falsy
        body["tools"] = params["tools"]
        if params["tool_choice"]:
            body["tool_choice"] = params["tool_choice"]
    body.update(settings.extra)
    messages = cast("list[dict[str, Any]]", params["messages"])
    return Conversation(messages=messages, params=body, **more)


@dataclass
class OpeningHook:
    """Asks the bot's author; a hook that fails is as if there were none, and is told once."""

    hook: ShouldOpen | None
    _told: bool = field(default=False, init=False)

    def allows(self, context: LLMContext) -> bool:
        """Tell whether an opening may be said."""
        try:
            return self.hook is None or bool(self.hook(context))
        except Exception as error:  # whatever is wrong in it, the bot goes on
            if not self._told:
                logger.warning("should_open failed; openings go on without it: {!r}", error)
                self._told = True
            return True
