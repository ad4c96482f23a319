"""What commands share: how they begin, fail and stop; a server by its options, a bar, a file."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeAlias
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


def server_if_named(
    url: str | None, model: str | None, key_variable: str | None, *, of: str = ""
) -> "ChatEndpoint | None":
    """Make an endpoint of a server if options name one, such as ``--url``.

    Args:
        url: Its URL.
        model: The model's name there.
        key_variable: The variable with its key.
        of: What the options' names begin with.

    Raises:
        ValueError: The options are at odds, or malformed; the message says how.
    """
    if url is not None:
        return server_at(url, model or ANY_MODEL, key_variable)
    for name, value in (("model", model), ("key-variable", key_variable)):
        if value is not None:
            what = "the endpoint" if of else "a server"
            raise ValueError(f"--{of}{name} says how to ask {what}: give its --{of}url too")
    return None


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


class Session:
    """A command that measures: what it gets ready, what ends it, and what it leaves behind.

    Attributes:
        console: Where to tell the figures.
        stopped: Whether Ctrl-C has ended the measuring.
    """

    def __init__(
        self,
        json_file: Path | None,
        plot_file: Path | None = None,
        *,
        also: Path | None = None,
        width: int | None = None,
    ) -> None:
        """Get ready to measure, or end, saying which file could not be written afterwards.

        The logs of Pipecat and of this package are kept from between the figures.

        Args:
            json_file: Where the figures are written, None for nowhere; its name ends in .json.
            plot_file: Likewise where they are drawn; it ends in .svg.
            also: Another file that the command writes itself; it ends in .json.
            width: How many characters wide a table is where no terminal says how wide it is.
        """
        from loguru import logger

        logger.disable("blastoff_pipecat")
        logger.disable("pipecat")
        for path, ending in ((also, ".json"), (json_file, ".json"), (plot_file, ".svg")):
            if path is None:
                continue
            if path.is_dir():
                fail(f"{path} is a folder: name a file ending in {ending}")
            if path.suffix.lower() != ending:
                fail(f"{path} would be written as {ending[1:].upper()}: end it in {ending}")
            if not path.absolute().parent.is_dir():
                fail(f"{path} cannot be written: there is no folder {path.parent}")
        self.console = Console()
        self.stopped = False
        self._json_file, self._plot_file = json_file, plot_file
        if width and not self.console.is_terminal:
            self.console.width = width

    @contextmanager
    def measuring(self, *failures: type[Exception]) -> Generator[None]:
        """Measure in a block that Ctrl-C may end; what it has found by then is still shown.

        Args:
            *failures: What ends the command, with its message. An `ImportError` that names a
                package says what the embedded models need.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.stopped = True
        except failures as error:
            if not isinstance(error, ImportError) or error.name is None:
                fail(str(error))
            fail(
                f"The embedded models need {error.name}: pip install 'blastoff-pipecat[cli,local]'"
                ", or name models in the environment"
            )

    def write(self, data: Any, plot: Callable[[], str] | None = None) -> None:
        """Write the files that were asked for: plain data as JSON, and what `plot` draws."""
        written(self._json_file, data, self.console)
        if self._plot_file is not None and plot is not None:
            written(self._plot_file, plot(), self.console)

    def end(self, *, failed: bool = False) -> None:
        """End as a shell's own command does after Ctrl-C, else with 1 where it has failed."""
        if self.stopped:
            stop(self.console)
        if failed:
            raise typer.Exit(1)


def stop(console: Console) -> NoReturn:
    """Say that Ctrl-C was pressed, and end."""
    console.print("Stopped.")
    raise typer.Exit(_INTERRUPTED)


def written(path: Path | None, content: Any, console: Console) -> None:
    """Write a file that was asked for, a text as it is and other data as JSON, and say so."""
    if path is None:
        return
    if not isinstance(content, str):
        content = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
    say(f"Written: {path}", console)
