"""What each model is asked, and which lines may be said."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.learnt import Learnt
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.requests import Models, Requests
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint, Message
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.testing import Script, ScriptedEndpoint

CHOOSING = Policy(style="choose", handover="beside", opening="always", small_history=1)
SYSTEM = {"role": "system", "content": "You are a bot."}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        running.play("small", "Let me think.")
        running.play("large", Script("Paris is the capital of France."))
        yield running


async def ask(
    server: ScriptedEndpoint, *turns: str, policy: Policy = CHOOSING
) -> dict[str, dict[str, Any]]:
    """Have a reply made to the last of these turns; return the body each model was sent."""
    roles = ("user", "assistant") * len(turns)
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    before = len(server.requests)
    conductor = Conductor(
        ChatClient(ChatEndpoint(base_url=server.url, model="small", choice="grammar")),
        ChatClient(ChatEndpoint(base_url=server.url, model="large")),
    )
    try:
        conversation = Conversation(messages=[SYSTEM, *messages])
        async with aclosing(conductor.reply(conversation, policy)) as reply:
            async for _ in reply:
                pass
    finally:
        await conductor.aclose()
    return {request.body["model"]: request.body for request in server.requests[before:]}


async def test_the_small_models_prompt_is_the_same_each_turn(server: ScriptedEndpoint) -> None:
    """Which lines may be chosen changes; what its server can have cached does not."""
    first = (await ask(server, "What is the capital of France?"))["small"]
    later = (
        await ask(server, "What is the capital of France?", "One moment. Paris.", "And of Italy?")
    )["small"]
    assert first["messages"][:-1] == later["messages"][:-1]
    assert '"One moment."' in first["grammar"]
    assert '"One moment."' not in later["grammar"]


@pytest.mark.parametrize(
    ("said", "openings_to", "asked"),
    [
        ("They're letting me go at the end of the month.", "asked", {"large"}),
        ("They're letting me go at the end of the month.", "all", {"small", "large"}),
        ("What's the capital of France", "asked", {"small", "large"}),
        ("Thanks a lot!", "asked", {"large"}),
    ],
)
async def test_a_small_model_may_be_spared_what_asks_for_nothing(
    server: ScriptedEndpoint, said: str, openings_to: Any, asked: set[str]
) -> None:
    """One of some hundred million parameters would choose a line for bad news."""
    assert set(await ask(server, said, policy=replace(CHOOSING, openings_to=openings_to))) == asked


async def test_the_large_model_sees_its_own_words_only(server: ScriptedEndpoint) -> None:
    """Else it takes the lines up, and its server reads its own words again."""
    opening, waiting = LINES["en"].sentences[0], LINES["en"].waiting[0]
    body = (
        await ask(
            server,
            *("What is the capital of France?", f"{opening} {waiting} Paris is."),
            *("Thanks!", "You're welcome. Let me think. Anything else?"),
            "And who wrote Faust?",
        )
    )["large"]
    replies = [each["content"] for each in body["messages"] if each["role"] == "assistant"]
    assert replies == ["Paris is.", "You're welcome. Let me think. Anything else?"]


@pytest.mark.parametrize(
    "heard", ["{opening}", "{opening} {waiting}", "{opening} {part}", "{part}"]
)
async def test_a_user_who_cuts_in_on_a_line_goes_on_with_the_turn(
    server: ScriptedEndpoint, heard: str
) -> None:
    """A model that sees a reply of nothing but lines answers with lines itself."""
    opening, waiting = LINES["en"].sentences[0], LINES["en"].waiting[0]
    said = heard.format(opening=opening, waiting=waiting, part=waiting[:8])
    for later in ((), ("Goethe.", "And when?")):
        asked = ("A table for two, please.", said, "No, for three.", *later)
        messages = (await ask(server, *asked))["large"]["messages"]
        turn = {"role": "user", "content": "A table for two, please.\nNo, for three."}
        roles = ("assistant", "user") * len(later)
        rest = [{"role": role, "content": text} for role, text in zip(roles, later, strict=False)]
        assert messages[1:] == [turn, *rest]


async def test_a_line_stays_where_the_turns_around_it_cannot_be_one(
    server: ScriptedEndpoint,
) -> None:
    """A greeting, and a picture beside it: neighbours of one role are refused by many servers.

    A single word may be the answer.
    """
    line, word = LINES["en"].sentences[0], {"role": "assistant", "content": "One"}
    assert line.startswith("One ")
    picture = [{"type": "text", "text": "Look!"}]
    shown = Conversation(
        messages=[
            *(SYSTEM, {"role": "assistant", "content": line}),
            *({"role": "user", "content": picture}, {"role": "assistant", "content": line}),
            *({"role": "user", "content": "How many are there?"}, word),
            {"role": "user", "content": "What is it?"},
        ]
    )
    assert shown.without_lines((line,)) == shown.messages


async def test_lines_of_the_last_replies_are_the_last_choice(server: ScriptedEndpoint) -> None:
    """What the reply before had opens none while there is another; older ones may do."""
    first, second, *others = LINES["en"].sentences
    waiting, waited = LINES["en"].waiting[:2]
    said: list[Message] = [
        {"role": "assistant", "content": f"{first} {waiting} It opens at nine."},
        {"role": "user", "content": "And on Sundays?"},
        {"role": "assistant", "content": f"{second} {waited} It is closed."},
        {"role": "user", "content": "Where is it?"},
    ]
    models = Models(*(ChatClient(ChatEndpoint(base_url=server.url, model="a")) for _ in range(2)))
    policy = Policy(handover="beside", language="en")
    requests = Requests(models, Conversation(messages=said), policy, Learnt())
    manner = requests.manner(speculative=False)
    assert manner.lines.unused == tuple(others)
    assert manner.lines.used == (first,)
    assert waited not in manner.waiting_lines.unused
    assert waiting not in manner.waiting_lines.unused
    assert manner.waiting_lines.used == (waiting,)
    for model in (models.small, models.large):
        await model.aclose()


def test_an_opening_may_keep_the_large_model_waiting_for_four_tenths_of_a_second() -> None:
    """Whatever the settings are."""
    assert Policy().limits(report_usage=False).handover == 0.4
