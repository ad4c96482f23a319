"""The services that are compared."""

from enum import StrEnum

from pipecat.services.openai.llm import OpenAILLMService

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.bench.pipeline import Service


class Contestant(StrEnum):
    """A service: Pipecat's with the large model alone, or ours, by how the opening is handed over.

    In the order of the table.
    """

    STOCK = "stock"
    BESIDE = "beside"
    PREFIX = "prefix"


OURS = (Contestant.BESIDE, Contestant.PREFIX)


def make(contestant: Contestant, url: str, large: str) -> Service:
    """Make a service, with the default settings but for the handover.

    Args:
        contestant: Which.
        url: The scripted server.
        large: The large model, by its name there. What is learnt of a model is known in the whole
            process, so each service needs one with a name of its own.
    """
    if contestant is Contestant.STOCK:
        settings = OpenAILLMService.Settings(model=large)
        return OpenAILLMService(base_url=url, api_key="a-key", settings=settings)
    continuation = "trailing" if contestant is Contestant.PREFIX else "auto"
    return DualLLMService(
        small=ChatEndpoint(base_url=url, model="small"),
        large=ChatEndpoint(base_url=url, model=large, continuation=continuation),
        settings=DualLLMService.Settings(handover=contestant.value),
    )
