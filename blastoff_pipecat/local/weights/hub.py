"""The upstream model hub as a source, through its own library in a child process."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from blastoff_pipecat.local.weights.child import download, without_credentials
from blastoff_pipecat.local.weights.manifest import ModelFile
from blastoff_pipecat.local.weights.source import SourceFailed

_SETTINGS = {
    "HF_HUB_ETAG_TIMEOUT": "5",  # seconds for the hub's first answer: there are other sources
    "HF_HUB_DISABLE_XET": "1",  # plain HTTP, whose file on disk grows as it comes
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",  # which is a request of its own, before the one that counts
}
"""For the library, where the user has no settings of their own."""


class Hub:
    """The hub that the weights were published on, for the files of one model.

    The variables of the hub's own library are honoured: ``HF_ENDPOINT`` names a mirror, and
    ``HF_HUB_OFFLINE`` switches the hub off.
    """

    def __init__(self, staging: Path) -> None:
        """Use the folder ``staging``, which is empty; nothing is sent yet."""
        self._staging = staging / "hub"
        self._refused: SourceFailed | None = None

    def __str__(self) -> str:
        """The hub in words."""
        address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        return f"the model hub ({without_credentials(address)})"

    def fetch(self, file: ModelFile, report: Callable[[int], None]) -> Path:
        """Download the file, unless the hub has failed before: then it would only do so again.

        Args:
            file: The file.
            report: Called with the bytes that are there, now and then; what it raises stops it.

        Returns:
            Where it lies.

        Raises:
            SourceFailed: The hub is not reachable, refuses, or has a file of another size.
        """
        if self._refused is not None:
            raise self._refused
        folder = self._staging / file.name
        script = str(Path(__file__).with_name("hub_process.py"))
        what = (file.hub_repository, file.hub_file, str(file.size), str(folder))
        command = [sys.executable, "-P", script, *what]
        try:
            download(command, folder, report, _SETTINGS)
        except SourceFailed as failure:
            self._refused = failure
            raise
        return folder / file.hub_file
