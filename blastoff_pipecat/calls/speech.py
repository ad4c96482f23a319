"""A bot's ears and voice: Deepgram and Cartesia where their keys are set, else embedded ones.

`read_speech` says which, `speech_services` makes them. Nothing of a service is imported before it
is made, so a bot on hosted speech needs no local engine, and the other way about. No service is
given a sample rate: each takes the pipeline's, 16 and 24 kHz in a browser, 8 kHz on the telephone.
"""

import asyncio
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from blastoff_pipecat.environment import MisconfiguredEnvironment, Variables, read_variables

if TYPE_CHECKING:
    from pipecat.services.cartesia.tts import CartesiaTTSService
    from rich.console import Console

    from blastoff_pipecat.local.stt import LocalSTTService
    from blastoff_pipecat.local.tts import LocalTTSService

_DEEPGRAM, _CARTESIA = Variables.DEEPGRAM_API_KEY, Variables.CARTESIA_API_KEY

_FLUX = "flux-"
"""What the names of Deepgram's models begin with that find the end of a turn themselves."""


class SpeechMissing(ImportError):
    """A package that hosted speech needs is not installed; the message holds the command."""

    def __init__(self, package: str) -> None:
        """Compose the message; `package` is the distribution that is missing."""
        super().__init__(
            f"Speech by Deepgram and Cartesia needs {package}: "
            "pip install 'blastoff-pipecat[bots]'. "
            f"Without {_DEEPGRAM.name} and {_CARTESIA.name} the embedded speech is used.",
            name=package,
        )


@dataclass(frozen=True, kw_only=True)
class SpeechKeys:
    """Whose speech to use, and the keys to it.

    Attributes:
        deepgram_api_key: For speech to text. No text of this object shows it.
        cartesia_api_key: For text to speech. Likewise.
        deepgram_model: A Nova model, with Pipecat's own turn detection, or a Flux model, which
            brings its own.
        cartesia_voice_id: A voice of Cartesia's; the default speaks American English.
    """

    deepgram_api_key: str = field(repr=False)
    cartesia_api_key: str = field(repr=False)
    deepgram_model: str = Variables.DEEPGRAM_MODEL.default
    cartesia_voice_id: str = Variables.CARTESIA_VOICE_ID.default

    def __str__(self) -> str:
        """Name the services, as a bot does when it starts."""
        return f"Deepgram {self.deepgram_model}, Cartesia voice {self.cartesia_voice_id}"


def read_speech(
    environ: Mapping[str, str] | None = None, *, dotenv: bool = True
) -> SpeechKeys | None:
    """Read whose speech to use from the environment, and from `.env` for what is not in it.

    ``DEEPGRAM_API_KEY`` and ``CARTESIA_API_KEY``, and if need be ``DEEPGRAM_MODEL`` and
    ``CARTESIA_VOICE_ID``. An empty variable counts as not set, and hides the one in `.env`. For the
    arguments see `read_variables`.

    Returns:
        The keys, or None where neither is set: the embedded speech.

    Raises:
        MisconfiguredEnvironment: One key is set without the other, or a value cannot be used.
    """
    values, faults = read_variables(environ, dotenv=dotenv), dict[str, str]()
    deepgram, cartesia = _DEEPGRAM.read(values, faults), _CARTESIA.read(values, faults)
    model = Variables.DEEPGRAM_MODEL.read(values, faults)
    voice = Variables.CARTESIA_VOICE_ID.read(values, faults)
    for one, other in ((_DEEPGRAM, _CARTESIA), (_CARTESIA, _DEEPGRAM)):
        if values.get(other.name) and not values.get(one.name):
            faults[one.name] = (
                f"is missing, and {other.name} is set: set both to use Deepgram and Cartesia, "
                "or neither to use the embedded speech."
            )
    if faults:
        raise MisconfiguredEnvironment(faults)
    if deepgram is None or cartesia is None:
        return None
    return SpeechKeys(
        deepgram_api_key=deepgram,
        cartesia_api_key=cartesia,
        deepgram_model=model,
        cartesia_voice_id=voice,
    )


def prepare_speech(keys: SpeechKeys | None, console: "Console") -> None:
    """Make sure, before the first call, that `speech_services` will work, and work quickly.

    Args:
        keys: What `read_speech` found.
        console: Where to show how far a download is.

    Raises:
        SpeechMissing: A package that hosted speech needs is not installed.
        LocalError: An embedded engine is missing, or its model could not be had.
    """
    if keys is not None:
        _hosted_classes(keys)
        return
    from blastoff_pipecat.local.pair import doing, fetch_weights
    from blastoff_pipecat.local.voice import DEFAULT_VOICE, Voice
    from blastoff_pipecat.local.weights.manifest import WHISPER_TINY_EN

    hears, _ = _embedded_classes()
    Voice.check_installed()
    asyncio.run(fetch_weights([WHISPER_TINY_EN], console))
    with doing("Loading speech", console):
        hears()
        Voice.shared(DEFAULT_VOICE)


def speech_services(keys: SpeechKeys | None) -> tuple[STTService, TTSService]:
    """Make the two speech services of one call.

    Args:
        keys: What `read_speech` found; None makes the embedded services, which load their models
            when the pipeline starts (speech to text: now; it takes about a second).

    Returns:
        Speech to text, and text to speech.

    Raises:
        SpeechMissing: A package that hosted speech needs is not installed.
        LocalError: An embedded engine or its model is missing.
    """
    if keys is None:
        hears, speaks = _embedded_classes()
        return hears(), speaks()
    deepgram, cartesia = _hosted_classes(keys)
    return (
        deepgram(
            api_key=keys.deepgram_api_key, settings=deepgram.Settings(model=keys.deepgram_model)
        ),
        cartesia(
            api_key=keys.cartesia_api_key, settings=cartesia.Settings(voice=keys.cartesia_voice_id)
        ),
    )


def _embedded_classes() -> "tuple[type[LocalSTTService], type[LocalTTSService]]":
    from blastoff_pipecat.local.stt import LocalSTTService
    from blastoff_pipecat.local.tts import LocalTTSService

    return LocalSTTService, LocalTTSService


def _hosted_classes(keys: SpeechKeys) -> "tuple[Any, type[CartesiaTTSService]]":
    _check_installed("deepgram", "deepgram-sdk")
    _check_installed("websockets", "websockets")
    from pipecat.services.cartesia.tts import CartesiaTTSService

    if keys.deepgram_model.startswith(_FLUX):
        from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService

        return DeepgramFluxSTTService, CartesiaTTSService
    from pipecat.services.deepgram.stt import DeepgramSTTService

    return DeepgramSTTService, CartesiaTTSService


def _check_installed(module: str, package: str) -> None:
    """Raise before Pipecat does, which also logs what to do with another tool than ours."""
    if importlib.util.find_spec(module) is None:
        raise SpeechMissing(package)
