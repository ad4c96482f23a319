"""One call too many."""

import asyncio
import re

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from blastoff_pipecat.phone import PhoneGuard, UnguardedPhone, guard_phone
from blastoff_pipecat.phone.capacity import Capacity
from blastoff_pipecat.phone.carriers import CARRIERS
from blastoff_pipecat.phone.doors import CarrierDoor, ExotelDoor
from tests.phone.server import served

CALLER = {"From": "+14158675309"}
LINE = "Sorry, <busy> & full."


def _bot(name: str, capacity: Capacity) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive()

    door = (
        ExotelDoor(None) if name == "exotel" else CarrierDoor(CARRIERS[name], None, "bot.example")
    )
    app.add_middleware(PhoneGuard, door=door, capacity=capacity, busy_line=LINE)
    return app


async def _announced(client: httpx.AsyncClient, **form: str) -> str:
    """The path of the stream that a webhook's answer announces; empty where it announces none."""
    answer = await client.post("/", data=form)
    assert answer.status_code == 200
    found = re.search(r"(/ws/[A-Za-z0-9_-]+)", answer.text)
    if found is None:
        assert "Sorry, &lt;busy&gt; &amp; full." in answer.text
        assert answer.text.endswith("<Hangup/></Response>")
    return found[1] if found else ""


@pytest.mark.parametrize("name", ["twilio", "telnyx", "plivo"])
async def test_a_call_too_many_is_told_so_and_ends(name: str) -> None:
    """The carrier says the line; when a call has ended, there is room again."""
    capacity = Capacity(most=2)
    async with (
        served(_bot(name, capacity)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        async with connect(f"ws://127.0.0.1:{port}{await _announced(client)}"):
            last = await _announced(client)
            async with connect(f"ws://127.0.0.1:{port}{await _announced(client)}"):
                assert await _announced(client) == ""
                with pytest.raises(InvalidStatus):  # it was announced while there was room
                    await connect(f"ws://127.0.0.1:{port}{last}")
                assert (capacity.under_way, capacity.refused) == (2, 2)
        async with asyncio.timeout(5):
            while capacity.under_way:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        assert await _announced(client)


async def test_one_caller_cannot_take_all_lines() -> None:
    """A caller with as many calls as one may have hears the line; others get through."""
    capacity = Capacity(most_per_caller=1)
    async with (
        served(_bot("twilio", capacity)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        connect(f"ws://127.0.0.1:{port}{await _announced(client, **CALLER)}"),
    ):
        assert await _announced(client, **CALLER) == ""
        assert await _announced(client, From="+15551234567")
        assert await _announced(client)


async def test_exotels_call_too_many_is_hung_up_on() -> None:
    """There is no webhook that could say a line."""
    async with served(_bot("exotel", Capacity(most=1))) as port:
        url = f"ws://127.0.0.1:{port}/ws"
        async with connect(url):
            with pytest.raises(InvalidStatus):
                await connect(url)


@pytest.mark.parametrize("variable", ["PHONE_MAX_CALLS", "PHONE_MAX_CALLS_PER_CALLER"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "²"])
def test_a_number_that_cannot_be_is_told(variable: str, value: str) -> None:
    """Before the port opens, by the variable's name."""
    environ = {"EXOTEL_STREAM_SECRET": "kT3-w_9zAbCdEfGhIjKlMnOpQrStUv", variable: value}
    with pytest.raises(UnguardedPhone, match=variable):
        guard_phone(FastAPI(), ["-t", "exotel"], environ)
