"""How a test of a hook of Pipecat's fails: with a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import pytest


@contextmanager
def pinned(hook: str) -> Iterator[None]:
    """Fail with a sentence that names the hook where Pipecat no longer has it as it was."""
    try:
        yield
    except (AssertionError, AttributeError, KeyError, TypeError) as error:
        pytest.fail(
            f"Pipecat {version('pipecat-ai')} has moved or changed {hook}, on which "
            f"blastoff_pipecat/service/pipecat.py leans as in Pipecat 1.14: {error!r}",
            pytrace=False,
        )
