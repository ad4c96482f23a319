"""What the server adds to the models' own times."""

import json
import time
from typing import Any

import httpx

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.server.conftest import OPENING

CHAT = "/v1/chat/completions"
ASKING: dict[str, Any] = {
    "messages": [{"role": "user", "content": "When does the museum open?"}],
    "stream": True,
}
ADDED_SECS = 0.005
REPLIES = 5
PACE_SECS = 0.01
LARGE_TTFT_SECS = 0.3
CLAUSE = ["Let", " me", " see", " now", ","]  # whole with its comma


async def test_the_first_chunk_comes_with_the_openings_first_clause(
    http: httpx.AsyncClient, models: ScriptedEndpoint
) -> None:
    """The opening's first clause reaches the client within 5 ms of being complete upstream."""
    models.play("small", Script([*CLAUSE, " what there is."], ttft=0.1, pace=PACE_SECS))
    models.play("large", Script("The museum opens at nine.", ttft=LARGE_TTFT_SECS))
    added: list[float] = []
    for _ in range(REPLIES):
        seen = await _texts(http)
        assert seen[0][0].startswith("Let me see now")
        (small,) = models.requests_for("small")[-1:]
        assert small.first_byte is not None
        added.append(seen[0][1] - (small.first_byte + PACE_SECS * (len(CLAUSE) - 1)))
    assert min(added) < ADDED_SECS, added


async def test_the_large_model_is_heard_as_soon_as_it_speaks(
    http: httpx.AsyncClient, models: ScriptedEndpoint
) -> None:
    """The large model's first token comes within 5 ms of its own time after the opening's end."""
    models.play("small", Script(OPENING, ttft=0.05))
    models.play("large", Script("The museum opens at nine.", ttft=LARGE_TTFT_SECS))
    added: list[float] = []
    for _ in range(REPLIES):
        seen = await _texts(http)
        said = ""
        for index, (text, _) in enumerate(seen):
            said += text
            if said == OPENING:
                added.append(seen[index + 1][1] - seen[index][1] - LARGE_TTFT_SECS)
    assert len(added) == REPLIES
    assert min(added) < ADDED_SECS, added


async def _texts(http: httpx.AsyncClient) -> list[tuple[str, float]]:
    """Ask, and return the texts with the times at which they came."""
    seen: list[tuple[str, float]] = []
    async with http.stream("POST", CHAT, json=ASKING) as response:
        async for line in response.aiter_lines():
            now = time.monotonic()
            if line.startswith("data: {"):
                delta = json.loads(line[6:])["choices"][0]["delta"]
                if delta.get("content"):
                    seen.append((delta["content"], now))
    return seen
