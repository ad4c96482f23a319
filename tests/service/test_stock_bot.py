"""Pipecat's getting-started voice agent, of which only the line `llm = …` differs."""

from collections.abc import Callable
from typing import Any

import pytest
from pipecat.frames.frames import LLMRunFrame

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.phone import Caller, on_the_phone

SYSTEM = "You are a helpful assistant in a voice conversation."
GREETING = "Hello! I am your assistant. How can I help?"
OPENING = "Sure, let me look at that."
REST = "The museum opens at nine. Bring a coat."


@pytest.fixture(params=["stock", "dual"])
def llm_line(request: pytest.FixtureRequest, make_llm: Any, make_stock: Any) -> Any:
    """The line of the bot that is swapped."""
    make = {"stock": make_stock, "dual": make_llm}[request.param]
    return lambda: make(system_instruction=SYSTEM)


def play(server: ScriptedEndpoint, llm: Any, *replies: str) -> None:
    """Let the large model greet and then reply, which a stock one does with the opening."""
    opening = f"{OPENING} " if type(llm).__name__ == "OpenAILLMService" else ""
    texts = [GREETING, *(opening + reply for reply in replies)]
    server.play("small", Script(OPENING))
    server.play("large", *(Script(text, ttft=0.05, pace=0.002) for text in texts))


async def greet(caller: Caller) -> None:
    """Let the bot introduce itself, as the getting-started bot does when a client connects."""
    bot = caller.bot
    bot.context.add_message({"role": "developer", "content": "Introduce yourself."})
    await bot.worker.queue_frames([LLMRunFrame()])
    await bot.until(lambda: bot.assistant_messages == [GREETING])
    await bot.until(lambda: len(caller.speaker.of("bot-stopped-speaking")) == 1)


async def test_a_conversation(server: ScriptedEndpoint, llm_line: Callable[[], Any]) -> None:
    """Greeting, turn, interruption and next turn leave the same context with either service."""
    llm = llm_line()
    play(server, llm, REST, REST * 30, "Good.")
    async with on_the_phone(llm) as caller:
        bot = caller.bot
        await greet(caller)
        await caller.say("When does the museum open?")
        await bot.until(lambda: bot.assistant_messages[1:] == [f"{OPENING} {REST}"])
        await caller.say("Tell me more.")
        await bot.until(lambda: len(bot.spoken) > 12)
        await caller.say("Stop.")
        await bot.until(lambda: len(bot.assistant_messages) == 4)

        assert bot.errors == []
        assert bot.started == len(caller.speaker.of("bot-llm-started")) == 4
        assert bot.ended == len(caller.speaker.of("bot-llm-stopped")) == 4
        messages = bot.context.get_messages()
    roles = [message["role"] for message in messages]
    assert roles == ["developer", "assistant", *["user", "assistant"] * 3]
    said = [message["content"] for message in messages[1:]]
    assert said[:3] == [GREETING, "When does the museum open?", f"{OPENING} {REST}"]
    assert said[3] == "Tell me more."
    assert said[4].startswith(OPENING)
    assert len(said[4]) < 20 * len(REST)
    assert said[5] == "Stop."
    # Pipecat's output transport may let one sentence of the interrupted reply slip in before it.
    assert said[6].endswith(f"{OPENING} Good.")


async def test_no_opening_for_a_greeting(server: ScriptedEndpoint, make_llm: Any) -> None:
    """What a developer message asks for is said by the large model alone."""
    llm = make_llm(system_instruction=SYSTEM)
    play(server, llm)
    async with on_the_phone(llm) as caller:
        await greet(caller)
    assert server.requests_for("small") == []
    (large,) = server.requests_for("large")
    assert large.body["messages"][-1]["content"] == "Introduce yourself."


async def test_what_a_client_is_told(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """An RTVI client is told the same by both bots: texts, speech, transcripts, starts and ends."""
    told = []
    for llm in (make_stock(system_instruction=SYSTEM), make_llm(system_instruction=SYSTEM)):
        play(server, llm, REST)
        async with on_the_phone(llm) as caller:
            await greet(caller)
            await caller.say("When does the museum open?")
            await caller.bot.until(lambda: len(caller.speaker.of("bot-stopped-speaking")) == 2)
            told.append(_story(caller))
    stock, dual = told
    assert dual == stock
    assert dual["bot-llm-text"] == f"{GREETING}|{OPENING} {REST}"


def _story(caller: Caller) -> dict[str, Any]:
    """What a client was told, by message type; where text is cut does not count, order does."""
    story: dict[str, Any] = {}
    for message in caller.speaker.messages:
        kind, data = message["type"], message.get("data") or {}
        if kind == "metrics":
            continue
        if kind in ("bot-llm-text", "bot-transcription", "bot-llm-started"):
            streams = ["bot-llm-text", "bot-transcription"] if kind == "bot-llm-started" else [kind]
            for each in streams:
                so_far = story.get(each, "")
                between = "|" if kind == "bot-llm-started" and so_far else ""
                story[each] = so_far + between + data.get("text", "")
        else:
            once = ("segment_id", "timestamp")  # which no two calls share
            kept = {name: value for name, value in data.items() if name not in once}
            story.setdefault(kind, []).append(kept)
    return story
