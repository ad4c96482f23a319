"""What a client needs of whatever carries its requests: its own pool, or an HTTP client of yours.

Two keep these promises: `connections.Connections` and `own_client.OwnClient`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.errors import EndpointError


class StaleConnection(Exception):
    """A kept-alive connection turned out to be closed before any byte of the response came."""


class Response(Protocol):
    """A response whose headers have come, and whose body is read as it comes."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def location(self) -> str:
        """Where a redirect points to; empty where it does not."""
        ...

    @property
    def is_framed(self) -> bool:
        """Whether the body says where it ends, so that one that is cut off cannot look whole."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether the body was read to its end."""
        ...

    @property
    def read(self) -> Callable[[], Awaitable[bytes]]:
        """Waits for more of the body; returns nothing at its end."""
        ...

    async def release(self) -> None:
        """Keep the connection of a body that was read to its end, and close it else."""
        ...


class Transport(Protocol):
    """What carries the requests to one endpoint."""

    closed: bool
    """Whether `aclose` was called."""

    connect_timeout: float
    """How long DNS, TCP, proxy and TLS may take together, in seconds."""

    @property
    def broken(self) -> tuple[type[Exception], ...]:
        """What is raised when the network or the server is at fault."""
        ...

    async def send(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Send a request and wait for the response's headers, for as long as that takes.

        Raises:
            StaleConnection: To be sent again: the kept-alive connection had been closed.
            Exception: No connection, or it broke: one of `broken`.
        """
        ...

    def why_unreachable(self, endpoint: ChatEndpoint, exc: Exception) -> EndpointError:
        """Name what `send` raised."""
        ...

    async def warm(self) -> None:
        """Have a connection ready, where that can be done without a request."""
        ...

    async def hang_up(self) -> None:
        """Close the connections that are idle; the next request opens another."""
        ...

    async def aclose(self) -> None:
        """End every request that is under way, and close what is the transport's own."""
        ...
