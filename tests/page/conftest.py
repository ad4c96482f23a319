"""What the page's tests share: its build tools, a browser, and a bot without models."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blastoff_pipecat import page
from tests.kit.microphone import FAKE_MICROPHONE
from tests.page.browser import Visit, chromium
from tests.page.server import BotServer

WEB = Path(page.__file__).parent / "web"

NO_REGISTRY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ERR_SOCKET")
"""What npm says where the package registry cannot be reached."""

INSTALL_SECS = 300.0


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the page's sources, with the packages that the lock file names installed."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs Node and npm to rebuild the page")
    copy = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns("node_modules"))
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-progress"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECS,
    )
    if installed.returncode and any(code in installed.stderr for code in NO_REGISTRY):
        pytest.skip(f"needs a package registry to rebuild the page: {installed.stderr[:300]}")
    assert installed.returncode == 0, installed.stderr
    return copy


@pytest.fixture(scope="session")
def axe(web: Path) -> str:
    """The source of axe-core, which judges how accessible a page is."""
    return (web / "node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotServer]:
    """A bot that says nothing unless it is told to, with its page."""
    pytest.importorskip("aiortc", reason="needs pipecat-ai[webrtc]")
    server = BotServer(Path(__file__).parent / "bot.py", tmp_path_factory.mktemp("bot"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Any]]:
    """Starts a browser with the flags that it is given."""
    with chromium() as launch:
        yield launch


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Any]) -> Any:
    """A browser with a microphone that beeps."""
    return launch(FAKE_MICROPHONE)


@pytest.fixture
def visit(browser: Any, bot: BotServer, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A tab on the page whose microphone is granted; parametrize it with a context's options."""
    options = {"permissions": ["microphone"], **getattr(request, "param", {})}
    context = browser.new_context(**options)
    visit = Visit(context.new_page(), bot.url)
    try:
        yield visit.open()
        assert visit.strangers == []
        assert visit.errors == []
    finally:
        context.close()
