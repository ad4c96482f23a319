"""How a scripted model takes a request to continue a text."""

from typing import Any

import pytest

from blastoff_pipecat.testing import PREFILL_SHAPES, Prefill, Script, ScriptedEndpoint, prefill_of

OPENING = "Sure, let me look."
TEXT = "Sure, let me look. The museum opens at nine."
USER = {"role": "user", "content": "When does it open?"}
SAID = {"role": "assistant", "content": OPENING}

ASKED: dict[str, dict[str, Any]] = {
    "trailing": {"messages": [USER, SAID]},
    "message_prefix": {"messages": [USER, {**SAID, "prefix": True}]},
    "message_partial": {"messages": [USER, {**SAID, "partial": True}]},
    "body_prefix": {"messages": [USER], "prefix": OPENING},
    "continue_final_message": {
        "messages": [USER, SAID],
        "continue_final_message": True,
        "add_generation_prompt": False,
    },
}
SHAPES = pytest.mark.parametrize("shape", PREFILL_SHAPES)


def test_every_shape_is_asked_for_here():
    """These tests know each shape that the package knows."""
    assert list(ASKED) == list(PREFILL_SHAPES)


@SHAPES
async def test_only_what_follows_the_prefill_is_sent(
    server: ScriptedEndpoint, ask: Any, shape: str
):
    """With continues, a request in any shape gets the text after its prefill, space included."""
    server.play("m", Script(TEXT, continues=True))
    assert (await ask.stream(**ASKED[shape])).text == " The museum opens at nine."
    whole = await ask.whole(**ASKED[shape])
    assert whole.json()["choices"][0]["message"]["content"] == " The museum opens at nine."
    assert server.requests[0].prefill == Prefill(shape, OPENING)


@pytest.mark.parametrize(
    ("chunks", "rest"),
    [
        (["Sure, let me", " look. The", " museum"], " The museum"),
        ([0.0, "Sure, let me look.", 0.0, " The museum"], " The museum"),
        ([OPENING], ""),
        (["Something else"], "Something else"),
    ],
)
async def test_chunks_are_cut_where_the_prefill_ends(
    server: ScriptedEndpoint, ask: Any, chunks: list[Any], rest: str
):
    """A prefill may end inside a chunk, between two, or not begin the text at all."""
    server.play("m", Script(chunks, continues=True))
    assert (await ask.stream(**ASKED["trailing"])).text == rest


async def test_a_server_may_continue_some_shapes_only(server: ScriptedEndpoint, ask: Any):
    """For other shapes than those given the model starts over, as SGLang does without its flag."""
    server.play("m", Script(TEXT, continues={"continue_final_message"}))
    assert (await ask.stream(**ASKED["trailing"])).text == TEXT
    assert (
        await ask.stream(**ASKED["continue_final_message"])
    ).text == " The museum opens at nine."


async def test_a_continuation_can_be_trimmed(server: ScriptedEndpoint, ask: Any):
    """With trims the space between the prefill and what follows is lost, and no other."""
    server.play(
        "m",
        Script(TEXT, continues=True, trims=True),
        Script([0.0, OPENING, " ", 0.0, " The museum"], continues=True, trims=True),
    )
    assert (await ask.stream(**ASKED["trailing"])).text == "The museum opens at nine."
    assert (await ask.stream(**ASKED["trailing"])).text == "The museum"
    assert (await ask.stream()).text == f"{OPENING}  The museum"


async def test_a_prefill_can_be_echoed(server: ScriptedEndpoint, ask: Any):
    """With echo the answer begins with the prefill, as Mistral's does."""
    server.play("m", Script(TEXT, continues=True, echo=True), Script(" At nine.", echo=True))
    assert (await ask.stream(**ASKED["message_prefix"])).text == TEXT
    assert (await ask.stream(**ASKED["message_prefix"])).text == f"{OPENING} At nine."
    assert (await ask.stream()).text == " At nine."


@SHAPES
async def test_a_shape_can_be_refused(server: ScriptedEndpoint, ask: Any, shape: str):
    """A refused shape gets a 400 in a provider's words; the same model answers without it."""
    server.play("m", Script(TEXT, refuses={shape}))
    refused = await ask.whole(**ASKED[shape])
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == PREFILL_SHAPES[shape]
    assert (await ask.stream()).text == TEXT


@SHAPES
async def test_every_prefill_can_be_refused(server: ScriptedEndpoint, ask: Any, shape: str):
    """With "prefill" all shapes are refused, in FastAPI's words with a 422."""
    server.play("m", Script(TEXT, refuses="prefill", error_shape="fastapi"))
    refused = await ask.whole(**ASKED[shape])
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["msg"] == PREFILL_SHAPES[shape]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": ["text"]},
        {"messages": [USER]},
        {"messages": [SAID, USER]},
        {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": []}]},
        {"messages": [USER, {"role": "tool", "content": "sunny"}]},
        {"messages": [USER], "prefix": True},
    ],
)
def test_what_is_no_prefill(body: dict[str, Any]):
    """A conversation that does not end in the assistant's own text asks for no continuation."""
    assert prefill_of(body) is None


def test_a_prefill_may_come_in_parts():
    """The trailing message's content may be a list of parts."""
    parts = [{"type": "text", "text": "Sure, "}, {"type": "text", "text": "let me look."}]
    body = {"messages": [USER, {"role": "assistant", "content": parts}]}
    assert prefill_of(body) == Prefill("trailing", "Sure, let me look.")
