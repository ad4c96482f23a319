"""Who is let in, and how often."""

import re
from urllib.parse import urlencode

import pytest

from blastoff_pipecat.phone.admission import TOKEN_SECS, StreamTokens, UsedWords
from blastoff_pipecat.phone.carriers import CARRIERS, DAILY, PLIVO, TELNYX, TWILIO
from blastoff_pipecat.phone.doors import CarrierDoor, EvalDoor, ExotelDoor
from blastoff_pipecat.phone.exotel import ExotelSecret
from blastoff_pipecat.phone.plivo import PlivoSignature
from blastoff_pipecat.phone.request import SignedRequest
from blastoff_pipecat.phone.twilio import TwilioSignature

HOST = "bot.example.com"
HERE = "127.0.0.1"
STRANGER = "203.0.113.7"


class Clock:
    """Tells the time that a test wants."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def _plivo(clock: Clock, nonce: str = "n1") -> tuple[CarrierDoor, SignedRequest]:
    signature = PlivoSignature("token")
    form = [("CallUUID", "c1")]
    headers = {
        "x-plivo-signature-v3": signature.of(f"https://{HOST}/", nonce, form),
        "x-plivo-signature-v3-nonce": nonce,
    }
    request = SignedRequest(url=f"https://{HOST}/", headers=headers, body=urlencode(form).encode())
    return CarrierDoor(PLIVO, signature, HOST, clock), request


def _stream(door: CarrierDoor) -> str:
    """The path of the stream that the door's next answer announces."""
    found = re.search(rf"wss://{HOST}(/ws/[A-Za-z0-9_-]{{43}})[\"<]", door.answer() or "")
    assert found
    return found[1]


def test_a_token_admits_one_stream() -> None:
    """The second one with the same token is refused."""
    door, request = _plivo(Clock())
    assert door.webhook_fault(request) is None
    path = _stream(door)
    assert door.stream_fault(path, {}, STRANGER) is None
    assert door.stream_fault(path, {}, STRANGER) is not None


def test_a_token_is_good_for_a_short_time() -> None:
    """A carrier opens its stream at once; a minute later nobody may."""
    clock = Clock()
    door, _ = _plivo(clock)
    path = _stream(door)
    clock.now += TOKEN_SECS + 0.1
    assert door.stream_fault(path, {}, STRANGER) is not None


@pytest.mark.parametrize(
    "path", ["/ws", "/ws/", "/ws/x", "/", "/ws-client", "/ws/é", "/ws/" + "a" * 43]
)
def test_a_stream_that_nobody_announced_is_refused(path: str) -> None:
    """Whatever it has for a token."""
    for carrier in (TELNYX, PLIVO):
        door = CarrierDoor(carrier, PlivoSignature("token"), HOST, Clock())
        door.answer()
        assert door.stream_fault(path, {}, HERE) is not None


def test_a_recorded_webhook_is_taken_once() -> None:
    """Also with a further signature beside the one that is valid, or another order of fields."""
    door, request = _plivo(Clock())
    assert door.webhook_fault(request) is None
    assert door.webhook_fault(request) == "was taken before"
    signature = request.headers["x-plivo-signature-v3"]
    headers = {**request.headers, "x-plivo-signature-v3": f"AAAA,{signature}", "x-signature": "1"}
    again = SignedRequest(url=request.url, headers=headers, body=request.body)
    assert door.webhook_fault(again) == "was taken before"


def test_twilios_stream_needs_its_signature_and_its_token() -> None:
    """Neither is enough alone, and a token that a stranger holds is not spoilt by trying it."""
    signature = TwilioSignature("12345")
    door = CarrierDoor(TWILIO, signature, HOST, Clock())
    path = _stream(door)
    signed = {"x-twilio-signature": signature.of(f"wss://{HOST}{path}")}
    other = {"x-twilio-signature": signature.of(f"wss://{HOST}/ws")}
    assert door.stream_fault(path, {}, HERE) is not None
    assert door.stream_fault(path, other, HERE) is not None
    assert door.stream_fault("/ws", other, HERE) is not None
    assert door.stream_fault(path, signed, STRANGER) is None
    assert door.stream_fault(path, signed, STRANGER) is not None


def test_dailys_calls_come_through_no_stream() -> None:
    """Its webhook is the runner's to answer, and no websocket is open."""
    door = CarrierDoor(DAILY, PlivoSignature("token"), "", Clock())
    assert door.webhook == "/daily-dialin-webhook"
    assert door.answer() is None
    for path in ("/ws", "/ws/x", "/ws-client"):
        assert door.stream_fault(path, {}, HERE) is not None


def test_exotels_streams_come_without_a_webhook() -> None:
    """With the secret in their path or as a password; without it, not."""
    secret = "kT3-w_9zAbCdEfGhIjKlMnOpQrStUv"
    door = ExotelDoor(ExotelSecret(secret))
    assert door.webhook is None
    assert door.stream_fault(f"/ws/{secret}", {}, STRANGER) is None
    assert door.stream_fault("/ws", {"authorization": "Basic Og=="}, HERE) is not None
    assert door.stream_fault("/ws", {}, HERE) is not None
    assert door.stream_fault(f"/{secret}", {}, HERE) is not None


@pytest.mark.parametrize("name", ["localhost:7860", "127.0.0.1:7860", "[::1]:7860", "localhost"])
def test_an_eval_harness_on_this_computer_is_let_in(name: str) -> None:
    """Straight from here, and nowhere but to /ws."""
    door = EvalDoor()
    assert door.stream_fault("/ws", {"host": name}, HERE) is None
    assert door.stream_fault("/ws", {"host": name}, "::1") is None
    assert door.stream_fault("/ws-client", {"host": name}, HERE) is not None
    assert door.stream_fault("/ws/x", {"host": name}, HERE) is not None


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"host": "localhost:7860"}, STRANGER),
        ({"host": "my-bot.ngrok.app"}, HERE),
        ({"host": "localhost.evil.example"}, HERE),
        ({"host": "[::1"}, HERE),
        ({}, HERE),
        ({"host": "localhost", "x-forwarded-for": "127.0.0.1"}, HERE),
        ({"host": "localhost", "x-forwarded-host": "my-bot.ngrok.app"}, HERE),
        ({"host": "localhost", "forwarded": "for=127.0.0.1"}, HERE),
        ({"host": "localhost", "origin": "https://evil.example"}, HERE),
    ],
)
def test_what_only_looks_local_is_refused(headers: dict[str, str], client: str) -> None:
    """From elsewhere, through a tunnel, or from a page in this computer's browser."""
    assert EvalDoor().stream_fault("/ws", headers, client) is not None


@pytest.mark.parametrize("name", ["twilio", "telnyx", "plivo"])
def test_an_answer_streams_both_ways_and_then_hangs_up(name: str) -> None:
    """So a call ends with its stream, also where no key to the REST API is set."""
    answer = CarrierDoor(CARRIERS[name], None, HOST).answer() or ""
    assert answer.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<Response>')
    assert answer.index("<Stream") < answer.index("<Hangup/>")
    assert answer.endswith("</Response>")


def test_tokens_that_nobody_used_are_forgotten() -> None:
    """However many calls are given up before their stream opens."""
    clock = Clock()
    tokens = StreamTokens(clock)
    first = [tokens.issue() for _ in range(100)]
    assert len(set(first)) == 100
    clock.now += TOKEN_SECS
    assert not any(tokens.redeem(token) for token in first)
    assert tokens.redeem(tokens.issue())


def test_the_latest_words_are_remembered() -> None:
    """A bounded number of them."""
    words = UsedWords(most=3)
    assert [words.first_use(word) for word in "abcab"] == [True, True, True, False, False]
    assert words.first_use("d")
    assert not words.first_use("b")
    assert words.first_use("a")
