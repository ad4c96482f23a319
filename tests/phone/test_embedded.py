"""A call that needs nothing but this computer: its speech and its language models are embedded."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from blastoff_pipecat.prompts import EMBEDDED_OPENINGS
from tests.phone.bots import phone_bot
from tests.phone.caller import speech
from tests.phone.ear import words

pytestmark = pytest.mark.e2e

QUESTION = "What is the capital of France?"
PATIENCE_SECS = 60.0


@dataclass
class Answer:
    """What was heard after the question, when it began, and what the bot wrote and started."""

    heard: str
    after: float
    log: str
    children: list[str]


async def _ask(folder: Path) -> Answer:
    await speech(QUESTION)
    async with phone_bot("twilio", folder) as bot:
        async with bot.call() as caller:
            await caller.until_spoken_to(1.5)
            await caller.until_quiet(1.0)
            await caller.say(QUESTION)
            asked = time.monotonic()
            await caller.until_spoken_to(0.1, since=asked)
            after = time.monotonic() - asked
            await caller.until_spoken_to(4.0, since=asked)
            await caller.until_quiet(1.5)
            heard = words(caller.pcm(asked))
            await caller.hang_up()
        children = bot.children()
    return Answer(heard, after, bot.said(), children)


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    return asyncio.run(_ask(tmp_path_factory.mktemp("embedded")))


def test_the_embedded_models_answer_on_the_telephone(answer: Answer) -> None:
    """An approved opening, and after it the right word."""
    print(answer.after, answer.heard)
    opening = next((line for line in EMBEDDED_OPENINGS if _begins(answer.heard, line)), None)
    assert opening, answer.heard
    assert "paris" in answer.heard


def _begins(heard: str, line: str) -> bool:
    """Whether what was heard begins with a line, as far as a recogniser tells."""
    first = line.lower().replace(",", "").split()[:4]
    return heard.split()[:4] == first


def test_no_error_is_written(answer: Answer) -> None:
    """Neither by the bot nor by its models."""
    assert "ERROR" not in answer.log
    assert "Traceback" not in answer.log


def test_the_models_outlive_the_call_and_end_with_the_bot(answer: Answer) -> None:
    """They are there for the next call, and no process is left after Ctrl-C."""
    assert len(answer.children) >= 2
    assert not [child for child in answer.children if Path(f"/proc/{child}").exists()]
