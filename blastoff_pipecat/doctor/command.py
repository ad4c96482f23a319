"""``blastoff doctor``."""

import asyncio
import json
import sys
from typing import Annotated

import typer
from loguru import logger
from rich.console import Console


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    rounds: Annotated[int, typer.Option(help="How often each model is asked.", min=1)] = 3,
    carrier: Annotated[
        str | None,
        typer.Option("-t", "--carrier", help="The phone bot's carrier, as for its own -t."),
    ] = None,
    proxy: Annotated[
        str | None, typer.Option("-x", "--proxy", help="Its public host name, likewise.")
    ] = None,
) -> None:
    """Ask everything that the environment names whether it will work in a call.

    Both models (a few dozen short requests), Deepgram and Cartesia where their keys are set, and
    the telephone's secrets and public address. Says what is at fault and what to set, and never a
    key. Exit status: 0 ready, 1 something is at fault.
    """
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    from blastoff_pipecat.doctor.examination import examine
    from blastoff_pipecat.doctor.report import as_json as to_json
    from blastoff_pipecat.doctor.report import show

    errors = Console(stderr=True)
    try:
        with errors.status("Asking…") as status:
            found = asyncio.run(
                examine(
                    rounds=rounds,
                    carrier=carrier,
                    proxy=proxy,
                    tell=lambda what: status.update(f"Asking {what}…"),
                )
            )
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        json.dump(to_json(found), sys.stdout, indent=2)
        print()
    else:
        show(found, Console(markup=False, highlight=False))
    raise typer.Exit(0 if found.ready else 1)
