"""The conductor on its own: two scripted models, made-up conversations, and no Pipecat."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import Heard, ModelAnswered, ModelUsed, ToolCalls
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint, memory
from blastoff_pipecat.relay.actions import ReportFailures, SayContinuation, SayOpening
from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.turn import TurnSoFar
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.policies import HANDED_OVER

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
pytestmark = pytest.mark.usefixtures("patient_handover")
PATIENT = Policy(**HANDED_OVER, small_first_token_timeout_secs=8.0)
QUESTION = {"role": "user", "content": "When does the museum open?"}


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterable[None]:
    memory.reset()
    yield
    memory.reset()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@asynccontextmanager
async def conducting(server: ScriptedEndpoint, **large: Any) -> AsyncIterator[Conductor]:
    conductor = Conductor(
        ChatClient(ChatEndpoint(base_url=server.url, model="small")),
        ChatClient(ChatEndpoint(base_url=server.url, model="large", **large)),
    )
    try:
        yield conductor
    finally:
        await conductor.aclose()


async def hear(
    conductor: Conductor, *messages: dict[str, Any], policy: Policy = PATIENT, **options: Any
) -> tuple[list[Heard], Reply]:
    """Have a reply made; return what happened in it, and the reply."""
    reply = conductor.reply(Conversation(messages=messages), policy, **options)
    async with aclosing(reply):
        return [heard async for heard in reply], reply


def text_of(heard: list[Heard]) -> str:
    return "".join(each.text for each in heard if isinstance(each, SayOpening | SayContinuation))


async def test_a_reply_is_opening_and_continuation(server: ScriptedEndpoint) -> None:
    """The opening is heard first, then the continuation, each model's first answer noted once."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    async with conducting(server) as conductor:
        heard, reply = await hear(conductor, QUESTION)
    assert text_of(heard) == f"{OPENING} {CONTINUATION}"
    answered = [each for each in heard if isinstance(each, ModelAnswered)]
    assert [each.model for each in answered] == ["small", "large"]
    assert all(0.0 < each.ttfb <= each.ttfat < 5.0 for each in answered)
    said = [each for each in heard if isinstance(each, SayOpening | SayContinuation)]
    assert said[0] == SayOpening(OPENING)
    assert all(isinstance(each, SayContinuation) for each in said[1:])
    report = reply.report
    assert (report.outcome, report.handover, report.continuation_mode) == (
        *("relayed", "prefix"),
        "history",
    )
    assert report.opening == OPENING
    assert report.opening_chars == len(OPENING)
    assert report.continuation_chars == len(CONTINUATION) + 1
    assert report.first_text is not None
    assert report.seam_wait is not None
    assert report.cover == pytest.approx(6 / 2.7)
    assert reply.said == reply.said_whole == f"{OPENING} {CONTINUATION}"
    assert reply.continuation == f" {CONTINUATION}"
    assert reply.finish_reason == "stop"
    assert reply.why_alone is None


async def test_an_answer_beside_an_opening_is_reported_as_such(server: ScriptedEndpoint) -> None:
    """And when it would have been heard alone is known then."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=0.2))
    policy = Policy(**{**HANDED_OVER, "handover": "beside"}, small_first_token_timeout_secs=8.0)
    async with conducting(server) as conductor:
        heard, reply = await hear(conductor, QUESTION, policy=policy)
    assert text_of(heard) == f"{OPENING} {CONTINUATION}"
    report = reply.report
    assert (report.handover, report.continuation_mode) == ("beside", "beside")
    assert report.alone_text is not None
    assert report.answer_text is not None
    assert 0.2 <= report.alone_text <= report.answer_text + 0.05
    async with conducting(server) as conductor:
        _, reply = await hear(conductor, QUESTION, policy=Policy(opening="never"))
    assert (reply.report.handover, reply.report.continuation_mode) == (None, None)
    assert reply.why_alone == "no opening needed"


async def test_a_reply_goes_on_with_its_turn(server: ScriptedEndpoint) -> None:
    """What was said in it before is said no more, and its lines are counted."""
    server.play("large", CONTINUATION)
    turn = TurnSoFar(Cover(Voice(), 0.0), said="One moment.", waiting_lines=2, since_reply=1)
    async with conducting(server) as conductor:
        _, reply = await hear(conductor, QUESTION, policy=Policy(opening="never"), turn=turn)
    assert reply.turn.said == "One moment."
    assert reply.turn.waiting_lines == 2
    assert reply.report.waiting_lines == 1


async def test_a_small_model_that_is_late_three_times_is_left_out(
    server: ScriptedEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names it."""
    server.play("small", Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN))
    server.play("large", CONTINUATION)
    policy = Policy(**HANDED_OVER, small_first_token_timeout_secs=0.05)
    async with conducting(server) as conductor:
        for _ in range(3):
            assert not conductor.learnt.small_is_left_out
            await hear(conductor, QUESTION, policy=policy)
        assert conductor.learnt.small_is_left_out
        told = f"The small model {conductor.small.describe()} failed 3 times in a row"
    assert any(told in record.getMessage() for record in caplog.records)


async def test_both_models_are_got_ready(server: ScriptedEndpoint) -> None:
    """A connection to each is open, which the first reply uses."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    async with conducting(server) as conductor:
        await conductor.warm()
        await server.until(lambda: server.connections == 2)
        await hear(conductor, QUESTION)
        assert server.connections == 2


async def test_thoughts_are_a_sign_of_the_large_model(server: ScriptedEndpoint) -> None:
    """How long its answer takes after them is learnt; those of the small model tell nothing."""
    async with conducting(server) as conductor:
        for secs in (0.02, 0.2, 0.05, 0.25, 0.1, 0.3):
            server.play("small", Script(OPENING, reasoning="hm"))
            server.play(
                "large", Script(["It opens, ", 0.05, "at nine."], reasoning="hm", ttft=secs)
            )
            await hear(conductor, QUESTION, policy=Policy(opening="never"))
        coming = conductor.learnt.expect(conductor.large, 1.0)
        coming.sign("reasoning", 2.0)
        assert 2.0 < coming.expected(waited=2.0) < 2.2


async def test_nothing_is_asked_before_a_reply_is_wanted(server: ScriptedEndpoint) -> None:
    """A reply that nobody iterates over asks nobody, and can be left."""
    server.play("*", OPENING)
    async with conducting(server) as conductor:
        reply = conductor.reply(Conversation(messages=[QUESTION]), PATIENT)
        await reply.aclose()
        await reply.aclose()
        assert reply.report.outcome == "interrupted"
    assert server.requests == []


async def test_leaving_a_reply_closes_both_requests_without_waiting(
    server: ScriptedEndpoint,
) -> None:
    """`aclose` returns at once; the server sees the disconnects soon after."""
    server.play("small", Script([OPENING, *[" and more"] * 500], pace=0.01))
    server.play("large", Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN))
    async with conducting(server) as conductor:
        reply = conductor.reply(Conversation(messages=[QUESTION]), PATIENT, report_usage=True)
        async with aclosing(reply):
            async for heard in reply:
                if isinstance(heard, SayOpening):
                    break
            await server.until(lambda: len(server.requests) == 2)
        assert reply.report.outcome == "interrupted"
        await server.until(lambda: all(request.disconnected for request in server.requests))


async def test_closing_the_conductor_in_mid_reply_leaves_nothing(server: ScriptedEndpoint) -> None:
    """`Conductor.aclose` ends every request and connection, whoever still listens."""
    server.play("small", OPENING)
    server.play("large", Script(fault=Fault.HANG_BEFORE_HEADERS))
    async with conducting(server) as conductor:
        listening = asyncio.create_task(hear(conductor, QUESTION))
        await server.until(lambda: len(server.requests_for("large")) == 1)
        await conductor.aclose()
        await server.until(lambda: server.open_connections == 0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await conductor.aclose()


async def test_two_replies_at_once_do_not_mix(server: ScriptedEndpoint) -> None:
    """One conductor can make several replies at a time, as the server does."""

    def echo(body: dict[str, Any]) -> Script:
        asked = next(m["content"] for m in reversed(body["messages"]) if "story" in m["content"])
        return Script(f"This is the {asked}.", ttft=0.02, pace=0.002)

    server.play("small", "Well, let me see,")
    server.play("large", echo)
    async with conducting(server) as conductor:
        replies = await asyncio.gather(
            *(
                hear(conductor, {"role": "user", "content": f"story {word}"})
                for word in ("one", "two", "three", "four", "five")
            )
        )
    for (heard, _), word in zip(replies, ("one", "two", "three", "four", "five"), strict=True):
        assert text_of(heard) == f"Well, let me see, This is the story {word}."


# The seam.

ASKED = {"让": "博物馆几点开门？", "少": "美術館は何時に開きますか。"}


@pytest.mark.parametrize(
    ("opening", "continuation", "heard"),
    [
        (
            "Let me look into that for you.",
            "look into that for you. The museum opens at nine.",
            "Let me look into that for you. The museum opens at nine.",
        ),
        (
            "Let me look into that for you.",
            "Let me look into that for you. The museum opens at nine.",
            "Let me look into that for you. The museum opens at nine.",
        ),
        (
            "Let me look into that for you.",
            "You can come at nine.",
            "Let me look into that for you. You can come at nine.",
        ),
        (
            "Good question, let me see,",
            "<think>They ask about { museums }.</think>the museum opens at nine.",
            "Good question, let me see, the museum opens at nine.",
        ),
        (
            "Good question, let me see,",
            "Assistant: the museum opens at nine.",
            "Good question, let me see, the museum opens at nine.",
        ),
        (
            "<think>short</think>Assistant: Good question, let me see,",
            "the museum opens at nine.<|im_end|>",
            "Good question, let me see, the museum opens at nine.",
        ),
        ("让我想一想，", "博物馆九点开门。", "让我想一想，博物馆九点开门。"),
        ("少し考えさせてください、", "美術館は九時に開きます。", None),
        (
            "Well then, let me see,",
            "  \n the museum opens.",
            "Well then, let me see, the museum opens.",
        ),
        (
            "Well then, let me see...",
            "...the museum opens.",
            "Well then, let me see... the museum opens.",
        ),
    ],
)
@pytest.mark.parametrize("cut", ["letters", "tokens", "whole"])
async def test_seam_cannot_be_heard(
    server: ScriptedEndpoint, opening: str, continuation: str, heard: str | None, cut: str
) -> None:
    """Repeats, labels and thoughts are gone, however the server cuts its text and its bytes."""
    as_played = {"letters": list, "tokens": str, "whole": lambda text: [text]}[cut]
    odd = {"split_bytes": cut == "tokens", "coalesce": cut == "letters"}
    server.play("small", Script(as_played(opening), **odd))
    server.play("large", Script(as_played(continuation), **odd))
    question = QUESTION if opening.isascii() else {"role": "user", "content": ASKED[opening[0]]}
    async with conducting(server) as conductor:
        happened, reply = await hear(conductor, question)
    assert text_of(happened) == (heard or opening + continuation)
    assert reply.report.outcome == "relayed"


async def test_prefill_that_is_echoed_is_heard_once(server: ScriptedEndpoint) -> None:
    """A server that sends the prefill back (Mistral) says nothing twice."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, echo=True))
    async with conducting(server, continuation="message_prefix") as conductor:
        heard, _ = await hear(conductor, QUESTION)
    assert text_of(heard) == f"{OPENING} {CONTINUATION}"


# Odd conversations.


async def test_no_message_at_all_is_answered_by_the_large_model(server: ScriptedEndpoint) -> None:
    """An empty context (a bot that greets) has no opening."""
    server.play("small", OPENING)
    server.play("large", "Hello! How can I help?")
    async with conducting(server) as conductor:
        heard, reply = await hear(conductor)
    assert text_of(heard) == "Hello! How can I help?"
    assert server.requests_for("small") == []
    assert reply.report.outcome == "large_only"


@pytest.mark.parametrize("role", ["developer", "system"])
async def test_instruction_alone_has_no_opening(server: ScriptedEndpoint, role: str) -> None:
    """Where the last word is an instruction to the bot, nothing is acknowledged."""
    server.play("small", OPENING)
    server.play("large", "Hello! How can I help?")
    async with conducting(server) as conductor:
        heard, _ = await hear(conductor, {"role": role, "content": "Greet the user."})
        assert text_of(heard) == "Hello! How can I help?"
        heard, _ = await hear(
            conductor,
            QUESTION,
            {"role": "assistant", "content": "At nine."},
            {"role": role, "content": "The user is silent. Ask whether they are there."},
        )
        assert text_of(heard) == "Hello! How can I help?"
    assert server.requests_for("small") == []


async def test_pictures_and_sounds_go_to_the_large_model_only(server: ScriptedEndpoint) -> None:
    """The small model is sent the text of a message with parts; the large one all of it."""
    parts = [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]
    server.play("small", OPENING)
    server.play("large", "A museum.")
    async with conducting(server) as conductor:
        heard, _ = await hear(conductor, {"role": "user", "content": parts})
    assert text_of(heard) == f"{OPENING} A museum."
    assert server.requests_for("small")[0].messages[-1] == {
        "role": "user",
        "content": "What is in this picture?",
    }
    sent = server.requests_for("large")[0].messages
    assert {"role": "user", "content": parts} in sent


async def test_sound_alone_has_no_opening(server: ScriptedEndpoint) -> None:
    """A message without text tells the small model nothing, so it is not asked."""
    parts = [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]
    server.play("large", "A museum.")
    async with conducting(server) as conductor:
        heard, _ = await hear(conductor, {"role": "user", "content": parts})
    assert text_of(heard) == "A museum."
    assert server.requests_for("small") == []


CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize("continuation", ["history", "trailing", "message_prefix"])
async def test_request_after_a_tool_result_ends_in_the_result(
    server: ScriptedEndpoint, continuation: str
) -> None:
    """The opening that Pipecat puts behind a result belongs to the call: no accidental prefill."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, refuses="prefill"))
    async with conducting(server, continuation=continuation) as conductor:
        heard, reply = await hear(
            conductor,
            QUESTION,
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "content": "nine", "tool_call_id": "1"},
            {"role": "assistant", "content": OPENING},
        )
    assert text_of(heard) == CONTINUATION
    assert server.requests_for("small") == []
    (request,) = server.requests_for("large")
    assert request.prefill is None
    assert request.messages[-1]["role"] == "tool"
    assert request.messages[-2] == {
        "role": "assistant",
        "tool_calls": [CALL],
        "content": OPENING,
    }
    assert reply.report.outcome == "large_only"


async def test_calls_come_last_and_whole(server: ScriptedEndpoint) -> None:
    """Tool calls are told once, after all text, with their arguments put together."""
    server.play("small", OPENING)
    server.play("large", Script.tool_call("f", {"city": "Oslo", "days": 3}, id="c1", text="Wait."))
    async with conducting(server) as conductor:
        heard, _ = await hear(conductor, QUESTION)
    assert text_of(heard) == f"{OPENING} Wait."
    (calls,) = [each for each in heard if isinstance(each, ToolCalls)]
    texts = [index for index, each in enumerate(heard) if isinstance(each, SayContinuation)]
    assert heard.index(calls) > texts[-1]
    ((call,),) = [calls.calls]
    assert (call.id, call.name, call.arguments) == ("c1", "f", '{"city": "Oslo", "days": 3}')


async def test_usage_of_each_request_is_told(server: ScriptedEndpoint) -> None:
    """Every request whose server reports its tokens is accounted for, the rescue too."""
    server.play("small", OPENING, "It opens early.")
    server.play("large", Script(CONTINUATION, fault=Fault.DISCONNECT, after=2))
    async with conducting(server) as conductor:
        heard, reply = await hear(conductor, QUESTION, report_usage=True)
    assert [e.role for e in heard if isinstance(e, ModelUsed)] == ["small", "small"]
    assert [e.role for e in heard if isinstance(e, ModelAnswered)] == ["small", "large"]
    (failure,) = [each for each in heard if isinstance(each, ReportFailures)]
    assert failure.recovered
    assert reply.report.outcome == "relayed"
