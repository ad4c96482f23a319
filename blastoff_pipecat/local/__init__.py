"""The embedded default: models that run on this computer with no key and no model hub.

``manifest`` says which weights there are and where they come from, ``store`` finds or fetches
them, ``language`` serves the two language models, ``stt`` and ``tts`` are the speech services.
Speech and language engines are imported only by the modules that need them.
"""

from blastoff_pipecat.local.errors import EngineFailed, EngineMissing, LocalError, ModelUnavailable
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.weights.manifest import MODELS, Model, ModelFile
from blastoff_pipecat.local.weights.store import ModelStore, Progress

__all__ = [
    "MODELS",
    "EmbeddedModels",
    "EngineFailed",
    "EngineMissing",
    "LocalError",
    "Model",
    "ModelFile",
    "ModelStore",
    "ModelUnavailable",
    "Progress",
]
