"""`blastoff bench beside`: what stands between clients and models is measured, and nothing else.

In the place of LiteLLM's proxy and of nginx stand proxies of the tests', whose faults are known.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blastoff_pipecat.bench.beside.callers import crowd
from blastoff_pipecat.bench.beside.contestants import Name, contestant
from blastoff_pipecat.bench.beside.figures import Figures
from blastoff_pipecat.bench.beside.models import LARGE_TTFT_SECS
from blastoff_pipecat.bench.beside.programs import Models, Program, free_port, models, program
from blastoff_pipecat.bench.beside.run import Bench
from blastoff_pipecat.bench.process import ProcessTree
from tests.bench.conftest import Bench as Command
from tests.bench.conftest import assert_refused

DELAY_SECS = 0.08
SLACK_SECS = 0.06  # that a busy computer may add
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="reads what processes use from Linux"
)


@pytest.fixture
async def asked() -> AsyncIterator[Models]:
    """The models, in their process."""
    async with models() as running:
        yield running


@asynccontextmanager
async def proxy(
    asked: Models,
    name: Name,
    does: Callable[[bytes], bytes] = lambda data: data,
    late: float = 0.0,
) -> AsyncIterator[Program]:
    """Pass bytes on in that name, the models' after what is done to them and as late as that."""
    tasks = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.current_task())
        task.add_done_callback(tasks.discard)
        above, below = await asyncio.open_connection("127.0.0.1", asked.program.port)
        loop = asyncio.get_running_loop()

        async def answer() -> None:
            while data := await above.read(65536):
                loop.call_later(late, writer.write, does(data))

        answering = asyncio.create_task(answer())
        try:
            while data := await reader.read(65536):
                below.write(data.replace(b" /v1/", f" /{name}/v1/".encode()))
        finally:
            answering.cancel()
            below.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Program(server.sockets[0].getsockname()[1], ProcessTree(os.getpid()))
    finally:
        server.close()
        while tasks:
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_stands_between_is_what_is_measured(asked: Models) -> None:
    """A proxy that is late by so much adds it to first texts and to every token, and no more."""
    figures = Figures()
    async with proxy(asked, "nginx") as prompt, proxy(asked, "litellm", late=DELAY_SECS) as late:
        bench = Bench({"nginx": prompt, "litellm": late}, asked, figures)
        await bench.round("nginx", 1)
        await bench.round("litellm", 1)
    for figure in (figures.first, figures.few, figures.many, figures.last):
        ((prompt_secs,), (late_secs,)) = (figure.samples[name] for name in ("nginx", "litellm"))
        assert 0 < prompt_secs < SLACK_SECS, figure.name
        assert DELAY_SECS < late_secs < DELAY_SECS + SLACK_SECS, figure.name
    assert figures.first.samples["nginx"][0] < LARGE_TTFT_SECS / 5
    assert figures.reply.samples["nginx"][0] > 0


async def test_the_server_is_measured_with_both_its_models(asked: Models) -> None:
    """Each figure has a sample, from replies of which each asked both models."""
    figures = Figures()
    async with contestant("ours", asked, None) as server:  # pyright: ignore[reportArgumentType]
        bench = Bench({"ours": server}, asked, figures)
        await bench.warm_up("ours")
        await bench.round("ours", 1)
        assert figures.memory.samples["ours"] == [
            pytest.approx(server.tree.memory_bytes(), rel=0.1)
        ]
    measured = [figure for figure in figures.all if figure.samples["ours"]]
    assert len(measured) == len(figures.all) == 8
    assert all(secs > 0 for figure in measured for secs in figure.samples["ours"])


@pytest.mark.parametrize(
    "does",
    [
        lambda data: data.replace(b"w3@", b"w4@"),
        lambda data: data.replace(b"[DONE]", b"[----]") + (b"[DONE]" if b"DONE" in data else b""),
    ],
    ids=["a token is another's", "there is no end"],
)
async def test_a_reply_that_is_not_whole_is_no_figure(
    asked: Models, does: Callable[[bytes], bytes]
) -> None:
    """Nothing is told of who loses a token, or breaks off."""
    figures = Figures()
    async with proxy(asked, "nginx", does) as broken:
        with pytest.raises(RuntimeError, match=r"nginx, one model: 1 of 1 replies lost"):
            await Bench({"nginx": broken}, asked, figures).round("nginx", 1)
    assert figures.all == []


async def test_one_that_asks_one_model_for_two_is_no_figure(asked: Models) -> None:
    """A server that leaves the small model out would look quicker than it is."""
    async with proxy(asked, "ours") as lazy:
        with pytest.raises(RuntimeError, match="asked 0 and 1 times"):
            await Bench({"ours": lazy}, asked, Figures()).round("ours", 1)


async def test_the_models_are_on_time(asked: Models) -> None:
    """Asked directly, all replies are whole, and what they were asked is told once."""
    tally = await crowd(asked.program.port, "large", size=5, tokens=20, arrival_secs=0.1)
    assert (tally.replies, tally.broken, len(tally.late)) == (5, 0, 100)
    assert tally.p95 < SLACK_SECS
    served = await asked.log()
    assert [(each.asker, each.model) for each in served] == [("v1", "large")] * 5
    for each in served:
        waited = each.first_word - each.received
        assert LARGE_TTFT_SECS - 0.001 < waited < LARGE_TTFT_SECS + SLACK_SECS
    assert await asked.log() == []


async def test_a_program_that_does_not_start_is_told_with_its_last_words() -> None:
    """At once, and it is not waited for."""
    command = (sys.executable, "-c", "print('no key'); raise SystemExit(1)")
    with pytest.raises(RuntimeError, match="did not start: no key"):
        async with program(*command, port=free_port(), health="/health"):
            pass


async def test_a_missing_program_is_one_message(bench: Command) -> None:
    """With what installs it."""
    result = await bench("beside", "--litellm", "nowhere/litellm")
    assert_refused(result, "nowhere/litellm", "make beside")
