"""How hard the properties are tried: the same examples every time in CI, new ones at a desk."""

import os

from hypothesis import HealthCheck, settings

_quiet = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=_quiet)
settings.register_profile("desk", deadline=None, suppress_health_check=_quiet)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
