"""What the bots are deployed with: as far as it can be checked without a container engine."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from pipecatcloud._utils.deploy_utils import load_deploy_config_file
from pipecatcloud.exception import ConfigFileError

from tests.kit.served import ROOT

BOTS = ROOT / "bots"


def deployed(path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read a deployment as `pipecat cloud deploy` does."""
    monkeypatch.setattr("pipecatcloud.cli.config.deploy_config_path", str(path))
    return load_deploy_config_file()


def test_the_deployment_is_what_pipecat_cloud_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`pcc-deploy.toml` is read by its own reader, which refuses a key that it does not know."""
    deployment = deployed(BOTS / "pcc-deploy.toml", monkeypatch)

    assert 1 <= deployment.scaling.min_agents <= deployment.scaling.max_agents
    other = tmp_path / "pcc-deploy.toml"
    other.write_text('agent_nmae = "voice"\n' + (BOTS / "pcc-deploy.toml").read_text())
    with pytest.raises(ConfigFileError, match="agent_nmae"):
        deployed(other, monkeypatch)


def test_the_images_hold_this_package_and_its_bots() -> None:
    """Both images install a version that this one is among, and copy bots that exist."""
    dockerfile = (BOTS / "Dockerfile").read_text()

    installed = re.findall(r"pip install [^']*'([^']+)'", dockerfile)
    assert len(installed) == 2
    for text in installed:
        requirement = Requirement(text)
        assert requirement.name == "blastoff-pipecat"
        assert requirement.extras == {"bots"}
        assert version("blastoff-pipecat") in requirement.specifier
    bots = set(re.findall(r"\w+_bot\.py", dockerfile))
    assert bots == {"voice_bot.py", "phone_bot.py"}
    assert all((BOTS / bot).is_file() for bot in bots)


def test_the_image_that_serves_runs_as_nobody_in_particular() -> None:
    """The image for other places than Pipecat Cloud ends as a user without rights."""
    dockerfile = (BOTS / "Dockerfile").read_text()
    server = dockerfile.partition("AS server")[2].partition("\nFROM ")[0]

    assert re.findall(r"^USER (\d+)$", server, re.MULTILINE) == ["10001"]
