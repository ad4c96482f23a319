"""Exotel's streams: not signed, but called at a URL that was typed in by hand, with a secret in it.

The Voicebot applet's URL is either ``wss://HOST/ws/SECRET``, or ``wss://ANY:SECRET@HOST/ws``, of
which Exotel makes basic authentication. The applet may also be told to ask an HTTPS address for the
URL first; that request carries nothing to check, so it is not answered.
https://developer.exotel.com/docs/agentstream/stream-voicebot-applet
"""

import base64
import binascii
import hmac
import re

_SECRET = re.compile(r"[A-Za-z0-9_.~-]{24,}")


class ExotelSecret:
    """Checks who knows the secret."""

    def __init__(self, secret: str) -> None:
        """Take the secret.

        Args:
            secret: At least 24 letters, digits and ``_ . ~ -``, which stay as they are in a URL.

        Raises:
            ValueError: It is shorter, or has other signs in it.
        """
        if not _SECRET.fullmatch(secret):
            raise ValueError(
                "has to be at least 24 letters and digits that nobody guesses, such as "
                '`python -c "import secrets; print(secrets.token_urlsafe(24))"` prints.'
            )
        self._secret = secret.encode()

    def fault(self, in_path: str, authorization: str) -> str | None:
        """Say why a stream is not to be trusted; None where it is.

        Args:
            in_path: What stands after ``/ws/`` in the URL.
            authorization: The header of that name.
        """
        knows_path = hmac.compare_digest(in_path.encode(), self._secret)
        knows_password = hmac.compare_digest(_password(authorization), self._secret)
        return None if knows_path or knows_password else "does not know EXOTEL_STREAM_SECRET"


def _password(authorization: str) -> bytes:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(given.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
