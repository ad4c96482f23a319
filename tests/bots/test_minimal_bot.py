"""The minimal bot, the stock bot that it was, and Pipecat's own with its line swapped, called.

Each file runs as it is, with stand-ins of Deepgram, Cartesia and OpenAI on loopback.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blastoff_pipecat.demo.question import Question
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.bots.caller import AUDIBLE, HEARD_RATE, Caller, calling
from tests.bots.swap import swapped
from tests.kit.environment import clean_environment
from tests.kit.hosted_speech import CARTESIA_KEY, DEEPGRAM_KEY, HIGH_HZ, LOW_HZ, HostedSpeech
from tests.kit.providers.play import Play
from tests.kit.providers.server import Provider
from tests.kit.providers.sse import OpenAIResponses
from tests.kit.served import MINIMAL_BOT, ROOT, ServedBot, served

pytestmark = pytest.mark.e2e

MOST_LINES = 100

ASKED = "Why is the sky blue?"
GREETING = "Hello, I am here to help."
OPENING = "Let's see."
ANSWER = "The air scatters blue light the most."


@dataclass
class Street:
    """The stand-ins of all that a bot talks to.

    Attributes:
        speech: Deepgram and Cartesia.
        models: A small and a large model behind URLs.
        openai: The stock bot's model.
        answers: Set to let the large model answer a question.
    """

    speech: HostedSpeech
    models: ScriptedEndpoint
    openai: Provider
    answers: asyncio.Event

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOSTED_SPEECH": self.speech.url,
            "HOSTED_MODEL": self.openai.url.replace("http", "ws"),
            "DEEPGRAM_API_KEY": DEEPGRAM_KEY,
            "CARTESIA_API_KEY": CARTESIA_KEY,
            "OPENAI_API_KEY": "sk-of-nobody-0123456789",
            "SMALL_MODEL_URL": self.models.url,
            "SMALL_MODEL_NAME": "small",
            "LARGE_MODEL_URL": self.models.url,
            "LARGE_MODEL_NAME": "large",
        }


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    """All stand-ins, of which the large model keeps its answer until it is let."""
    answers = asyncio.Event()

    def large(body: dict[str, Any]) -> Script:
        if any(message["content"] == ASKED for message in body["messages"]):
            return Script([answers, ANSWER])
        return Script(GREETING, ttft=1.5)  # so late that the next answer is forecast to be late

    async with AsyncExitStack() as stack:
        speech = HostedSpeech(hears=[ASKED], high=[GREETING, ANSWER])
        models, openai = ScriptedEndpoint(), Provider(OpenAIResponses())
        for each in (speech, models, openai):
            await stack.enter_async_context(each)
        models.play("small", Script(OPENING, ttft=0.05))
        models.play("large", large)
        openai.play(Play(text=(GREETING,)), Play(text=(ANSWER,)))
        yield Street(speech, models, openai, answers)


@asynccontextmanager
async def running(bot: Path, street: Street, folder: Path) -> AsyncIterator[ServedBot]:
    """Run a bot's file, while the stand-ins go on answering."""
    launcher = ROOT / "tests" / "kit" / "on_stand_ins.py"
    process = served(folder, {"BOT": str(bot), **street.environment}, bot=launcher)
    yielded = await asyncio.to_thread(process.__enter__)
    try:
        yield yielded
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)


@pytest.fixture(params=["ours", "Pipecat's own, swapped"])
def two_models_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The minimal bot, or what Pipecat writes for a newcomer, with our page's lines swapped."""
    if request.param == "ours":
        return MINIMAL_BOT
    command = "from pipecat.cli.main import app; app()"
    subprocess.run(
        [sys.executable, "-c", command, "init", "quickstart"],
        cwd=tmp_path,
        env=clean_environment(),
        check=True,
        capture_output=True,
        timeout=60,
    )
    bot = tmp_path / "pipecat-quickstart" / "server" / "bot.py"
    bot.write_text(swapped(bot.read_text()))
    return bot


async def _ask(caller: Caller) -> int:
    """Hear the greeting out and ask; return how many samples were heard by then."""
    await caller.until(lambda: GREETING in caller.bot_said)
    await caller.hears_out()
    caller.microphone.say((await Question.speak(ASKED)).pcm)
    await caller.microphone.quiet.wait()
    return len(caller.heard)


def _pitches(sound: NDArray[np.int16]) -> list[int]:
    """The pitches that were heard, in their order, each as often as it began anew."""
    heard = list[int]()
    step = HEARD_RATE // 20
    for at in range(0, len(sound) - step, step):
        piece = sound[at : at + step].astype(np.int32)
        if np.abs(piece).reshape(10, -1).mean(axis=1).min() < AUDIBLE:
            continue  # silence, or a hum that begins or ends within it
        crossings = np.count_nonzero(np.diff(np.signbit(piece)))
        pitch = min((LOW_HZ, HIGH_HZ), key=lambda hertz: abs(crossings * 10 - hertz))
        if heard[-1:] != [pitch]:
            heard.append(pitch)
    return heard


async def test_it_greets_and_opens_its_answer_while_the_large_model_is_silent(
    two_models_bot: Path, street: Street, tmp_path: Path
) -> None:
    """Over real WebRTC: the small model's words are heard before the large one says any."""
    async with running(two_models_bot, street, tmp_path) as bot, calling(bot.url) as caller:
        asked_at = await _ask(caller)
        await caller.until(lambda: _pitches(caller.heard[asked_at:]) == [LOW_HZ])
        street.answers.set()
        await caller.until(lambda: ANSWER in caller.bot_said and not caller.sounds())
        heard = _pitches(caller.heard[asked_at:])

    assert heard == [LOW_HZ, HIGH_HZ]
    greeting, *lines, answer = [text.strip() for text in street.speech.asked]
    assert (greeting, answer) == (GREETING, ANSWER)
    assert lines, "the small model's own words, or those of the list that fit"
    assert caller.transcript == ASKED
    assert len(street.models.requests_for("small")) == 1, "a greeting is not opened"
    assert street.openai.asked == []
    assert "Traceback" not in bot.said()


async def test_the_stock_bot_of_the_diff_is_a_bot(street: Street, tmp_path: Path) -> None:
    """What the diff takes away from ours is a working bot of one model."""
    stock = tmp_path / "stock_bot.py"
    stock.write_text(swapped(MINIMAL_BOT.read_text(), back=True))
    async with running(stock, street, tmp_path) as bot, calling(bot.url) as caller:
        asked_at = await _ask(caller)
        await caller.until(lambda: ANSWER in caller.bot_said and not caller.sounds())
        heard = _pitches(caller.heard[asked_at:])

    assert heard == [HIGH_HZ]
    assert [text.strip() for text in street.speech.asked] == [GREETING, ANSWER]
    assert len(street.openai.asked) == 2
    assert street.models.requests == []
    assert "Traceback" not in bot.said()


def test_it_is_short() -> None:
    """It is read at a glance."""
    assert len(MINIMAL_BOT.read_text().splitlines()) < MOST_LINES
