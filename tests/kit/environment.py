"""The environment of a test: this process's, without what would lead a program elsewhere."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from blastoff_pipecat.environment.variables import VARIABLES
from tests.kit.ports import closed_port

_OURS = {name for each in VARIABLES for name in (each.name, each.older) if name}
_WEIGHTS = {"BLASTOFF_MODELS_DIR"}  # where a bot of a test finds what it answers with
_PIPECATS = ("PIPECAT_", "DAILY_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def clean_environment(more: Mapping[str, str] = {}) -> dict[str, str]:
    """This process's environment without what would lead a bot elsewhere, and with `more`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _OURS - _WEIGHTS and not name.startswith(_PIPECATS)
    }
    return {**kept, "NO_PROXY": "*", "CI": "1", **more}


def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset in this process what we read, and what names a proxy."""
    for name in os.environ.keys() & _OURS:
        monkeypatch.delenv(name)
    for name in _PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def leave_the_world(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have neither settings nor models of the user's, nor a hub, nor a registry."""
    clear_environment(monkeypatch)
    for name in list(os.environ):
        if name.startswith(("PIP_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("HF_ENDPOINT", closed_port())
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache-home"))
