"""Starts the server: one process, or several that share a port and their measurements.

Worker processes are made anew by uvicorn and read what they need from the environment:
``BLASTOFF_SERVER_KEY``, ``BLASTOFF_MAX_REQUESTS``, the models' variables, and the two folders that
they share, which this module makes and removes.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from blastoff_pipecat.server.app import ServerOptions, create_app
from blastoff_pipecat.settings import Environment

KEY_VARIABLE = "BLASTOFF_SERVER_KEY"
MAX_REQUESTS_VARIABLE = "BLASTOFF_MAX_REQUESTS"
_STATS_VARIABLE = "BLASTOFF_STATS_DIR"
_PROMETHEUS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

SHUTDOWN_SECS = 60
"""How long answers that are being streamed may go on once the server is told to stop."""


def serve(environment: Environment, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); then finish what is being streamed.

    Args:
        environment: Names the models.
        host: The address to listen on.
        port: The port to listen on.
        workers: How many processes answer.

    Raises:
        MisconfiguredEnvironment: A model is not named.
        ValueError: A variable of the server's own is malformed.
    """
    environment.endpoints()
    options_from_env(environment)
    with ExitStack() as stack:
        if workers > 1:
            for variable in (_STATS_VARIABLE, _PROMETHEUS_VARIABLE):
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="blastoff-"))
                os.environ[variable] = folder
                stack.callback(os.environ.pop, variable, None)
        uvicorn.run(
            "blastoff_pipecat.server.run:app_from_env",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level=environment.log_level.lower().replace("success", "info"),
            access_log=False,
            timeout_graceful_shutdown=SHUTDOWN_SECS,
            server_header=False,
        )


def app_from_env() -> FastAPI:
    """Make the application of one worker."""
    return create_app(options_from_env(Environment.read()))


def options_from_env(environment: Environment) -> ServerOptions:
    """Read what a worker is made of.

    Raises:
        MisconfiguredEnvironment: A model is not named.
        ValueError: A variable is malformed; the message names it.
    """
    small, large = environment.endpoints()
    folder = os.environ.get(_STATS_VARIABLE)
    limit = os.environ.get(MAX_REQUESTS_VARIABLE, "").strip() or "1000"
    if not limit.isdigit() or int(limit) < 1:
        raise ValueError(f"{MAX_REQUESTS_VARIABLE} must be a whole number above 0, not {limit!r}")
    return ServerOptions(
        small=small,
        large=large,
        key=os.environ.get(KEY_VARIABLE, "").strip() or None,
        stats_folder=Path(folder) if folder else None,
        max_requests=int(limit),
    )
