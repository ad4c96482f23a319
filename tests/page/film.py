"""A tab filmed: what a browser draws, when it draws it, as an animated picture."""

import base64
import io
from pathlib import Path
from typing import Any

from PIL import Image

SHORTEST_SECS = 0.1
"""How long a frame is shown at least; what was drawn meanwhile is in the next."""

LAST_SECS = 1.2
"""How long the last frame is shown before it begins again."""


class Film:
    """Films a tab from when it is made until it is ended."""

    def __init__(self, page: Any) -> None:
        """Begin."""
        self._frames: list[tuple[float, bytes]] = []
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._take)
        self._session.send("Page.startScreencast", {"format": "png"})

    def _take(self, event: dict[str, Any]) -> None:
        self._frames.append((event["metadata"]["timestamp"], base64.b64decode(event["data"])))
        self._session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    def end(self) -> None:
        """End: what happens now is no part of it."""
        self._session.send("Page.stopScreencast")
        self._session.detach()

    @property
    def secs(self) -> float:
        """How long it is, in seconds, as far as it has been drawn."""
        if not self._frames:
            return LAST_SECS
        return self._frames[-1][0] - self._frames[0][0] + LAST_SECS

    def write(self, path: Path) -> None:
        """Write it as an animated WebP, in which text stays sharp."""
        shown = [self._frames[0]]
        for at, png in self._frames[1:]:
            if at - shown[-1][0] < SHORTEST_SECS:
                shown[-1] = (shown[-1][0], png)
            else:
                shown.append((at, png))
        ends = [*(at for at, _ in shown[1:]), shown[-1][0] + LAST_SECS]
        lengths = [round(1000 * (end - at)) for (at, _), end in zip(shown, ends, strict=True)]
        first, *others = [Image.open(io.BytesIO(png)).convert("RGB") for _, png in shown]
        first.save(
            path,
            format="WEBP",
            save_all=True,
            append_images=others,
            duration=lengths,
            loop=0,
            lossless=True,
            minimize_size=True,
            method=4,
        )
