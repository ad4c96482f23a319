"""How a large model takes an opening: each way is tried, and what comes back is read.

The model is asked to count, and its reply is begun in words that it would not choose itself. One
that continues says the next number; one that echoes says the beginning too; one that knows nothing
of the way begins anew.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from blastoff_pipecat.doctor.asking import Answer, ask
from blastoff_pipecat.endpoints import (
    Ask,
    ChatClient,
    ChatEndpoint,
    ContinuationWay,
    EndpointError,
    native_way,
)

WAYS = ("trailing", "continue_final_message", "message_prefix", "message_partial", "body_prefix")
"""The ways that are tried, the most common first."""

BEGUN = "Well then, counted out loud and clear: one, two, three, four,"
"""How the reply was begun."""

_QUESTION = "Count from one to nine in English words, separated by commas. Say nothing else."
_NEXT = "five"
_TOKENS = 24

Verdict: TypeAlias = Literal["continues", "echoes", "begins anew", "refuses", "fails"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one way.

    Attributes:
        way: Its name.
        verdict: What the model did.
        trims: Whether the space between the beginning and what follows was lost.
        thinks: Whether the model thought, in spite of all.
        said: Why it was refused or failed.
    """

    way: str
    verdict: Verdict
    trims: bool = False
    thinks: bool = False
    said: str = ""

    @property
    def works(self) -> bool:
        """Whether an opening can be handed over in this way."""
        return self.verdict in ("continues", "echoes")


async def try_ways(endpoint: ChatEndpoint) -> list[Tried]:
    """Try each way on a large model, its host's own first."""
    native = native_way(endpoint)
    first = endpoint.continuation if endpoint.continuation in WAYS else native and native.name
    return [await _try(endpoint, way) for way in sorted(WAYS, key=lambda way: way != first)]


async def _try(endpoint: ChatEndpoint, way: str) -> Tried:
    asked = Ask(
        messages=[{"role": "user", "content": _QUESTION}],
        params={"max_tokens": _TOKENS},
        said=BEGUN,
        way=ContinuationWay(way, "detect"),
    )
    client = ChatClient(replace(endpoint, continuation=way))
    try:
        return read(way, await ask(client, asked))
    except EndpointError as error:
        refuses = error.status_code is not None and 400 <= error.status_code < 500
        return Tried(way, "refuses" if refuses else "fails", said=error.message)
    finally:
        await client.aclose()


def read(way: str, answer: Answer) -> Tried:
    """Tell from an answer what the model did."""
    text = answer.text.casefold()
    bare = text.strip()
    echoes = bare.startswith(BEGUN.casefold())
    rest = bare.removeprefix(BEGUN.casefold()) if echoes else text
    if not rest.strip().startswith(_NEXT):
        return Tried(way, "begins anew", thinks=answer.thinks)
    verdict: Verdict = "echoes" if echoes else "continues"
    return Tried(way, verdict, trims=not rest[:1].isspace(), thinks=answer.thinks)
