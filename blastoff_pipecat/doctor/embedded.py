"""What runs on this computer where the environment names nothing: whether it is installed."""

import importlib.util

from blastoff_pipecat.doctor.finding import Finding

MODELS = ("xllamacpp",)
"""What the embedded language models need."""

SPEECH = ("faster_whisper", "hibari")
"""What the embedded speech needs."""


def examine_embedded(about: str, said: str, packages: tuple[str, ...]) -> Finding:
    """Say that the embedded ones are meant, and whether they can be.

    Args:
        about: Models, or speech.
        said: Why they are meant.
        packages: The modules that they need.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            do = "pip install 'blastoff-pipecat[local]', or name others in the environment."
            return Finding("fault", about, f"{said}, which need {package}", do)
    return Finding("note", about, said)
