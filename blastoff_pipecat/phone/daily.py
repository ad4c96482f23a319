"""Daily's signatures of the webhook of a call that dials in.

``X-Pinless-Signature`` is the base64 of an HMAC-SHA256 of ``{time}.{body}``, where the time is what
``X-Pinless-Timestamp`` says; the key is the ``hmac`` of the number's ``pinless_dialin``
configuration, itself in base64. https://docs.daily.co/guides/products/dial-in-dial-out/dialin-pinless
"""

import base64
import hmac

from blastoff_pipecat.phone.request import SignedRequest
from blastoff_pipecat.phone.timestamp import timestamp_fault, whole_number

_SHORTEST_KEY = 16
_MILLISECONDS = 100_000_000_000
"""From here on a time is in milliseconds; in seconds it would be after the year 5000."""


class DailySignature:
    """Checks what Daily signs."""

    def __init__(self, secret: str) -> None:
        """Take the dial-in configuration's secret.

        Args:
            secret: At least 16 bytes, in base64.

        Raises:
            ValueError: It is not base64, or too short.
        """
        try:
            self._key = base64.b64decode(secret, validate=True)
        except ValueError:
            raise ValueError("is not base64; copy Daily's “hmac” as it is.") from None
        if len(self._key) < _SHORTEST_KEY:
            raise ValueError(f"has {len(self._key)} bytes; {_SHORTEST_KEY} are the least.")

    def of(self, timestamp: str, body: bytes) -> str:
        """Sign as Daily does.

        Args:
            timestamp: The time, as its header writes it.
            body: What is sent.
        """
        signed = timestamp.encode() + b"." + body
        return base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()

    def fault(self, request: SignedRequest, now: float) -> str | None:
        """Say why a request is not Daily's, or is too old; None where it is."""
        given = request.headers.get("x-pinless-signature")
        if not given:
            return "has no X-Pinless-Signature"
        timestamp = request.headers.get("x-pinless-timestamp", "")
        seconds = whole_number(timestamp)
        if seconds is not None and seconds >= _MILLISECONDS:
            seconds /= 1000
        if fault := timestamp_fault(seconds, now):
            return fault
        if not hmac.compare_digest(given.encode(), self.of(timestamp, request.body).encode()):
            return "is not signed by Daily"
        return None

    def single_use(self, request: SignedRequest) -> str | None:
        """The time of signing, and what was signed."""
        return f"{request.headers.get('x-pinless-timestamp')}|{request.body!r}"
