"""The public address: asked as a stranger would, and told apart by what it answers."""

import pytest
from aiohttp import web

from blastoff_pipecat.doctor.telephone import examine_telephone
from tests.doctor.conftest import KEYS, serving

TWILIO = {"TWILIO_AUTH_TOKEN": KEYS["TWILIO_AUTH_TOKEN"]}


@pytest.mark.parametrize(
    ("status", "level", "said"),
    [
        (403, "ok", "turns strangers away"),
        (200, "fault", "takes a request that nobody has signed"),
        (502, "note", "answers HTTP 502"),
        (404, "note", "answers HTTP 404"),
    ],
)
async def test_the_public_address_is_asked(status: int, level: str, said: str) -> None:
    """A guard answers 403; who answers 200 has none; a tunnel without a bot says so."""
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path))
        return web.Response(status=status)

    async with serving(answer) as url:
        host = url.removeprefix("http://")
        findings = await examine_telephone(TWILIO, "twilio", host, scheme="http")
    assert asked == [("POST", "/")]
    assert findings[-1].level == level
    assert said in findings[-1].said


async def test_keys_for_ending_calls_are_asked_for() -> None:
    """Without them calls end otherwise: worth knowing, and no fault."""
    findings = await examine_telephone(TWILIO, "twilio", "127.0.0.1:1", scheme="http")
    assert [finding.level for finding in findings] == ["ok", "note", "fault"]
    assert "TWILIO_ACCOUNT_SID" in findings[1].said
    assert "cannot be reached" in findings[2].said
