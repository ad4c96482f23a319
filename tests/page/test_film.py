"""The page filmed in a conversation in which the bot is interrupted, with real speech."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.bots.cast import FRANCE, cast
from tests.kit.environment import clean_environment
from tests.kit.served import VOICE_BOT
from tests.page.browser import Visit
from tests.page.filmed import VIEW, connect, converse, spoken
from tests.page.mouth import FLAGS, Mouth
from tests.page.server import BotServer

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotServer]:
    """The voice bot with the embedded speech and scripted models."""
    pytest.importorskip("aiortc", reason="needs pipecat-ai[webrtc]")
    folder = tmp_path_factory.mktemp("bot")
    with cast() as scripted:
        server = BotServer(VOICE_BOT, folder, clean_environment(scripted.environment))
        try:
            server.start(within=120.0)
            yield server
        finally:
            server.stop()


def test_a_conversation_with_an_interruption_is_filmed(
    bot: BotServer, launch: Callable[..., Any], tmp_path: Path
) -> None:
    """Who interrupts is answered; the film shows the page before, between and after."""
    story, france = spoken(["Tell me a story.", "What is the capital of France?"])
    context = launch(*FLAGS).new_context(viewport=VIEW, permissions=["microphone"])
    try:
        page = context.new_page()
        mouth, visit = Mouth(page), Visit(page, bot.url)
        connect(visit.open())
        film = converse(visit, mouth, story, france)
        visit.expect("#turns").to_contain_text(FRANCE)
        assert page.locator("#turns > .turn-reply").first.inner_text().endswith("interrupted")
        assert visit.errors == []
    finally:
        context.close()
    film.write(tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as picture:
        assert picture.size == (VIEW["width"], VIEW["height"])
        lengths, pictures = [], list[Any]()
        for frame in range(picture.n_frames):
            picture.seek(frame)
            pictures.append(np.asarray(picture.convert("L"), np.int16))
            lengths.append(picture.info["duration"])
    assert sum(lengths) / 1000 == pytest.approx(film.secs, abs=0.5)
    assert len(pictures) > 10
    changed = [np.mean(np.abs(one - pictures[0]) > 30) for one in pictures]
    assert changed[-1] > 0.01, "words and timelines have come"
