"""Every variable that is read: one declaration each, in the order of `.env.example`.

A variable of others', such as ``HTTPS_PROXY``, is none of these; ``DAILY_API_KEY`` is, which
Pipecat alone reads, since whoever runs a bot has to set it.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

from blastoff_pipecat.environment.variable import Text, Variable

_LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")


def _whole(value: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise ValueError(f"is {value!r}: give a whole number from {least} to {most}.")
    return int(value)


_port = partial(_whole, least=0, most=65535)
_count = partial(_whole, least=1, most=999_999)


def _true_or_false(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(f"is {value!r}: give true or false, or nothing to have it decided.")
    return value.lower() == "true"


def _host(value: str) -> str:
    if re.search(r"[\s/]", value):
        raise ValueError(f"is {value!r}: give a name or an address alone, such as 127.0.0.1.")
    return value


def _log_level(value: str) -> str:
    if value.upper() not in _LOG_LEVELS:
        raise ValueError(f"is {value!r}: give one of {', '.join(_LOG_LEVELS)}.")
    return value.upper()


def _word(value: str) -> str:
    if not re.fullmatch(r"[!-~]+", value):  # not shown: it may be a key
        raise ValueError("has blanks or characters in it that are not ASCII: copy it once more.")
    return value


def _words(value: str) -> tuple[str, ...]:
    return tuple(value.replace(",", " ").split())


def _folder(value: str) -> Path:
    return Path(value).expanduser()


def _text(doc: str, older: str | None = None) -> Text:
    return Variable(doc, str, None, older)


_MODEL_KEY = "Its key. Not needed for a server on this machine or on your own network."


class Variables:
    """The declarations."""

    SMALL_MODEL_URL = _text(
        "\nThe small model opens each reply: a fast one, thinking off. Base URL of its "
        "OpenAI-compatible API, such as https://api.groq.com/openai/v1 or http://localhost:11434/v1",
        older="SMALL_MODEL_BASE_URL",
    )
    SMALL_MODEL_API_KEY = _text(_MODEL_KEY)
    SMALL_MODEL_NAME = _text("Its name, as that host spells it, such as qwen/qwen3.8-27b")

    LARGE_MODEL_URL = _text(
        "\nThe large model goes on with the reply: a good one. Base URL of its OpenAI-compatible "
        "API, such as https://api.deepseek.com/beta",
        older="LARGE_MODEL_BASE_URL",
    )
    LARGE_MODEL_API_KEY = _text(_MODEL_KEY)
    LARGE_MODEL_NAME = _text("Its name, as that host spells it, such as deepseek-flash")
    LARGE_MODEL_SUPPORTS_PREFIX = Variable(
        "Whether it can continue an assistant message that has been begun. true: in its host's own "
        "way, or as a plain trailing message where the host is unknown; false: it begins a "
        'sentence of its own beside the opening (with handover="prefix": it is shown the opening '
        "as history and told to go on); empty: decided by host and model.",
        _true_or_false,
        None,
    )

    DEEPGRAM_API_KEY = Variable(
        "\nSpeech of the example bots: Deepgram hears and Cartesia speaks where both keys are set; "
        "with both left empty, speech is embedded too. Deepgram's key.",
        _word,
        None,
    )
    CARTESIA_API_KEY = Variable("Cartesia's key.", _word, None)
    DEEPGRAM_MODEL = Variable(
        "A Nova model, or a Flux model, which finds a turn's end itself.", _word, "nova-3-general"
    )
    CARTESIA_VOICE_ID = Variable(
        "A voice of Cartesia's; the default speaks American English.",
        _word,
        "86e30c1d-714b-4074-a1f2-1cb6b552fb49",
    )
    DAILY_API_KEY = _text("For rooms of Daily's (-t daily), and for its dial-in.")
    GEOCODING_URL = Variable(
        "An Open-Meteo server of your own that finds places for the voice bot's weather.",
        str,
        "https://geocoding-api.open-meteo.com/v1/search",
    )
    WEATHER_URL = Variable(
        "Likewise, for the weather itself.", str, "https://api.open-meteo.com/v1/forecast"
    )

    TWILIO_AUTH_TOKEN = _text(
        "\nWhat the phone bot checks its carrier with (-t): without the one of that carrier it "
        "does not start. Keys to a carrier's REST API, which ends calls, may be left out.\n"
        "Twilio's auth token, which its REST API takes too."
    )
    TWILIO_SHARED_KEY_SECRET = _text(
        "The secret of a shared key, where one of Twilio's webhook rules signs with it."
    )
    TWILIO_ACCOUNT_SID = _text("For Twilio's REST API.")
    TWILIO_API_KEY = _text("With its secret in place of the auth token, for the REST API alone.")
    TWILIO_API_SECRET = _text("The secret of that key.")
    TWILIO_REGION = _text("Where your account is, with TWILIO_EDGE.")
    TWILIO_EDGE = _text("Likewise, with TWILIO_REGION.")
    TWILIO_BASE_URL = _text("The root of an API that does as Twilio's.")
    TELNYX_PUBLIC_KEY = _text("From Telnyx's portal, under Keys & Credentials.")
    TELNYX_API_KEY = _text("For Telnyx's REST API.")
    PLIVO_AUTH_TOKEN = _text("Plivo's auth token, which its REST API takes too.")
    PLIVO_AUTH_ID = _text("For Plivo's REST API.")
    EXOTEL_STREAM_SECRET = _text(
        "A word of your own for the stream's URL, at least 24 characters:\n"
        'python -c "import secrets; print(secrets.token_urlsafe(24))"'
    )
    PINLESS_HMAC_SECRET = _text("What Daily signs dial-in webhooks with, in base64.")
    PHONE_MAX_CALLS = Variable("How many calls there may be at once.", _count, 100)
    PHONE_MAX_CALLS_PER_CALLER = Variable("Likewise, of one caller.", _count, 10)

    HOST = Variable(
        "\nThe address that the server listens on; 0.0.0.0 lets others in.", _host, "127.0.0.1"
    )
    PORT = Variable("The port that the server listens on; 0 takes a free one.", _port, 8000)
    LOG_LEVEL = Variable(
        f"The least severe lines to log: {', '.join(_LOG_LEVELS)}.", _log_level, "INFO"
    )
    BLASTOFF_SERVER_KEY = _text(
        "The key that clients must send as a bearer key; empty lets this computer alone in."
    )
    BLASTOFF_SERVER_HOSTS = Variable(
        'How others may call a server without a key: "voice.lan, 10.0.0.7"; * is any.', _words, ()
    )
    BLASTOFF_SERVER_FOR = _text(
        "Whom replies suit that do not say so themselves: livekit, vapi, elevenlabs or pydantic-ai."
    )
    BLASTOFF_MAX_REQUESTS = Variable(
        "How many requests one worker process of the server answers at once.", _count, 1000
    )

    BLASTOFF_MODELS_DIR = Variable(
        "\nYour own folder of embedded models; without it they are fetched.", _folder, None
    )

    BLASTOFF_JUDGE_URL = _text(
        "\nA model that judges replies in `blastoff bench seam`, better than both. Base URL of its "
        "OpenAI-compatible API; empty leaves it out."
    )
    BLASTOFF_JUDGE_API_KEY = _text(_MODEL_KEY)
    BLASTOFF_JUDGE_NAME = _text("Its name, as that host spells it.")

    BLASTOFF_EMBEDDED_MODELS = _text("")
    BLASTOFF_STATS_DIR = Variable("", _folder, None)


VARIABLES: tuple[Variable[Any], ...] = tuple(
    each for name, each in vars(Variables).items() if name.isupper()
)
