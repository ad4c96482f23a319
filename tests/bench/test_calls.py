"""What a reply costs in function calls grows by no more than a tenth over what is committed."""

import json
import platform
import subprocess
import sys
from typing import Any

import pytest

from blastoff_pipecat.bench.overhead.calls import COUNTED, grown, minor

KEPT: dict[str, Any] = json.loads(COUNTED.read_text(encoding="utf-8"))
WRITE = "python -m blastoff_pipecat.bench.overhead.calls --write"


@pytest.mark.skipif(platform.python_implementation() != "CPython", reason="counts CPython's calls")
def test_a_reply_costs_no_more_calls_than_it_did() -> None:
    """Of the service and of the server: a reply, a token, a token in a burst, and construction."""
    module = "blastoff_pipecat.bench.overhead.calls"
    done = subprocess.run(
        [sys.executable, "-m", module], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert len(counts["ours"]) == 6
    assert min(counts["ours"].values()) > 0
    more = grown(counts, KEPT)
    assert not more, (
        f"More work than is committed: {'; '.join(more)}. Find what does it; where it has to be, "
        f"`{WRITE}` keeps the new counts, with each Python that {COUNTED.name} names."
    )


def test_more_than_a_tenth_more_is_told() -> None:
    """Each count by itself, with what it was."""
    kept = {minor(): {"ours": {"a token": 100.0, "construction": 50}, "stock": {"a token": 300}}}
    stock = {"a token": 600}
    counts = {"ours": {"a token": 109.0, "construction": 54}, "stock": stock}
    assert grown(counts, kept) == []
    counts["ours"]["a token"] = 111.0
    assert grown(counts, kept) == ["a token: 111.0 calls, where 100.0 were counted"]


def test_a_python_that_was_never_counted_goes_by_pipecats_own_service() -> None:
    """Where the newest Python known took half as many calls for stock's, ours may double."""
    known = {"ours": {"a token": 100.0}, "stock": {"a token": 300.0}}
    kept = {"3.9": {"ours": {"a token": 1.0}, "stock": {"a token": 1.0}}, "3.10": known}
    counts = {"ours": {"a token": 219.0}, "stock": {"a token": 600.0}}
    assert grown(counts, kept) == []
    counts["ours"]["a token"] = 221.0
    assert grown(counts, kept) == ["a token: 221.0 calls, where 200.0 were counted"]


def test_each_python_that_the_package_is_tried_on_was_counted() -> None:
    """And each has every count of the others."""
    assert list(KEPT) == ["3.11", "3.12", "3.13"]
    for each in KEPT.values():
        assert each["ours"].keys() == KEPT["3.11"]["ours"].keys()
        assert each["stock"].keys() == KEPT["3.11"]["stock"].keys()
