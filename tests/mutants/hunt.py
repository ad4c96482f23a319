"""The hunt: for each mutant, the tests that call its function, until one of them fails.

The tests are collected once. Each mutant then has a process of its own, forked from the one that
has imported everything, so that nothing is left of it.
"""

import math
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from types import CodeType, FrameType
from typing import Literal, TypeAlias

import pytest

from tests.mutants.mutation import Mutant

Fate: TypeAlias = Literal["killed", "survived", "untested", "import", "impossible"]
"""What became of a mutant.

The last three were not tried: no test calls the function, or only the package's import does, when
no mistake can be in it yet, or Python does not let it be changed so.
"""

_PASSED, _FAILED, _IMPOSSIBLE = 0, 1, 2
_MORE_BYTES = 2**31
_CPU_SECS, _WALL_SECS, _TIMES = 3.0, 30.0, 10.0
"""How long a test may take: so many seconds, and so many times as long as without a mistake."""
_WATCHED_SECS = 0.2
"""So long a test is watched: it has called by then what it will call, and is slow meanwhile."""


class Calls:
    """Notes which functions of a room are called.

    Attributes:
        seen: Their files and names.
    """

    def __init__(self, room: Path) -> None:
        self.seen: set[str] = set()
        self._room = room
        self._until = 0.0
        self._names: dict[CodeType, str] = {}
        self._tracer = self._note  # Python calls it by an address, so it is made once, and kept

    def begin(self, secs: float = math.inf) -> None:
        self.seen = set()
        self._until = time.process_time() + secs
        sys.settrace(self._tracer)

    def end(self) -> set[str]:
        sys.settrace(None)
        return self.seen

    def _note(self, frame: FrameType, event: str, arg: object) -> None:
        if time.process_time() > self._until:
            sys.settrace(None)
        code = frame.f_code
        if (name := self._names.get(code)) is None:
            name = self._names[code] = self._name(code)
        if name:
            self.seen.add(name)

    def _name(self, code: CodeType) -> str:
        file = Path(code.co_filename)
        if file.parent != self._room:
            return ""
        function = code.co_qualname.partition(".<locals>")[0]
        return f"{file.relative_to(self._room.parent.parent)} {function}"


class Hunt:
    """A plugin of pytest that hunts mutants in place of running the tests once."""

    def __init__(
        self,
        room: Path,
        mutants: Sequence[Mutant],
        tell: Callable[[Mutant, Fate], None],
        secs: float = math.inf,
    ) -> None:
        """Hunt these mutants of a room for so long; `tell` what became of each."""
        self._room = str(room)
        self._mutants = mutants
        self._tell = tell
        self._until = time.monotonic() + secs
        self._secs: dict[str, float] = {}
        self._calls = Calls(room)
        self._calls.begin()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests without a mistake, then with each."""
        at_import = self._calls.end()
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        tests = self._tests_of_functions(session)
        for mutant in takewhile(lambda _: time.monotonic() < self._until, self._mutants):
            if items := tests.get(mutant.where):
                self._tell(mutant, self._fate(session, mutant, items))
            else:
                self._tell(mutant, "import" if mutant.where in at_import else "untested")
        return True

    def _fate(self, session: pytest.Session, mutant: Mutant, items: list[pytest.Item]) -> Fate:
        own = f"test_{Path(mutant.path).name}"  # its tests are the likeliest to notice
        items = sorted(items, key=lambda item: item.path.name != own)
        status = _in_a_child(lambda: self._try(session, mutant, items))
        fates: dict[int, Fate] = {_PASSED: "survived", _IMPOSSIBLE: "impossible"}
        return fates.get(status, "killed")

    def _tests_of_functions(self, session: pytest.Session) -> dict[str, list[pytest.Item]]:
        """Return the tests that call each function of the room, the fastest first."""
        with tempfile.NamedTemporaryFile() as file:
            status = _in_a_child(lambda: self._watch(session, file.name))
            called, self._secs = pickle.loads(Path(file.name).read_bytes())
            if status != _PASSED:
                raise session.Interrupted(f"without any mistake, {list(called)[-1]} fails")
        tests: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in sorted(session.items, key=lambda item: self._secs[item.nodeid]):
            for function in called[item.nodeid]:
                tests[function].append(item)
        return tests

    def _watch(self, session: pytest.Session, told: str) -> int:
        """Run all tests; write which functions of the room each calls, and how long it takes."""
        called: dict[str, set[str]] = {}
        secs: dict[str, float] = {}
        forget = _caches(self._room)
        for item, following in _with_next(session.items):
            for cache in forget:  # else only the first test of all would call what is behind one
                cache()
            began = time.process_time()
            self._calls.begin(_WATCHED_SECS)
            _run(item, following)
            called[item.nodeid] = self._calls.end()
            secs[item.nodeid] = time.process_time() - began
            if session.testsfailed:
                break
        Path(told).write_bytes(pickle.dumps((called, secs)))
        return _FAILED if session.testsfailed else _PASSED

    def _try(self, session: pytest.Session, mutant: Mutant, items: list[pytest.Item]) -> int:
        try:
            mutant.put_in()
        except ValueError:
            return _IMPOSSIBLE
        for forget in _caches(self._room):
            forget()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_size() + _MORE_BYTES, most))
        for item, following in _with_next(items):
            longer = _TIMES * self._secs[item.nodeid]
            signal.setitimer(signal.ITIMER_PROF, _CPU_SECS + longer)
            signal.setitimer(signal.ITIMER_REAL, _WALL_SECS + longer)
            _run(item, following)
            if session.testsfailed:
                return _FAILED
        return _PASSED


def _with_next(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _in_a_child(work: Callable[[], int]) -> int:
    """Do something in a process of its own; return its status, negative for a signal."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = _FAILED
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        status = work()
    finally:
        os._exit(status)


def _caches(room: str) -> list[Callable[[], None]]:
    """Return what empties the caches of a room's functions."""
    modules = [
        each for each in sys.modules.values() if str(each.__dict__.get("__file__")).startswith(room)
    ]
    values = [value for module in modules for value in vars(module).values()]
    return [value.cache_clear for value in values if hasattr(value, "cache_clear")]


def _size() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
