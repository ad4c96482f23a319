"""Plivo's signatures of webhooks, version 3.

``X-Plivo-Signature-V3`` is the base64 of an HMAC-SHA256, keyed with the account's auth token, of
the URL that Plivo called, the POST fields sorted by name, and ``X-Plivo-Signature-V3-Nonce``; it
holds several, with commas between them, while a token is being replaced.
``X-Plivo-Signature-Ma-V3`` is the same with the main account's token, where a subaccount owns the
number. How they are put together:
https://github.com/plivo/plivo-python/blob/master/plivo/utils/signature_v3.py and
https://docs.plivo.com/docs/voice/xml/request/validation

There is no time in it: a nonce is good once, for as long as the process remembers it. Of a media
stream's handshake the documentation says nothing, and Plivo's own SDK and examples disagree on what
is signed there, so it is not relied on.
"""

import base64
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from blastoff_pipecat.phone.request import SignedRequest


class PlivoSignature:
    """Checks what Plivo signs."""

    def __init__(self, auth_token: str) -> None:
        """Take the account's auth token, with which Plivo signs."""
        self._key = auth_token.encode()

    def of(self, url: str, nonce: str, form: Iterable[tuple[str, str]] = ()) -> str:
        """Sign a POST as Plivo does.

        Args:
            url: The URL that is called.
            nonce: A word that is used once.
            form: The POST fields.
        """
        fields = sorted(form)
        base = _base(url, has_fields=bool(fields))
        signed = f"{base}{''.join(name + value for name, value in fields)}.{nonce}"
        return base64.b64encode(hmac.digest(self._key, signed.encode(), "sha256")).decode()

    def fault(self, request: SignedRequest, now: float) -> str | None:
        """Say why a request is not Plivo's; None where it is."""
        names = ("x-plivo-signature-v3", "x-plivo-signature-ma-v3")
        given = [
            each for name in names for each in request.headers.get(name, "").split(",") if each
        ]
        if not given:
            return "has no X-Plivo-Signature-V3"
        nonce = request.headers.get("x-plivo-signature-v3-nonce")
        if not nonce:
            return "has no X-Plivo-Signature-V3-Nonce"
        try:
            form = request.form()
        except ValueError:
            return "holds no form"
        expected = [self.of(url, nonce, form).encode() for url in request.urls]
        pairs = [(each.strip().encode(), other) for each in given[:8] for other in expected]
        # Each is compared, whichever matches: how long it takes tells nothing.
        if not sum(hmac.compare_digest(*pair) for pair in pairs):
            return f"is not signed by Plivo for {request.url[:200]!r}"
        return None

    def single_use(self, request: SignedRequest) -> str | None:
        """The nonce."""
        return request.headers.get("x-plivo-signature-v3-nonce")


def _base(url: str, *, has_fields: bool) -> str:
    """The URL as it is signed: its query sorted, and set off from the fields if there are any."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    base = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if not query:
        return f"{base}?" if has_fields else base
    return f"{base}?{query}." if has_fields else f"{base}?{query}"
