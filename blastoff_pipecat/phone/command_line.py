"""From the runner's command line and the environment to the door that a phone bot stands behind."""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from fastapi import FastAPI

from blastoff_pipecat.environment import MisconfiguredEnvironment, Variables, read_variables
from blastoff_pipecat.environment.variable import Text
from blastoff_pipecat.phone.capacity import Capacity
from blastoff_pipecat.phone.carriers import CARRIERS, Carrier, missing_rest_keys
from blastoff_pipecat.phone.doors import CarrierDoor, Door, EvalDoor, ExotelDoor
from blastoff_pipecat.phone.exotel import ExotelSecret
from blastoff_pipecat.phone.guard import PhoneGuard
from blastoff_pipecat.server.bounded_http import bound_all_http

_Check = TypeVar("_Check")

_EXOTEL = "exotel"
_NAMES = (*CARRIERS, _EXOTEL)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?")

_INSECURE = (
    "--insecure: signatures and tokens are NOT checked. Anybody who finds this address can make "
    "the bot talk, at your cost."
)


class UnguardedPhone(ValueError):
    """The bot could not tell its carrier from a stranger; the message says what is missing."""


def guard_phone(
    app: FastAPI,
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    insecure: bool = False,
) -> None:
    """Put a guard before the application of Pipecat's runner; call it before the runner's ``main``.

    The command line is read as the runner will read it: the carrier (``-t``) and the public host
    name (``--proxy``). Without a carrier the bot answers no telephone, but an eval harness on this
    computer; with ``--direct`` it joins a Daily room, and there is nothing to guard.

    Args:
        app: The runner's application.
        arguments: The command line, without the command; by default the process's.
        environ: The variables; by default the process's and those of `.env`.
        insecure: Whether to let everybody in, which is said loudly.

    Raises:
        UnguardedPhone: What the carrier's signatures are checked with is missing or malformed, or
            the command line names no carrier that can be guarded.
    """
    environ = read_variables(environ, dotenv=environ is None)
    try:
        said, _ = _reader().parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UnguardedPhone(str(error)) from None
    if said.help or said.direct:
        return  # the runner starts no server then
    app.add_middleware(
        PhoneGuard, door=_door(said, environ, insecure=insecure), capacity=_capacity(environ)
    )
    bound_all_http()  # the runner starts uvicorn as it comes, and the port is a public one
    if insecure:
        _tell(f"\nWARNING: {_INSECURE}\n")
    if missing := missing_rest_keys(said.transport or "", environ):
        _tell(
            f"Calls end when their stream is closed; to end them through the REST API of "
            f"{said.transport} too, set {' and '.join(missing)}."
        )


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _reader() -> argparse.ArgumentParser:
    """Reads what matters here, ahead of the runner's own parser, which reports what is wrong."""
    reader = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    reader.add_argument("-h", "--help", action="store_true")
    reader.add_argument("-t", "--transport")
    reader.add_argument("-x", "--proxy")
    reader.add_argument("-d", "--direct", action="store_true")
    reader.add_argument("--ws-auth")
    return reader


def _door(said: argparse.Namespace, environ: Mapping[str, str], *, insecure: bool) -> Door:
    name: str | None = said.transport
    if name in (None, "eval"):
        if said.proxy:
            raise UnguardedPhone(f"--proxy is for a carrier: give -t too, one of {_listed()}.")
        return EvalDoor()
    if name not in _NAMES:
        raise UnguardedPhone(f"-t {name}: this bot answers telephones: {_listed()}.")
    if (said.ws_auth or environ.get("PIPECAT_WEBSOCKET_AUTH")) == "token":
        raise UnguardedPhone(
            "--ws-auth token (or PIPECAT_WEBSOCKET_AUTH=token) is in the way: no carrier knows the "
            "runner's tokens. Leave it out; streams are admitted by tokens of the guard's own."
        )
    if name == _EXOTEL:
        variable = Variables.EXOTEL_STREAM_SECRET
        secret = None if insecure else _checked(environ, variable, _EXOTEL_WHERE, ExotelSecret)
        return ExotelDoor(secret)
    carrier = CARRIERS[name]
    more = {key: variable.read(environ) for key, variable in carrier.more.items()}
    check = partial(carrier.signature, **more)
    signature = None if insecure else _checked(environ, carrier.secret, carrier.where, check)
    return CarrierDoor(carrier, signature, _host(said, carrier))


def _capacity(environ: Mapping[str, str]) -> Capacity:
    """How many calls there may be at once."""
    try:
        return Capacity(
            Variables.PHONE_MAX_CALLS.read(environ),
            Variables.PHONE_MAX_CALLS_PER_CALLER.read(environ),
        )
    except MisconfiguredEnvironment as error:
        raise UnguardedPhone(str(error)) from None


_EXOTEL_WHERE = "a word that only you know and that stands in the Voicebot applet's URL"


def _checked(
    environ: Mapping[str, str], variable: Text, where: str, check: Callable[[str], _Check]
) -> _Check:
    """Make a check from a variable."""
    value = variable.read(environ)
    if not value:
        raise UnguardedPhone(
            f"{variable.name} is missing: {where}. Without it a stranger could make the bot talk. "
            "Set it in the environment or in .env, or let everybody in with --insecure."
        )
    try:
        return check(value)
    except ValueError as error:
        raise UnguardedPhone(f"{variable.name} {error}") from None


def _host(said: argparse.Namespace, carrier: Carrier) -> str:
    """The public host name, which signatures cover and which the stream's URL is made of."""
    if carrier.answer is None:
        return ""
    host = re.sub(r"^https?://", "", said.proxy or "").rstrip("/")
    if not _HOST.fullmatch(host):
        raise UnguardedPhone(
            f"-t {carrier.name} needs --proxy with the public host name that its webhook is "
            "configured with, such as --proxy my-bot.ngrok.app."
        )
    return host


def _listed() -> str:
    return ", ".join(_NAMES)
