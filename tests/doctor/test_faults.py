"""For each way to have it wrong, the doctor says which; and to a right one that it is ready."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from blastoff_pipecat.doctor.examination import Examination
from blastoff_pipecat.doctor.handover import BEGUN
from blastoff_pipecat.doctor.report import as_json
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint, prefill_of
from tests.doctor.conftest import KEYS, Consult, serving

pytestmark = pytest.mark.filterwarnings(
    "ignore:websockets:DeprecationWarning"  # Deepgram's SDK imports what is deprecated there
)

COUNTED = f"{BEGUN} five, six, seven, eight, nine."
ANSWER = "Air scatters blue light, most of all. So the sky is blue, except at dusk."


def model(
    ttft: float = 0.0, pace: float = 0.0, counted: str = COUNTED, **counting: Any
) -> Callable[[dict[str, Any]], Script]:
    """A model that answers, and counts on where it is asked to in a way that it knows."""

    def play(body: dict[str, Any]) -> Script:
        if "Count" in json.dumps(body["messages"]):
            prefill, known = prefill_of(body), counting.get("continues", True)
            anew = prefill is not None and known is not True and prefill.shape not in known
            return Script("One, two, three, four, five." if anew else counted, **counting)
        if "max_tokens" in body and "museum" in body["messages"][-1]["content"]:
            return Script("Let me look up the hours.")  # asked of the small model
        return Script(ANSWER, ttft=ttft, pace=pace)

    return play


def play(server: ScriptedEndpoint, **parts: Any) -> None:
    server.play("small", parts.get("small", model()))
    server.play("large", parts.get("large", model(ttft=0.1, pace=0.002)))


def failing(fault: Fault, **options: Any) -> Script:
    return Script(fault=fault, **options)


def faults(found: Examination) -> list[str]:
    assert not found.ready
    return [f"{f.about}: {f.said} {f.do}" for f in found.findings if f.level == "fault"]


async def test_a_right_one_is_ready(server: ScriptedEndpoint, consult: Consult) -> None:
    """Both models are measured, speech answers, and what replies will be like is said."""
    play(server)
    found = await consult(rounds=2)
    assert found.ready, found.findings
    said = "\n".join(f"{f.about}: {f.said}" for f in found.findings)
    assert "Deepgram: takes the key, and hears with nova-3-general" in said
    assert "Cartesia: takes the key, and has the voice Ada" in said
    assert "TWILIO_AUTH_TOKEN: can be used" in said
    assert "replies: the answer is likely to be heard after" in said
    assert 'its opening to "When does the museum open on Sundays?" is "Let me look up' in said
    report = as_json(found)
    json.dumps(report)
    assert report["ready"] is True
    assert 0.1 <= report["models"]["large"]["first_text"] < 0.6
    assert report["models"]["large"]["tokens_per_sec"] > 10
    assert report["outlook"]["answer_at"] > 0


@dataclass
class Wrong:
    """One way to have it wrong.

    Attributes:
        named: What the fault has to name.
        changes: What is changed in the environment.
        parts: What the models play.
        options: What the doctor is told on the command line.
    """

    named: tuple[str, ...]
    changes: dict[str, str | None] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


NOBODY = "http://127.0.0.1:1/v1"
WRONG = {
    "model's name missing": Wrong(("LARGE_MODEL_NAME", "missing"), {"LARGE_MODEL_NAME": None}),
    "URL missing": Wrong(("SMALL_MODEL_URL", "missing"), {"SMALL_MODEL_URL": None}),
    "URL without scheme": Wrong(
        ("LARGE_MODEL_URL", "https://"), {"LARGE_MODEL_URL": "api.test/v1"}
    ),
    "URL of a resource": Wrong(
        ("LARGE_MODEL_URL", "before /chat/completions"),
        {"LARGE_MODEL_URL": "https://api.test/v1/responses"},
    ),
    "key missing": Wrong(
        ("SMALL_MODEL_API_KEY", "missing"),
        {"SMALL_MODEL_URL": "https://api.groq.com/openai/v1", "SMALL_MODEL_API_KEY": None},
    ),
    "key with Bearer": Wrong(
        ("LARGE_MODEL_API_KEY", "alone"),
        {"LARGE_MODEL_URL": "https://api.test/v1", "LARGE_MODEL_API_KEY": "Bearer sk-0123456789"},
    ),
    "port malformed": Wrong(("PORT", "65535"), {"PORT": "80000"}),
    "key refused": Wrong(
        ("Check LARGE_MODEL_API_KEY",),
        parts={"large": failing(Fault.STATUS_401, error_message="no: sk-large-0123456789")},
    ),
    "nothing to pay with": Wrong(
        ("HTTP 402", "Pay"), parts={"large": failing(Fault.STATUS_402)}
    ),
    "too many requests": Wrong(
        ("HTTP 429", "Wait"), parts={"small": failing(Fault.STATUS_429)}
    ),
    "host broken": Wrong(
        ("HTTP 503", "try again"), parts={"large": failing(Fault.STATUS_503)}
    ),
    "field refused": Wrong(
        ("HTTP 422", "extra"), parts={"large": failing(Fault.STATUS_422)}
    ),
    "model unknown": Wrong(
        ("Check LARGE_MODEL_NAME", "It has large"), {"LARGE_MODEL_NAME": "larg"}
    ),
    "nobody there": Wrong(("Check SMALL_MODEL_URL", "nobody answers"), {"SMALL_MODEL_URL": NOBODY}),
    "no such host": Wrong(
        ("Check SMALL_MODEL_URL",), {"SMALL_MODEL_URL": "http://no-such-host.invalid/v1"}
    ),
    "web page": Wrong(
        ("web page", "path in LARGE_MODEL_URL"), parts={"large": failing(Fault.HTML_200)}
    ),
    "small thinks": Wrong(
        ("thinks before it answers", "thinking can be off"),
        parts={"small": Script(ANSWER, reasoning="Hm. ")},
    ),
    "small late": Wrong(
        ("given up after 0.8 s", "faster small model"), parts={"small": model(ttft=0.9)}
    ),
    "large dribbles": Wrong(
        ("slower than speech",), parts={"large": Script(["Air ", "scatters ", "blue."], pace=0.4)}
    ),
    "large says nothing": Wrong(
        ("says nothing within 80 tokens",), parts={"large": Script("", reasoning="Hm. " * 20)}
    ),
    "prefix refused": Wrong(
        ("refuses where it is to go on", "LARGE_MODEL_SUPPORTS_PREFIX=false"),
        {"LARGE_MODEL_SUPPORTS_PREFIX": "true"},
        {"large": model(refuses="prefill")},
    ),
    "prefix begun anew": Wrong(
        ("begins anew where it is to go on", "LARGE_MODEL_SUPPORTS_PREFIX=false"),
        {"LARGE_MODEL_SUPPORTS_PREFIX": "true"},
        {"large": model(counted="One, two, three, four, five, six.")},
    ),
    "another way": Wrong(
        ("begins anew", 'ChatEndpoint(continuation="continue_final_message")'),
        {"LARGE_MODEL_SUPPORTS_PREFIX": "true"},
        {"large": model(continues={"continue_final_message"})},
    ),
    "Deepgram alone": Wrong(("CARTESIA_API_KEY", "missing"), {"CARTESIA_API_KEY": None}),
    "Deepgram's key": Wrong(("Check DEEPGRAM_API_KEY",), {"DEEPGRAM_API_KEY": "dg-of-another"}),
    "Deepgram's model": Wrong(("Check DEEPGRAM_MODEL", "nova-9"), {"DEEPGRAM_MODEL": "nova-9"}),
    "Deepgram's key, Flux": Wrong(
        ("Check DEEPGRAM_API_KEY",),
        {"DEEPGRAM_API_KEY": "dg-of-another", "DEEPGRAM_MODEL": "flux-general-en"},
    ),
    "Cartesia's key": Wrong(("Check CARTESIA_API_KEY",), {"CARTESIA_API_KEY": "sk_of_another"}),
    "Cartesia's voice": Wrong(
        ("Check CARTESIA_VOICE_ID", "no-voice"), {"CARTESIA_VOICE_ID": "no-voice"}
    ),
    "carrier's secret": Wrong(
        ("TWILIO_AUTH_TOKEN is missing",),
        {"TWILIO_AUTH_TOKEN": None},
        options={"carrier": "twilio", "proxy": "bot.test"},
    ),
    "secret too short": Wrong(
        ("EXOTEL_STREAM_SECRET", "at least 24"), {"EXOTEL_STREAM_SECRET": "short-word"}
    ),
    "no public name": Wrong(("needs --proxy",), options={"carrier": "twilio"}),
    "no such carrier": Wrong(("this bot answers telephones",), options={"carrier": "pigeon"}),
    "public name unknown": Wrong(
        ("cannot be reached",), options={"carrier": "twilio", "proxy": "no-such-host.invalid"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_the_fault_is_named(server: ScriptedEndpoint, consult: Consult, name: str) -> None:
    """One fault, what it is about, and what to do; and no key."""
    wrong = WRONG[name]
    play(server, **wrong.parts)
    found = await consult(wrong.changes, **wrong.options)
    (fault,) = faults(found)
    for words in wrong.named:
        assert words in fault
    report = json.dumps(as_json(found))
    secrets = {*KEYS.values(), *(wrong.changes.get(name) or "" for name in KEYS)} - {""}
    for secret in secrets:
        assert secret not in report


def test_there_are_many() -> None:
    """At least fifteen ways to have it wrong are tried."""
    assert len(WRONG) >= 15


async def test_a_url_without_its_version_is_told(
    server: ScriptedEndpoint, consult: Consult
) -> None:
    """The commonest slip: the models are one step further."""
    play(server)

    async def versioned(request: web.Request) -> web.Response:
        if request.path == "/v1/models":
            return web.json_response({"data": [{"id": "large"}]})
        return web.json_response({"detail": "Not Found"}, status=404)

    async with serving(versioned) as url:
        (fault,) = faults(await consult({"LARGE_MODEL_URL": url}))
    assert "HTTP 404 for /chat/completions: Not Found" in fault
    assert "Add /v1 to LARGE_MODEL_URL" in fault


async def test_a_path_where_nothing_is_is_told(server: ScriptedEndpoint, consult: Consult) -> None:
    """Where no list of models can be had, the path is what is left."""
    play(server)

    async def nothing(request: web.Request) -> web.Response:
        return web.Response(status=404, text="<html><h1>Not here", content_type="text/html")

    async with serving(nothing) as url:
        (fault,) = faults(await consult({"LARGE_MODEL_URL": f"{url}/api"}))
    assert "Check the path in LARGE_MODEL_URL" in fault


async def test_a_switch_for_thinking_is_found(server: ScriptedEndpoint, consult: Consult) -> None:
    """The body field with which the model stops thinking is what to set."""

    def thinks(body: dict[str, Any]) -> Script:
        if body.get("reasoning_effort") == "none":
            return Script(ANSWER)
        if "chat_template_kwargs" in body:
            return Script(fault=Fault.STATUS_400)
        return Script(ANSWER, reasoning="The user wants to know. ")

    play(server, large=thinks)
    found = await consult()
    assert found.ready
    assert found.settings["large"]["extra"] == {"reasoning_effort": "none"}
    (note,) = [f for f in found.findings if "thinks" in f.said]
    assert note.do == 'Switch it off: ChatEndpoint(extra={"reasoning_effort": "none"}).'


@pytest.mark.parametrize(
    ("counting", "said", "settings"),
    [
        (
            {"continues": {"trailing"}},
            "could go on (trailing)",
            {"LARGE_MODEL_SUPPORTS_PREFIX": "true"},
        ),
        (
            {"continues": {"message_prefix"}},
            "could go on (message_prefix)",
            {"continuation": "message_prefix"},
        ),
        (
            {"continues": {"body_prefix"}},
            "could go on (body_prefix)",
            {"continuation": "body_prefix"},
        ),
        ({"counted": "One, two, three, four, five."}, "is asked beside the opening, and", None),
    ],
)
async def test_the_best_way_to_hand_over_is_told(
    server: ScriptedEndpoint,
    consult: Consult,
    counting: dict[str, Any],
    said: str,
    settings: dict[str, str] | None,
) -> None:
    """What could be better is a note, with the setting that makes it so."""
    play(server, large=model(**counting))
    found = await consult()
    assert found.ready
    assert any(said in finding.said for finding in found.findings), found.findings
    assert found.settings.get("large") == settings


@pytest.mark.parametrize(
    ("counting", "notes"),
    [
        ({"continues": True}, ["goes on from an opening's very words (trailing)"]),
        ({"continues": True, "echo": True}, ["very words (trailing)", "echoes"]),
        ({"continues": True, "trims": True}, ["very words (trailing)", "loses the space"]),
    ],
)
async def test_echo_and_trimming_are_told(
    server: ScriptedEndpoint, consult: Consult, counting: dict[str, Any], notes: list[str]
) -> None:
    """What the seam mends is told, and is no fault."""
    play(server, large=model(**counting))
    found = await consult({"LARGE_MODEL_SUPPORTS_PREFIX": "true"})
    assert found.ready
    (finding,) = [f for f in found.findings if "very words" in f.said]
    for note in notes:
        assert note in finding.said


async def test_whether_an_opening_will_be_said_is_told(
    server: ScriptedEndpoint, consult: Consult
) -> None:
    """A slow large model gets openings, a fast one none."""
    slow = model(ttft=1.6)
    play(server, large=slow)
    found = await consult(rounds=3)
    assert found.outlook is not None
    assert found.outlook.opens
    assert 2 <= found.outlook.words <= 6
    play(server, large=model(ttft=0.0))
    found = await consult(rounds=8)
    assert found.outlook is not None
    assert not found.outlook.opens


@pytest.mark.parametrize(
    ("url", "name", "said", "do"),
    [
        (
            "http://api.deepseek.com/v1",
            "deepseek-flash",
            "very words at /beta",
            "Write http://api.deepseek.com/beta into LARGE_MODEL_URL.",
        ),
        (
            "http://openrouter.ai/api/v1",
            "anthropic/claude-haiku-4.5",
            "with one provider",
            "ChatEndpoint(extra={'provider': …})",
        ),
    ],
)
async def test_what_the_hosts_own_way_asks_for_is_told(
    server: ScriptedEndpoint,
    consult: Consult,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    name: str,
    said: str,
    do: str,
) -> None:
    """DeepSeek continues at another path, OpenRouter where its upstream is named."""
    for variable in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(variable, server.url.removesuffix("/v1"))
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "127.0.0.1")
    play(server)
    server.play(name, model(counted="One, two, three, four, five."))
    found = await consult({"LARGE_MODEL_URL": url, "LARGE_MODEL_NAME": name})
    assert found.ready
    (note,) = [f for f in found.findings if "could go on" in f.said]
    assert said in note.said
    assert do in note.do


async def test_a_small_model_that_writes_no_opening_is_told(
    server: ScriptedEndpoint, consult: Consult
) -> None:
    """Where it answers instead, a line of the package's is said, and the report says so."""
    play(server, small="The museum opens at ten, 7 days a week.")
    found = await consult()
    assert any("a line of the package's, to" in finding.said for finding in found.findings)


async def test_twice_the_same_model_is_a_note(server: ScriptedEndpoint, consult: Consult) -> None:
    """It works, and gains nothing."""
    play(server)
    found = await consult({"LARGE_MODEL_NAME": "small"})
    assert found.ready
    assert any("both models are the same" in finding.said for finding in found.findings)


async def test_an_embedded_engine_that_is_missing_is_told(
    consult: Consult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is named, what is meant has to be installed."""
    find = importlib.util.find_spec
    for package in ("xllamacpp", "faster_whisper", "hibari"):

        def absent(name: str, *more: Any, package: str = package) -> Any:
            return None if name == package else find(name, *more)

        monkeypatch.setattr(importlib.util, "find_spec", absent)
        names = ("SMALL_MODEL_URL", "SMALL_MODEL_NAME", "LARGE_MODEL_URL", "LARGE_MODEL_NAME")
        (fault,) = faults(await consult(dict.fromkeys((*names, *KEYS))))
        assert package in fault.replace("-", "_")
        assert "blastoff-pipecat[local]" in fault


async def test_nothing_set_means_embedded(consult: Consult) -> None:
    """An empty environment is what the demo runs on."""
    names = ("SMALL_MODEL_URL", "SMALL_MODEL_NAME", "LARGE_MODEL_URL", "LARGE_MODEL_NAME", *KEYS)
    found = await consult(dict.fromkeys(names))
    assert found.ready
    assert {finding.about for finding in found.findings} == {"models", "speech"}


async def test_the_request_of_each_way_is_that_ways(
    server: ScriptedEndpoint, consult: Consult
) -> None:
    """Every way is asked once, in its own shape."""
    play(server)
    await consult()
    shapes = [each.prefill.shape for each in server.requests_for("large") if each.prefill]
    assert sorted(shapes) == sorted(
        ["trailing", "continue_final_message", "message_prefix", "message_partial", "body_prefix"]
    )
