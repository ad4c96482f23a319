"""Requests as clients send them: what costs an opening, and how the answer says so."""

from typing import Any

import httpx
import pytest

from blastoff_pipecat.server import fields
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.server.conftest import ANSWER, OPENING

CHAT = "/v1/chat/completions"
QUESTION = {"role": "user", "content": "When does the museum open?"}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}


async def ask(http: httpx.AsyncClient, **more: Any) -> tuple[str, str]:
    """Ask; return what is said, and how the reply was made."""
    response = await http.post(CHAT, json={"messages": [QUESTION], **more})
    assert response.status_code == 200, response.text
    said = response.json()["choices"][0]["message"]["content"]
    return said, response.headers["x-blastoff-mode"]


@pytest.mark.parametrize(
    "more",
    [
        {"logit_bias": {}},
        {"modalities": ["text"]},
        {"top_logprobs": 0, "logprobs": False},
        {"max_tokens": 0},
        {"max_tokens": -1, "max_completion_tokens": -1},
        {"n": 1, "response_format": {"type": "text"}, "functions": [], "function_call": "none"},
        {"audio": None, "prediction": None, "a_new_field": None, "another": {}, "a_third": ""},
        {"top_k": 40, "min_p": 0.1, "repetition_penalty": 1.1},
        {"stream_options": None, "stream": None, "tools": [], "tool_choice": None},
    ],
    ids=str,
)
async def test_what_asks_for_nothing_costs_no_opening(
    http: httpx.AsyncClient, models: ScriptedEndpoint, more: dict[str, Any]
) -> None:
    """Empty fields and defaults, as clients of all kinds send them, leave the reply as it is."""
    assert await ask(http, **more) == (f"{OPENING} {ANSWER}", "two-models")
    sent = models.requests_for("large")[0].body
    assert not {"logit_bias", "functions", "another", "a_new_field"} & sent.keys()
    assert sent.get("max_tokens") is None


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"a_new_field": "x\r\ny: z"}, "unknown field"),
        ({"disable_quick_response": True}, "disable_quick_response"),
        ({"messages": [QUESTION, {"role": "assistant", "content": "At"}]}, "prefill"),
        ({"messages": [{"role": "system", "content": "Greet the caller."}]}, "no user turn"),
        ({"max_tokens": 10}, "short answer"),
        ({"messages": [{"role": "user", "content": "Thanks, goodbye!"}]}, "no opening needed"),
        ({"tools": [TOOL], "openings_with_tools": False}, "tools"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
@pytest.mark.parametrize("stream", [True, False])
async def test_the_answer_says_why_the_large_model_is_alone(
    http: httpx.AsyncClient,
    models: ScriptedEndpoint,
    more: dict[str, Any],
    why: str,
    stream: bool,
) -> None:
    """A header names the reason, streamed or not, and the small model is not asked."""
    response = await http.post(CHAT, json={"messages": [QUESTION], "stream": stream, **more})
    assert response.status_code == 200
    assert response.headers["x-blastoff-mode"] == f"large-alone; {why}"
    assert models.requests_for("small") == []


async def test_a_clients_own_prefill_is_gone_on_from_once(
    http: httpx.AsyncClient, models: ScriptedEndpoint
) -> None:
    """The large model is sent the messages as they came: nothing is put behind the prefill."""
    prefill = {"role": "assistant", "content": "The museum"}
    models.play("large", " opens at nine.")
    said, _ = await ask(http, messages=[QUESTION, prefill])
    assert said == " opens at nine."
    (asked,) = models.requests_for("large")
    assert asked.messages == [QUESTION, prefill]


async def test_an_unknown_field_is_logged_once_by_name(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not its value, not twice, and not without an end."""
    monkeypatch.setattr(fields, "_logged", set())
    for _ in range(2):
        await ask(http, surprise="a secret")
    for number in range(150):
        fields.for_large_alone({f"made_up_{number}": 1, "x" * 1000: 1})
    logged = [each.getMessage() for each in caplog.records if "not known here" in each.getMessage()]
    assert sum("'surprise'" in each for each in logged) == 1
    assert len(logged) == 100
    assert "a secret" not in caplog.text
    assert max(map(len, logged)) < 120
