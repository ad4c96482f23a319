"""The connections to one endpoint: kept alive, opened ahead, closed together.

httpx speaks to the caller and aiohttp to the network (``httpx-aiohttp``), at about half the CPU per
token of httpx's own transport. Each client has its own pool: one pool that many sessions share
costs a search through all their idle connections at each request.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
from contextvars import ContextVar
from functools import cache
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from aiohttp.http import HttpProcessingError
from httpx_aiohttp import AiohttpTransport
from yarl import URL

_DNS_CACHE_SECS = 60
_KEEPALIVE_IDLE_SECS = 30  # shorter than the patience of any NAT or load balancer
_KEEPALIVE_INTERVAL_SECS = 10
_KEEPALIVE_PROBES = 3
_READ_BUFFER_BYTES = 2**18
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_reused: ContextVar[bool] = ContextVar("blastoff_connection_reused", default=False)
_tls_lock = threading.Lock()


BROKEN = (httpx.HTTPError, aiohttp.ClientError, HttpProcessingError, OSError)
"""What a request raises when the network or the server is at fault."""


class StaleConnection(Exception):
    """A kept-alive connection turned out to be closed before any byte of the response came."""


class Connections:
    """The connection pool of one endpoint. Cheap to make: all the rest is made at first use."""

    __slots__ = (
        "_origin",
        "_proxy",
        "_responses",
        "_session",
        "_transport",
        "closed",
        "connect_timeout",
    )

    def __init__(self, url: str, connect_timeout: float) -> None:
        """Remember where to connect to.

        Args:
            url: Any URL of the endpoint.
            connect_timeout: How long DNS, TCP, proxy and TLS may take together, in seconds.
        """
        self.closed = False
        self._origin = url
        self.connect_timeout = connect_timeout
        self._proxy: str | None = None
        self._session: aiohttp.ClientSession | None = None
        self._transport: AiohttpTransport | None = None
        self._responses: set[httpx.Response] = set()

    async def open(self) -> AiohttpTransport:
        """Return the transport, made where this is the first use."""
        if self._transport is not None:
            return self._transport
        context: ssl.SSLContext | bool = True
        if self._origin.startswith("https:"):
            # Reading the certificates takes about 20 ms, which no session's audio waits for.
            context = await asyncio.to_thread(shared_ssl_context)
        if self._transport is None:  # still: another task may have made it meanwhile
            self._proxy = proxy_for(self._origin)
            self._session = _new_session(context)
            self._transport = AiohttpTransport(
                verify=_unused_context() if context is True else context,
                client=self._session,
                proxy=None if self._proxy is None else httpx.Proxy(self._proxy),
            )
        return self._transport

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request and wait for the response's headers, for as long as that takes.

        Raises:
            StaleConnection: To be sent again: the kept-alive connection had been closed.
            BROKEN: No connection, or it broke.
        """
        transport = await self.open()
        request.extensions["timeout"] = {
            "connect": self.connect_timeout,
            "pool": self.connect_timeout,  # what aiohttp calls connect: DNS and TLS as well
            "read": None,  # deadlines for tokens belong to whoever waits for them
            "write": None,
        }
        reused = _reused.set(False)
        try:
            response = await transport.handle_async_request(request)
            self._responses.add(response)
            return response
        except httpx.HTTPError as exc:
            lost = isinstance(
                exc.__cause__, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError
            )
            if lost and _reused.get():
                raise StaleConnection from None
            raise
        finally:
            _reused.reset(reused)

    async def release(self, response: httpx.Response) -> None:
        """Keep the connection of a response that was read to its end, and close it else."""
        self._responses.discard(response)
        with contextlib.suppress(*BROKEN):
            await response.aclose()

    async def warm(self) -> None:
        """Open a connection and keep it, unless an idle one is open already.

        Raises:
            Exception: No connection; of aiohttp's kinds.
        """
        await self.open()
        session = self._session
        if session is None or session.connector is None:
            return
        # A connection alone: a request would be answered with an error by some hosts, be counted
        # against a rate limit by others, and close the connection with a few.
        request = aiohttp.ClientRequest(
            "GET",
            URL(self._origin),
            loop=asyncio.get_running_loop(),
            proxy=None if self._proxy is None else URL(self._proxy),
            session=session,
        )
        timeout = aiohttp.ClientTimeout(
            sock_connect=self.connect_timeout, connect=self.connect_timeout
        )
        connection = await session.connector.connect(request, traces=[], timeout=timeout)
        connection.release()

    async def aclose(self) -> None:
        """Close all connections, those in use too."""
        self.closed = True
        for response in tuple(self._responses):  # aiohttp leaves those who read from one waiting
            await self.release(response)
        session, self._session, self._transport = self._session, None, None
        if session is not None:
            await session.close()


@cache
def _ssl_context() -> ssl.SSLContext:
    """Make the context; httpx reads SSL_CERT_FILE and SSL_CERT_DIR, else certifi's list."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@cache
def _unused_context() -> ssl.SSLContext:
    """Make what plain HTTP hands to the transport, which would make one of its own otherwise."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


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


def _new_session(context: ssl.SSLContext | bool) -> aiohttp.ClientSession:
    """Make an aiohttp session whose connections are kept for as long as the server keeps them."""
    connector = aiohttp.TCPConnector(
        ssl=context,
        keepalive_timeout=None,
        limit=0,
        ttl_dns_cache=_DNS_CACHE_SECS,
        socket_factory=_new_socket,
    )
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trace_configs=[trace],
        auto_decompress=False,
        read_bufsize=_READ_BUFFER_BYTES,
    )


async def _note_reuse(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    _params: aiohttp.TraceConnectionReuseconnParams,
) -> None:
    """Tell `send`, in whose task this runs, that its connection was a kept one."""
    _reused.set(True)


def _new_socket(
    address: aiohttp.AddrInfoType,  # pyright: ignore[reportUnknownParameterType]  # aiohttp's alias
) -> socket.socket:
    """Make a socket on which a silently lost connection is noticed while it idles."""
    family, kind, protocol = address[:3]
    made = socket.socket(family=family, type=kind, proto=protocol)
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_SECS)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL_SECS)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)
    return made
