"""What the bots are deployed with: as far as it can be checked without a container engine."""

import re
import tomllib
from importlib.metadata import version

from packaging.requirements import Requirement

from tests.kit.served import ROOT

BOTS = ROOT / "bots"

DOCUMENTED = {
    "agent_name",
    "agent_profile",
    "architecture",
    "build",
    "build_id",
    "docker",
    "git",
    "image",
    "image_credentials",
    "krisp_viva",
    "max_session_duration",
    "region",
    "resources",
    "scaling",
    "secret_set",
    "websocket_auth",
}
"""The keys that `pipecat cloud deploy` (pipecatcloud 1.4) takes; it refuses every other one."""


def test_the_deployment_says_only_what_pipecat_cloud_takes() -> None:
    """`pcc-deploy.toml` has known keys alone, and keeps at least one agent warm."""
    deployment = tomllib.loads((BOTS / "pcc-deploy.toml").read_text())

    assert set(deployment) <= DOCUMENTED
    scaling = deployment["scaling"]
    assert set(scaling) == {"min_agents", "max_agents"}
    assert 1 <= scaling["min_agents"] <= scaling["max_agents"]


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
