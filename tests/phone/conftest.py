"""What tests of telephone calls share."""

import warnings

with warnings.catch_warnings():
    # Pipecat 1.14's eval transport imports a class that websockets has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pipecat.evals.fastapi_transport  # noqa: F401
