"""The embedded speech as the user's voice and the listener's ears of `pipecat eval`.

Pipecat's own choices for scenarios with sound fetch their models from elsewhere. These come with
the ``local`` extra; a scenario names them as factories::

    user:
      modality: audio
      speech: {factory: blastoff_pipecat.calls.eval_speech.voice, voice: heart}
    judge:
      modality: audio
      transcription: {factory: blastoff_pipecat.calls.eval_speech.transcriber}
"""

from collections.abc import Mapping
from typing import Any

from blastoff_pipecat.local.stt import LocalSTTService
from blastoff_pipecat.local.tts import LocalTTSService


def voice(config: Mapping[str, Any]) -> LocalTTSService:
    """Make the voice that speaks a scenario's user turns.

    Args:
        config: The scenario's ``user.speech`` block; its ``voice`` and ``speed`` count.
    """
    chosen = {name: config[name] for name in ("voice", "speed") if config.get(name) is not None}
    return LocalTTSService(settings=LocalTTSService.Settings(**chosen))


def transcriber(config: Mapping[str, Any]) -> LocalSTTService:
    """Make the ears that write down what the bot is heard to say.

    It hears the bot and nothing else, so that nothing it hears is thrown away as noise.

    Args:
        config: The scenario's ``judge.transcription`` block, of which nothing is needed.
    """
    return LocalSTTService(settings=LocalSTTService.Settings(no_speech_prob=1.0))
