"""The upstream model hub as a source: plain HTTPS, resumed with a range request."""

import os

import httpx

from blastoff_pipecat.local.weights.manifest import ModelFile
from blastoff_pipecat.local.weights.part import PartFile, SourceFailed, Watch

_CHUNK = 1 << 18
_TIMEOUT = httpx.Timeout(30.0, connect=3.0)
"""Seconds. Connecting is short: where the hub is not reachable the next source is."""


class Hub:
    """The hub that the weights were published on.

    The variables of the hub's own tools are honoured: ``HF_ENDPOINT`` names a mirror, and
    ``HF_HUB_OFFLINE`` switches the hub off.
    """

    def __init__(self) -> None:
        """Read the environment; nothing is sent yet."""
        self._address = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
        self._refused: str | None = None
        if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
            self._refused = "switched off by HF_HUB_OFFLINE"

    def __str__(self) -> str:
        """The hub in words."""
        return f"the model hub ({self._address})"

    def close(self) -> None:
        """Release what is held: nothing."""

    def fetch(self, file: ModelFile, part: PartFile, watch: Watch) -> None:
        """Complete the part from the hub.

        Raises:
            SourceFailed: The hub is not reachable, refuses, or has a file of another size.
            FetchStopped: The caller asked to stop.
            OSError: The part cannot be written.
        """
        if self._refused is not None:
            raise SourceFailed(self._refused)
        url = f"{self._address}/{file.hub_repository}/resolve/main/{file.hub_file}"
        have = part.have if part.have < file.size else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        try:
            with (
                httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                self._receive(response, file, part, watch, have)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            # The next file would only wait for the same refusal.
            self._refused = f"cannot be reached: {_in_words(error)}"
            raise SourceFailed(self._refused) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceFailed(f"broke off: {_in_words(error)}") from error

    def _receive(
        self, response: httpx.Response, file: ModelFile, part: PartFile, watch: Watch, have: int
    ) -> None:
        """Write a response's body to the part, from its beginning or from ``have`` bytes on."""
        if response.status_code not in {200, 206}:
            raise SourceFailed(f"answered HTTP {response.status_code} for {file.hub_file}")
        start = have if response.status_code == 206 else 0
        length = response.headers.get("Content-Length")
        if length is not None and int(length) + start != file.size:
            raise SourceFailed(
                f"has {int(length) + start} bytes under {file.hub_file}, not {file.size}"
            )
        done = start
        with part.writing_from(start) as stream:
            for chunk in response.iter_bytes(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                watch.at(done)
        if done != file.size:
            raise SourceFailed(f"ended after {done} of {file.size} bytes")


def _in_words(error: Exception) -> str:
    return str(error) or type(error).__name__
