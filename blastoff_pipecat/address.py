"""Addresses: what this computer calls itself, and whether a server can listen on one."""

import errno
import os
import socket
from contextlib import closing
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""What a computer calls itself."""


def host_of(url: str) -> str | None:
    """Return the host's name in a URL, without its port; None where there is none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def check_address(host: str, port: int, *, program: str) -> None:
    """Raise where nobody can listen, before anything is fetched or loaded for nothing.

    A name may stand for several addresses (`localhost` for IPv4's and IPv6's); one of them may be
    missing on this computer, and none may be taken.

    Args:
        host: The address or name to listen on.
        port: The port to listen on; 0 is any free one.
        program: What may be listening already, for the message.

    Raises:
        OSError: The port is taken, or `host` is not this computer's; the message says what to do.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter: a label too long, or empty
        raise OSError(f"Cannot listen on {host!r}: {error}. Choose another --host.") from None
    failures: list[OSError] = []
    for family, kind, _, _, address in found:
        try:
            with closing(socket.socket(family, kind)) as tried:
                if os.name == "posix":  # elsewhere it would let two programs listen on one port
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(address)
        except OSError as error:
            failures.append(error)
    if any(failure.errno == errno.EADDRINUSE for failure in failures):
        raise OSError(
            f"Port {port} of {host} is taken. Is the {program} running already? "
            f"Stop it, or choose another port: --port {port + 1}"
        )
    if len(failures) == len(found):
        why = failures[0].strerror
        raise OSError(
            f"Cannot listen on port {port} of {host}: {why}. Choose another --host or --port."
        )
