"""Starts the server: one process, or several that share a port and their measurements.

Worker processes are made anew by uvicorn and read what they need from the environment: the models,
the server's options, and what is set for them here: the two folders that they share, which this
module makes and removes, and where the embedded models are.
"""

import gc
import os
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from typing import Any

import uvicorn
from loguru import logger
from starlette.applications import Starlette

from blastoff_pipecat.address import check_address
from blastoff_pipecat.environment import (
    Environment,
    MisconfiguredEnvironment,
    Variables,
    read_variables,
)
from blastoff_pipecat.server.app import ServerOptions, create_app
from blastoff_pipecat.server.bounded_http import BoundedHttp
from blastoff_pipecat.server.manner import PRESETS, Manner

SHUTDOWN_SECS = 60
"""How long answers that are being streamed may go on once the server is told to stop."""

OPEN_FILES = 65_536
"""How many files and connections a process opens at most, where the system grants that."""

_CONNECTIONS_A_TURN = 8

_UVICORN_LEVELS = {"SUCCESS": "info"}


def serve(environment: Environment, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); then finish what is being streamed.

    Args:
        environment: Names the models; where it names none, the embedded ones are run.
        host: The address to listen on.
        port: The port to listen on.
        workers: How many processes answer.

    Raises:
        ValueError: A variable of the server's own is malformed; the message names it.
        OSError: Nobody can listen there; the message says what to do.
        LocalError: An embedded model could not be had or run.
    """
    _own_options()
    check_address(host, port, program="server")
    level = environment.log_level
    _open_files()
    with ExitStack() as stack:
        if not environment.configured:
            from blastoff_pipecat.local.pair import shared_models

            stack.enter_context(shared_models())
        if workers > 1:
            for variable in (Variables.BLASTOFF_STATS_DIR.name, "PROMETHEUS_MULTIPROC_DIR"):
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="blastoff-"))
                os.environ[variable] = folder
                stack.callback(os.environ.pop, variable, None)
        config = uvicorn.Config(
            "blastoff_pipecat.server.run:app_from_env",
            factory=True,
            host=host,
            port=port,
            http=BoundedHttp,
            ws="none",
            workers=workers,
            log_level=_UVICORN_LEVELS.get(level, level.lower()),
            access_log=False,
            timeout_graceful_shutdown=SHUTDOWN_SECS,
            server_header=False,
        )
        sockets = listeners(config)
        with suppress(KeyboardInterrupt):  # which uvicorn raises once it has shut down
            if workers > 1:
                from uvicorn.supervisors import Multiprocess  # which one process has no use for

                Multiprocess(config, sockets=sockets).run()
                return
            server = uvicorn.Server(config)
            server.run(sockets=sockets)
            if not server.started:
                sys.exit(1)  # uvicorn has said why


def listeners(config: uvicorn.Config) -> list[socket.socket]:
    """Listen, several times over on one port.

    uvloop takes one new connection from a listener in each turn of its loop. Where hundreds of
    replies make a turn last 40 ms, new callers would wait for seconds to be let in.
    """
    listener = config.bind_socket()
    listener.listen(config.backlog)  # early callers wait, instead of being refused
    return [listener, *(listener.dup() for _ in range(_CONNECTIONS_A_TURN - 1))]


def app_from_env() -> Starlette:
    """Make the application of one worker process, which logs at the environment's level."""
    environment = Environment.read()
    logger.remove()
    logger.add(sys.stderr, level=environment.log_level)
    app = create_app(options_from_env(environment))
    # What is here by now stays: each full collection would walk it, some 30 ms of silence.
    gc.collect()
    gc.freeze()
    return app


def options_from_env(environment: Environment) -> ServerOptions:
    """Read what a worker is made of.

    Raises:
        MisconfiguredEnvironment: No model is named, and none is embedded.
        ValueError: A variable is malformed; the message names it.
    """
    own = _own_options()
    if not environment.configured and Variables.BLASTOFF_EMBEDDED_MODELS.read(read_variables()):
        from blastoff_pipecat.local.pair import models_found

        if models := models_found():
            return ServerOptions(
                small=models.small, large=models.large, policy=models.policy(), **own
            )
    small, large = environment.endpoints()
    return ServerOptions(small=small, large=large, **own)


def is_for_this_computer() -> bool:
    """Tell whether there is neither a key that clients must send nor a name that others may use."""
    own = _own_options()
    return own["key"] is None and not own["hosts"]


def _own_options() -> dict[str, Any]:
    """Read the server's own variables."""
    values = read_variables()
    preset = Variables.BLASTOFF_SERVER_FOR.read(values)
    if preset and preset not in PRESETS:
        fault = f"is {preset!r}: give one of {', '.join(PRESETS)}."
        raise MisconfiguredEnvironment({Variables.BLASTOFF_SERVER_FOR.name: fault})
    return {
        "key": Variables.BLASTOFF_SERVER_KEY.read(values),
        "hosts": Variables.BLASTOFF_SERVER_HOSTS.read(values),
        "manner": PRESETS[preset] if preset else Manner(),
        "max_requests": Variables.BLASTOFF_MAX_REQUESTS.read(values),
        "stats_folder": Variables.BLASTOFF_STATS_DIR.read(values),
    }


def _open_files() -> None:
    """Be allowed more open files, as far as the system grants it: each connection is one."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        allowed, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, most), hard))
