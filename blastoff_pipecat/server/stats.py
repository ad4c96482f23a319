"""What the server's replies cost in time, right across its worker processes.

Each worker writes fixed-size records into a ring file of its own in a folder that all workers
share; whoever is asked for statistics reads all rings. A reset is a time that is written into the
folder: records before it no longer count. Durations are seconds.
"""

import mmap
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from blastoff_pipecat.conductor.latency import LatencyStats
from blastoff_pipecat.conductor.report import DURATIONS, ReplyReport

Mode: TypeAlias = Literal["relayed", "direct"]

WINDOW = 4096
"""Replies that each worker remembers."""

_DIGITS = 6  # microseconds

_RECORD = struct.Struct(f"<dB3x{len(DURATIONS)}f")  # time, mode and outcome, each duration
_HEADER = struct.Struct("<Q")
_MODES: tuple[Mode, ...] = ("relayed", "direct")
_UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Record:
    """One reply, and the worker process that made it."""

    worker: str
    mode: Mode
    failed: bool
    times: tuple[float | None, ...]


class Stats:
    """The statistics of one server, as one of its workers sees them."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open this worker's ring.

        Args:
            folder: The folder that all workers share; None for a server of one process.
        """
        self._own = None if folder else tempfile.TemporaryDirectory(prefix="blastoff-stats-")
        self._folder = folder or Path(self._own.name if self._own else "")
        size = _HEADER.size + WINDOW * _RECORD.size
        path = self._folder / f"{os.getpid()}-{time.monotonic_ns()}.ring"
        with path.open("w+b") as file:
            file.truncate(size)
            self._ring = mmap.mmap(file.fileno(), size)
        self._count = 0

    def add(self, mode: Mode, report: ReplyReport) -> None:
        """Note one reply."""
        times = (getattr(report, name) for name in DURATIONS)
        flags = _MODES.index(mode) | (2 if report.outcome == "failed" else 0)
        packed = _RECORD.pack(
            time.time(), flags, *(_UNKNOWN if each is None else each for each in times)
        )
        at = _HEADER.size + (self._count % WINDOW) * _RECORD.size
        self._ring[at : at + _RECORD.size] = packed
        self._count += 1
        self._ring[: _HEADER.size] = _HEADER.pack(self._count)

    def reset(self) -> None:
        """Let nothing that happened before now count."""
        mark = self._folder / "reset"
        fresh = mark.with_name(f"reset.{os.getpid()}")
        fresh.write_text(repr(time.time()))
        fresh.replace(mark)

    def close(self) -> None:
        """Close the ring."""
        self._ring.close()
        if self._own is not None:
            self._own.cleanup()

    def as_dict(self) -> dict[str, Any]:
        """Sum up all workers' replies since the last reset.

        Returns:
            For each mode (``relayed``; ``direct``: the large model alone, as the client asked) how
            many replies there were, how many failed, and statistics of each duration, None where
            there was none; ``workers``, the processes that made them; and ``improvement``, by how
            much the first text of relayed replies is earlier, None where one mode was not seen.
        """
        records = list(self._records())
        summed: dict[str, Any] = {}
        for mode in _MODES:
            of_mode = [record for record in records if record.mode == mode]
            summed[mode] = {
                "count": len(of_mode),
                "failed": sum(record.failed for record in of_mode),
                **{name: _stats(of_mode, index) for index, name in enumerate(DURATIONS)},
            }
        return {
            "unit": "seconds",
            "workers": len({record.worker for record in records}),
            "modes": summed,
            "improvement": _improvement(summed),
        }

    def _records(self) -> Iterator[Record]:
        since = self._reset_at()
        for path in self._folder.glob("*.ring"):
            data = path.read_bytes()
            (count,) = _HEADER.unpack_from(data)
            for index in range(min(count, WINDOW)):
                offset = _HEADER.size + index * _RECORD.size
                unpacked: tuple[Any, ...] = _RECORD.unpack_from(data, offset)
                at, flags, *times = unpacked
                if at >= since:
                    mode: Mode = _MODES[int(flags) & 1]
                    known = tuple(None if each != each else each for each in times)
                    yield Record(path.name, mode, bool(flags & 2), known)

    def _reset_at(self) -> float:
        try:
            return float((self._folder / "reset").read_text())
        except (OSError, ValueError):
            return 0.0


def _stats(records: list[Record], index: int) -> dict[str, float] | None:
    values = (record.times[index] for record in records)
    found = LatencyStats.of(value for value in values if value is not None)
    if found is None:
        return None
    return {name: round(value, _DIGITS) for name, value in asdict(found).items()}


def _improvement(summed: dict[str, Any]) -> dict[str, float] | None:
    """Compare the first text of relayed replies with that of direct ones, where both were seen."""
    relayed, direct = summed["relayed"]["first_text"], summed["direct"]["first_text"]
    if relayed is None or direct is None:
        return None
    return {name: round(direct[name] - relayed[name], _DIGITS) for name in ("avg", "p50", "p95")}
