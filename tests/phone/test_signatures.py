"""What each carrier signs: by the carriers' own published examples where there are any."""

import base64
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.phone.daily import DailySignature
from blastoff_pipecat.phone.exotel import ExotelSecret
from blastoff_pipecat.phone.plivo import PlivoSignature
from blastoff_pipecat.phone.request import Signature, SignedRequest
from blastoff_pipecat.phone.telnyx import TelnyxSignature
from blastoff_pipecat.phone.timestamp import WINDOW_SECS
from blastoff_pipecat.phone.twilio import TwilioSignature

NOW = 1_790_000_000.0
URL = "https://bot.example.com/"
FORM = [("CallSid", "CA1"), ("From", "+14158675309"), ("Name", "Zoë & Co.")]


def _request(url: str, form: list[tuple[str, str]], **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedRequest(url=url, headers=named, body=urlencode(form).encode())


# Twilio. The examples are those of its libraries' tests and documentation:
# https://github.com/twilio/twilio-python/blob/main/tests/unit/test_request_validator.py

TWILIO = TwilioSignature("12345")
TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FORM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]


def test_twilios_example_is_signed_as_twilio_signs_it() -> None:
    """The documentation's example has the documentation's signature."""
    assert TWILIO.of(TWILIO_URL, TWILIO_FORM) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_twilios_doubled_fields_are_sorted_and_count_once() -> None:
    """The library's example of fields that come more than once."""
    form = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ]
    assert TWILIO.of(TWILIO_URL, form) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (TWILIO_URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (TWILIO_URL.replace(".com", ".com:1234"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (
            TWILIO_URL.replace(".com", ".com:1234").replace("https", "http"),
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
        (TWILIO_URL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (TWILIO_URL.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
)
def test_twilio_may_sign_with_or_without_the_port(url: str, signature: str) -> None:
    """The library's examples of both, all of which are valid."""
    request = _request(url, TWILIO_FORM, x_twilio_signature=signature)
    assert TWILIO.fault(request, NOW) is None


@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("port", ["", ":443"])
def test_twilios_handshake_is_signed_for_its_wss_address(end: str, port: str) -> None:
    """However Twilio spells the address; an https one is another address."""
    url = "wss://bot.example.com/ws/token"
    signature = TWILIO.of(f"wss://bot.example.com{port}/ws/token{end}")
    request = SignedRequest(url=url, headers={"x-twilio-signature": signature})
    assert TWILIO.fault(request, NOW) is None
    other = SignedRequest(url=url.replace("wss", "https"), headers=request.headers)
    assert TWILIO.fault(other, NOW) is not None


# Plivo. The examples are those of its Go library's tests:
# https://github.com/plivo/plivo-go/blob/master/utils_test.go

PLIVO = PlivoSignature("Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4")
PLIVO_NONCE = "31627761595286130198"
PLIVO_URL = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml"
PLIVO_FORM = [
    ("Direction", "outbound"),
    ("From", "19792014278"),
    ("ALegUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    ("CallStatus", "in-progress"),
    ("BillRate", "0.002"),
    ("ParentAuthID", "MANWVLYTK4ZWU1YTY4QA"),
    ("To", "sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com"),
    ("ALegRequestUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    ("CallUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    ("RequestUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    ("SIP-H-To", "<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1"),
    ("SessionStart", "2020-04-08 11:34:33.238707"),
    ("Event", "StartApp"),
]


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (f"{PLIVO_URL}/?a=b&c=d", "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
        (PLIVO_URL, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
    ],
)
def test_plivos_examples_are_signed_as_plivo_signs_them(url: str, signature: str) -> None:
    """A POST with a query in its URL, and one without."""
    assert PLIVO.of(url, PLIVO_NONCE, PLIVO_FORM) == signature
    request = _request(
        url, PLIVO_FORM, x_plivo_signature_v3=signature, x_plivo_signature_v3_nonce=PLIVO_NONCE
    )
    assert PLIVO.fault(request, NOW) is None


def test_a_get_without_fields_is_signed_by_its_url_alone() -> None:
    """The library's example of a GET whose parameters are all in the URL."""
    url = f"{PLIVO_URL}?{urlencode(PLIVO_FORM)}"
    assert PLIVO.of(url, PLIVO_NONCE) == "i/MQsaQSAd6fiKhOh2qeeeLHZ9faldADSb3/7+Akfbc="


@pytest.mark.parametrize("header", ["x_plivo_signature_v3", "x_plivo_signature_ma_v3"])
def test_one_of_plivos_several_signatures_is_enough(header: str) -> None:
    """While a token is replaced a header holds two; the main account's has a header of its own."""
    signature = PLIVO.of(URL, "n1", FORM)
    for both in (f"AAAA,{signature}", f"{signature}, AAAA"):
        request = _request(URL, FORM, x_plivo_signature_v3_nonce="n1", **{header: both})
        assert PLIVO.fault(request, NOW) is None


# Telnyx publishes no example with its key; this one is RFC 8032's (7.1, test 2).

ED25519_KEY = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
ED25519_PUBLIC_KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"


def _telnyx() -> tuple[TelnyxSignature, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.from_private_bytes(ED25519_KEY)
    public = bytes.fromhex(ED25519_PUBLIC_KEY)
    assert key.public_key().public_bytes_raw() == public
    return TelnyxSignature(base64.b64encode(public).decode()), key


# Every carrier that signs.


def _signed_twilio(url: str, form: list[tuple[str, str]]) -> SignedRequest:
    return _request(url, form, x_twilio_signature=TWILIO.of(url, form))


def _signed_plivo(url: str, form: list[tuple[str, str]]) -> SignedRequest:
    signature = PLIVO.of(url, PLIVO_NONCE, form)
    return _request(
        url, form, x_plivo_signature_v3=signature, x_plivo_signature_v3_nonce=PLIVO_NONCE
    )


def _signed_telnyx(url: str, form: list[tuple[str, str]], at: float = NOW) -> SignedRequest:
    time = f"{at:.0f}"
    signature = _telnyx()[1].sign(f"{time}|{urlencode(form)}".encode())
    given = base64.b64encode(signature).decode()
    return _request(url, form, telnyx_signature_ed25519=given, telnyx_timestamp=time)


DAILY = DailySignature(base64.b64encode(b"a secret of 32 bytes, in base64!").decode())


def _signed_daily(url: str, form: list[tuple[str, str]], at: float = NOW) -> SignedRequest:
    time = f"{at * 1000:.0f}"
    given = DAILY.of(time, urlencode(form).encode())
    return _request(url, form, x_pinless_signature=given, x_pinless_timestamp=time)


Sign = Callable[[str, list[tuple[str, str]]], SignedRequest]

SIGNED: list[tuple[Signature, Sign]] = [
    (TWILIO, _signed_twilio),
    (PLIVO, _signed_plivo),
    (_telnyx()[0], _signed_telnyx),
    (DAILY, _signed_daily),
]
each_carrier = pytest.mark.parametrize(
    ("signature", "sign"), SIGNED, ids=["twilio", "plivo", "telnyx", "daily"]
)


@each_carrier
def test_what_a_carrier_signs_is_taken(signature: Signature, sign: Sign) -> None:
    """Also with blanks, ampersands and letters that are not ASCII in its fields."""
    assert signature.fault(sign(URL, FORM), NOW) is None


@each_carrier
def test_one_changed_byte_is_noticed(signature: Signature, sign: Sign) -> None:
    """In the body, or in any of the headers that are checked."""
    request = sign(URL, FORM)
    body = request.body.replace(b"CA1", b"CA2")
    assert signature.fault(SignedRequest(url=request.url, headers=request.headers, body=body), NOW)
    for name, value in request.headers.items():
        for changed in (value[:-3] + ("B" if value[-3] == "A" else "A") + value[-2:], value + "1"):
            headers = {**request.headers, name: changed}
            assert signature.fault(
                SignedRequest(url=request.url, headers=headers, body=request.body), NOW
            ), (name, changed)


@each_carrier
def test_each_header_is_needed(signature: Signature, sign: Sign) -> None:
    """A request without one of them, or with an empty one, is refused."""
    request = sign(URL, FORM)
    for name in request.headers:
        rest = {other: value for other, value in request.headers.items() if other != name}
        for headers in (rest, {**rest, name: ""}):
            missing = SignedRequest(url=request.url, headers=headers, body=request.body)
            assert signature.fault(missing, NOW) is not None


@each_carrier
def test_another_carriers_request_is_refused(signature: Signature, sign: Sign) -> None:
    """However well it is signed."""
    for other, _ in SIGNED:
        if other is not signature:
            assert other.fault(sign(URL, FORM), NOW) is not None


@pytest.mark.parametrize("sign", [_signed_twilio, _signed_plivo])
def test_a_host_may_be_typed_in_without_a_path(sign: Sign) -> None:
    """The carrier then signs what was typed in, and asks for the path that every request has."""
    signature = TWILIO if sign is _signed_twilio else PLIVO
    for end in ("", "?a=b"):
        request = sign(f"https://bot.example.com{end}", FORM)
        arrives = SignedRequest(url=f"{URL}{end}", headers=request.headers, body=request.body)
        assert signature.fault(arrives, NOW) is None


@pytest.mark.parametrize("sign", [_signed_twilio, _signed_plivo])
def test_a_url_that_is_signed_is_no_other(sign: Sign) -> None:
    """Scheme, host, path and query count, where the carrier signs the URL."""
    signature = TWILIO if sign is _signed_twilio else PLIVO
    request = sign(URL, FORM)
    for url in (
        "http://bot.example.com/",
        "https://evil.example.com/",
        "https://bot.example.com/other",
        "https://bot.example.com/?a=b",
    ):
        moved = SignedRequest(url=url, headers=request.headers, body=request.body)
        assert signature.fault(moved, NOW) is not None


@pytest.mark.parametrize("sign", [_signed_telnyx, _signed_daily])
@pytest.mark.parametrize("away", [-1.0, 1.0])
def test_a_time_far_from_now_is_refused(
    sign: Callable[[str, list[tuple[str, str]], float], SignedRequest], away: float
) -> None:
    """Within the window before and after it is taken, beyond it is not."""
    signature = DAILY if sign is _signed_daily else _telnyx()[0]
    near = sign(URL, FORM, NOW + away * (WINDOW_SECS - 1))
    far = sign(URL, FORM, NOW + away * (WINDOW_SECS + 1))
    assert signature.fault(near, NOW) is None
    assert "away from now" in (signature.fault(far, NOW) or "")


@pytest.mark.parametrize("time", ["", "-5", "+5", "1e9", "nan", "0x10", " 5", "٥", "9" * 400])
def test_a_time_that_is_no_number_is_refused(time: str) -> None:
    """Even where it is signed."""
    for signature, names in (
        (DAILY, ("x-pinless-signature", "x-pinless-timestamp")),
        (_telnyx()[0], ("telnyx-signature-ed25519", "telnyx-timestamp")),
    ):
        if signature is DAILY:
            given = DAILY.of(time, b"{}")
        else:
            given = base64.b64encode(_telnyx()[1].sign(f"{time}|{{}}".encode())).decode()
        request = SignedRequest(
            url=URL, headers=dict(zip(names, (given, time), strict=True)), body=b"{}"
        )
        assert signature.fault(request, NOW) is not None


def test_dailys_time_may_be_in_seconds_too() -> None:
    """As its documentation has it, though its calls come with milliseconds."""
    given = DAILY.of(f"{NOW:.0f}", b"{}")
    headers = {"x-pinless-signature": given, "x-pinless-timestamp": f"{NOW:.0f}"}
    assert DAILY.fault(SignedRequest(url=URL, headers=headers, body=b"{}"), NOW) is None


HEADERS = (
    "x-twilio-signature",
    "x-plivo-signature-v3",
    "x-plivo-signature-v3-nonce",
    "x-plivo-signature-ma-v3",
    "telnyx-signature-ed25519",
    "telnyx-timestamp",
    "x-pinless-signature",
    "x-pinless-timestamp",
)


@given(
    st.dictionaries(st.sampled_from(HEADERS), st.text(st.characters(max_codepoint=255))),
    st.binary(max_size=200),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=50),
)
def test_odd_bytes_are_refused_and_no_error(
    headers: dict[str, str], body: bytes, path: str
) -> None:
    """Whatever a stranger sends, in headers, body and path."""
    request = SignedRequest(url=f"{URL}{path}", headers=headers, body=body)
    for signature, _ in SIGNED:
        assert signature.fault(request, NOW) is not None


def test_a_form_of_thousands_of_fields_is_refused() -> None:
    """Before it costs anything."""
    body = b"&".join(b"a=1" for _ in range(5000))
    for signature, headers in (
        (TWILIO, {"x-twilio-signature": "A" * 28}),
        (PLIVO, {"x-plivo-signature-v3": "A", "x-plivo-signature-v3-nonce": "1"}),
    ):
        request = SignedRequest(url=URL, headers=headers, body=body)
        assert signature.fault(request, NOW) == "holds no form"


# Keys that cannot be used.


@pytest.mark.parametrize(
    "key", ["x", "AAAA", "not base64 at all!", base64.b64encode(b"1" * 31).decode()]
)
def test_a_key_that_is_none_is_refused_at_once(key: str) -> None:
    """Not when the first call comes."""
    with pytest.raises(ValueError, match="base64"):
        TelnyxSignature(key)


@pytest.mark.parametrize("secret", ["AAAA", "not base64 at all!", ""])
def test_a_secret_of_dailys_that_is_none_is_refused_at_once(secret: str) -> None:
    """Not when the first call comes."""
    with pytest.raises(ValueError, match=r"base64|bytes"):
        DailySignature(secret)


# Exotel, which signs nothing.

SECRET = "kT3-w_9zAbCdEfGhIjKlMnOpQrStUv"


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_who_knows_exotels_secret_is_let_in() -> None:
    """In the path, or as the password of basic authentication."""
    secret = ExotelSecret(SECRET)
    assert secret.fault(SECRET, "") is None
    assert secret.fault("", _basic("anybody", SECRET)) is None
    assert secret.fault("", _basic("", SECRET)) is None


@pytest.mark.parametrize(
    ("in_path", "authorization"),
    [
        ("", ""),
        (SECRET[:-1], ""),
        (f"{SECRET}/", ""),
        ("", _basic(SECRET, "")),
        ("", _basic("user", SECRET[:-1])),
        ("", f"Bearer {SECRET}"),
        ("", "Basic"),
        ("", "Basic ???"),
        ("é" * 30, "Basic é"),
    ],
)
def test_who_does_not_know_exotels_secret_is_refused(in_path: str, authorization: str) -> None:
    """Whatever else is known."""
    assert ExotelSecret(SECRET).fault(in_path, authorization) is not None


@pytest.mark.parametrize("secret", ["", "short", "with a blank in it, but long enough", "a/b" * 20])
def test_a_secret_that_can_be_guessed_or_breaks_a_url_is_refused(secret: str) -> None:
    """With a word on how to make one."""
    with pytest.raises(ValueError, match="24 letters"):
        ExotelSecret(secret)
