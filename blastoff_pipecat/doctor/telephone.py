"""The telephone: the secrets that carriers are checked with, and the public address."""

import contextlib
import io
from collections.abc import Callable, Mapping

import httpx

from blastoff_pipecat.doctor.finding import Finding
from blastoff_pipecat.environment import Variables
from blastoff_pipecat.environment.variable import Text

_SECS = 8.0


async def examine_telephone(
    environ: Mapping[str, str],
    carrier: str | None = None,
    proxy: str | None = None,
    *,
    scheme: str = "https",
) -> list[Finding]:
    """Say whether the phone bot will start, and whether its carrier reaches it.

    Args:
        environ: The variables, those of `.env` among them.
        carrier: What ``-t`` will name; None checks the secrets that are set, and nothing else.
        proxy: The public host name, as for the bot's ``--proxy``.
        scheme: How the public address is asked.
    """
    try:
        from fastapi import FastAPI

        from blastoff_pipecat.phone.carriers import CARRIERS, missing_rest_keys
        from blastoff_pipecat.phone.command_line import UnguardedPhone, guard_phone
        from blastoff_pipecat.phone.exotel import ExotelSecret
    except ImportError as missing:
        if carrier is None:
            return []
        return [Finding.lacking("phone", missing)]
    if carrier is None:
        checks: dict[Text, Callable[[str], object]] = {
            each.secret: each.signature for each in CARRIERS.values()
        }
        checks[Variables.EXOTEL_STREAM_SECRET] = ExotelSecret
        findings: list[Finding] = []
        for variable, check in checks.items():
            if value := variable.read(environ):
                try:
                    check(value)
                except ValueError as error:
                    findings.append(Finding("fault", variable.name, str(error)))
                else:
                    findings.append(Finding("ok", variable.name, "can be used"))
        return findings
    arguments = ["-t", carrier, *(["--proxy", proxy] if proxy else [])]
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # what it says is said below
            guard_phone(FastAPI(), arguments, environ)
    except UnguardedPhone as error:
        return [Finding("fault", "phone", str(error))]
    findings = [Finding("ok", "phone", f"{carrier}'s secret can be used")]
    if missing := missing_rest_keys(carrier, environ):
        said = f"calls end when their stream is closed: {' and '.join(missing)} is not set"
        findings.append(Finding("note", "phone", said))
    if proxy:
        webhook = CARRIERS[carrier].webhook if carrier in CARRIERS else "/"
        host = proxy.partition("://")[2] or proxy
        findings.append(await _reach(f"{scheme}://{host.rstrip('/')}{webhook}"))
    return findings


async def _reach(url: str) -> Finding:
    """Ask the public address as a stranger would, who is to be turned away."""
    try:
        async with httpx.AsyncClient(timeout=_SECS) as client:
            answer = await client.post(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding.unreachable(url, error, "Check the name, the tunnel and its certificate.")
    if answer.status_code == 403:
        return Finding("ok", url, "is the bot's, and turns strangers away")
    if answer.is_success:
        said = f"takes a request that nobody has signed (HTTP {answer.status_code})"
        return Finding("fault", url, said, "Check that it leads to the phone bot, and its guard.")
    said = f"answers HTTP {answer.status_code}"
    return Finding("note", url, said, "Start the bot, and ask again.")
