"""Deepgram's key and model, Cartesia's key and voice: asked by their own SDKs, once each."""

import io
import wave
from collections.abc import Mapping

import httpx

from blastoff_pipecat.calls.speech import SpeechKeys, read_speech
from blastoff_pipecat.doctor.embedded import SPEECH, examine_embedded
from blastoff_pipecat.doctor.finding import Finding
from blastoff_pipecat.environment import MisconfiguredEnvironment

_SECS = 8.0
_WAY_OUT = "Check the network, and the proxies of the environment."


async def examine_speech(
    environ: Mapping[str, str],
    *,
    deepgram_url: str = "https://api.deepgram.com",
    cartesia_url: str = "https://api.cartesia.ai",
) -> list[Finding]:
    """Say whether the bot will hear and speak.

    Args:
        environ: The variables, those of `.env` among them.
        deepgram_url: Where Deepgram is.
        cartesia_url: Where Cartesia is.
    """
    try:
        keys = read_speech(environ, dotenv=False)
    except MisconfiguredEnvironment as error:
        return Finding.of_faults(error)
    if keys is None:
        said = "no key of Deepgram or Cartesia is set: the embedded services are meant"
        return [examine_embedded("speech", said, SPEECH)]
    try:
        return [await _deepgram(keys, deepgram_url), await _cartesia(keys, cartesia_url)]
    except ImportError as missing:
        return [Finding.lacking("speech", missing)]


async def _deepgram(keys: SpeechKeys, url: str) -> Finding:
    from deepgram import AsyncDeepgramClient
    from deepgram.core.api_error import ApiError
    from deepgram.environment import DeepgramClientEnvironment

    about, model = "Deepgram", keys.deepgram_model
    there = DeepgramClientEnvironment(base=url, production=url, agent=url, agent_rest=url)
    async with httpx.AsyncClient(timeout=_SECS) as http:
        client = AsyncDeepgramClient(
            api_key=keys.deepgram_api_key, environment=there, httpx_client=http, max_retries=0
        )
        try:
            if model.startswith("flux-"):  # heard over a stream alone: only the key is asked for
                await client.manage.v1.projects.list()
            else:
                await client.listen.v1.media.transcribe_file(request=_silence(), model=model)
        except ApiError as error:
            match error.status_code:
                case 401:
                    return Finding("fault", about, "refuses the key", "Check DEEPGRAM_API_KEY.")
                case 402:
                    return Finding("fault", about, "has nothing left on the account", "Pay.")
                case 403 if model.startswith("flux-"):
                    pass  # a key that may transcribe, and may not list
                case 400 | 403 | 404:
                    said = f"does not hear with the model {model} (HTTP {error.status_code})"
                    return Finding("fault", about, said, "Check DEEPGRAM_MODEL.")
                case status:
                    return Finding("fault", about, f"answers HTTP {status}", "Try again later.")
        except httpx.HTTPError as error:
            return Finding.unreachable(about, error, _WAY_OUT)
    return Finding("ok", about, f"takes the key, and hears with {model}")


async def _cartesia(keys: SpeechKeys, url: str) -> Finding:
    import cartesia

    about, voice = "Cartesia", keys.cartesia_voice_id
    async with cartesia.AsyncCartesia(
        api_key=keys.cartesia_api_key, base_url=url, max_retries=0, timeout=_SECS
    ) as client:
        try:
            found = await client.voices.get(voice)
        except (cartesia.AuthenticationError, cartesia.PermissionDeniedError):
            return Finding("fault", about, "refuses the key", "Check CARTESIA_API_KEY.")
        except cartesia.APIStatusError as error:
            if error.status_code in (400, 404, 422):
                said = f"has no voice {voice}"
                return Finding("fault", about, said, "Check CARTESIA_VOICE_ID.")
            said = f"answers HTTP {error.status_code}"
            return Finding("fault", about, said, "Try again later.")
        except cartesia.APIConnectionError as error:
            return Finding.unreachable(about, error, _WAY_OUT)
    return Finding("ok", about, f"takes the key, and has the voice {found.name}")


def _silence() -> bytes:
    """A WAV file of a tenth of a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(16_000)
        wav.writeframes(bytes(3200))
    return file.getvalue()
