"""An everyday call with the embedded small model: what is said before the answer, and what not."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise

import pytest

from blastoff_pipecat.bench.seam.sets import turns
from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import Said
from blastoff_pipecat.endpoints import ChatClient
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.pair import SYSTEM_INSTRUCTION, PairOfModels, warm_up
from blastoff_pipecat.local.weights.manifest import SMOLLM2_135M
from blastoff_pipecat.relay.actions import SayOpening

pytestmark = pytest.mark.e2e

ENGLISH = [turn for turn in turns() if turn.language == "en"]


@pytest.fixture
async def models() -> AsyncIterator[PairOfModels]:
    """The small model, and another in the large one's place, since no answer is listened to."""
    async with EmbeddedModels(large=SMOLLM2_135M.name) as running:
        models = PairOfModels(running.small, running.large, embedded=True)
        await warm_up(models, models.policy())
        yield models


async def test_openings_are_where_they_belong(models: PairOfModels) -> None:
    """With `opening="always"`: before nearly every question, and never before small talk or grief.

    And no line twice in a row.
    """
    settings = replace(models.policy(), opening="always", max_silence_secs=20.0)
    conductor = Conductor(ChatClient(models.small), ChatClient(models.large))
    messages = [{"role": "system", "content": SYSTEM_INSTRUCTION}]
    openings: list[str] = []
    try:
        for turn in ENGLISH:
            messages.append({"role": turn.role, "content": turn.text})
            conversation = Conversation(messages=messages[:1] + messages[-7:])
            async with aclosing(conductor.reply(conversation, settings)) as reply:
                first = await anext(aiter(_said(reply)))
            openings.append(first.text if isinstance(first, SayOpening) else "")
            answer = f"{openings[-1]} Here is the answer.".strip()
            messages.append({"role": "assistant", "content": answer})
    finally:
        await conductor.aclose()

    heard = list(zip(ENGLISH, openings, strict=True))
    assert [pair for pair in heard if pair[1] and pair[0].opening == "never"] == []
    welcome = [line for turn, line in heard if turn.opening == "should"]
    assert sum(map(bool, welcome)) >= 0.7 * len(welcome), heard
    said = [line for line in openings if line]
    assert [line for line, after in pairwise(said) if line == after] == []


async def _said(reply: Reply) -> AsyncIterator[Said]:
    async for heard in reply:
        if isinstance(heard, Said):
            yield heard
