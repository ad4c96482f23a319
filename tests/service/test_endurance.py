"""Two hundred replies, with models that fail and users who interrupt: nothing wears out."""

import asyncio
import random
import re
from typing import Any

import pytest
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from blastoff_pipecat import DualLLMService, OpeningTextFrame
from blastoff_pipecat.endpoints import memory
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to

OPENINGS = ("Sure, let me look at that.", "Good question, let me see,", "Well, let me think,")
CONTINUATIONS = ("The museum opens at nine. Bring a coat.", "it opens at ten, I believe.")
RESCUE = "I can only say that it opens early."
FAULTS = [
    fault for fault in Fault if fault not in (Fault.HANG_BEFORE_HEADERS, Fault.ENDLESS_REASONING)
]
REPLIES = 200
WORDS = {
    word.casefold()
    for text in (*OPENINGS, *CONTINUATIONS, RESCUE)
    for word in re.findall(r"\w+", text)
}


class Whims:
    """What the models and the user do, at random but always the same for one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def script(self, text: str) -> Script:
        chance = self.random
        return Script(
            text,
            ttft=chance.choice((0, 0, 0.005, 0.02)),
            pace=chance.choice((0, 0, 0.001)),
            fault=chance.choice(FAULTS) if chance.random() < 0.25 else None,
            after=chance.randrange(6),
            split_bytes=chance.random() < 0.1,
            coalesce=chance.random() < 0.1,
            refuses="prefill" if chance.random() < 0.1 else (),
        )

    def small(self, body: dict[str, Any]) -> Script:
        return self.script(self.random.choice(OPENINGS) if "max_tokens" in body else RESCUE)

    def large(self, _: dict[str, Any]) -> Script:
        return self.script(self.random.choice(CONTINUATIONS))

    async def patience(self, bot: Bot) -> bool:
        """Wait a while for the reply to end; tell whether it did."""
        if self.random.random() < 0.6:
            return False
        frames = len(bot.after.frames) + self.random.randrange(12)
        await bot.until(lambda: len(bot.after.frames) >= frames or bot.ended == bot.started)
        return True


def replies_of(bot: Bot) -> list[list[Any]]:
    """The frames of each reply, from its start to its end."""
    replies: list[list[Any]] = []
    kinds = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, LLMTextFrame, OpeningTextFrame)
    for frame, direction, _ in bot.after.frames:
        if direction is not FrameDirection.DOWNSTREAM or not isinstance(frame, kinds):
            continue
        if isinstance(frame, LLMFullResponseStartFrame):
            replies.append([])
        replies[-1].append(frame)
    return replies


@pytest.mark.parametrize("seed", [1])
async def test_two_hundred_replies_of_every_fate(
    server: ScriptedEndpoint, make_llm: Any, seed: int
) -> None:
    """Each has one start, one end and one report; the last works, and nothing is left open."""
    memory.reset()
    whims = Whims(seed)
    server.play("small", whims.small)
    server.play("large", whims.large)
    llm = make_llm(
        large={"continuation": "trailing"},
        small_first_token_timeout_secs=0.06,
        large_first_token_timeout_secs=0.08,
        stall_timeout_secs=0.06,
    )
    async with talking_to(llm) as bot:
        for number in range(REPLIES):
            starts = bot.started
            bot.context.set_messages([])
            await bot.ask(f"Question {number}?")
            await bot.until(lambda starts=starts: bot.started > starts)
            if await whims.patience(bot):
                await bot.worker.queue_frame(InterruptionFrame())
            await bot.until(lambda: bot.ended == bot.started)

        memory.reset()
        await bot.worker.queue_frame(
            LLMUpdateSettingsFrame(
                delta=DualLLMService.Settings(
                    small_first_token_timeout_secs=5.0, large_first_token_timeout_secs=5.0
                )
            )
        )
        server.play("small", OPENINGS[0])
        server.play("large", CONTINUATIONS[0])
        bot.context.set_messages([])
        # A small model that failed too often in a row is left out for a while.
        last = (CONTINUATIONS[0], f"{OPENINGS[0]} {CONTINUATIONS[0]}")
        assert await bot.hear_reply() in last

        assert bot.started == bot.ended == len(bot.reports) == REPLIES + 1
        for reply in replies_of(bot):
            kinds = [type(frame) for frame in reply]
            assert kinds[0] is LLMFullResponseStartFrame
            assert kinds[-1] is LLMFullResponseEndFrame
            assert kinds.count(LLMFullResponseStartFrame) == 1
            assert kinds.count(LLMFullResponseEndFrame) == 1
            # After the first plain text there is only plain text.
            texts = kinds[1:-1]
            first_plain = texts.index(LLMTextFrame) if LLMTextFrame in texts else len(texts)
            assert OpeningTextFrame not in texts[first_plain:]
        spoken = " ".join(bot.spoken)
        # What an interruption or a fault cuts off may be half a word.
        for word in re.findall(r"\w+", spoken):
            assert any(known.startswith(word.casefold()) for known in WORDS), word
        outcomes = {report.outcome for report in bot.reports}
        assert {"relayed", "large_only", "interrupted"} <= outcomes
        for error in bot.errors:
            assert re.search(r"(small|large) at 127\.0\.0\.1", error.error)
        assert len(bot.errors) <= len(bot.reports)
        # No request is forgotten: each was answered to its end or closed.
        await server.until(lambda: all(request.ended for request in server.requests))
        await server.until(lambda: server.open_connections <= 6)
    await server.until(lambda: server.open_connections == 0)
    memory.reset()


async def test_settings_changed_in_mid_reply_hold_from_the_next(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A change waits for the reply that is being made, and then applies to every part of it."""
    go_on = asyncio.Event()
    server.play("small", OPENINGS[0])
    server.play("large", Script(["The", " museum", go_on, " opens."]))
    server.play("larger", "It does not open.")
    async with talking_to(make_llm(small_first_token_timeout_secs=8.0)) as bot:
        await bot.ask("When does it open?")
        await bot.until(lambda: bot.text_of_last_reply.endswith("museum"))
        delta = DualLLMService.Settings(model="larger", opening="never", temperature=0.3)
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        go_on.set()
        await bot.until(lambda: bot.ended == 1)
        assert bot.text_of_last_reply == f"{OPENINGS[0]} The museum opens."
        assert await bot.hear_reply("And today?") == "It does not open."
        (request,) = server.requests_for("larger")
        assert request.body["temperature"] == 0.3
        assert len(server.requests_for("small")) == 1
        assert bot.reports[-1].model == "larger"


async def test_settings_that_cannot_be_are_one_error_and_change_nothing(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A bad value in mid-call is an error that names it; the bot goes on as it was."""
    server.play("small", OPENINGS[0])
    server.play("large", CONTINUATIONS[0])
    async with talking_to(make_llm(small_first_token_timeout_secs=8.0)) as bot:
        delta = DualLLMService.Settings(stall_timeout_secs=-1.0, opening="never")
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        await bot.until(lambda: len(bot.errors) == 1)
        assert "stall_timeout_secs" in bot.errors[0].error
        assert bot.llm.is_usable
        assert await bot.hear_reply() == f"{OPENINGS[0]} {CONTINUATIONS[0]}"
