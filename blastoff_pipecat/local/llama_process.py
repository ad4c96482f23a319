"""The child process that serves one language model with llama.cpp (run as a script).

Why a process of its own: ``xllamacpp.Server(...)`` holds the interpreter's lock while it loads a
model (0.3 to 5 seconds), so a thread would stop the voice bot's event loop for as long. A process
also gives all memory back when it ends, and a crash in native code does not take the bot with it.

The protocol, one JSON object a line: the parent writes the options to standard input; the child
answers on standard output with ``{"address": "http://127.0.0.1:PORT"}`` or ``{"error": "..."}``.
It then serves until its standard input ends, which also happens when the parent dies.

This file imports nothing of the package: importing Pipecat would cost the child a second.
"""

import importlib
import json
import os
import signal
import sys
from typing import Any

_CONTEXT_TOKENS = 4096
"""Prompt and reply together."""

_ERRORS_ONLY = 1
"""llama.cpp's verbosity: 0 nothing, 1 errors, 2 warnings, 3 information, 4 and up debug."""


def main() -> int:
    """Serve the model named on standard input until standard input ends.

    Returns:
        The exit status: 0 after a served life, 1 when the model could not be loaded.
    """
    # Ctrl-C in a terminal reaches every process of the group; the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what llama.cpp prints must not get between the protocol's lines
    options: dict[str, Any] = json.loads(sys.stdin.readline())
    try:
        server = _serve(options)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers, flush=True)
        return 1
    print(json.dumps({"address": server.listening_address}), file=answers, flush=True)
    sys.stdin.read()
    # A reply still being written would delay an orderly end, and nobody is left to read it.
    os._exit(0)


def _serve(options: dict[str, Any]) -> Any:
    """Load the model and return the running server."""
    xllamacpp: Any = importlib.import_module("xllamacpp")  # it ships no types

    params: Any = xllamacpp.CommonParams()
    params.model.path = options["path"]
    params.model_alias = {options["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # any free one
    # Any page in the user's browser may send requests to a loopback port; the key keeps them out.
    params.api_keys = [options["api_key"]]
    params.ui = False
    params.endpoint_slots = False
    params.offline = True
    params.n_ctx = _CONTEXT_TOKENS
    params.cache_ram_mib = 512  # prompts of other conversations, kept beside the slots
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = options["prompt_threads"]
    params.verbosity = _ERRORS_ONLY
    return xllamacpp.Server(params)


if __name__ == "__main__":
    sys.exit(main())
