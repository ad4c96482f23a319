"""What of a carrier's request its signature covers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

_MOST_FIELDS = 200


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """A request as its sender knew it.

    Attributes:
        url: The public URL that the sender called, query included.
        headers: By their names in lower case.
        body: The body, byte by byte.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def urls(self) -> list[str]:
        """The URL, and how it may have been typed in where the carrier calls the root of a host."""
        parts = urlsplit(self.url)
        return [self.url] if parts.path != "/" else [self.url, parts._replace(path="").geturl()]

    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, those without a value too.

        Raises:
            ValueError: The body is no form, or has more fields than any webhook.
        """
        return parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)


class Signature(Protocol):
    """One carrier's way to sign."""

    def fault(self, request: SignedRequest, now: float) -> str | None:
        """Say why a request is not to be trusted; None where it is.

        Args:
            request: The request.
            now: Seconds since 1970.
        """
        ...

    def single_use(self, request: SignedRequest) -> str | None:
        """What a request that is to be trusted shares with no other one; None where nothing is.

        It is part of what is signed, so that a recorded request cannot be given another.
        """
        ...
