"""The voice bot as a process of its own, called over real WebRTC with real speech."""

import asyncio
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from blastoff_pipecat.demo.question import Question
from blastoff_pipecat.relay.lines import LINES
from tests.bots.caller import HEARD_RATE, calling
from tests.bots.cast import FRANCE, OPENING, ROOM, SKY, UNREACHABLE, Cast
from tests.bots.evals import start_eval
from tests.kit.environment import clean_environment
from tests.kit.served import VOICE_BOT, ServedBot, served

pytestmark = pytest.mark.e2e

GREETING = "what would you like to talk about"


def words(text: str) -> list[str]:
    """A text's words, in lower case."""
    return re.findall(r"[a-z]+", text.lower().replace("'", "").replace("’", ""))


def understood(ear: Any, sound: NDArray[np.int16]) -> list[str]:
    """The words that speech recognition finds in what came out of the loudspeaker."""
    assert HEARD_RATE == 48_000
    whole = sound[: len(sound) // 3 * 3].astype(np.float32).reshape(-1, 3).mean(axis=1)
    segments, _ = ear.transcribe(whole / 32768, language="en", beam_size=5)
    return words(" ".join(segment.text for segment in segments))


def share_heard(said: list[str], heard: list[str]) -> float:
    """The share of words that were heard, in their order."""
    rest = iter(heard)
    return sum(word in rest for word in said) / len(said)


async def test_a_caller_is_greeted_and_hears_both_models(
    voice_bot: ServedBot, scripted: Cast, ear: Any
) -> None:
    """Speech goes in, one reply by two models comes out as speech, and its timeline with it."""
    question = await Question.speak("Why is the sky blue?")
    async with calling(voice_bot.url) as caller:
        greeting = await caller.hears_out()
        caller.microphone.say(question.pcm)
        reply = await caller.reply(1)
        sound = caller.heard[len(greeting) :]

    assert GREETING in " ".join(understood(ear, greeting))
    assert words(caller.transcript) == words("Why is the sky blue?")
    heard = understood(ear, sound)
    assert share_heard(words(OPENING), heard) >= 0.8, heard
    assert share_heard(words(OPENING + SKY), heard) >= 0.8, heard
    assert (reply["opening"], reply["continuation"]) == (OPENING, SKY)
    assert reply["mode"] == "two models"
    times = reply["times"]
    order = ("turn_ended", "opening_text", "opening_heard", "opening_over", "continuation_heard")
    assert [times[name] for name in order] == sorted(times[name] for name in order)
    # The greeting is in the context that both models see.
    asked = scripted.endpoint.requests_for("large")[-1].body["messages"]
    assert GREETING in " ".join(words(str(asked[1]["content"])))
    assert caller.told("blastoff-mode") == [{"type": "blastoff-mode", "opening": "auto"}]


async def test_the_switch_lets_the_large_model_speak_alone(
    voice_bot: ServedBot, scripted: Cast
) -> None:
    """Switched over, the small model is not even asked; switched back, it opens replies again."""
    async with calling(voice_bot.url) as caller:
        caller.switch("never")
        await caller.until(lambda: caller.mode == "never")
        small = len(scripted.endpoint.requests_for("small"))
        caller.type("What is the capital of France?")
        alone = await caller.reply(1)
        assert len(scripted.endpoint.requests_for("small")) == small

        caller.switch("auto")
        await caller.until(lambda: caller.mode == "auto")
        caller.type("And why is the sky blue?")
        both = await caller.reply(2)

        caller.switch("sometimes")
        await caller.until(lambda: caller.of("error-response"))

    assert (alone["mode"], alone["opening"]) == ("large alone", "")
    assert alone["continuation"].strip() == FRANCE
    assert (both["mode"], both["opening"]) == ("two models", OPENING)
    assert caller.mode == "auto"


async def test_the_weather_is_looked_up_and_its_loss_is_said(
    voice_bot: ServedBot, scripted: Cast
) -> None:
    """The large model's call is made and its result spoken; a failure is spoken too."""
    async with calling(voice_bot.url) as caller:
        caller.type("What is the weather in Paris?")
        await caller.until(lambda: "In Paris, France there is rain now." in caller.bot_said)
        caller.type(f"And what is the weather in {UNREACHABLE}?")
        await caller.until(lambda: "cannot be reached just now" in caller.bot_said)

    assert set(scripted.places) == {"Paris", UNREACHABLE}


async def test_a_caller_who_leaves_in_mid_reply_leaves_nothing_behind(
    voice_bot: ServedBot, scripted: Cast
) -> None:
    """The session ends, its requests are closed, and the next caller is answered."""
    ended = voice_bot.said().count("finished running")
    async with calling(voice_bot.url) as caller:
        caller.type("Tell me a long story.")
        await caller.until(lambda: caller.told("blastoff-timeline"))
        await caller.until(lambda: caller.sounds())

    await _until(lambda: voice_bot.said().count("finished running") > ended)
    await _until(lambda: scripted.endpoint.open_connections == 0)
    assert "Traceback" not in voice_bot.said()
    assert "angling" not in voice_bot.said()  # Pipecat's word for tasks that were left running


@pytest.mark.skipif(importlib.util.find_spec("daily") is None, reason="Daily is not installed")
async def test_a_daily_room_is_made_and_entered_by_the_same_bot(
    scripted: Cast, tmp_path: Path
) -> None:
    """Asked for a Daily room, the runner makes one and the bot sets out to join it.

    No room can be reached from here: what comes after is not tested.
    """
    with served(tmp_path, scripted.environment) as bot:
        async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as http:
            asked = {"transport": "daily", "createDailyRoom": True}
            started = (await http.post("/start", json=asked)).raise_for_status().json()
        await _until(lambda: f"Joining {ROOM}" in bot.said())
        bot.process.kill()  # Daily's library goes on trying for a while, and cannot be told to stop
        bot.process.wait()

    assert started["dailyRoom"] == ROOM
    assert "Traceback" not in bot.said()


async def test_the_embedded_models_answer_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """With nothing configured `pipecat eval` gets its answer, and beside it a caller is answered.

    Ctrl-C in mid-reply ends the call, the bot, and both models.
    """
    with served(tmp_path, {}) as bot:
        children = _children(bot.process.pid)
        scenario = start_eval(bot, ["question"], tmp_path / "eval")
        async with calling(bot.url) as caller:
            evaluated = (await asyncio.to_thread(scenario.communicate))[0]
            caller.type("Tell me a long story about a cat.")
            await caller.until(lambda: caller.told("blastoff-timeline"))
            await caller.until(lambda: caller.told("blastoff-timeline")[-1]["continuation"])
            await caller.until(lambda: caller.sounds())
            reply = caller.told("blastoff-timeline")[-1]
            status = bot.stop(signal.SIGINT)
            await caller.until(lambda: caller.hung_up)

    assert "1/1 passed" in evaluated, evaluated
    lines = LINES["en"].sentences + LINES["en"].waiting
    opening = reply["opening"]  # a fast computer's answer comes at once, and has none
    assert not opening or [line for line in lines if opening.startswith(line)], reply
    assert status == 0
    assert len(children) == 2
    assert not set(children) & {int(name) for name in os.listdir("/proc") if name.isdigit()}
    said = bot.said()
    assert "smollm2-135m and qwen2.5-coder-1.5b on this computer" in said
    assert "Whisper tiny.en and Hibari on this computer" in said
    assert "Traceback" not in said


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    """Half the keys, a taken port: one clear message, no server, no model loaded for nothing."""
    key = "dg-0123456789abcdef"
    (with_half := tmp_path / "half").mkdir()
    (with_half / ".env").write_text(f"DEEPGRAM_API_KEY={key}")
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        half = _start(with_half, "--port", "0")
        taken = _start(tmp_path, "--host", "127.0.0.1", "--port", str(port))
        half_said, taken_said = half.communicate()[0], taken.communicate()[0]

    assert (half.returncode, taken.returncode) == (1, 1)
    assert "CARTESIA_API_KEY is missing, and DEEPGRAM_API_KEY is set: set both" in half_said
    assert key not in half_said
    assert f"Port {port} of 127.0.0.1 is taken." in taken_said
    assert f"--port {port + 1}" in taken_said
    for said in (half_said, taken_said):
        assert "Traceback" not in said
        assert "Loading" not in said
        assert "Bot ready" not in said


async def _until(condition: Any, within: float = 15.0) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _start(folder: Path, *flags: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(VOICE_BOT), *flags],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
