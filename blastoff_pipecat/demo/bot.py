"""The example voice bot, run as its own script would be: from the package, or from a checkout."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def bot_path(name: str) -> Path:
    """Find an example bot, which a wheel holds in the package, and a checkout beside it.

    Args:
        name: Its file's name, such as ``voice_bot.py``.

    Raises:
        FileNotFoundError: This installation has none of that name.
    """
    for folder in (_PACKAGE / "bots", _PACKAGE.parent / "bots"):
        if (path := folder / name).is_file():
            return path
    raise FileNotFoundError(f"This installation of blastoff-pipecat lacks bots/{name}.")


def run(arguments: Sequence[str]) -> int:
    """Run the voice bot until it is stopped; return its exit status.

    Args:
        arguments: Its command line, which is that of Pipecat's runner.

    Raises:
        FileNotFoundError: This installation lacks the bot.
        ModuleNotFoundError: A package that the bot needs is not installed.
    """
    path = str(bot_path("voice_bot.py"))
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")  # the runner looks for the bot there
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
