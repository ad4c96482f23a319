"""The carriers' own libraries are the judges of our signatures, of made-up requests too."""

import base64
import time
from typing import Any
from urllib.parse import urlencode

import plivo.utils
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from telnyx import Telnyx
from twilio.request_validator import RequestValidator

from blastoff_pipecat.phone.plivo import PlivoSignature
from blastoff_pipecat.phone.request import SignedRequest
from blastoff_pipecat.phone.telnyx import TelnyxSignature
from blastoff_pipecat.phone.twilio import TwilioSignature
from tests.kit.fuzz import fuzzed

_WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_FORMS = st.dictionaries(_WORDS, st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
_URLS = st.sampled_from(
    [
        "https://bot.example.com/",
        "https://bot.example.com/calls",
        "https://bot.example.com:8443/calls",
        "https://bot.example.com/calls?a=1&b=2",
    ]
)
_ALGORITHMS = st.sampled_from([None, "HMAC_SHA1", "HMAC_SHA256"])


def _request(url: str, form: dict[str, str], headers: dict[str, str]) -> SignedRequest:
    return SignedRequest(url=url, headers=headers, body=urlencode(form).encode())


@fuzzed
@given(_URLS, _FORMS, _ALGORITHMS, st.booleans())
def test_twilio_agrees(url: str, form: dict[str, str], algorithm: str | None, forged: bool) -> None:
    """What Twilio's library signs is let in, by either key and hash; what another key signs not."""
    secret = "shared" if algorithm else "token"
    made = RequestValidator("another" if forged else secret).compute_signature(url, form, algorithm)
    headers = {"x-twilio-signature": made}
    if algorithm:
        headers["x-twilio-webhooks-signature-settings"] = f"key=wsk_1,algorithm={algorithm}"
    ours = TwilioSignature("token", "shared")
    assert (ours.fault(_request(url, form, headers), 0.0) is None) is not forged
    assert RequestValidator(secret).validate(
        url, form, ours.of(url, form.items(), shared=algorithm), algorithm
    )


@pytest.mark.parametrize(
    ("settings", "shared_key", "refused"),
    [
        ("key=k,algorithm=HMAC_SHA256", None, "TWILIO_SHARED_KEY_SECRET"),
        ("key=k,algorithm=HMAC_MD5", "shared", "not known here"),
        ("algorithm=none", "shared", "not known here"),
        ("key=k", "shared", "is not signed by Twilio"),
        ("", "shared", None),
    ],
)
def test_a_shared_keys_settings_are_never_a_way_round(
    settings: str, shared_key: str | None, refused: str | None
) -> None:
    """A request that names settings is judged by the shared key alone, in a known way."""
    url = "https://bot.example.com/"
    headers = {
        "x-twilio-signature": RequestValidator("token").compute_signature(url, {}),
        "x-twilio-webhooks-signature-settings": settings,
    }
    fault = TwilioSignature("token", shared_key).fault(_request(url, {}, headers), 0.0)
    assert (refused in (fault or "")) if refused else fault is None


@fuzzed
@given(_URLS, _FORMS, st.from_regex(r"[0-9A-Za-z-]{1,40}", fullmatch=True), st.booleans())
def test_plivo_agrees(url: str, form: dict[str, str], nonce: str, forged: bool) -> None:
    """Plivo's library validates what we sign, and we what it would sign."""
    ours = PlivoSignature("token").of(url, nonce, form.items())
    judged: Any = plivo.utils.validate_v3_signature(
        "POST", url, nonce, "another" if forged else "token", ours, form
    )
    assert bool(judged) is not forged


_TELNYX = Telnyx(api_key="any")
_TELNYX_KEY = Ed25519PrivateKey.generate()
_TELNYX_PUBLIC = base64.b64encode(_TELNYX_KEY.public_key().public_bytes_raw()).decode()


@fuzzed
@given(_FORMS, st.integers(-600, 600), st.binary(max_size=4))
def test_telnyx_agrees(form: dict[str, str], age: int, flaw: bytes) -> None:
    """Telnyx's library and ours let in and refuse the same requests."""
    now = int(time.time())
    body = b'{"data": "' + urlencode(form).encode() + b'"}'
    signed = _TELNYX_KEY.sign(f"{now - age}|".encode() + body)
    signature = bytes(a ^ b for a, b in zip(signed, flaw.ljust(64, b"\0"), strict=True))
    headers = {
        "telnyx-timestamp": str(now - age),
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
    }
    request = SignedRequest(url="https://bot.example.com/", headers=headers, body=body)
    fault = TelnyxSignature(_TELNYX_PUBLIC).fault(request, float(now))
    try:
        _TELNYX.webhooks.unwrap(body.decode(), headers=headers, key=_TELNYX_PUBLIC)
    except ValueError:
        refused = True
    else:
        refused = False
    if abs(abs(age) - 300) > 2:  # the two clocks may differ by a moment
        assert (fault is not None) is refused


@fuzzed
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("x-twilio-signature", "x-twilio-webhooks-signature-settings"),
                *("x-plivo-signature-v3", "x-plivo-signature-v3-nonce", "telnyx-timestamp"),
                "telnyx-signature-ed25519",
            ]
        ),
        st.text(max_size=40),
    ),
    st.binary(max_size=60),
    _URLS,
)
def test_whatever_is_sent_is_refused_without_an_error(
    headers: dict[str, str], body: bytes, url: str
) -> None:
    """No header and no body that a stranger makes up is let in, or breaks the check."""
    request = SignedRequest(url=url, headers=headers, body=body)
    for signature in (
        TwilioSignature("token", "shared"),
        PlivoSignature("token"),
        TelnyxSignature(_TELNYX_PUBLIC),
    ):
        assert signature.fault(request, time.time()) is not None
