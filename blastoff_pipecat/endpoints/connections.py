"""The connections to one endpoint: kept alive, opened ahead, closed together.

They are aiohttp's, which Pipecat brings, at less than half the CPU per token of httpx's own. Each
client has its own pool: one pool that many sessions share costs a search through all their idle
connections at each request.
"""

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import AsyncGenerator, Mapping
from contextvars import ContextVar
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.http import HttpProcessingError
from yarl import URL

from blastoff_pipecat.endpoints.transport import Response, StaleConnection, Transport

MOST_IDLE = 64
"""How many connections to one endpoint are kept for replies to come."""

_DNS_CACHE_SECS = 60
_KEEPALIVE_IDLE_SECS = 30  # shorter than the patience of any NAT or load balancer
_KEEPALIVE_INTERVAL_SECS = 10
_KEEPALIVE_PROBES = 3
_READ_BUFFER_BYTES = 2**18
_PIECE_BYTES = 2**18  # of a request's body that are handed to the network at once
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_tls_lock = threading.Lock()


class _Attempt:
    """One request on its way; whether a connection is opened for it."""

    connects = False


_attempt: ContextVar[_Attempt | None] = ContextVar("blastoff_attempt", default=None)


class _UnspokenProxy(aiohttp.ClientError):
    """The environment names a proxy of another kind than HTTP."""

    def __init__(self, scheme: str) -> None:
        super().__init__(
            f"the environment names a {scheme} proxy, and only HTTP ones are known here: "
            "give the endpoint an http_client that knows it"
        )


class Answer(Response):
    """A response on one of these connections."""

    __slots__ = ("_connections", "_raw", "read")

    def __init__(self, raw: aiohttp.ClientResponse, connections: "Connections") -> None:
        """Take the response, which came over one of these connections."""
        super().__init__(raw.status, raw.headers)
        self.read = raw.content.readany  # without the layer of an iterator, for every token
        self._raw = raw
        self._connections = connections

    @property
    def has_ended(self) -> bool:
        """Whether the body was read to its end."""
        return self._raw.content.at_eof()

    async def release(self) -> None:
        """Keep the connection of a body that was read to its end, and close it else."""
        try:
            with contextlib.suppress(*Connections.broken):
                self._raw.release()
                await self._raw.wait_for_close()
        finally:
            self._connections.let_go(self)


class Connections(Transport):
    """The connection pool of one endpoint. Cheap to make: all the rest is made at first use."""

    broken = (aiohttp.ClientError, HttpProcessingError, OSError)
    unconnected = (
        _UnspokenProxy,
        aiohttp.ClientConnectorError,
        aiohttp.ClientProxyConnectionError,
        aiohttp.ClientHttpProxyError,
        aiohttp.ClientSSLError,
        aiohttp.InvalidURL,
    )

    def __init__(self, url: str, connect_timeout: float) -> None:
        """Remember where to connect to; for the arguments see `Transport`."""
        super().__init__(url, connect_timeout)
        self._to = URL(url)
        self._proxy: URL | None = None
        self._proxy_headers: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None
        self._responses: set[Answer] = set()
        self._sending = 0  # requests whose response has not begun

    async def open(self) -> aiohttp.ClientSession:
        """Return the session, made where this is the first use."""
        if self._session is not None:
            return self._session
        context: ssl.SSLContext | bool = True
        if self._to.scheme == "https":
            # Reading the certificates takes about 20 ms, which no session's audio waits for.
            context = await asyncio.to_thread(shared_ssl_context)
        if self._session is None:  # still: another task may have made it meanwhile
            if proxy := proxy_for(self.url):
                url = URL(proxy)
                if url.scheme not in ("http", "https"):
                    raise _UnspokenProxy(url.scheme)
                self._proxy = url.with_user(None)
                if url.user is not None:
                    login = aiohttp.encode_basic_auth(url.user, url.password or "")
                    self._proxy_headers = {"proxy-authorization": login}
            self._session = _new_session(context)
        return self._session

    async def send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request over a connection that is idle, or a new one."""
        session = await self.open()
        if self._proxy_headers and self._to.scheme == "http":  # the proxy reads each request
            headers = {**headers, **self._proxy_headers}
        large = len(body) > _PIECE_BYTES
        attempt = _Attempt()
        token = _attempt.set(attempt)
        self._sending += 1
        try:
            response = await session.post(
                self._to,
                data=_pieces(body) if large else body,
                headers={**headers, "content-length": str(len(body))} if large else headers,
                allow_redirects=False,
                timeout=self._timeout,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers or None,
            )
            self.has_answered = True
            answer = Answer(response, self)
            self._responses.add(answer)
            return answer
        except aiohttp.ClientConnectorError:
            raise  # no connection, so no stale one
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if attempt.connects:
                raise
            raise StaleConnection from None
        finally:
            self._sending -= 1
            _attempt.reset(token)

    def let_go(self, answer: Answer) -> None:
        """Forget a response that is over, and close the idle connections that are too many."""
        self._responses.discard(answer)
        if self._session is not None and self._session.connector is not None:
            _prune(self._session.connector)

    def not_http(self, exc: Exception) -> tuple[str, str] | None:
        """Tell by aiohttp's own error."""
        wrong = isinstance(exc, aiohttp.ClientResponseError)
        return ("an answer that is not HTTP", exc.message) if wrong else None

    async def warm(self) -> None:
        """Open a connection and keep it, unless an idle one is open already.

        Raises:
            Exception: No connection; of aiohttp's kinds.
        """
        session = await self.open()
        if session.connector is None:
            return
        # A connection alone: a request would be answered with an error by some hosts, be counted
        # against a rate limit by others, and close the connection with a few.
        request = aiohttp.ClientRequest(
            "GET",
            self._to,
            loop=asyncio.get_running_loop(),
            proxy=self._proxy,
            proxy_headers=self._proxy_headers or None,
            session=session,
        )
        connection = await session.connector.connect(request, traces=[], timeout=self._timeout)
        connection.release()

    async def hang_up(self) -> None:
        """Close the connections that are idle; the next request opens another."""
        if self._responses or self._sending:
            return
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def aclose(self) -> None:
        """Close all connections, those in use too."""
        self.closed = True
        for response in tuple(self._responses):  # aiohttp leaves those who read from one waiting
            await response.release()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def _timeout(self) -> aiohttp.ClientTimeout:
        """Connecting has a deadline; deadlines for tokens belong to whoever waits for them."""
        secs = self.connect_timeout
        return aiohttp.ClientTimeout(connect=secs, sock_connect=secs)  # connect: DNS and TLS too


@cache
def _ssl_context() -> ssl.SSLContext:
    """Make the context; httpx reads SSL_CERT_FILE and SSL_CERT_DIR, else certifi's list."""
    import httpx  # in the thread that reads the certificates

    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def shared_ssl_context() -> ssl.SSLContext:
    """Return the process's TLS context: made once, since each costs 20 ms and half a megabyte."""
    with _tls_lock:
        return _ssl_context()


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for ``url``; never one for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _LOOPBACK or host.startswith("127.") or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _prune(connector: aiohttp.BaseConnector) -> None:
    """Close the oldest of too many idle connections, such as a rush of replies leaves."""
    for idle in connector._conns.values():  # pyright: ignore[reportPrivateUsage]  # aiohttp has no such bound
        while len(idle) > MOST_IDLE:
            idle.popleft()[0].close()


def _new_session(context: ssl.SSLContext | bool) -> aiohttp.ClientSession:
    """Make an aiohttp session whose connections are kept for as long as the server keeps them."""
    connector = aiohttp.TCPConnector(
        ssl=context,
        keepalive_timeout=None,
        limit=0,
        ttl_dns_cache=_DNS_CACHE_SECS,
        socket_factory=_new_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        read_bufsize=_READ_BUFFER_BYTES,
    )


def _new_socket(
    address: aiohttp.AddrInfoType,  # pyright: ignore[reportUnknownParameterType]  # aiohttp's alias
) -> socket.socket:
    """Make a socket on which a silently lost connection is noticed while it idles."""
    attempt = _attempt.get()  # a copy of the context of `send`, or that context itself
    if attempt is not None:
        attempt.connects = True
    family, kind, protocol = address[:3]
    made = socket.socket(family=family, type=kind, proto=protocol)
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_SECS)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL_SECS)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)
    return made


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    """Cut a large body, so that others get their turn between its pieces."""
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]
