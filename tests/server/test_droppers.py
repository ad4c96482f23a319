"""Clients that come and go at random."""

import asyncio
import random

import httpx
import pytest

from blastoff_pipecat.bench.beside.callers import droppers
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.server.conftest import ANSWER, Serve

DROPS = 200


async def test_connections_dropped_at_random_leave_nothing(
    serve: Serve, models: ScriptedEndpoint, capfd: pytest.CaptureFixture[str]
) -> None:
    """Many clients that hang up at random moments leave no task, no socket and no place taken."""
    chance = random.Random(3)
    models.play("small", lambda _: Script("Sure, one moment.", ttft=chance.uniform(0, 0.3)))
    models.play("large", lambda _: Script(ANSWER, ttft=chance.uniform(0, 0.5), pace=0.02))
    server = await serve(max_requests=DROPS)
    port = int(server.url.rpartition(":")[2])
    before = asyncio.all_tasks()
    await droppers(port, count=DROPS, at_once=DROPS // 4)
    await models.until(lambda: all(request.ended for request in models.requests))
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        asking = {"messages": [{"role": "user", "content": "Is anybody there?"}]}
        answers = await asyncio.gather(
            *(client.post("/v1/chat/completions", json=asking, timeout=20) for _ in range(20))
        )
        assert {answer.status_code for answer in answers} == {200}
        told = (await client.get("/metrics")).json()["modes"]["relayed"]
    assert told["failed"] == 0
    assert told["count"] <= DROPS + 20
    working = [repr(task) for task in asyncio.all_tasks() - before]
    working = [task for task in working if "_Connection.start" not in task]  # the models' own
    assert working == []
    assert "Exception in ASGI application" not in "".join(capfd.readouterr())
