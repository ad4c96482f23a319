"""A headless Chromium, driven by Playwright, that talks to nobody but the page's own server."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A host that is not localhost, and so no secure context, on this computer all the same.
    "--host-resolver-rules=MAP elsewhere.test 127.0.0.1",
)
PATIENCE_MS = 30_000
"""How long the page may take to show what it must, on a busy computer."""


@contextmanager
def chromium() -> Iterator[Callable[..., Any]]:
    """A function that starts a browser with further flags; skips the test where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Python's playwright")
    found = [path for name in ("chromium", "google-chrome") if (path := shutil.which(name))]
    if not found:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as running, ExitStack() as browsers:

        def launch(*flags: str) -> Any:
            browser = running.chromium.launch(executable_path=found[0], args=[*FLAGS, *flags])
            return browsers.enter_context(closing(browser))

        yield launch


class Visit:
    """One tab on the page, with all that it asked for and all that went wrong in it."""

    def __init__(self, page: Any, url: str):
        self.page, self._url = page, url
        self.requests: list[str] = []
        self._own_hosts: set[str] = set()
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note_console)

    def _note_console(self, message: Any) -> None:
        # A server that is gone is a failed request, which is what some tests are about.
        gone = ("ERR_CONNECTION", "Failed to fetch")
        if message.type == "error" and not any(sign in message.text for sign in gone):
            self.errors.append(message.text)

    def open(self, host: str | None = None) -> "Visit":
        """Load the page."""
        url = self._url.replace("localhost", host) if host else self._url
        self._own_hosts.add(urlsplit(url).netloc)
        self.page.goto(url)
        return self

    def hear(self, *messages: dict[str, Any]) -> None:
        """Give the page messages, as its client does when a bot sends them."""
        self.page.evaluate(
            """async (messages) => {
                const { hear } = await import("/blastoff/page.js");
                messages.forEach((message) => hear(message));
            }""",
            list(messages),
        )

    def expect(self, selector: str) -> Any:
        """What must hold of an element, sooner or later."""
        from playwright.sync_api import expect

        expect.set_options(timeout=PATIENCE_MS)
        return expect(self.page.locator(selector))

    def expect_status(self, name: str) -> None:
        """Wait until the call is in this state."""
        self.expect("body").to_have_attribute("data-status", name)

    @property
    def strangers(self) -> list[str]:
        """The requests that went to another host than the page came from."""
        hosts = {url: urlsplit(url).netloc for url in self.requests}
        return [url for url in self.requests if hosts[url] and hosts[url] not in self._own_hosts]

    @property
    def turns(self) -> list[str]:
        """The transcript's turns, as a sighted reader has them."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll("#turns > li")].map((turn) => {
                const seen = turn.cloneNode(true);
                seen.querySelectorAll(".sr-only").forEach((hidden) => hidden.remove());
                return [...seen.children].map((part) => part.textContent).join(": ");
            })"""
        )

    @property
    def timelines(self) -> list[str]:
        """The timelines as those have them who do not see them, newest first."""
        drawings = self.page.locator("#replies svg")
        return [drawing.get_attribute("aria-label") for drawing in drawings.all()]
