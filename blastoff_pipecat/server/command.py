"""``blastoff serve``."""

import os
from typing import Annotated

import typer
from rich.console import Console


def serve(
    host: Annotated[
        str | None, typer.Option(help="Where to listen. Default: HOST, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="The port. Default: PORT, or 8000.", min=0, max=65535)
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1)] = 1,
    suits: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="Whom replies suit: livekit, vapi, elevenlabs or pydantic-ai. Default: "
            "BLASTOFF_SERVER_FOR, or anybody.",
        ),
    ] = None,
) -> None:
    """Serve the reply by two models to every OpenAI-compatible client.

    The models are those of the environment or `.env` (see .env.example); where it names none, small
    ones run on this computer, without a key. Clients must send BLASTOFF_SERVER_KEY as a bearer key
    where it is set.
    """
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    try:
        from blastoff_pipecat.address import LOOPBACK
        from blastoff_pipecat.environment import Environment, Variables
        from blastoff_pipecat.local.errors import LocalError
        from blastoff_pipecat.server import run
    except ImportError as missing:
        errors.print(f"Serving needs {missing.name}: pip install 'blastoff-pipecat[server]'")
        raise typer.Exit(1) from None
    try:
        environment = Environment.read()
        host = environment.host if host is None else host
        port = environment.port if port is None else port
        if not environment.configured:
            errors.print(
                "No *_MODEL_* variable is set: two small models run on this computer. They show "
                "how it works; for one conversation at a time."
            )
        if suits is not None:
            os.environ[Variables.BLASTOFF_SERVER_FOR.name] = suits  # for worker processes, too
        if host not in LOOPBACK and run.is_for_this_computer():
            errors.print(
                f"Only this computer may use the server, whoever reaches {host}: set "
                f"{Variables.BLASTOFF_SERVER_KEY.name} to ask for a key, or name in "
                f"{Variables.BLASTOFF_SERVER_HOSTS.name} what others call it."
            )
        run.serve(environment, host=host, port=port, workers=workers)
    except (ValueError, LocalError, OSError) as error:
        errors.print(str(error), style="bold red")
        raise typer.Exit(1) from None
    except ImportError as missing:
        extra = "pip install 'blastoff-pipecat[server,local]', or name models in the environment"
        errors.print(f"The embedded models need {missing.name}: {extra}", style="bold red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
