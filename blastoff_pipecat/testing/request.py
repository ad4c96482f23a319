"""One entry of a scripted endpoint's log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from blastoff_pipecat.testing.prefill import Prefill, prefill_of


@dataclass(slots=True, eq=False)
class Request:
    """A request that the server received, and what became of it.

    The body is the parsed JSON itself, not a copy. Times are `time.monotonic()` seconds.

    Attributes:
        model: The model asked for, "" where the body names none.
        body: The request's JSON.
        headers: The request's headers (a case-insensitive mapping).
        path: The path of the URL.
        connection: Number of the TCP connection it came over, the server's first being 1.
        started: When the whole request had arrived.
        status: The HTTP status of the answer, None until the headers were sent.
        tokens: Tokens (reasoning, text, pieces of calls) sent so far.
        first_byte: When the answer's first output was sent: a token, or an error's body. Headers
            and comments do not count.
        ended: When it was over, in whatever way.
        disconnected: The client closed the connection before the answer was complete.
        completed: The HTTP answer (a scripted error too) was sent to its end.
    """

    model: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(repr=False)
    path: str
    connection: int
    started: float
    status: int | None = None
    tokens: int = 0
    first_byte: float | None = None
    ended: float | None = None
    disconnected: bool = False
    completed: bool = False

    @property
    def prefill(self) -> Prefill | None:
        """The text that the request asks the model to continue, None where it does not."""
        return prefill_of(self.body)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation that was sent."""
        return self.body.get("messages", [])

    @property
    def streaming(self) -> bool:
        """Whether a stream was asked for."""
        return self.body.get("stream") is True
