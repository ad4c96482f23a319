"""What commands share: how they begin, fail and stop; a server by its options, a bar, a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeAlias
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from blastoff_pipecat.endpoints import ChatEndpoint

JsonFile: TypeAlias = Annotated[
    Path | None, typer.Option("--json", help="Write everything there, as .json.")
]
PlotFile: TypeAlias = Annotated[
    Path | None, typer.Option("--plot", help="Draw the figures there, as .svg.")
]
Check: TypeAlias = Annotated[
    bool, typer.Option("--check", help="Exit with 1 where a target is missed.")
]

Quick: TypeAlias = Annotated[
    bool, typer.Option("--quick", help="Less of everything, in less than two minutes.")
]

_INTERRUPTED = 130
"""The exit status after Ctrl-C, as a shell's own."""

ANY_MODEL = "blastoff"
"""The name under which `blastoff serve` answers."""


def server_at(url: str, model: str, key_variable: str | None) -> "ChatEndpoint":
    """Make an endpoint of a server; a URL without a path gets ``/v1``.

    Raises:
        ValueError: The URL is malformed, or the variable does not hold a key.
    """
    from blastoff_pipecat.endpoints import ChatEndpoint
    from blastoff_pipecat.environment import read_variables

    key = None
    if key_variable is not None:
        key = read_variables().get(key_variable)
        if not key:
            raise ValueError(f"--key-variable {key_variable}: no such variable is set")
    endpoint = ChatEndpoint(base_url=url, model=model, api_key=key)
    if urlsplit(url).path in ("", "/"):
        rooted = urlsplit(endpoint.base_url)._replace(path="/v1").geturl()
        endpoint = ChatEndpoint(base_url=rooted, model=model, api_key=key)
    return endpoint


def progress_bar(console: Console, *, by_itself: bool = True) -> Progress:
    """Make a bar that is redrawn seldom: drawing it takes time from what is measured.

    Args:
        console: Where it is drawn.
        by_itself: Whether it is redrawn twice a second; else only where an update asks for it.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        auto_refresh=by_itself,
        refresh_per_second=2,
        transient=True,
        disable=not console.is_terminal,
    )


def say(message: str, console: Console, style: str | None = None) -> None:
    """Print a line as it stands, whatever is in it and however long it is."""
    console.print(message, style=style, markup=False, highlight=False, soft_wrap=True)


def complain(message: str, console: Console) -> None:
    """Say what cannot be done, on a console that may be showing a bar."""
    say(message, console, "bold red")


def fail(message: str) -> NoReturn:
    """Say what cannot be done, and end."""
    complain(message, Console(stderr=True))
    raise typer.Exit(1)


def fail_without(missing: ImportError) -> NoReturn:
    """Say what the embedded models need that is not installed, and end."""
    fail(
        f"The embedded models need {missing.name}: pip install 'blastoff-pipecat[cli,local]', "
        "or name models in the environment"
    )


def ready(*files: tuple[Path | None, str], width: int | None = None) -> Console:
    """Get ready to measure, or end, saying which file could not be written afterwards.

    The logs of Pipecat and of this package are kept from between the figures.

    Args:
        *files: What is to be written, None for nothing, and what its name must end in.
        width: How many characters wide a table is where no terminal says how wide it is.

    Returns:
        Where to tell the figures.
    """
    from loguru import logger

    logger.disable("blastoff_pipecat")
    logger.disable("pipecat")
    for path, ending in files:
        if path is None:
            continue
        if path.is_dir():
            fail(f"{path} is a folder: name a file ending in {ending}")
        if path.suffix.lower() != ending:
            fail(f"{path} would be written as {ending[1:].upper()}: end it in {ending}")
        if not path.absolute().parent.is_dir():
            fail(f"{path} cannot be written: there is no folder {path.parent}")
    console = Console()
    if width and not console.is_terminal:
        console.width = width
    return console


def stop(console: Console) -> NoReturn:
    """Say that Ctrl-C was pressed, and end."""
    console.print("Stopped.")
    raise typer.Exit(_INTERRUPTED)


def written(path: Path | None, text: str, console: Console) -> None:
    """Write a file that was asked for, and say so."""
    if path is None:
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
    say(f"Written: {path}", console)
