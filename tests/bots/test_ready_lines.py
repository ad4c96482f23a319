"""Approved lines whose sound is ready, in a real pipeline before a stand-in of Cartesia."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from statistics import median
from types import ModuleType
from typing import Any

import pytest
from pipecat.frames.frames import BotStoppedSpeakingFrame

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.kit.hosted_speech import CARTESIA_KEY, HostedSpeech
from tests.kit.room import Room
from tests.kit.served import ROOT

LINES = ("Let me think about it.", "Give me just a moment.")
ANSWER = "The air scatters blue light the most."
LATENCY_SECS = 0.4
QUESTIONS = 2


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    """The file of the recipe, as whoever copied it would import it."""
    pytest.importorskip("pipecat_tts_cache")
    module = ModuleType("ready_lines")
    source = (ROOT / "bots" / "ready_lines.py").read_text(encoding="utf-8")
    exec(compile(source, "ready_lines.py", "exec"), module.__dict__)
    return module


@dataclass
class Call:
    """What was heard of a bot in one call.

    Attributes:
        first_sounds: Seconds from each question to the first sound.
        messages: The bot's messages in its context.
    """

    first_sounds: list[float]
    messages: list[str]


class Stage:
    """Two scripted models, a hosted voice, and lines that are ready or not."""

    def __init__(self, recipe: ModuleType, models: ScriptedEndpoint, speech: HostedSpeech) -> None:
        self.recipe, self.models, self.speech = recipe, models, speech
        self.ready = recipe.ReadyLines()

    def voice(self) -> Any:
        return self.recipe.ReadyVoice(
            api_key=CARTESIA_KEY,
            url=f"{self.speech.url}/tts/websocket",
            settings=self.recipe.ReadyVoice.Settings(voice="a-voice"),
            cache_backend=self.ready,
        )

    async def prepare(self) -> None:
        await self.ready.prepare(self.voice(), LINES)

    async def call(self, ttft: float, handover: str) -> Call:
        """Ask a bot a few questions, the large model being so late (seconds)."""
        self.models.play("large", Script(ANSWER, ttft=ttft))
        llm = DualLLMService(
            small=ChatEndpoint(base_url=self.models.url, model="small"),
            large=ChatEndpoint(base_url=self.models.url, model="large", continuation="trailing"),
            settings=DualLLMService.Settings(
                style="choose", opening="always", openings=LINES, language="en", handover=handover
            ),
        )
        room, heard = Room(), Call([], [])
        async with talking_to(llm, tts=False, behind=[self.voice()], output=[room]) as bot:
            room.changed = bot.changed.set
            for number in range(1, QUESTIONS + 1):
                before = len(room.heard)
                asked = await bot.ask(f"What is the answer to question {number}?")
                await bot.until(lambda before=before: len(room.heard) > before)
                heard.first_sounds.append(room.heard[before][0] - asked)
                await bot.until(
                    lambda number=number: (
                        len(bot.of(BotStoppedSpeakingFrame, at=bot.end)) == number
                        and len(bot.assistant_messages) == number
                    )
                )
            heard.messages = bot.assistant_messages
        return heard


def told() -> tuple[float, float]:
    """The first sounds that the page of the bots tells of, in seconds: with the lines, without."""
    text = (ROOT / "bots" / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    found = re.search(rf"{LATENCY_SECS} s late, .* after ([\d.]+) s, and after ([\d.]+) s", text)
    assert found
    return float(found[1]), float(found[2])


@pytest.fixture
async def stage(recipe: ModuleType) -> AsyncIterator[Stage]:
    async with (
        ScriptedEndpoint() as models,
        HostedSpeech(high=[ANSWER], latency=LATENCY_SECS) as speech,
    ):
        models.play("small", Script(LINES[0], ttft=0.05))
        yield Stage(recipe, models, speech)


@pytest.mark.parametrize("handover", ["beside", "prefix"])
async def test_a_line_that_is_ready_is_heard_sooner(stage: Stage, handover: str) -> None:
    """By what the voice takes; and the provider is asked for the answers alone."""
    without = await stage.call(1.5, handover)
    await stage.prepare()
    assert stage.speech.asked[-2:] == list(LINES)
    stage.speech.asked.clear()
    ready = await stage.call(1.5, handover)

    later, sooner = median(without.first_sounds), median(ready.first_sounds)
    assert later - sooner > 0.7 * LATENCY_SECS, (without, ready)
    assert (sooner, later) == pytest.approx(told(), abs=0.15)
    assert [text.strip() for text in stage.speech.asked] == [ANSWER] * QUESTIONS


async def test_words_stay_in_order_where_the_answer_comes_while_the_line_is_said(
    stage: Stage,
) -> None:
    """The bot's context holds line and answer as they were heard, though two told their times.

    And nothing that a call says is kept: answers differ, and may be private.
    """
    await stage.prepare()
    heard = await stage.call(0.1, "beside")

    assert len(heard.messages) == QUESTIONS
    for message in heard.messages:
        assert message in [f"{line} {ANSWER}" for line in LINES]
    assert (await stage.ready.get_stats())["size"] == len(LINES)
