"""What a phone bot is told when it starts, and when it refuses to."""

import base64
from collections.abc import Sequence

import pytest
from fastapi import FastAPI

from blastoff_pipecat.phone import PhoneGuard, UnguardedPhone, guard_phone
from blastoff_pipecat.phone.doors import CarrierDoor, Door, EvalDoor, ExotelDoor

PROXY = ("--proxy", "bot.example.com")
KEY = base64.b64encode(b"1" * 32).decode()
SECRETS = {
    "twilio": {"TWILIO_AUTH_TOKEN": "0123456789abcdef"},
    "telnyx": {"TELNYX_PUBLIC_KEY": KEY},
    "plivo": {"PLIVO_AUTH_TOKEN": "0123456789abcdef"},
    "exotel": {"EXOTEL_STREAM_SECRET": "kT3-w_9zAbCdEfGhIjKlMnOpQrStUv"},
    "daily": {"PINLESS_HMAC_SECRET": KEY},
}


def _door(arguments: Sequence[str], environ: dict[str, str], **options: bool) -> Door | None:
    """The door that the guard stands at; None where there is no guard."""
    app = FastAPI()
    guard_phone(app, arguments, environ, **options)
    doors = [m.kwargs["door"] for m in app.user_middleware if m.cls is PhoneGuard]
    assert len(doors) < 2
    return doors[0] if doors else None


@pytest.mark.parametrize("carrier", SECRETS)
def test_a_carrier_with_its_secret_is_guarded(carrier: str) -> None:
    """Each has a door of its own, and the public host name stands in the signed URL."""
    door = _door(["-t", carrier, *PROXY], SECRETS[carrier])
    if carrier == "exotel":
        assert isinstance(door, ExotelDoor)
        return
    assert isinstance(door, CarrierDoor)
    assert door.host == ("" if carrier == "daily" else "bot.example.com")


@pytest.mark.parametrize("carrier", SECRETS)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_its_secret_a_bot_does_not_start(carrier: str, value: str | None) -> None:
    """One message names the variable, where to find its value, and the way out."""
    (variable,) = SECRETS[carrier]
    environ = {} if value is None else {variable: value}
    with pytest.raises(UnguardedPhone) as refusal:
        _door(["-t", carrier, *PROXY], environ)
    message = str(refusal.value)
    assert message.startswith(f"{variable} is missing: ")
    assert ".env" in message
    assert "--insecure" in message


@pytest.mark.parametrize("carrier", ["telnyx", "exotel", "daily"])
def test_a_secret_that_cannot_be_used_is_named_and_not_shown(carrier: str) -> None:
    """Before a call comes."""
    (variable,) = SECRETS[carrier]
    with pytest.raises(UnguardedPhone) as refusal:
        _door(["-t", carrier, *PROXY], {variable: "hunter2"})
    assert str(refusal.value).startswith(f"{variable} ")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("carrier", SECRETS)
def test_insecure_starts_without_a_secret_and_warns(
    carrier: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loudly; the runner's other routes stay shut all the same."""
    door = _door(["-t", carrier, *PROXY], {}, insecure=True)
    assert door is not None
    assert door.stream_fault("/ws", {}, "203.0.113.7") is None or carrier == "daily"
    warning = capsys.readouterr().err
    assert "WARNING" in warning
    assert "NOT checked" in warning


@pytest.mark.parametrize("carrier", ["twilio", "telnyx", "plivo"])
@pytest.mark.parametrize("proxy", [(), ("-x", ""), ("-x", "a b"), ("-x", 'a"b'), ("-x", "a@b")])
def test_a_signed_address_has_to_be_known(carrier: str, proxy: tuple[str, ...]) -> None:
    """The public host name comes from the command line alone."""
    with pytest.raises(UnguardedPhone, match="--proxy"):
        _door(["-t", carrier, *proxy], SECRETS[carrier])


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("https://bot.example.com/", "bot.example.com"),
        ("bot.example.com:8443", "bot.example.com:8443"),
        ("bot.example.com/phone", "bot.example.com/phone"),
    ],
)
def test_a_public_address_may_be_written_in_many_ways(given: str, host: str) -> None:
    """With a scheme, as the runner takes it, with a port, or below a path."""
    door = _door(["-t", "twilio", f"--proxy={given}"], SECRETS["twilio"])
    assert door is not None
    assert door.host == host


@pytest.mark.parametrize("arguments", [[], ["--port", "7900"], ["-t", "eval"], ["-v"]])
def test_without_a_carrier_only_evals_get_in(arguments: list[str]) -> None:
    """Whatever secrets are set."""
    assert isinstance(_door(arguments, SECRETS["twilio"]), EvalDoor)


def test_a_public_address_without_a_carrier_is_refused() -> None:
    """It would be of no use, and looks as if a carrier was meant."""
    with pytest.raises(UnguardedPhone, match="-t"):
        _door([*PROXY], SECRETS["twilio"])


@pytest.mark.parametrize("transport", ["webrtc", "websocket", "livekit", "moq", "vonage", "x"])
def test_what_is_no_telephone_is_refused(transport: str) -> None:
    """The message lists what is."""
    with pytest.raises(UnguardedPhone, match="twilio, telnyx, plivo, daily, exotel"):
        _door(["-t", transport], SECRETS["twilio"])


def test_the_runners_own_tokens_are_refused() -> None:
    """They would turn every carrier away."""
    for arguments, environ in (
        (["--ws-auth", "token"], {}),
        ([], {"PIPECAT_WEBSOCKET_AUTH": "token"}),
    ):
        with pytest.raises(UnguardedPhone, match="ws-auth"):
            _door(["-t", "twilio", *PROXY, *arguments], {**SECRETS["twilio"], **environ})


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h", "-t", "twilio"], ["-d"], ["-t", "daily", "-d"]]
)
def test_where_no_server_starts_nothing_is_guarded(arguments: list[str]) -> None:
    """Help is shown, and a Daily room is joined, without a secret."""
    assert _door(arguments, {}) is None


def test_a_misspelt_command_line_opens_nothing() -> None:
    """An option without its value is named."""
    with pytest.raises(UnguardedPhone, match="transport"):
        _door(["-t"], SECRETS["twilio"])


def test_the_keys_that_end_calls_are_named_where_they_are_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The bot starts without them."""
    for carrier, named in (
        ("twilio", "TWILIO_ACCOUNT_SID"),
        ("telnyx", "TELNYX_API_KEY"),
        ("plivo", "PLIVO_AUTH_ID"),
        ("exotel", ""),
    ):
        _door(["-t", carrier, *PROXY], SECRETS[carrier])
        told = capsys.readouterr().err
        assert (named in told) if named else (told == "")
