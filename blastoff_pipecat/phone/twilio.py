"""Twilio's signatures, of webhooks and of the handshake of a media stream.

``X-Twilio-Signature`` is the base64 of an HMAC-SHA1, keyed with the account's auth token, of the
URL that Twilio called followed by each POST field's name and value, sorted by name. (A JSON webhook
is signed otherwise; those of calls are forms.) https://www.twilio.com/docs/usage/security#validating-requests

Where one of the account's webhook rules fits the URL, Twilio signs with that rule's shared key, by
an HMAC-SHA1 or -SHA256 of the same, and says so in ``X-Twilio-Webhooks-Signature-Settings``:
``key=…,algorithm=HMAC_SHA256``. https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys

A media stream's handshake carries it too, of its ``wss://`` URL, without fields:
https://www.twilio.com/docs/global-infrastructure/firewall-configurations/media-streams-configuration

There is no time and no nonce in it: a recorded webhook stays valid. What it is answered with is of
no use to whoever replays it, since the stream has to be signed as well.
"""

import base64
import hmac
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from blastoff_pipecat.phone.request import SignedRequest

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"

_HASHES = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


class TwilioSignature:
    """Checks what Twilio signs."""

    def __init__(self, auth_token: str, shared_key: str | None = None) -> None:
        """Take what Twilio signs with.

        Args:
            auth_token: The account's auth token.
            shared_key: The secret of the shared key of a webhook rule, where there is one.
        """
        self._key = auth_token.encode()
        self._shared_key = shared_key.encode() if shared_key else None

    def of(
        self, url: str, form: Iterable[tuple[str, str]] = (), *, shared: str | None = None
    ) -> str:
        """Sign as Twilio does.

        Args:
            url: The URL that is called.
            form: The POST fields; one that comes twice with the same value counts once.
            shared: With the shared key, by this algorithm, in Twilio's words; None for the token.
        """
        key = self._key if shared is None else self._shared_key or b""
        signed = url + "".join(name + value for name, value in sorted(set(form)))
        digest = hmac.digest(key, signed.encode(), _HASHES[shared or "HMAC_SHA1"])
        return base64.b64encode(digest).decode()

    def fault(self, request: SignedRequest, now: float) -> str | None:
        """Say why a request is not Twilio's; None where it is."""
        given = request.headers.get("x-twilio-signature")
        if not given:
            return "has no X-Twilio-Signature"
        shared = _algorithm(request.headers.get(SETTINGS_HEADER))
        if shared is not None and self._shared_key is None:
            return "is signed with a shared key: set TWILIO_SHARED_KEY_SECRET"
        if shared is not None and shared not in _HASHES:
            return "is signed in a way that is not known here"
        try:
            form = request.form()
        except ValueError:
            return "holds no form"
        urls = [spelling for url in request.urls for spelling in _spellings(url)]
        expected = [self.of(url, form, shared=shared) for url in urls]
        # Each is compared, whichever matches: how long it takes tells nothing.
        if not sum(hmac.compare_digest(given.encode(), each.encode()) for each in expected):
            return f"is not signed by Twilio for {request.url[:200]!r}"
        return None

    def single_use(self, request: SignedRequest) -> str | None:
        """None: nothing in a request of Twilio's tells it from its repetition."""
        return None


def _algorithm(settings: str | None) -> str | None:
    """The algorithm that a header's settings name; None where the header is missing or empty."""
    if not settings:
        return None
    parts = (part.partition("=") for part in settings.split(","))
    named = [value.strip().upper() for name, _, value in parts if name.strip() == "algorithm"]
    return next(filter(None, named), "HMAC_SHA1")


def _spellings(url: str) -> list[str]:
    """The ways in which one address is signed: with and without its port, or a slash at its end.

    Twilio's own libraries try both forms of the port, "since sig generation on back end is
    inconsistent": https://github.com/twilio/twilio-python/blob/main/twilio/request_validator.py
    """
    parts = urlsplit(url)
    if parts.hostname is None:
        return [url]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 443)
    urls = [_at(parts, host), _at(parts, f"{host}:{port}")]
    if parts.scheme in ("ws", "wss"):
        urls += [f"{each}/" for each in urls]
    return urls


def _at(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()
