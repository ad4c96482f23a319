"""Keeps these tests away from the user's own models, registry and network, unless marked e2e."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.environment import leave_the_world
from tests.local.sources import Hub, serving


@pytest.fixture(autouse=True)
def no_world(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No folder of the user's, no hub, and a registry that is an empty folder."""
    if request.node.get_closest_marker("e2e"):
        return
    leave_the_world(monkeypatch, tmp_path)
    wheelhouse = tmp_path / "wheelhouse"
    wheelhouse.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheelhouse))


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    """The folder that pip finds wheels in."""
    return tmp_path / "wheelhouse"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache of models, still empty."""
    return tmp_path / "cache"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A loopback hub that has nothing yet."""
    with serving(Hub({})) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running
