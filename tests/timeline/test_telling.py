"""How a page is told: at a pace, and without harm."""

import asyncio
import itertools
from typing import Any

import pytest
from pipecat.frames.frames import BotStoppedSpeakingFrame

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from blastoff_pipecat.timeline.teller import PACE_SECS
from tests.timeline.listener import (
    Call,
    Page,
    calling,
    check_all,
    play,
)
from tests.timeline.voices import OPENING


async def test_growing_text_is_told_at_a_pace(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Tokens make no message each; what is new is told at once."""
    server.play("small", OPENING)
    server.play("large", Script(" it opens at nine." * 10, pace=0.01))
    async with calling(make_llm(), tts=False) as call:
        await call.say("When does it open?")
        await call.hear(1)
        told = list(zip(call.page.messages, call.page.at, strict=True))
        for (former, before), (latter, at) in itertools.pairwise(told):
            if former["continuation"] and not latter["metrics"]:
                assert at - before > PACE_SECS - 0.005
        assert len(told) < 15
        assert told[-1][0]["continuation"] == " it opens at nine." * 10
        check_all(call.page)


async def test_a_slow_page_delays_nobody(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The bot speaks on while a callback hangs; the page is told the latest when it is back."""
    back = asyncio.Event()

    class SlowPage(Page):
        async def tell(self, message: dict[str, Any]) -> None:
            await super().tell(message)
            await back.wait()

    play(server)
    async with calling(make_llm(), page=SlowPage()) as call:
        await call.say("When does it open?")
        await call.until(lambda: len(call.bot.of(BotStoppedSpeakingFrame, at=call.bot.end)) == 1)
        assert len(call.page.messages) == 1
        back.set()
        message = await call.hear(1)
        assert len(call.page.messages) <= 3
        assert message["gap"] == call.near(call.speaker.gap)


async def test_a_page_that_fails_harms_nobody(
    server: ScriptedEndpoint, make_llm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What a callback raises is logged once, and it is called again."""

    class BrokenPage(Page):
        async def tell(self, message: dict[str, Any]) -> None:
            await super().tell(message)
            raise ConnectionError("gone")

    play(server)
    async with calling(make_llm(), page=BrokenPage()) as call:
        await call.say("When does it open?")
        assert (await call.hear(1))["gap"] == call.near(call.speaker.gap)
        assert call.bot.errors == []
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert "gone" in errors[0].getMessage()


async def test_a_client_is_told_over_rtvi(server: ScriptedEndpoint, make_llm: Any) -> None:
    """`worker.rtvi.send_server_message` brings each message to the client as it is."""

    class Client(Page):
        async def tell(self, message: dict[str, Any]) -> None:
            await call.bot.worker.rtvi.send_server_message(message)
            await super().tell(message)

    play(server)
    async with calling(make_llm(), page=Client(), enable_rtvi=True) as call:
        await call.say("When does it open?")
        await call.hear(1)
        await call.until(lambda: len(sent(call)) == len(call.page.messages))
        assert sent(call) == call.page.messages


def sent(call: Call) -> list[dict[str, Any]]:
    messages = [m["data"] for m in call.speaker.messages if m["type"] == "server-message"]
    return [data for data in messages if data["type"] == "blastoff-timeline"]
