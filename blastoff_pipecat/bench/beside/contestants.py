"""What is compared: three programs before the same models, and the models themselves."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from blastoff_pipecat.bench.beside.callers import KEY
from blastoff_pipecat.bench.beside.programs import Models, Program, free_port, program

Name: TypeAlias = Literal["direct", "nginx", "litellm", "ours"]

NAMES: tuple[Name, ...] = ("direct", "nginx", "litellm", "ours")

TITLES: dict[Name, str] = {
    "direct": "models, asked directly",
    "nginx": "nginx, one model",
    "litellm": "LiteLLM, one model",
    "ours": "ours, two models",
}

_LITELLM = {
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches one
    "LITELLM_MASTER_KEY": KEY,
}

_NGINX_CONF = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream models {{ server 127.0.0.1:{models}; keepalive 512; }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location = /health {{ return 200; }}
        location / {{
            proxy_pass http://models/nginx/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 600s;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Programs:
    """Where the others are installed.

    Attributes:
        litellm: LiteLLM's command, from ``litellm[proxy]``.
        nginx: Nginx.
    """

    litellm: Path
    nginx: Path

    @classmethod
    def found(cls, litellm: Path | None, nginx: Path | None) -> "Programs":
        """Find what is not named.

        Raises:
            ValueError: One is not there; the message says how it comes.
        """
        found = {"litellm": litellm, "nginx": nginx}
        for name, path in found.items():
            # Debian has nginx where only root's shell looks.
            named = str(path or name)
            where = shutil.which(named) or shutil.which(named, path="/usr/sbin:/usr/local/sbin")
            if where is None:
                raise ValueError(
                    f"There is no {named}: `make beside` installs it, --{name} names it"
                )
            found[name] = Path(where)
        return cls(**{name: path for name, path in found.items() if path})

    def versions(self) -> dict[str, str]:
        """Say of what version each is."""
        return {name: _version(getattr(self, name)) for name in ("litellm", "nginx")}


def contestant(
    name: Name, models: Models, programs: Programs
) -> AbstractAsyncContextManager[Program]:
    """Run one of them, each with one worker, until the block ends.

    Raises:
        RuntimeError: It does not start.
    """
    match name:
        case "direct":
            return nullcontext(models.program)
        case "nginx":
            return _nginx(models, programs.nginx)
        case "litellm":
            return _litellm(models, programs.litellm)
        case "ours":
            return ours(models)


def ours(models: Models) -> AbstractAsyncContextManager[Program]:
    """Run `blastoff serve`, as it comes.

    Raises:
        RuntimeError: It does not start.
    """
    port = free_port()
    environment = {
        "SMALL_MODEL_URL": models.url_for("ours"),
        "SMALL_MODEL_NAME": "small",
        "LARGE_MODEL_URL": models.url_for("ours"),
        "LARGE_MODEL_NAME": "large",
        "BLASTOFF_SERVER_KEY": KEY,
        "LOG_LEVEL": "WARNING",
    }
    command = (sys.executable, "-m", "blastoff_pipecat", "serve", "--host", "127.0.0.1")
    command += ("--port", str(port))
    return program(*command, port=port, health="/health", environment=environment)


@asynccontextmanager
async def _litellm(models: Models, command: Path) -> AsyncGenerator[Program]:
    """Run LiteLLM's proxy as its guide for production has it."""
    port = free_port()
    large = {"model": "openai/large", "api_base": models.url_for("litellm"), "api_key": "a-key"}
    listed = {"model_list": [{"model_name": "large", "litellm_params": large}]}
    with tempfile.TemporaryDirectory(prefix="blastoff-beside-") as folder:
        config = _written(folder, json.dumps(listed))  # JSON is YAML, too
        async with program(
            *(str(command), "--config", config, "--host", "127.0.0.1", "--port", str(port)),
            *("--num_workers", "1", "--telemetry", "False"),
            port=port,
            health="/health/liveliness",
            environment=_LITELLM,
        ) as running:
            yield running


@asynccontextmanager
async def _nginx(models: Models, command: Path) -> AsyncGenerator[Program]:
    """Run nginx, which passes on what comes as it comes."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="blastoff-beside-") as folder:
        told = _NGINX_CONF.format(folder=folder, models=models.program.port, port=port)
        config = _written(folder, told)
        async with program(
            *(str(command), "-p", folder, "-c", config), port=port, health="/health"
        ) as running:
            yield running


def _written(folder: str, config: str) -> str:
    path = Path(folder, "config")
    path.write_text(config, encoding="utf-8")
    return str(path)


def _version(command: Path) -> str:
    option = "-v" if command.name == "nginx" else "--version"
    told = subprocess.run(
        [command, option],
        env={**os.environ, **_LITELLM},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
    return found[0] if found else "unknown"
