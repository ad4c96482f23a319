"""What a process and its children use (Linux: from its clocks and ``/proc``)."""

import os
import time
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


class ProcessTree:
    """A server's process, and the workers that it started."""

    def __init__(self, pid: int) -> None:
        """Take the process.

        Args:
            pid: Its number.

        Raises:
            ValueError: There is none of that number, or this system has no ``/proc``.
        """
        if not (_PROC / "self/stat").exists():
            raise ValueError("--pid needs Linux: CPU and memory are read from /proc")
        if not (_PROC / str(pid) / "stat").exists():
            raise ValueError(f"--pid {pid}: there is no such process")
        self.pid = pid

    def cpu_secs(self) -> float:
        """Seconds of processor time that the processes living now have used."""
        used = 0.0
        for pid in self.pids():
            with suppress(OSError):
                # What clock_getcpuclockid(3) returns: exact, where /proc counts in ticks of 10 ms.
                used += time.clock_gettime((~pid << 3) | 2)
        return used

    def memory_bytes(self) -> int:
        """Resident memory; pages that processes share count once for each."""
        pages = 0
        for pid in self.pids():
            with suppress(OSError):
                pages += int((_PROC / str(pid) / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def pids(self) -> list[int]:
        """The numbers of the process and of its children, and theirs."""
        children: dict[int, list[int]] = {}
        for entry in os.listdir(_PROC):
            if entry.isdecimal():
                with suppress(OSError):
                    children.setdefault(int(_fields(int(entry))[1]), []).append(int(entry))
        found = [self.pid]
        for pid in found:
            found += children.get(pid, [])
        return found


def _fields(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the state on: a name before it may hold anything."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
