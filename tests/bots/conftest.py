from collections.abc import Iterator
from typing import Any

import pytest
from faster_whisper import WhisperModel

from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN
from blastoff_pipecat.local.weights.store import ModelStore
from tests.bots.cast import Cast, cast
from tests.kit.served import ServedBot, served


@pytest.fixture(scope="package")
def scripted() -> Iterator[Cast]:
    """Scripted models and a weather service, for all tests of this folder."""
    with cast() as running:
        yield running


@pytest.fixture(scope="package")
def voice_bot(scripted: Cast, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBot]:
    """One voice bot on scripted models, which answers all callers of this folder."""
    with served(tmp_path_factory.mktemp("voice"), scripted.environment) as running:
        yield running


@pytest.fixture(scope="package")
def ear() -> Any:
    """A speech recogniser that has nothing to do with a bot's pipeline."""
    return WhisperModel(str(ModelStore().fetch(WHISPER_TINY_EN)), device="cpu", compute_type="int8")
