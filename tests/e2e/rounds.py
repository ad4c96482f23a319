"""`make rounds`: the demo's page in a headless browser, eight spoken questions in both modes.

It needs both cores of a small computer for about ten minutes, and the embedded models' weights.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from tests.kit.environment import clean_environment
from tests.kit.microphone import listens_to, record
from tests.kit.served import VOICE_BOT
from tests.page.browser import Visit, chromium
from tests.page.server import BotServer

QUESTIONS = (
    "Why is the sky blue?",
    "How do I make a good cup of tea?",
    "What is a black hole?",
    "Why do cats purr?",
    "How do vaccines work?",
    "What is the difference between weather and climate?",
    "Why do we dream?",
    "How does a bicycle stay upright?",
)

MODES = {"two-models": "Two models", "large-alone": "Large alone"}
"""Each mode's name in the page's table, and on its switch."""

ROWS = {"heard": "first sound", "answer": "answer heard", "gap": "longest gap"}

RANKS = "p50", "p95", "n"

BEFORE_SECS = 10.0
READY_SECS = 600.0


def main() -> int:
    """Ask, and print what the page has measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.rounds", description=__doc__)
    parser.add_argument("--questions", type=int, default=len(QUESTIONS), help="in each mode (8)")
    parser.add_argument("--pause", type=float, default=30.0, help="seconds for each answer (30)")
    options = parser.parse_args()
    asked, pause = QUESTIONS[: options.questions], options.pause
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "questions.wav"
        console.print(f"Speaking {len(asked)} questions")
        record(recording, asked, before_secs=BEFORE_SECS, pause_secs=pause)
        server = BotServer(VOICE_BOT, Path(folder), clean_environment())
        console.print("Starting the bot")
        server.start(within=READY_SECS)
        try:
            with chromium() as launch:
                context = launch(*listens_to(recording)).new_context()
                visit = Visit(context.new_page(), server.url).open()
                _ask(visit, len(asked), pause, console)
                console.print(_table(visit))
                console.print(visit.page.locator("#difference").inner_text(), highlight=False)
        except pytest.skip.Exception as missing:
            console.print(str(missing))
            return 1
        finally:
            server.stop()
    return 0


def _ask(visit: Visit, questions: int, pause: float, console: Console) -> None:
    """Have every question answered in each mode; tell each reply as it ends."""
    page = visit.page
    page.get_by_role("button", name="Connect").click()
    page.wait_for_function("() => document.getElementById('voice').srcObject?.active")
    for mode, switch in MODES.items():
        page.get_by_role("radio", name=switch).check()
        for number in range(1, questions + 1):
            page.wait_for_function(
                """([cell, number]) =>
                    Number(document.getElementById(cell).textContent) >= number &&
                    document.querySelector("#replies svg")
                        .getAttribute("aria-label").includes("reply over")""",
                arg=[f"heard-{mode}-n", number],
                timeout=4e3 * (pause + BEFORE_SECS),
            )
            console.print(f"{mode} {number}: {visit.timelines[0]}", highlight=False)


def _table(visit: Visit) -> Table:
    """What the page's own table says of the replies."""
    table = Table("", "", *RANKS)
    for row, told in ROWS.items():
        for mode, name in MODES.items():
            table.add_row(
                told, name, *(_cell(visit.page, f"{row}-{mode}-{rank}") for rank in RANKS)
            )
            told = ""
    return table


def _cell(page: Any, cell: str) -> str:
    return page.locator(f"#{cell}").text_content()


if __name__ == "__main__":
    sys.exit(main())
