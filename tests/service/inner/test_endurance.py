"""Replies that are interrupted leave nothing of a Pipecat service behind."""

import asyncio
import gc
import os
from typing import Any

import pytest
from pipecat.frames.frames import InterruptionFrame

from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.bot import Bot, talking_to
from tests.kit.providers.play import Play
from tests.kit.providers.server import Provider
from tests.service.inner.stands import CLOSED_LATE

INTERRUPTED = 18  # a leak of one in three shows in the first six
ONE_OF_EACH_CLIENT = [
    "openai",
    "responses-ws",
    "anthropic",
    "google",
    pytest.param("bedrock", marks=CLOSED_LATE),
]
WARM = 3  # replies until a client has opened what it keeps


async def interrupt(bot: Bot, provider: Provider, number: int) -> None:
    asked = len(provider.asked)
    await bot.ask(f"Question {number}?")
    await bot.until(lambda: bot.started == number + 1)
    if number % 3:  # else it may not even be asked yet
        requests = provider.asked
        await provider.until(lambda: any(r.begun and not r.over for r in requests[asked:]))
    await bot.worker.queue_frame(InterruptionFrame())
    await bot.until(lambda: bot.ended == number + 1)


async def nothing_is_asked(provider: Provider) -> None:
    """Wait until the provider has seen every request's end.

    google-genai and aiobotocore leave a stream to the garbage collector where a cancellation meets
    them between two reads, in a stock bot too.
    """
    gc.collect()
    await provider.until(lambda: all(asked.over for asked in provider.asked))


def left_open() -> int:
    gc.collect()
    return len(os.listdir("/dev/fd"))


@pytest.mark.parametrize("stand", ONE_OF_EACH_CLIENT, indirect=True)
async def test_interrupted_replies(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """No task, no socket and no file descriptor is left of replies that are interrupted."""
    small.play("small", "Sure, let me look at that.")
    provider.play(Play(text=("The museum", " opens at nine.", " Bring"), then="hang"))
    async with talking_to(make_llm()) as bot:
        for number in range(WARM):
            await interrupt(bot, provider, number)
        await nothing_is_asked(provider)
        tasks, files = len(asyncio.all_tasks()), left_open()
        for number in range(WARM, WARM + INTERRUPTED):
            await interrupt(bot, provider, number)
        await nothing_is_asked(provider)
        assert len(bot.reports) == WARM + INTERRUPTED
        await bot.until(lambda: len(asyncio.all_tasks()) <= tasks)
        assert left_open() <= files
        assert bot.errors == []
