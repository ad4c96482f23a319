"""Telnyx's signatures of webhooks.

``telnyx-signature-ed25519`` is the base64 of an Ed25519 signature of ``{time}|{body}``, where the
time is what ``telnyx-timestamp`` says, in seconds since 1970, and the body is what was sent, byte
by byte; the public key is in the portal, under Keys & Credentials. TeXML's webhooks, which are
forms, carry it as the JSON ones do:
https://developers.telnyx.com/api-reference/callbacks/texml-call-answered
and https://developers.telnyx.com/docs/development/sdk/python/webhooks

The handshake of a media stream carries no signature:
https://developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket
"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from blastoff_pipecat.phone.request import SignedRequest
from blastoff_pipecat.phone.timestamp import timestamp_fault, whole_number


class TelnyxSignature:
    """Checks what Telnyx signs."""

    def __init__(self, public_key: str) -> None:
        """Take the account's public key.

        Args:
            public_key: 32 bytes in base64, as the portal shows them.

        Raises:
            ValueError: It is no such key.
        """
        try:
            self._key = Ed25519PublicKey.from_public_bytes(
                base64.b64decode(public_key, validate=True)
            )
        except ValueError:
            raise ValueError("is no public key of Telnyx's: 32 bytes in base64.") from None

    def fault(self, request: SignedRequest, now: float) -> str | None:
        """Say why a request is not Telnyx's, or is too old; None where it is."""
        given = request.headers.get("telnyx-signature-ed25519")
        timestamp = request.headers.get("telnyx-timestamp", "")
        if not given:
            return "has no telnyx-signature-ed25519"
        if fault := timestamp_fault(whole_number(timestamp), now):
            return fault
        try:
            signature = base64.b64decode(given, validate=True)
            self._key.verify(signature, timestamp.encode() + b"|" + request.body)
        except (binascii.Error, ValueError, InvalidSignature):
            return "is not signed by Telnyx"
        return None

    def single_use(self, request: SignedRequest) -> str | None:
        """The time of signing, and what was signed."""
        return f"{request.headers.get('telnyx-timestamp')}|{request.body!r}"
