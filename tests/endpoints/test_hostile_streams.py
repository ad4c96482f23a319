"""A model's server that means harm: what it sends costs in proportion, and to a bound."""

import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from blastoff_pipecat.endpoints import decoder
from blastoff_pipecat.endpoints.decoder import MAX_PENDING_BYTES, ReplyDecoder
from blastoff_pipecat.endpoints.errors import GarbledStream
from tests.endpoints.events import event
from tests.endpoints.test_decoder import ENDPOINT

MANY = 20_000

Reads = Callable[[int], Iterator[bytes]]


def _one_call(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield event({"tool_calls": [{"index": 0, "function": {"arguments": "1"}}]})


def _as_many_calls(count: int) -> Iterator[bytes]:
    for i in range(count):
        yield event({"tool_calls": [{"index": i, "id": f"c{i}", "function": {"name": "f"}}]})


def _calls_by_id(count: int) -> Iterator[bytes]:
    for i in range(count):
        yield event({"tool_calls": [{"id": f"c{i}", "function": {"name": f"f{i}"}}]})


def _lines_of_one_event(count: int) -> Iterator[bytes]:
    yield b"data: 1\n" * count


def _pieces_of_one_line(count: int) -> Iterator[bytes]:
    yield b"data: "
    for _ in range(count):
        yield b"x" * 20


def _pieces_of_a_body(count: int) -> Iterator[bytes]:
    yield b"{\n"
    for _ in range(count):
        yield b" " * 20


def cpu_secs(reads: Reads, count: int) -> float:
    """The least CPU time of three runs in which a decoder reads all of it."""

    def once() -> float:
        reading, raws = ReplyDecoder(ENDPOINT), list(reads(count))
        start = time.process_time()
        for raw in raws:
            reading.feed(raw)
        return time.process_time() - start

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    "reads",
    [
        _one_call,
        _as_many_calls,
        _calls_by_id,
        _lines_of_one_event,
        _pieces_of_one_line,
        _pieces_of_a_body,
    ],
)
def test_what_comes_in_many_pieces_takes_time_in_proportion(reads: Reads) -> None:
    """Eight times as much takes about eight times as long, where squares would take 64 times."""
    few, many = cpu_secs(reads, MANY // 8), cpu_secs(reads, MANY)
    assert many < 24 * max(few, 0.0005)


@pytest.mark.parametrize(
    "line", [b"data: " + b"x" * 90, b"data: " + b"x" * 90 + b"\n", b": x\n" * 20]
)
def test_what_never_becomes_an_event_is_given_up(line: bytes) -> None:
    """A line, an event or a row of comments without an end stops at the bound, in memory too."""
    reading = ReplyDecoder(ENDPOINT)
    tracemalloc.start()
    try:
        with pytest.raises(GarbledStream, match="no event within"):
            _feed_for_ever(reading, line)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_PENDING_BYTES
    finally:
        tracemalloc.stop()


def test_a_reply_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of any kind come to an end, those too of which nothing is heard."""
    monkeypatch.setattr(decoder, "MAX_REPLY_BYTES", 100_000)
    reading = ReplyDecoder(ENDPOINT)
    with pytest.raises(GarbledStream, match="more than 100000 bytes"):
        _feed_for_ever(reading, event({"reasoning": "hm"}))


def _feed_for_ever(reading: ReplyDecoder, raw: bytes) -> None:
    for _ in range(MAX_PENDING_BYTES):
        reading.feed(raw)
