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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from blastoff_pipecat.conductor.latency import LatencySummary
from blastoff_pipecat.conductor.report import COUNTS, DURATIONS, HandedOver, Outcome, ReplyReport

Mode: TypeAlias = Literal["relayed", "direct"]

WINDOW = 4096
"""Replies that each worker remembers."""

_DIGITS = 6  # microseconds

# Time; mode, outcome and handover; each duration; each count.
_RECORD = struct.Struct(f"<d3Bx{len(DURATIONS)}f{len(COUNTS)}I")
_HEADER = struct.Struct("<Q")
_MODES: tuple[Mode, ...] = get_args(Mode)
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_HANDOVERS: tuple[HandedOver | None, ...] = (None, *get_args(HandedOver))
_UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Record:
    """One reply, and the worker process that made it."""

    worker: str
    mode: Mode
    report: ReplyReport


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
        packed = _RECORD.pack(
            time.time(),
            _MODES.index(mode),
            _OUTCOMES.index(report.outcome),
            _HANDOVERS.index(report.handover),
            *(_UNKNOWN if each is None else each for each in times),
            *(getattr(report, name) for name in COUNTS),
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
            many replies there were, how many failed, and all of a `LatencySummary`: statistics of
            each duration, None where there was none, counts, and how often each `handover` was
            taken; ``workers``, the processes that made them; ``improvement``, by how much the first
            text of relayed replies is earlier than that of direct ones, and
            ``answer_improvement``, likewise the large model's first clause or sentence: below
            nought where it is later, None where one mode was not seen.
        """
        records = list(self._records())
        summed: dict[Mode, Any] = {mode: _sum_up(records, mode) for mode in _MODES}
        return {
            "unit": "seconds",
            "workers": len({record.worker for record in records}),
            "modes": summed,
            "improvement": _improvement(summed, "first_text"),
            "answer_improvement": _improvement(summed, "answer_text"),
        }

    def _records(self) -> Iterator[Record]:
        since = self._reset_at()
        for path in self._folder.glob("*.ring"):
            data = path.read_bytes()
            (count,) = _HEADER.unpack_from(data)
            for index in range(min(count, WINDOW)):
                offset = _HEADER.size + index * _RECORD.size
                packed = _RECORD.unpack_from(data, offset)
                if packed[0] >= since:
                    yield _record(path.name, packed)

    def _reset_at(self) -> float:
        try:
            return float((self._folder / "reset").read_text())
        except (OSError, ValueError):
            return 0.0


def _record(worker: str, packed: tuple[Any, ...]) -> Record:
    mode, outcome, handover = map(int, packed[1:4])
    known = (None if each != each else each for each in packed[4:])
    figures: dict[str, Any] = dict(zip((*DURATIONS, *COUNTS), known, strict=True))
    report = ReplyReport(outcome=_OUTCOMES[outcome], handover=_HANDOVERS[handover], **figures)
    return Record(worker, _MODES[mode], report)


def _sum_up(records: list[Record], mode: Mode) -> dict[str, Any]:
    summary = LatencySummary(window=max(1, len(records)))
    of_mode = [record.report for record in records if record.mode == mode]
    for report in of_mode:
        summary.add(report)
    failed = sum(report.outcome == "failed" for report in of_mode)
    summed: dict[str, Any] = {"count": len(of_mode), "failed": failed, **summary.as_dict()}
    for name in DURATIONS:
        summed[name] = _rounded(summed[name])
    return summed


def _rounded(stats: dict[str, float] | None) -> dict[str, float] | None:
    return stats and {name: round(value, _DIGITS) for name, value in stats.items()}


def _improvement(summed: dict[Mode, Any], name: str) -> dict[str, float] | None:
    """Compare a duration of relayed replies with that of direct ones, where both were seen."""
    relayed, direct = summed["relayed"][name], summed["direct"][name]
    if relayed is None or direct is None:
        return None
    return _rounded({each: direct[each] - relayed[each] for each in ("avg", "p50", "p95")})
