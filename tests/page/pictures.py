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
from tests.kit.environment import clean_environment
from tests.kit.served import VOICE_BOT
from tests.page.browser import Visit, chromium
from tests.page.filmed import ANSWERED_SECS, VIEW, answer_whole, connect, converse, spoken
from tests.page.mouth import FLAGS, Mouth
from tests.page.server import BotServer

FOLDER = Path(page_room.__file__).parent
SCHEMES = ("light", "dark")
QUESTIONS = (
    "Why is the sky blue?",
    "What is a black hole?",
    "How far away is the moon?",
    "Why do cats purr?",
)
"""What is asked before the film, in it, what interrupts the answer, and the large model alone."""

STILL = {"width": 1280, "height": 840}
MOST_SECS = 12.0
"""How long a film may be: whoever looks at a page does not wait."""

READY_SECS = 600.0


def main() -> int:
    """Write the pictures; return 1 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m tests.page.pictures", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where (the page's)")
    folder: Path = parser.parse_args().folder
    asked = spoken(QUESTIONS)
    with tempfile.TemporaryDirectory() as scratch:
        server = BotServer(VOICE_BOT, Path(scratch), clean_environment())
        server.start(within=READY_SECS)
        try:
            with chromium() as launch:
                for scheme in SCHEMES:
                    _picture(launch, server, scheme, asked, folder)
        except pytest.skip.Exception as missing:
            print(missing)
            return 1
        finally:
            server.stop()
    return 0


def _picture(
    launch: Callable[..., Any],
    server: BotServer,
    scheme: str,
    asked: Sequence[Question],
    folder: Path,
) -> None:
    """Hold one conversation, and write its film and a still."""
    context = launch(*FLAGS).new_context(
        viewport=VIEW, permissions=["microphone"], color_scheme=scheme
    )
    page = context.new_page()
    mouth, visit = Mouth(page), Visit(page, server.url)
    connect(visit.open())
    mouth.say(asked[0])
    answer_whole(page, 1)
    film = converse(visit, mouth, *asked[1:3], most_secs=MOST_SECS - ANSWERED_SECS)
    answer_whole(page, 3)
    page.get_by_role("radio", name="Large alone").check()
    mouth.say(asked[3])
    answer_whole(page, 4)
    page.set_viewport_size(STILL)
    page.screenshot(path=folder / f"screenshot-{scheme}.png", animations="disabled")
    context.close()
    film.write(folder / f"conversation-{scheme}.webp")
    print(f"{scheme}: a film of {film.secs:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
