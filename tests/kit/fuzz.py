"""How long what is made up at random is tried: ``BLASTOFF_FUZZ=100`` is a hundred times as long."""

import os

from hypothesis import HealthCheck, settings

fuzzed = settings(
    max_examples=int(150 * float(os.environ.get("BLASTOFF_FUZZ", "1"))),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""For a test that anything at all is thrown at."""
