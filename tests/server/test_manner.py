"""Openings that a platform's buffer lets go of at once, and whose each piece of text is."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.server.manner import PRESETS, Manner
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.policies import HANDED_OVER
from tests.server.conftest import ANSWER, OPENING, Serve

CHAT = "/v1/chat/completions"
QUESTION = {"role": "user", "content": "When does the museum open?"}
SOON_SECS = 0.05
LATE_SECS = 1.0


class VapiBuffer:
    """Vapi's voice chunks: text up to a mark, from 30 characters on; and what a flush ends.

    https://docs.vapi.ai/assistants/voice-formatting-plan
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """Return what is spoken now."""
        self._held += text
        spoken: list[str] = []
        while True:
            flush = self._held.find("<flush />")
            mark = re.search(r"[.!?;,](?=\s)", self._held[30:])
            if flush >= 0:
                spoken.append(self._held[:flush])
                self._held = self._held[flush + len("<flush />") :]
            elif mark:
                spoken.append(self._held[: 30 + mark.end()])
                self._held = self._held[30 + mark.end() :]
            else:
                return spoken


class ElevenLabsBuffer:
    """A voice that is begun with when a sentence is followed by more, or at a buffer word's dots.

    https://elevenlabs.io/docs/eleven-agents/customization/llm/custom-llm
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """Return what is spoken now."""
        self._held += text
        spoken: list[str] = []
        while found := re.search(r"\.\.\. |[.!?]\s+(?=\S)", self._held):
            spoken.append(self._held[: found.end()])
            self._held = self._held[found.end() :]
        return spoken


@pytest.fixture
async def late(models: ScriptedEndpoint) -> ScriptedEndpoint:
    """Models of which the large one is late."""
    models.play("small", Script(OPENING))
    models.play("large", Script(ANSWER, ttft=LATE_SECS))
    return models


async def pieces(
    http: httpx.AsyncClient, headers: dict[str, str] | None = None, **more: Any
) -> AsyncIterator[tuple[str, str]]:
    """Ask for a stream; yield each piece of text and whose it is."""
    body = {"messages": [QUESTION], "stream": True, **more}
    async with http.stream("POST", CHAT, json=body, headers=headers) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    delta = choice["delta"]
                    if "content" in delta:
                        yield delta["content"], delta["extra_content"]["blastoff"]["part"]


@pytest.mark.parametrize(
    ("preset", "make"), [("vapi", VapiBuffer), ("elevenlabs", ElevenLabsBuffer)]
)
async def test_a_platforms_buffer_lets_an_opening_go_at_once(
    serve: Serve, late: ScriptedEndpoint, preset: str, make: Any
) -> None:
    """With the large model a second late, the voice has the opening within 50 ms of its chunk."""
    policy = Policy(**HANDED_OVER | {"handover": "auto"})
    server = await serve(manner=PRESETS[preset], policy=policy)
    loop, buffer = asyncio.get_running_loop(), make()
    came: float | None = None
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        async for text, part in pieces(http):
            came = came or loop.time()
            if spoken := buffer.feed(text):
                assert part == "opening"
                assert loop.time() - came < SOON_SECS
                assert spoken[0].strip(" .") == OPENING.strip(".")
                return
    pytest.fail("nothing was spoken")


@pytest.mark.parametrize("make", [VapiBuffer, ElevenLabsBuffer])
async def test_without_an_ending_the_buffer_waits_for_the_large_model(
    http: httpx.AsyncClient, late: ScriptedEndpoint, make: Any
) -> None:
    """What the presets are for: the same buffers hold an opening that ends as it was written."""
    buffer = make()
    async for text, part in pieces(http):
        if buffer.feed(text):
            assert part == "answer"
            return


async def test_each_piece_says_whose_it_is(http: httpx.AsyncClient) -> None:
    """The opening's are the opening's, the rest the answer's, in this order."""
    parts = [part async for _, part in pieces(http)]
    assert set(parts) == {"opening", "answer"}
    assert parts == sorted(parts, reverse=True)


@pytest.mark.parametrize(
    ("headers", "fields", "begins"),
    [
        ({}, {}, f"{OPENING} The"),
        ({}, {"opening_ending": "livekit"}, "Sure, let me look at that. \u200b The"),
        ({}, {"opening_ending": "… "}, "Sure, let me look at that… The"),
        ({}, {"opening_ending": " <break/>"}, "Sure, let me look at that. <break/>The"),
        ({}, {"opening_ending": ""}, f"{OPENING} The"),
        ({"x-blastoff-for": "elevenlabs"}, {}, "Sure, let me look at that... The"),
        ({"x-blastoff-for": "vapi"}, {}, "Sure, let me look at that. <flush />The"),
        ({"x-blastoff-opening-ending": "vapi"}, {}, "Sure, let me look at that. <flush />The"),
        ({"x-blastoff-opening-ending": "!%20"}, {}, "Sure, let me look at that! The"),
        (
            {"x-blastoff-for": "vapi"},
            {"opening_ending": "elevenlabs"},
            "Sure, let me look at that... The",
        ),
    ],
    ids=str,
)
async def test_a_request_chooses_its_ending(
    http: httpx.AsyncClient,
    models: ScriptedEndpoint,
    headers: dict[str, str],
    fields: dict[str, Any],
    begins: str,
) -> None:
    """By a field before a header, by a preset's name or in its own words; no model is told."""
    text = "".join([text async for text, _ in pieces(http, headers, **fields)])
    assert text.startswith(begins)
    assert text.endswith("museum opens at nine.")
    assert not any("opening_ending" in asked.body for asked in models.requests)


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, {"opening_ending": "x" * 41}),
        ({}, {"opening_ending": 7}),
        ({}, {"openings_with_tools": "yes"}),
        ({"x-blastoff-for": "everybody"}, {}),
    ],
)
async def test_an_ending_that_cannot_be_is_a_400(
    http: httpx.AsyncClient, headers: dict[str, str], fields: dict[str, Any]
) -> None:
    """It names the field."""
    body = {"messages": [QUESTION], **fields}
    response = await http.post(CHAT, json=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["param"]


@pytest.mark.parametrize(
    "line", ["Sure, let me look.", "好的，让我看看。", "देखता हूँ।", "Hm…", "Really?"]
)
def test_an_ending_takes_the_marks_place_in_any_language(line: str) -> None:
    """The line's words stay, and its own mark goes or stays as the ending has it."""
    words = line.rstrip(".。।…?")
    assert Manner(opening_ending=". \u200b").ended(line) == f"{words}. \u200b"
    assert Manner(opening_ending=" <flush />").ended(f"{line} ") == f"{line} <flush />"
    assert Manner().ended(line) == line


async def test_no_model_reads_an_ending_in_an_earlier_reply(
    serve: Serve, models: ScriptedEndpoint
) -> None:
    """What the platform remembers of a reply is sent back with the ending, and cleaned."""
    server = await serve(manner=PRESETS["vapi"])
    earlier = [
        QUESTION,
        {"role": "assistant", "content": "Sure. <flush />The museum opens at nine."},
        {"role": "user", "content": "Is <flush /> a tag, and when does it close?"},
    ]
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        assert [each async for each in pieces(http, messages=earlier)]
    for asked in models.requests:
        replies = [m["content"] for m in asked.messages if m["role"] == "assistant"]
        assert not any("<flush" in reply for reply in replies)
    large = models.requests_for("large")[0].messages
    assert any("Is <flush /> a tag" in m["content"] for m in large if m["role"] == "user")
