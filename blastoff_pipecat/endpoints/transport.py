"""What a client needs of whatever carries its requests: its own pool, or an HTTP client of yours.

There are two: `connections.Connections` and `own_client.OwnClient`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.errors import (
    ConnectFailed,
    EndpointError,
    EndpointTimeout,
    GarbledStream,
    ServerFailed,
    excerpt,
    perhaps_tls,
    tls_mismatch,
)


class StaleConnection(Exception):
    """A kept-alive connection turned out to be closed before any byte of the response came."""


class Response(ABC):
    """A response whose headers have come, and whose body is read as it comes.

    Attributes:
        status: The HTTP status.
        location: Where a redirect points to; empty where it does not.
        is_framed: Whether the body says where it ends, so that one that is cut off cannot look
            whole.
        read: Waits for more of the body; returns nothing at its end.
    """

    __slots__ = ("is_framed", "location", "status")
    read: Callable[[], Awaitable[bytes]]

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        """Take what has come."""
        self.status = status
        self.location = headers.get("location", "")
        self.is_framed = "transfer-encoding" in headers or "content-length" in headers

    @property
    @abstractmethod
    def has_ended(self) -> bool:
        """Whether the body was read to its end."""

    @abstractmethod
    async def release(self) -> None:
        """Keep the connection of a body that was read to its end, and close it else."""


class Transport(ABC):
    """What carries the requests to one endpoint.

    Attributes:
        url: What requests are sent to.
        connect_timeout: How long DNS, TCP, proxy and TLS may take together, in seconds.
        closed: Whether `aclose` was called.
        has_answered: Whether the server ever spoke HTTP.
        broken: What is raised when the network or the server is at fault.
        late: What of that tells that connecting took too long.
        unconnected: What of it tells that there is no connection.
    """

    broken: ClassVar[tuple[type[Exception], ...]]
    late: ClassVar[tuple[type[Exception], ...]] = (TimeoutError,)
    unconnected: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, url: str, connect_timeout: float) -> None:
        """Connect to nothing yet."""
        self.url = url
        self.connect_timeout = connect_timeout
        self.closed = self.has_answered = False

    @abstractmethod
    async def send(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Send a request and wait for the response's headers, for as long as that takes.

        Raises:
            StaleConnection: To be sent again: the kept-alive connection had been closed.
            Exception: No connection, or it broke: one of `broken`.
        """

    def why_unreachable(self, endpoint: ChatEndpoint, exc: Exception) -> EndpointError:
        """Name what `send` raised."""
        said = excerpt(str(exc) or type(exc).__name__)
        if mismatch := tls_mismatch(said):
            return ConnectFailed(endpoint, mismatch)
        if isinstance(exc, self.late):
            return EndpointTimeout(endpoint, "connect", self.connect_timeout)
        if isinstance(exc, self.unconnected):
            return ConnectFailed(endpoint, said)
        if found := self.not_http(exc):
            return GarbledStream(endpoint, *found)
        if self.closed:
            return ConnectFailed(endpoint, "the client was closed")
        perhaps = "" if self.has_answered else perhaps_tls(self.url)
        return ServerFailed(endpoint, f"no response, the connection broke: {said}{perhaps}")

    @abstractmethod
    def not_http(self, exc: Exception) -> tuple[str, str] | None:
        """Say what is wrong with an answer that is not HTTP, and quote it; None where it is."""

    @abstractmethod
    async def warm(self) -> None:
        """Have a connection ready, where that can be done without a request."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Close the connections that are idle; the next request opens another."""

    @abstractmethod
    async def aclose(self) -> None:
        """End every request that is under way, and close what is the transport's own."""
