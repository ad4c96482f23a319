"""What `/metrics`, `/health` and `/metrics/reset` tell."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.server.conftest import Serve

CHAT = "/v1/chat/completions"
ASKING: dict[str, Any] = {
    "messages": [{"role": "user", "content": "When does the museum open?"}],
    "stream": True,
}
DIRECT = {**ASKING, "disable_quick_response": True}
OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}
TIMES = ("first_text", "answer_text", "small_ttft", "large_ttft", "seam_wait", "silence", "total")
OPENING = ["Let", " me", " look", " into", " that", " for", " you", " right", " now", "."]
ANSWER = "The museum opens at nine. Come early."
BESIDE = Policy(opening="always", handover="beside", max_words=16, max_waiting_lines=0)


def count_of(text: str, parse: Any, sample: str, **labels: str) -> float:
    """Read one sample, summed over the labels that are not named."""
    return sum(
        each.value
        for family in parse(text)
        for each in family.samples
        if each.name == sample and labels.items() <= each.labels.items()
    )


async def test_before_any_reply_there_is_nothing_to_tell(http: httpx.AsyncClient) -> None:
    """Without replies there are counts of nought, no times and no improvement."""
    told = (await http.get("/metrics")).json()
    assert told["improvement"] is told["answer_improvement"] is None
    for mode in ("relayed", "direct"):
        assert told["modes"][mode]["count"] == 0
        assert {told["modes"][mode][name] for name in TIMES} == {None}
        assert told["modes"][mode]["waiting_lines"] == told["modes"][mode]["declined"] == 0
        assert told["modes"][mode]["handover"] == {}


async def test_the_improvement_is_null_without_a_direct_request(http: httpx.AsyncClient) -> None:
    """What was not measured is not claimed."""
    await http.post(CHAT, json=ASKING)
    told = (await http.get("/metrics")).json()
    assert told["improvement"] is told["answer_improvement"] is None
    assert told["modes"]["relayed"]["count"] == 1
    assert set(told["modes"]["relayed"]["total"]) == {"n", "avg", "min", "max", "p50", "p95"}
    assert told["modes"]["direct"]["first_text"] is None


async def test_an_answer_that_is_handed_on_unread_is_no_measure_of_the_answer(
    http: httpx.AsyncClient, models: ScriptedEndpoint
) -> None:
    """Its first text is known, but not when its first sentence is whole."""
    models.play("large", Script(ANSWER))
    await http.post(CHAT, json=ASKING)
    await http.post(CHAT, json={**ASKING, "n": 2})
    told = (await http.get("/metrics")).json()
    assert told["improvement"] is not None
    assert told["answer_improvement"] is None


async def test_the_improvement_is_the_true_one(
    http: httpx.AsyncClient, models: ScriptedEndpoint
) -> None:
    """The improvement is what a client gains, within 5 %: as seen at the client's own socket."""
    models.play("small", Script(OPENING, ttft=0.1, pace=0.01))
    models.play("large", Script(ANSWER, ttft=0.8))
    gained: list[float] = []
    lost: list[float] = []
    for _ in range(3):
        (direct, direct_whole), (relayed, relayed_whole) = [
            await _first_and_last_text(http, body) for body in (DIRECT, ASKING)
        ]
        gained.append(direct - relayed)
        lost.append(relayed_whole - direct_whole)
    told = (await http.get("/metrics")).json()
    true = sorted(gained)[1]
    assert true > 0.5
    assert told["improvement"]["p50"] == pytest.approx(true, rel=0.05)
    assert told["improvement"]["avg"] == pytest.approx(sum(gained) / 3, rel=0.05)
    later = sorted(lost)[1]
    assert later > 0.1  # the large model is asked when the opening is final
    assert told["answer_improvement"]["p50"] == pytest.approx(-later, abs=0.02)


async def test_how_much_later_than_alone_an_answer_is_needs_no_direct_request(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """Asked at once, the large model shows in each reply when it would have been heard alone."""
    models.play("small", Script(OPENING, ttft=0.1))
    models.play("large", Script(ANSWER, ttft=0.5))
    running = await serve(policy=BESIDE)
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        for _ in range(2):
            await http.post(CHAT, json=ASKING)
        told = (await http.get("/metrics")).json()
        text = (await http.get("/metrics", headers={"accept": "text/plain"})).text
    assert told["answer_improvement"] is None
    relayed = told["modes"]["relayed"]
    assert relayed["alone_text"]["p50"] == pytest.approx(0.5, abs=0.1)
    assert relayed["answer_text"]["p50"] == pytest.approx(relayed["alone_text"]["p50"], abs=0.02)
    over = relayed["first_text"]["p50"] + relayed["cover"]["p50"]
    assert relayed["answer_lateness"]["n"] == 2
    assert relayed["answer_lateness"]["p50"] == pytest.approx(over - 0.5, abs=0.1)
    assert relayed["handover"] == {"beside": 2}
    how = {"mode": "relayed", "handover": "beside"}
    assert count_of(text, prometheus, "blastoff_handovers_total", **how) == 2
    assert count_of(text, prometheus, "blastoff_answer_lateness_seconds_count") == 2


async def test_waiting_lines_are_counted(serve: Serve, models: ScriptedEndpoint) -> None:
    """In both formats, and the silence that they end is told."""
    models.play("small", Script("Let me see."), Script("Just a moment."))
    models.play("large", Script(ANSWER, ttft=2.0))
    policy = replace(BESIDE, max_silence_secs=0.5, max_waiting_lines=1)
    running = await serve(policy=policy, waiting_lines=True)
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        await http.post(CHAT, json=ASKING)
        told = (await http.get("/metrics")).json()["modes"]["relayed"]
        text = (await http.get("/metrics", headers={"accept": "text/plain"})).text
    assert told["waiting_lines"] == 1
    assert told["silence"]["max"] == pytest.approx(0.5, abs=0.2)
    assert count_of(text, prometheus, "blastoff_waiting_lines_total", mode="relayed") == 1


async def test_a_role_chunk_is_no_first_text(
    http: httpx.AsyncClient, models: ScriptedEndpoint
) -> None:
    """The time of a direct answer is that of its first word, not of an empty chunk before it."""
    models.play("large", Script("At nine.", ttft=0.2, early_role=True))
    await http.post(CHAT, json={**ASKING, "n": 2})
    told = (await http.get("/metrics")).json()["modes"]["direct"]["first_text"]
    assert 0.19 < told["min"] < 0.4


async def test_a_reset_forgets_times_but_not_counters(http: httpx.AsyncClient) -> None:
    """After a reset the JSON starts anew; Prometheus counters only ever grow."""
    await http.post(CHAT, json=ASKING)
    assert (await http.post("/metrics/reset")).json() == {"status": "reset"}
    assert (await http.get("/metrics")).json()["modes"]["relayed"]["count"] == 0
    await http.post(CHAT, json=ASKING)
    assert (await http.get("/metrics")).json()["modes"]["relayed"]["count"] == 1
    text = (await http.get("/metrics", headers={"accept": "text/plain"})).text
    assert count_of(text, prometheus, "blastoff_replies_total") == 2


@pytest.mark.parametrize(
    ("accept", "kind", "parse"),
    [
        ("text/plain;version=0.0.4", "text/plain", prometheus),
        ("text/plain", "text/plain", prometheus),
        (OPENMETRICS["accept"], "application/openmetrics-text", openmetrics),
        (OPENMETRICS["accept"] + ",text/plain;q=0.5", "application/openmetrics-text", openmetrics),
    ],
)
async def test_prometheus_gets_its_own_format(
    http: httpx.AsyncClient, models: ScriptedEndpoint, accept: str, kind: str, parse: Any
) -> None:
    """A scraper gets the format that it accepts, with a histogram for each time."""
    models.play("large", Script(ANSWER))
    await http.post(CHAT, json=ASKING)
    response = await http.get("/metrics", headers={"accept": accept})
    assert response.headers["content-type"].startswith(kind)
    for name in TIMES:
        sample = f"blastoff_{name}_seconds_count"
        assert count_of(response.text, parse, sample, mode="relayed") == 1, sample


async def test_everyone_else_gets_json(http: httpx.AsyncClient) -> None:
    """Browsers and curl get JSON."""
    for accept in ("*/*", "application/json", "text/html,application/xhtml+xml,*/*;q=0.8"):
        assert (await http.get("/metrics", headers={"accept": accept})).json()


async def test_a_failure_is_counted_as_one(
    http: httpx.AsyncClient, models: ScriptedEndpoint
) -> None:
    """Requests that got no answer are counted apart and have no times."""
    for model in ("small", "large"):
        models.play(model, Script(fault=Fault.STATUS_500))
    await http.post(CHAT, json=ASKING)
    await http.post(CHAT, json={**ASKING, "n": 2})
    modes = (await http.get("/metrics")).json()["modes"]
    for mode in ("relayed", "direct"):
        assert (modes[mode]["count"], modes[mode]["failed"]) == (1, 1)
        assert modes[mode]["first_text"] is None


@pytest.mark.parametrize(
    ("dead", "status", "code"),
    [((), "ok", 200), (("small",), "degraded", 200), (("small", "large"), "down", 503)],
)
async def test_health_asks_the_models_when_told_to(
    http: httpx.AsyncClient, models: ScriptedEndpoint, dead: tuple[str, ...], status: str, code: int
) -> None:
    """Liveness costs nothing; `?deep=1` asks both models and says which answer."""
    for model in dead:
        models.play(model, Script(fault=Fault.STATUS_500))
    assert (await http.get("/health")).json() == {"status": "ok"}
    assert models.requests == []
    response = await http.get("/health?deep=1")
    assert response.status_code == code
    told = response.json()
    assert told == {"status": status, "small": "small" not in dead, "large": "large" not in dead}


async def test_workers_tell_the_metrics_of_all(models: ScriptedEndpoint) -> None:
    """With two workers, whichever is asked tells the replies of both, in both formats."""

    async def ask(url: str, method: str, path: str, **options: Any) -> httpx.Response:
        # A client is a connection of its own, which the system gives to either worker.
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            response = await client.request(method, path, **options)
            assert response.status_code == 200
            return response

    async with _command(models, "--workers", "2") as url:
        replies = 0
        told: dict[str, Any] = {"workers": 0}
        while told["workers"] < 2:
            await asyncio.gather(*(ask(url, "POST", CHAT, json=ASKING) for _ in range(20)))
            replies += 20
            told = (await ask(url, "GET", "/metrics")).json()
        counts: set[float] = set()
        for _ in range(10):
            both = await asyncio.gather(
                ask(url, "GET", "/metrics"), ask(url, "GET", "/metrics", headers=OPENMETRICS)
            )
            counts.add(both[0].json()["modes"]["relayed"]["count"])
            for sample in ("blastoff_replies_total", "blastoff_total_seconds_count"):
                counts.add(count_of(both[1].text, openmetrics, sample, mode="relayed"))
        assert counts == {replies}
        await ask(url, "POST", "/metrics/reset")
        empty = await asyncio.gather(*(ask(url, "GET", "/metrics") for _ in range(10)))
        assert {each.json()["modes"]["relayed"]["count"] for each in empty} == {0}


async def test_the_command_needs_only_the_variables(models: ScriptedEndpoint) -> None:
    """`python -m blastoff_pipecat serve` serves the models of the environment, until SIGTERM."""
    async with _command(models) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        answer = await client.post(CHAT, json={**ASKING, "stream": False, "model": "mine"})
        assert answer.json()["model"] == "mine"
        assert "nine" in answer.json()["choices"][0]["message"]["content"]


async def _first_and_last_text(
    http: httpx.AsyncClient, body: dict[str, Any]
) -> tuple[float, float]:
    """How long after the request its first and its last text came."""
    clock = asyncio.get_running_loop().time
    started = clock()
    seen: list[float] = []
    async with http.stream("POST", CHAT, json=body) as response:
        async for line in response.aiter_lines():
            if re.search(r'"content":"[^"]', line):
                seen.append(clock() - started)
    return seen[0], seen[-1]


@asynccontextmanager
async def _command(models: ScriptedEndpoint, *options: str) -> AsyncIterator[str]:
    """Run the command in a process of its own; it must end by itself on SIGTERM."""
    environment = {
        **os.environ,
        "SMALL_MODEL_URL": models.url,
        "SMALL_MODEL_NAME": "small",
        "LARGE_MODEL_URL": models.url,
        "LARGE_MODEL_NAME": "large",
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    command = (sys.executable, "-m", "blastoff_pipecat", "serve", *options)
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    log = ""
    try:
        async with asyncio.timeout(60):
            while "startup complete" not in log or " running on " not in log:
                line = (await process.stderr.readline()).decode()
                assert line, f"it ended:\n{log}"
                log += line
        found = re.search(r"running on (http://[\d.:]+)", log)
        assert found is not None
        yield found[1]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, rest = await asyncio.wait_for(process.communicate(), 30)
    assert "Traceback" not in log + rest.decode()
