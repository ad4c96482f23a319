"""A spoken question to the voice bot's page, heard and answered by the embedded models."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faster_whisper import WhisperModel

from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.weights.store import ModelStore
from tests.kit.environment import clean_environment
from tests.kit.microphone import listens_to, record
from tests.kit.served import VOICE_BOT
from tests.page.browser import Visit
from tests.page.server import BotServer

pytestmark = pytest.mark.e2e

QUESTIONS = ("Why is the sky blue?", "How do I make a good cup of tea?")

BEFORE_SECS, PAUSE_SECS = 10.0, 40.0
"""Silence before the first question, in which the bot greets, and after each, in which it answers.

The microphone plays them over and over: what was asked of a bot that was not ready, or while it was
still answering the question before, is asked again.
"""

READY_SECS = 600.0
"""How long the bot may take to have its models: they may have to be fetched."""

PATIENCE_MS = 240_000
"""How long the page may take to show a whole reply: each question comes round in 95 s."""

RECORDER = """() => {
    const recorder = new MediaRecorder(document.getElementById("voice").srcObject);
    const pieces = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.start();
    window.stopRecording = () => new Promise((resolve) => {
        recorder.onstop = () => {
            const reader = new FileReader();
            reader.onload = () => resolve(reader.result.split(",")[1]);
            reader.readAsDataURL(new Blob(pieces));
        };
        recorder.stop();
    });
}"""
"""Records what the page plays; `stopRecording` gives it as base64."""


@dataclass(frozen=True)
class Reply:
    """One reply as the page shows it, and the sound that the browser received meanwhile."""

    opening: str
    continuation: str
    timeline: str
    bars: dict[str, int]
    sound: Path


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording in which the questions are asked, with time to answer them."""
    path = tmp_path_factory.mktemp("microphone") / "questions.wav"
    record(path, QUESTIONS, before_secs=BEFORE_SECS, pause_secs=PAUSE_SECS)
    return path


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotServer]:
    """The voice bot with no key in its environment."""
    pytest.importorskip("aiortc", reason="needs pipecat-ai[webrtc]")
    server = BotServer(VOICE_BOT, tmp_path_factory.mktemp("bot"), clean_environment())
    try:
        server.start(within=READY_SECS)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def visit(microphone: Path, bot: BotServer, launch: Callable[..., Any]) -> Iterator[Visit]:
    """A tab that is in a call, in a browser whose microphone asks the questions."""
    browser = launch(*listens_to(microphone))
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    visit = Visit(context.new_page(), bot.url).open()
    visit.page.get_by_role("button", name="Connect").click()
    visit.page.wait_for_function("() => document.getElementById('voice').srcObject?.active")
    yield visit
    context.close()


@pytest.fixture(scope="module")
def both(visit: Visit, tmp_path_factory: pytest.TempPathFactory) -> Reply:
    """A reply by two models."""
    return _next_reply(visit, tmp_path_factory.mktemp("both") / "sound.webm")


@pytest.fixture(scope="module")
def alone(visit: Visit, both: Reply, tmp_path_factory: pytest.TempPathFactory) -> Reply:
    """The next reply, after the switch was thrown."""
    visit.page.get_by_role("radio", name="Large alone").check()
    return _next_reply(visit, tmp_path_factory.mktemp("alone") / "sound.webm")


def _next_reply(visit: Visit, path: Path) -> Reply:
    page = visit.page
    page.evaluate(RECORDER)
    number = page.locator("#replies svg").count() + 1
    page.wait_for_function(
        """(number) => {
            const drawings = document.querySelectorAll("#replies svg");
            return drawings.length >= number &&
                drawings[0].getAttribute("aria-label").includes("reply over") &&
                document.body.dataset.status === "listening";
        }""",
        arg=number,
        timeout=PATIENCE_MS,
    )
    path.write_bytes(base64.b64decode(page.evaluate("window.stopRecording()")))
    turn = page.locator("#turns > .turn-reply").last
    drawing = page.locator("#replies li").first
    return Reply(
        opening=" ".join(turn.locator(".opening .words").all_text_contents()),
        continuation=" ".join(turn.locator(".continuation .words").all_text_contents()),
        timeline=drawing.locator("svg").get_attribute("aria-label"),
        bars={
            part: drawing.locator(f".bar-{part} path").count()
            for part in ("opening", "continuation")
        },
        sound=path,
    )


@pytest.fixture(scope="module")
def ear() -> Any:
    """A speech recogniser that has nothing to do with the bot's own."""
    return WhisperModel(str(ModelStore().fetch(WHISPER_TINY_EN)), device="cpu", compute_type="int8")


def _heard(ear: Any, sound: Path) -> list[str]:
    segments, _ = ear.transcribe(str(sound), language="en", beam_size=5)
    return _words(" ".join(segment.text for segment in segments))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("’", ""))


def _share_found(said: list[str], heard: list[str]) -> float:
    """The longest common subsequence, as a share of what was said."""
    row = [0] * (len(heard) + 1)
    for word in said:
        left_above = 0
        for j, other in enumerate(heard, 1):
            left_above, row[j] = row[j], max(row[j], row[j - 1], left_above + (word == other))
    return row[-1] / len(said)


def test_the_question_is_understood(visit: Visit, both: Reply) -> None:
    """It went from the microphone to the bot's ear; one of the questions stands there."""
    asked = visit.page.locator("#turns > .turn-user p").first.text_content()
    assert max(_share_found(_words(question), _words(asked)) for question in QUESTIONS) >= 0.7


def test_the_bot_greets_first(visit: Visit, both: Reply) -> None:
    """What no model wrote is in the transcript all the same."""
    assert visit.page.locator("#turns > li").first.text_content().startswith("BotHi!")


def test_what_the_browser_received_is_opening_and_continuation(both: Reply, ear: Any) -> None:
    """In this order, by the words that the page's transcript shows."""
    opening, continuation = _words(both.opening), _words(both.continuation)
    assert len(opening) >= 2
    assert len(continuation) >= 3
    heard = _heard(ear, both.sound)
    assert _share_found(opening, heard) >= 0.6, heard
    assert _share_found(continuation, heard) >= 0.6, heard
    assert _share_found(opening + continuation, heard) >= 0.6, heard


def test_the_timeline_of_two_models_is_drawn(visit: Visit, both: Reply) -> None:
    """Both stretches of speech and the gap between them; and the waits are summed up."""
    assert both.bars == {"opening": 1, "continuation": 1}
    steps = ("opening's text", "opening heard", "answer's text", "answer heard", "over")
    assert all(step in both.timeline for step in steps)
    assert "Longest gap" in both.timeline
    for cell in ("heard-two-models-p50", "answer-two-models-p95", "gap-two-models-p50"):
        assert re.fullmatch(r"\d+\.\d\d s", visit.page.locator(f"#{cell}").inner_text())


def test_the_large_model_alone_is_heard_after_the_switch(
    visit: Visit, alone: Reply, ear: Any
) -> None:
    """Its reply has no opening, and counts in its own mode."""
    assert alone.opening == ""
    assert alone.bars == {"opening": 0, "continuation": 1}
    assert _share_found(_words(alone.continuation), _heard(ear, alone.sound)) >= 0.6
    for mode in ("two-models", "large-alone"):
        assert int(visit.page.locator(f"#heard-{mode}-n").inner_text()) >= 1
    visit.expect("#difference").to_contain_text("With two models the bot is heard")


def test_no_other_host_was_asked_for_anything(visit: Visit, alone: Reply) -> None:
    """In the whole call; and nothing went wrong in the page."""
    assert len(visit.requests) >= 5
    assert visit.strangers == []
    assert visit.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_conversation_can_be_looked_at(
    visit: Visit, alone: Reply, scheme: str, tmp_path: Path
) -> None:
    """A picture of it, for people."""
    visit.page.emulate_media(color_scheme=scheme)
    picture = tmp_path / f"screenshot-{scheme}.png"
    visit.page.screenshot(path=picture, animations="disabled")
    assert picture.stat().st_size > 10_000
