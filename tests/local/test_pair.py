"""Where a call finds its two models."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.environment import MisconfiguredEnvironment, Variables
from blastoff_pipecat.local.pair import call_models
from blastoff_pipecat.service.settings import complete_settings
from tests.kit.environment import clear_environment

SHARED = ChatEndpoint(base_url="http://127.0.0.1:1/v1", model="shared", choice="grammar")


@pytest.fixture(autouse=True)
def parent_that_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clear_environment(monkeypatch)
    shared = {"small": asdict(SHARED), "large": asdict(SHARED)}
    monkeypatch.setenv(Variables.BLASTOFF_EMBEDDED_MODELS.name, json.dumps(shared))


async def test_a_call_uses_the_models_that_its_process_shares() -> None:
    """Where the environment names none, no call runs models of its own beside the shared ones."""
    async with call_models() as models:
        assert (models.small, models.large) == (SHARED, SHARED)
        assert models.embedded


async def test_a_bot_and_a_server_on_the_embedded_models_reply_alike() -> None:
    """A bot's settings say what a server's policy says, but for what the bot's owner has set."""
    async with call_models() as models:
        settings = complete_settings("large", models.settings())
        assert settings.policy() == models.policy()
        assert settings.sampling() == models.sampling()
        own = models.settings(DualLLMService.Settings(style="answer", max_tokens=7))
    assert own.policy() == replace(models.policy(), style="answer")
    assert own.max_tokens == 7


async def test_the_environments_models_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that the environment names are used, whatever is shared."""
    for role in ("SMALL", "LARGE"):
        monkeypatch.setenv(f"{role}_MODEL_URL", "http://127.0.0.1:2/v1")
        monkeypatch.setenv(f"{role}_MODEL_NAME", role.lower())

    async with call_models() as models:
        assert (models.small.model, models.large.model) == ("small", "large")
        assert not models.embedded


async def test_a_malformed_environment_is_not_papered_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-configured environment is an error, not a reason to use other models."""
    monkeypatch.setenv("LARGE_MODEL_URL", "http://127.0.0.1:2/v1")

    with pytest.raises(MisconfiguredEnvironment, match="LARGE_MODEL_NAME"):
        async with call_models():
            pass
