"""A conversation with the voice bot's page that is filmed: a question, and an interruption."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from blastoff_pipecat.demo.question import Question
from tests.page.browser import Visit
from tests.page.film import Film
from tests.page.mouth import Mouth

VIEW = {"width": 1000, "height": 860}
"""How large the page is filmed, in pixels: two columns, and the newest timeline whole."""

ANSWERED_SECS = 0.8
"""How long an answer is heard before it is interrupted, or the film ends."""

PATIENCE_MS = 120_000
LISTENING = 'body[data-status="listening"]'


def spoken(texts: Sequence[str]) -> list[Question]:
    """Have the local voice speak questions; in a thread, since Playwright's loop is in this one."""

    async def speak() -> list[Question]:
        return [await Question.speak(text) for text in texts]

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, speak()).result()


def connect(visit: Visit) -> None:
    """Call the bot, and hear its greeting out."""
    visit.page.get_by_role("button", name="Connect").click()
    visit.page.wait_for_selector("#turns > li", timeout=PATIENCE_MS)
    visit.page.wait_for_selector(LISTENING, timeout=PATIENCE_MS)


def converse(
    visit: Visit, mouth: Mouth, first: Question, second: Question, most_secs: float | None = None
) -> Film:
    """Ask, interrupt the answer with another question, and hear the beginning of its answer.

    Args:
        visit: The tab, in a call.
        mouth: Its microphone.
        first: What is asked.
        second: What interrupts the answer.
        most_secs: When the film ends at the latest, wherever the conversation is then.
    """
    page = visit.page
    before = page.locator("#replies svg").count()
    film = Film(page)
    mouth.say(first)
    _until_answered(page, before + 1)
    page.wait_for_timeout(1000 * ANSWERED_SECS)
    mouth.say(second)
    left = None if most_secs is None else most_secs - film.secs
    if _until_answered(page, before + 2, left):
        page.wait_for_timeout(1000 * ANSWERED_SECS)
    film.end()
    visit.expect(f"#turns > .turn-reply >> nth={before}").to_contain_text("interrupted")
    return film


def answer_whole(page: Any, number: int) -> None:
    """Wait until the newest reply, of at least that many, has been heard to its end."""
    _until_told(page, number, "reply over", PATIENCE_MS)
    page.wait_for_selector(LISTENING, timeout=PATIENCE_MS)


def _until_told(page: Any, number: int, what: str, timeout_ms: float) -> None:
    """Wait until the drawing of the newest reply, of at least that many, tells of something."""
    page.wait_for_function(
        """([number, what]) => {
            const drawings = document.querySelectorAll("#replies svg");
            return drawings.length >= number &&
                drawings[0].getAttribute("aria-label").includes(what);
        }""",
        arg=[number, what],
        timeout=timeout_ms,
    )


def _until_answered(page: Any, number: int, within: float | None = None) -> bool:
    """Wait until the large model's words are heard in a reply, counted from 1.

    Returns:
        Whether they were, in so many seconds; where none are given, it is an error if they are not.
    """
    from playwright.sync_api import TimeoutError

    try:
        timeout = PATIENCE_MS if within is None else max(1.0, 1000 * within)
        _until_told(page, number, "answer heard", timeout)
    except TimeoutError:
        if within is None:
            raise
        return False
    return True
