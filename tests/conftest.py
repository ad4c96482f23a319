"""What holds for every test: nothing is left running, nothing is left open, logs stay quiet."""

import asyncio
import logging
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator

import loguru
import pytest
from loguru import logger
from pytest_asyncio import is_async_test

from blastoff_pipecat.conductor import learnt, policy

# How long what is being closed may take to close (seconds); what is left after it was forgotten.
_GRACE_SECS = 2.0
_POLL_SECS = 0.005


def _propagate(message: "loguru.Message") -> None:
    record = message.record
    logging.getLogger(record["name"]).handle(
        logging.LogRecord(
            record["name"] or "loguru",
            record["level"].no,
            record["file"].path,
            record["line"],
            record["message"],
            args=None,
            exc_info=(e.type, e.value, e.traceback) if (e := record["exception"]) else None,  # type: ignore[arg-type]
        )
    )


def pytest_configure() -> None:
    """Hand loguru's lines to `logging`, which pytest shows for the tests that fail."""
    logger.remove()
    logger.add(_propagate, level="DEBUG")


@pytest.fixture(autouse=True)
def everything_is_logged() -> None:
    """Have a command that was run in an earlier test silence nothing in this one."""
    for package in ("blastoff_pipecat", "pipecat"):
        logger.enable(package)
    pytest_configure()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, for their fixtures; and all that real models answer.

    Most tests wait most of the time, so that files side by side take less of it (`-n`). The models
    need a processor each, and are not to share it with one another.
    """
    for item in items:
        group = "e2e" if item.get_closest_marker("e2e") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> None:
    """Fail a test that leaves a task running or a TCP socket open.

    Being set up before the test's own fixtures, the check is made after theirs are torn down.
    """
    is_async = is_async_test(request.node)
    request.getfixturevalue("_nothing_left_in_the_loop" if is_async else "_no_socket_left")


@pytest.fixture(autouse=True)
def nothing_learnt_before() -> None:
    """Have a test know nothing of a model that another test had on the same port."""
    learnt.of_process.clear()


@pytest.fixture
def patient_handover(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no opening be too late to be handed over because the computer is busy.

    When it is too late is tried on made-up time, in the relay's tests.
    """
    monkeypatch.setattr(policy, "HANDOVER_SECS", 8.0)


@pytest.fixture
def _no_socket_left() -> Iterator[None]:
    before = _tcp_sockets()
    yield
    deadline = time.monotonic() + _GRACE_SECS
    while (left := _since(before)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECS)
    _fail_if(left)


@pytest.fixture
async def _nothing_left_in_the_loop() -> AsyncIterator[None]:
    before = _tcp_sockets()
    tasks_before = asyncio.all_tasks()

    def left() -> list[str]:
        tasks = asyncio.all_tasks() - tasks_before - {asyncio.current_task()}
        return [f"task {task!r}" for task in tasks] + _since(before)

    yield
    # The loop goes on meanwhile, so that closing connections and cancelled tasks can finish.
    deadline = time.monotonic() + _GRACE_SECS
    while left() and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells of a closed socket
        await asyncio.sleep(_POLL_SECS)
    _fail_if(left())


def _fail_if(left: list[str]) -> None:
    if left:
        pytest.fail("left behind by this test:\n  " + "\n  ".join(left), pytrace=False)


def _since(before: dict[tuple[int, int], str]) -> list[str]:
    return [text for key, text in _tcp_sockets().items() if key not in before]


def _tcp_sockets() -> dict[tuple[int, int], str]:
    """The TCP sockets of this process, connected or listening, by descriptor and inode."""
    found: dict[tuple[int, int], str] = {}
    for name in os.listdir("/dev/fd"):
        fd = int(name)
        try:
            status = os.fstat(fd)
            if not stat.S_ISSOCK(status.st_mode):
                continue
            with socket.socket(fileno=os.dup(fd)) as twin:
                if twin.type == socket.SOCK_STREAM and twin.family in _TCP_FAMILIES:
                    found[fd, status.st_ino] = (
                        f"socket {_address(twin.getsockname)} -> {_address(twin.getpeername)}"
                    )
        except OSError:
            continue  # closed since it was listed, such as the descriptor of the listing itself
    return found


_TCP_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def _address(ask: Callable[[], tuple[object, ...]]) -> str:
    try:
        host, port, *_ = ask()
    except OSError:
        return "nobody"
    return f"{host}:{port}"
