"""What can go wrong with the embedded models, and whose fault it is.

::

    LocalError
    ├── ModelUnavailable   weights could not be had: network, disk, or bytes that are not the model
    ├── EngineMissing      a package of the ``local`` extra is not installed (or has no wheel here)
    └── EngineFailed       the engine is installed, but did not start or died
"""

from collections.abc import Sequence

LANGUAGE_WAY_OUT = (
    "use any OpenAI-compatible server instead (Ollama, LM Studio, llama.cpp, a provider): set "
    "SMALL_MODEL_URL, SMALL_MODEL_NAME, LARGE_MODEL_URL and LARGE_MODEL_NAME"
)
"""What a user can do who cannot run the embedded language models."""


class LocalError(Exception):
    """Something about the embedded models went wrong; the message says what to do."""


class ModelUnavailable(LocalError):
    """A model's file could not be had from any of its sources.

    Attributes:
        file: The name of the file.
        attempts: Each source that was tried, in order, with the reason why it failed.
    """

    def __init__(self, file: str, attempts: Sequence[tuple[str, str]], way_out: str) -> None:
        """Compose the message; `way_out` is a sentence without its capital and full stop."""
        self.file = file
        self.attempts = tuple(attempts)
        lines = [f"The model file {file} could not be had."]
        lines += [f"  {source}: {reason}" for source, reason in self.attempts]
        lines.append(f"What to do: {way_out}.")
        super().__init__("\n".join(lines))


class EngineMissing(LocalError, ImportError):
    """An engine of the ``local`` extra is not installed.

    Attributes:
        package: The distribution that is missing.
    """

    def __init__(self, package: str, way_out: str) -> None:
        """Compose the message; `way_out` says what to do where it cannot be installed."""
        self.package = package
        super().__init__(
            f"{package} is not installed. Install the extra that brings it: "
            f'pip install "blastoff-pipecat[local]". Where there is no wheel of {package} for this '
            f"platform, {way_out}."
        )


class EngineFailed(LocalError):
    """An engine is installed but did not start, or died; the message holds what it said."""
