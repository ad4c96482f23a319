"""A line for the wait while a tool runs, as the small model writes it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelUsed
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.tool_line import write_tool_line
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint

QUESTION = "How is the weather in Oslo?"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture
async def conductor(server: ScriptedEndpoint) -> AsyncIterator[Conductor]:
    small, large = (
        ChatClient(ChatEndpoint(base_url=server.url, model=name)) for name in ("small", "large")
    )
    made = Conductor(small, large)
    yield made
    await made.aclose()


async def write(
    conductor: Conductor, question: str = QUESTION, said: str = "", **policy: Any
) -> tuple[str, ModelUsed | None]:
    return await write_tool_line(
        conductor,
        Conversation(messages=[{"role": "user", "content": question}]),
        Policy(**policy),
        said=said,
        tool="get_weather",
        arguments={"city": "Oslo"},
    )


async def test_what_it_is_told(server: ScriptedEndpoint, conductor: Conductor) -> None:
    """It is told the tool and its arguments behind the user's words, and what was said."""
    server.play("small", Script("Checking Oslo", usage=True))
    line, used = await write(conductor, said="One moment.")
    assert line == "Checking Oslo."
    assert used
    assert used.model == "small"
    assert used.usage
    messages = server.requests_for("small")[0].messages
    assert messages[-1]["role"] == "user"
    assert messages[-1]["content"].startswith(QUESTION)
    assert 'get_weather {"city": "Oslo"}' in messages[-1]["content"]
    assert "One moment." in messages[0]["content"]


@pytest.mark.parametrize(
    ("question", "written"),
    [
        (QUESTION, "Checking number 5."),
        (QUESTION, "Ich schaue nach, wie das Wetter wird."),
        (QUESTION, "Я проверяю погоду."),
        (QUESTION, "<think>"),
        (QUESTION, "Yes, it is sunny."),
        (QUESTION, "well " * 20),
        ("今天天气怎么样？", "Checking Oslo."),
        ("1234", "Checking Oslo."),
    ],
)
async def test_what_may_not_be_said(
    server: ScriptedEndpoint, conductor: Conductor, question: str, written: str
) -> None:
    """Digits, yes and no, thoughts, a speech, and another language or script are no line."""
    server.play("small", written)
    line, _ = await write(conductor, question)
    assert line == ""


async def test_a_failure(server: ScriptedEndpoint, conductor: Conductor) -> None:
    """A small model that fails writes nothing, and is left out after the third time."""
    server.play("small", Script("", fault=Fault.STATUS_500))
    for _ in range(3):
        assert not conductor.learnt.small_is_left_out
        assert await write(conductor) == ("", None)
    assert conductor.learnt.small_is_left_out
