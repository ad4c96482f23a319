"""`make pictures`: the README's pictures of the page, from conversations with the embedded models.

In each colour scheme a film of a conversation with an interruption, and a still picture at its end.
It needs both cores of a small computer for about three minutes, and the embedded models' weights.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from blastoff_pipecat import page as page_room
from blastoff_pipecat.demo.question import Question
from tests.kit.served import VOICE_BOT, clean_environment
from tests.page.browser import Visit, chromium
from tests.page.filmed import VIEW, answer_whole, connect, converse, spoken
from tests.page.mouth import FLAGS, Mouth
from tests.page.server import BotServer

FOLDER = Path(page_room.__file__).parent
SCHEMES = ("light", "dark")
QUESTIONS = ("Why is the sky blue?", "What is a black hole?", "Why do cats purr?")
"""What is asked, what interrupts the answer, and what the large model is asked alone."""

STILL = {"width": 1280, "height": 860}
MOST_SECS = 12.0
"""How long a film may be: whoever looks at a page does not wait."""

READY_SECS = 600.0


def main() -> int:
    """Write the pictures; return 1 where a film has become too long."""
    parser = argparse.ArgumentParser(prog="python -m tests.page.pictures", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where (the page's)")
    folder: Path = parser.parse_args().folder
    asked = spoken(QUESTIONS)
    with tempfile.TemporaryDirectory() as scratch:
        server = BotServer(VOICE_BOT, Path(scratch), clean_environment())
        server.start(within=READY_SECS)
        try:
            with chromium() as launch:
                lengths = [_picture(launch, server, scheme, asked, folder) for scheme in SCHEMES]
        except pytest.skip.Exception as missing:
            print(missing)
            return 1
        finally:
            server.stop()
    return int(max(lengths) > MOST_SECS)


def _picture(
    launch: Callable[..., Any],
    server: BotServer,
    scheme: str,
    asked: Sequence[Question],
    folder: Path,
) -> float:
    """Hold one conversation, and write its film and a still; return the film's length (seconds)."""
    context = launch(*FLAGS).new_context(
        viewport=VIEW, permissions=["microphone"], color_scheme=scheme
    )
    page = context.new_page()
    mouth, visit = Mouth(page), Visit(page, server.url)
    connect(visit.open())
    film = converse(visit, mouth, *asked[:2])
    answer_whole(page)
    page.get_by_role("radio", name="Large alone").check()
    mouth.say(asked[2])
    answer_whole(page, 3)
    page.set_viewport_size(STILL)
    page.screenshot(path=folder / f"screenshot-{scheme}.png", animations="disabled")
    context.close()
    film.write(folder / f"conversation-{scheme}.webp")
    print(f"{scheme}: {film.secs:.1f} s")
    return film.secs


if __name__ == "__main__":
    sys.exit(main())
