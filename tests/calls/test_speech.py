"""A bot's speech: whose it is, what each half-set environment is told, and what is made."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from blastoff_pipecat.calls.speech import SpeechKeys, read_speech, speech_services
from blastoff_pipecat.environment import MisconfiguredEnvironment
from tests.kit.environment import clear_environment

KEYS = {"DEEPGRAM_API_KEY": "dg-0123456789abcdef", "CARTESIA_API_KEY": "sk_car_0123456789abcdef"}

hosted = pytest.mark.skipif(
    importlib.util.find_spec("deepgram") is None, reason="the bots extra is not installed"
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    clear_environment(monkeypatch)
    return tmp_path


# Reading.


def test_without_keys_the_embedded_speech_is_meant() -> None:
    """Neither key, or two empty ones, means the embedded speech."""
    assert read_speech({}) is None
    assert read_speech({"DEEPGRAM_API_KEY": "", "CARTESIA_API_KEY": " "}) is None


def test_with_both_keys_hosted_speech_is_meant() -> None:
    """Both keys are all it takes; model and voice have defaults."""
    keys = read_speech(KEYS)

    assert keys is not None
    assert keys.deepgram_api_key == KEYS["DEEPGRAM_API_KEY"]
    assert keys.cartesia_api_key == KEYS["CARTESIA_API_KEY"]
    assert keys.deepgram_model
    assert keys.cartesia_voice_id


def test_model_and_voice_can_be_chosen() -> None:
    """`DEEPGRAM_MODEL` and `CARTESIA_VOICE_ID` replace the defaults."""
    keys = read_speech({**KEYS, "DEEPGRAM_MODEL": "nova-3-medical", "CARTESIA_VOICE_ID": "v1"})

    assert keys is not None
    assert (keys.deepgram_model, keys.cartesia_voice_id) == ("nova-3-medical", "v1")


@pytest.mark.parametrize("missing", list(KEYS))
def test_half_the_keys_is_one_clear_message(missing: str) -> None:
    """What is missing is named, with both ways out, and the key that is set is not shown."""
    (there,) = set(KEYS) - {missing}

    with pytest.raises(MisconfiguredEnvironment) as caught:
        read_speech({there: KEYS[there]})

    assert list(caught.value.faults) == [missing]
    fault = caught.value.faults[missing]
    assert fault.startswith(f"is missing, and {there} is set:")
    assert "set both" in fault
    assert "neither to use the embedded speech" in fault
    assert KEYS[there] not in str(caught.value)


def test_dotenv_fills_what_the_environment_leaves_open(empty_folder: Path) -> None:
    """The real environment wins over `.env`, variable by variable, an empty one included."""
    lines = [f"{name}='{key}'" for name, key in KEYS.items()]
    (empty_folder / ".env").write_text("\n".join([*lines, "CARTESIA_VOICE_ID=from-file"]))

    keys = read_speech({"CARTESIA_VOICE_ID": "from-environment"})

    assert keys is not None
    assert keys.deepgram_api_key == KEYS["DEEPGRAM_API_KEY"]
    assert keys.cartesia_voice_id == "from-environment"
    with pytest.raises(MisconfiguredEnvironment):
        read_speech({"DEEPGRAM_API_KEY": ""})


def test_a_broken_key_is_named_and_not_shown() -> None:
    """A key pasted with a blank in it is refused by its variable's name."""
    broken = {**KEYS, "DEEPGRAM_API_KEY": "dg-0123 456789"}

    with pytest.raises(MisconfiguredEnvironment) as caught:
        read_speech(broken)

    assert list(caught.value.faults) == ["DEEPGRAM_API_KEY"]
    assert "0123 456789" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    """Neither `repr` nor `str` holds a key; `str` says which services are used."""
    keys = read_speech(KEYS)

    for text in (repr(keys), str(keys)):
        assert not any(key in text for key in KEYS.values())
    assert str(keys).startswith("Deepgram nova-3")


# Making.


@hosted
@pytest.mark.parametrize(
    ("model", "service"),
    [("nova-3-general", "DeepgramSTTService"), ("flux-general-en", "DeepgramFluxSTTService")],
)
async def test_hosted_services_are_pipecats_own(model: str, service: str) -> None:
    """Deepgram's service is the one for the model; neither service pins a sample rate."""
    keys = SpeechKeys(deepgram_api_key="a", cartesia_api_key="b", deepgram_model=model)

    stt, tts = speech_services(keys)

    assert type(stt).__name__ == service
    assert stt._settings.model == model
    assert type(tts).__name__ == "CartesiaTTSService"
    assert tts._settings.voice == SpeechKeys.cartesia_voice_id
    assert stt._init_sample_rate is None
    assert tts._init_sample_rate is None


def test_a_missing_package_is_one_clear_message() -> None:
    """Where the bots extra is not installed, the command that installs it is the message."""
    script = """
import sys
sys.modules["deepgram"] = None  # as if it were not installed
from blastoff_pipecat.calls.speech import SpeechKeys, speech_services
try:
    speech_services(SpeechKeys(deepgram_api_key="a", cartesia_api_key="b"))
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip().startswith("Speech by Deepgram and Cartesia needs deepgram-sdk: pip")
    assert "ERROR" not in done.stderr


@pytest.mark.e2e
async def test_embedded_services_need_no_key() -> None:
    """Without keys the embedded ears and voice are made."""
    stt, tts = speech_services(None)

    assert type(stt).__name__ == "LocalSTTService"
    assert type(tts).__name__ == "LocalTTSService"
    await tts.cleanup()
