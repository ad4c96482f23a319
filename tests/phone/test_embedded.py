"""A call that needs nothing but this computer: its speech and its language models are embedded."""

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from blastoff_pipecat.relay.lines import LINES
from tests.phone.bots import phone_bot
from tests.phone.caller import speech
from tests.phone.ear import words

pytestmark = pytest.mark.e2e

QUESTION = "What is the capital of France?"
LINES_SAID = LINES["en"].sentences + LINES["en"].waiting
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
    """The right word, and before it nothing but approved lines."""
    print(answer.after, answer.heard)
    before, paris, _ = answer.heard.partition("paris")
    assert paris
    approved = {re.sub(r"[^a-z]+", " ", line.lower()).strip() for line in LINES_SAID}
    for line in sorted(approved, key=len, reverse=True):
        before = before.replace(line, "")
    assert len(before.split()) <= 8, answer.heard


def test_no_error_is_written(answer: Answer) -> None:
    """Neither by the bot nor by its models."""
    assert "ERROR" not in answer.log
    assert "Traceback" not in answer.log


def test_the_models_outlive_the_call_and_end_with_the_bot(answer: Answer) -> None:
    """They are there for the next call, and no process is left after Ctrl-C."""
    assert len(answer.children) >= 2
    assert not [child for child in answer.children if Path(f"/proc/{child}").exists()]
