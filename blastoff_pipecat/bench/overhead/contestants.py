"""The two services that are compared, and the conversations that they answer."""

from typing import Any, Literal, TypeAlias

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.llm import OpenAILLMService

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.bench.pipeline import Service

Kind: TypeAlias = Literal["stock", "dual"]
KINDS: tuple[Kind, Kind] = ("stock", "dual")
SYSTEM = "You are the voice of a museum. Answer in one or two short spoken sentences."
ASKED = "And when could we come by with a group of about thirty children from our school?"
ANSWERED = "The halls open at nine, and in the summer months they stay open until late at night."


def in_turns(number: int) -> tuple[Kind, ...]:
    """Return the kinds in the order of this round: each is first every other time."""
    return KINDS if number % 2 == 0 else KINDS[::-1]


def make(kind: Kind, url: str, large: str, small: str = "opener") -> Service:
    """Make a service.

    Args:
        kind: Pipecat's `OpenAILLMService` with the large model, or ours with both.
        url: The scripted server.
        large: The large model, by its name there.
        small: The small model likewise, for ours.
    """
    if kind == "stock":
        settings = OpenAILLMService.Settings(model=large, system_instruction=SYSTEM)
        return OpenAILLMService(base_url=url, api_key="a-key", settings=settings)
    return DualLLMService(
        small=ChatEndpoint(base_url=url, api_key="a-key", model=small),
        large=ChatEndpoint(base_url=url, api_key="a-key", model=large),
        # Each reply has an opening, and text goes on as it comes: neither a request less nor a
        # sentence that is gathered for the voice is to be counted.
        settings=DualLLMService.Settings(
            system_instruction=SYSTEM,
            opening="always",
            handover="prefix",
            clause_release=False,
            max_waiting_lines=0,
        ),
    )


def conversation(messages: int) -> LLMContext:
    """Return a context of that many messages, the last one the user's."""
    turns: list[Any] = [
        {"role": "user", "content": f"{ASKED} ({index})"}
        if (messages - index) % 2
        else {"role": "assistant", "content": f"{ANSWERED} ({index})"}
        for index in range(messages)
    ]
    return LLMContext(turns)
