"""The demo with its real models: heard by a speech recogniser, measured in its recordings."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from pipecat.frames.frames import LLMUpdateSettingsFrame
from rich.console import Console

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.demo.call import Turn
from blastoff_pipecat.demo.recording import Recordings
from blastoff_pipecat.demo.run import run
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.pair import SYSTEM_INSTRUCTION, PairOfModels, warm_up
from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.weights.store import ModelStore
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.service.settings import DualLLMSettings
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.kit.word_errors import word_errors

pytestmark = pytest.mark.e2e

PATIENCE_SECS = 60.0
"""How long a reply of the embedded models may take on a busy computer."""

AUDIBLE = 300
"""Of 32768: quieter samples are silence to a listener."""

LINES_SAID = LINES["en"].sentences + LINES["en"].waiting
"""What the embedded models say before an answer."""

LABEL = re.compile(r"(?i)\b(?:assistant|user|system)\s*:|</?think>|<\|")


@pytest.fixture(autouse=True)
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is named by the environment that the tests run in."""
    _forget_models(monkeypatch)


def _forget_models(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SMALL_MODEL", "LARGE_MODEL")):
            monkeypatch.delenv(name)


# The spoken demo.


@dataclass(frozen=True)
class Demo:
    """One run of the demo."""

    both: Turn
    alone: Turn
    recordings: Recordings
    shown: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo as `blastoff demo` runs it, once for this file."""
    folder = tmp_path_factory.mktemp("demo")
    recordings, shown = Recordings(folder / "reply.wav"), io.StringIO()
    console = Console(file=shown, width=400)
    with pytest.MonkeyPatch.context() as monkeypatch:
        _forget_models(monkeypatch)
        monkeypatch.chdir(folder)
        both, alone = asyncio.run(run(None, recordings, console))
    return Demo(both, alone, recordings, shown.getvalue())


@pytest.fixture(scope="module")
def ear() -> Any:
    """A speech recogniser that has nothing to do with the pipeline."""
    return WhisperModel(str(ModelStore().fetch(WHISPER_TINY_EN)), device="cpu", compute_type="int8")


def _samples(path: Path) -> tuple[NDArray[np.int16], int]:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def _heard(ear: Any, path: Path) -> list[str]:
    samples, rate = _samples(path)
    at = np.arange(0, len(samples), rate / 16000)
    audio = np.interp(at, np.arange(len(samples)), samples / 32768).astype(np.float32)
    segments, _ = ear.transcribe(audio, language="en", beam_size=5)
    return _words(" ".join(segment.text for segment in segments))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("’", ""))


def test_a_listener_hears_opening_and_continuation_as_one_reply(demo: Demo, ear: Any) -> None:
    """Every word once and in order: first the opening's, then the continuation's."""
    reply = demo.both.reply
    opening, continuation = _words(reply.opening), _words(reply.continuation)
    assert reply.opening
    assert _opening_of(reply.opening) == reply.opening
    assert len(continuation) >= 3
    heard = _heard(ear, demo.recordings.both)
    assert word_errors(opening + continuation, heard) <= 0.15 * len(opening + continuation), heard
    assert word_errors(opening, heard[: len(opening)]) <= 2


def test_the_large_model_alone_is_heard_whole(demo: Demo, ear: Any) -> None:
    """What the reply by two models is compared with is a real reply."""
    reply = demo.alone.reply
    assert reply.opening == ""
    said = _words(reply.continuation)
    assert len(said) >= 3
    assert word_errors(said, _heard(ear, demo.recordings.alone)) <= max(1, 0.15 * len(said))


def test_the_context_holds_the_reply_as_it_was_said(demo: Demo) -> None:
    """One assistant message, spaced as the reply was."""
    for turn in (demo.both, demo.alone):
        assert [text.strip() for text in turn.remembered] == [turn.reply.text.strip()]
    assert demo.both.reply.continuation.startswith(" ")


def test_the_question_was_understood(demo: Demo) -> None:
    """Both models answered what was asked."""
    for turn in (demo.both, demo.alone):
        assert _words(turn.heard) == ["why", "is", "the", "sky", "blue"]
        assert turn.errors == ()


def test_the_opening_is_heard_before_the_large_model_can_say_a_word(demo: Demo) -> None:
    """The times are in the order of cause and effect."""
    both, alone = (turn.reply.told["times"] for turn in (demo.both, demo.alone))
    order = "turn_ended", "opening_text", "opening_heard", "continuation_text", "continuation_heard"
    times = [0.0, *(both[name] for name in order), both["over"]]
    assert times == sorted(times)
    assert both["opening_over"] <= both["continuation_heard"]
    assert alone["opening_heard"] is None
    waits = [each["turn_ended"] for each in (both, alone)]
    first_heard = both["opening_heard"], alone["continuation_heard"]
    assert first_heard[0] - waits[0] < first_heard[1] - waits[1]


def test_the_gap_that_is_told_is_the_silence_in_the_recording(demo: Demo) -> None:
    """Measured in the WAV file, where the opening ends and the continuation begins."""
    told, recording = demo.both.reply.told, demo.both.reply.recording
    samples, rate = _samples(demo.recordings.both)
    assert rate == recording.sample_rate
    assert recording.started is not None
    times = told["times"]
    overs = [times["opening_over"], *(line["over"] for line in told["waiting_lines"])]
    middle = (overs[-1] + times["continuation_heard"]) / 2
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE) / rate + recording.started
    before, after = loud[loud < middle][-1], loud[loud > middle][0]
    assert after - before == pytest.approx(told["gap"], abs=0.005)
    assert loud[0] == pytest.approx(times["opening_heard"], abs=0.005)
    assert loud[-1] == pytest.approx(times["over"], abs=0.005)


def test_what_is_shown_is_what_was_measured(demo: Demo) -> None:
    """Transcript, figures and file names stand in the demo's output."""
    shown, reply = " ".join(demo.shown.split()), demo.both.reply  # however long a reply: unwrapped
    assert " ".join(f"Bot {reply.text}".split()) in shown
    assert " ".join(f"(alone) {demo.alone.reply.text}".split()) in shown
    assert re.search(rf"gap at the seam \(silence\) +{reply.told['gap']:.2f} +–", shown)
    assert str(demo.recordings.both) in shown
    assert str(demo.recordings.alone) in shown
    assert "127.0.0.1" in shown


# Everyday questions, without sound.


@pytest.fixture(scope="module")
def models() -> Iterator[PairOfModels]:
    """Both embedded models, loaded and warmed once for this file."""
    running = EmbeddedModels()
    asyncio.run(running.start())
    found = PairOfModels(running.small, running.large, embedded=True)
    asyncio.run(warm_up(found, found.policy()))
    yield found
    asyncio.run(running.stop())


def _service(models: PairOfModels, **changes: Any) -> DualLLMService:
    own = {"opening": "always", "temperature": 0.0, "max_tokens": 60, **changes}
    settings = models.settings(DualLLMSettings(system_instruction=SYSTEM_INSTRUCTION, **own))
    return DualLLMService(small=models.small, large=models.large, settings=settings)


async def test_everyday_questions_get_one_fluent_reply_each(models: PairOfModels) -> None:
    """Approved lines, others each turn, and a sentence of the large model's own behind them."""
    questions = "What is the capital of France?", "Tell me a joke.", "How do I make good tea?"
    async with talking_to(_service(models), tts=False) as bot:
        for count, question in enumerate(questions, 1):
            await bot.ask(question)
            await bot.until(lambda count=count: len(bot.reports) == count, within=PATIENCE_SECS)
            await bot.until(lambda count=count: len(bot.assistant_messages) == count)
    openings = [_opening_of(text) for text in bot.assistant_messages]
    assert sum(map(bool, openings)) >= 2, "the small model may decline, and hardly ever does here"
    assert all(one != other or not one for one, other in pairwise(openings))
    for text, opening, report in zip(bot.assistant_messages, openings, bot.reports, strict=True):
        answer = text.removeprefix(opening)
        assert report.outcome == ("relayed" if opening else "large_only")
        assert report.opening_chars == len(opening)
        assert re.match(r" ?[A-Z]", answer), text
        assert len(_words(answer)) >= 3
        assert not LABEL.search(text)
    assert "Paris" in bot.assistant_messages[0]
    assert bot.errors == []


async def test_the_large_model_takes_no_opening_up(models: PairOfModels) -> None:
    """Also alone, after replies with openings, it begins with its answer."""
    said = [
        {"role": role, "content": text}
        for pair in (
            ("Why is the sky blue?", "Let me think. Air scatters blue light most."),
            ("Who wrote Hamlet?", "One moment. Still looking. William Shakespeare wrote it."),
            ("How do vaccines work?", "Let me see. They train the immune system."),
        )
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    service = _service(models, max_tokens=20)
    async with talking_to(service, tts=False, messages=said) as bot:
        await bot.ask("What is a black hole?")
        await bot.until(lambda: len(bot.reports) == 1, within=PATIENCE_SECS)
        alone = LLMUpdateSettingsFrame(delta=DualLLMService.Settings(opening="never"))
        await bot.worker.queue_frame(alone)
        await bot.ask("Why do cats purr?")
        await bot.until(lambda: len(bot.reports) == 2, within=PATIENCE_SECS)
        await bot.until(lambda: len(bot.assistant_messages) == 5)
    both, by_large = bot.assistant_messages[-2:]
    assert not _opening_of(both.removeprefix(_opening_of(both)).strip())
    assert not _opening_of(by_large)


def _opening_of(text: str) -> str:
    """The approved lines that a text begins with."""
    found = ""
    while line := next((x for x in LINES_SAID if text[len(found) :].lstrip().startswith(x)), ""):
        found = text[: text.index(line, len(found)) + len(line)]
    return found


@pytest.mark.parametrize("style", ["acknowledge", "answer"])
async def test_every_style_gives_whole_replies(models: PairOfModels, style: str) -> None:
    """Also where the tiny model writes: nothing is said twice, and no label is spoken."""
    service = _service(models, style=style, openings=None, small_temperature=0.0)
    async with talking_to(service, tts=False) as bot:
        await bot.ask("How do I make a good cup of tea?")
        await bot.until(lambda: len(bot.reports) == 1, within=PATIENCE_SECS)
        await bot.until(lambda: len(bot.assistant_messages) == 1)
    for text, report in zip(bot.assistant_messages, bot.reports, strict=True):
        assert report.outcome in ("relayed", "large_only", "small_only")
        assert len(text) == report.opening_chars + report.continuation_chars
        assert len(_words(text)) >= 5
        assert not LABEL.search(text)
        opening = _words(text[: report.opening_chars])
        if len(opening) > 2:
            rest = " ".join(_words(text[report.opening_chars :]))
            assert not rest.startswith(" ".join(opening))
    assert bot.errors == []


# The command.


async def test_a_wrong_key_is_one_message_and_no_key_is_shown(tmp_path: Path) -> None:
    """Both models refuse; the command says so, quietly, and writes no recording."""
    key = "sk-of-somebody-else-1234567890"
    async with ScriptedEndpoint() as server:
        for model in ("small", "large"):
            server.play(model, Script("", fault=Fault.STATUS_401))
        named = {
            f"{role}_MODEL_{what}": value
            for role, model in (("SMALL", "small"), ("LARGE", "large"))
            for what, value in (("URL", server.url), ("NAME", model), ("API_KEY", key))
        }
        command = await asyncio.create_subprocess_exec(
            *_COMMAND,
            cwd=tmp_path,
            env={**os.environ, **named},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = (text.decode() for text in await command.communicate())
    assert command.returncode == 1
    assert "large model" in err
    assert "401" in err
    assert err.count("The bot could not answer") == 1
    assert "Traceback" not in err
    assert key not in out + err
    assert os.listdir(tmp_path) == []


def test_ctrl_c_ends_the_command_and_its_models(tmp_path: Path) -> None:
    """Without a traceback, and no process of the group is left."""
    command = subprocess.Popen(
        _COMMAND,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What runs in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert command.stdout is not None
    for line in command.stdout:
        if line.startswith("Models"):
            break
    os.killpg(command.pid, signal.SIGINT)
    out, err = command.communicate(timeout=30)
    assert command.returncode == 130
    assert (out.splitlines()[-1], err) == ("Stopped.", "")
    with pytest.raises(ProcessLookupError):
        os.killpg(command.pid, 0)
    assert os.listdir(tmp_path) == []


_COMMAND = (sys.executable, "-P", "-m", "blastoff_pipecat", "demo", "--headless")
