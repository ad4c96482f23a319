"""An interpreter that has the wheel and what it requires, and nothing else."""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from tests.kit.pages import ROOT
from tests.release.fault import Fault, run

SERVICES = {
    "DualLLMService": "from blastoff_pipecat import DualLLMService",
    "OpenAILLMService": "from pipecat.services.openai.llm import OpenAILLMService",
}
"""What a bot imports: our service, or the stock one whose place it takes."""

MOST_OF_STOCK = 1.0
"""The most CPU that importing ours may take, as a part of what importing the stock one takes."""

_ROUNDS = 7


class Bare:
    """A virtual environment of the base install alone."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        """Make it, and install a wheel in it, with the versions of the lock.

        Raises:
            Fault: That is not possible.
        """
        self._folder = folder
        self._python = folder / "bin" / "python"
        # Nothing of ours reaches it: neither the checkout nor what a `.env` or a shell has set.
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        run(
            sys.executable,
            *("-m", "venv", folder),
            cwd=folder.parent,
            otherwise="Mend this Python: it cannot make a virtual environment.",
        )
        run(
            self._python,
            *("-m", "pip", "install", "--disable-pip-version-check", "--quiet"),
            *("-c", ROOT / "requirements.lock", wheel),
            cwd=folder,
            otherwise="Mend `dependencies` in pyproject.toml, or the pins of requirements.lock.",
        )

    def size(self) -> str:
        """Say how much disk the package takes, and all that is installed."""
        packages = next(self._folder.glob("lib/python*/site-packages"))
        ours, everything = (
            sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / 1e6
            for folder in (packages / "blastoff_pipecat", packages)
        )
        return f"installed: {ours:.1f} MB of {everything:.0f} MB with what it requires"

    def try_block(self, code: str) -> None:
        """Run a block of Python that a page shows.

        Raises:
            Fault: It fails.
        """
        run(
            self._python,
            *("-c", code),
            cwd=self._folder,
            environ=self._environ,
            otherwise=f"Mend this, or what it uses; the base install has to run it:\n{code}",
        )

    def try_command(self) -> None:
        """Run the command, which needs an extra.

        Raises:
            Fault: It does not say so, in a line that installs it.
        """
        done = subprocess.run(
            [self._folder / "bin" / "blastoff"],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 1 or "pip install 'blastoff-pipecat[" not in done.stderr:
            raise Fault(
                f"{done.stdout}{done.stderr}\n"
                "Let `blastoff` say which extra to install, and end with 1 (cli.py)."
            )

    def start(self) -> str:
        """Say how much CPU importing the service takes, beside the stock one.

        Raises:
            Fault: It takes more than that.
        """
        took: dict[str, list[float]] = {name: [] for name in SERVICES}
        for _ in range(1 + _ROUNDS):  # in turn; the first round writes bytecode, reads the disk
            for name, statement in SERVICES.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                self.try_block(statement)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                took[name].append(
                    after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                )
        ours, stock = (statistics.median(each[1:]) for each in took.values())
        said = (
            f"imported in {ours:.2f} s of CPU, {ours / stock:.2f} of a stock service's {stock:.2f}"
        )
        if ours > MOST_OF_STOCK * stock:
            raise Fault(
                f"{said}\nImport later what `python -X importtime -c "
                f"'{SERVICES['DualLLMService']}'` shows to be slow."
            )
        return said
