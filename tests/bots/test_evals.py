"""The scenarios of bots/evals, run by Pipecat's own command against the real bots."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipecat.evals.scenario import is_scenario_file

from tests.bots.cast import Cast
from tests.bots.evals import SCENARIOS, start_eval
from tests.kit.served import PHONE_BOT, ServedBot, served

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        importlib.util.find_spec("questionary") is None, reason="pipecat eval needs questionary"
    ),
]

PLANS = {
    "voice": (("greeting", "question", "silence"), ("weather", "interruption")),
    "phone": (("greeting", "goodbye"),),
}
"""Which scenarios each bot is put through, and which of them one after the other."""


@pytest.fixture(scope="module")
def phone_bot(scripted: Cast, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBot]:
    folder = tmp_path_factory.mktemp("phone")
    with served(folder, scripted.environment, bot=PHONE_BOT) as running:
        yield running


def test_every_scenario_passes(voice_bot: ServedBot, phone_bot: ServedBot, tmp_path: Path) -> None:
    """Each scenario passes against the bots that it is meant for, with no model as its judge."""
    bots = {"voice": voice_bot, "phone": phone_bot}
    runs = [
        (names, start_eval(bots[kind], names, tmp_path / f"{kind}-{names[0]}"))
        for kind, plans in PLANS.items()
        for names in plans
    ]
    for names, run in runs:
        said, _ = run.communicate(timeout=120)
        assert run.returncode == 0, said
        assert f"{len(names)}/{len(names)} passed" in said, said


def test_no_scenario_is_left_out() -> None:
    """Every file of scenarios is run by the test above."""
    files = {path.stem for path in SCENARIOS.glob("*.yaml") if is_scenario_file(path)}
    assert files == {name for plans in PLANS.values() for names in plans for name in names}
