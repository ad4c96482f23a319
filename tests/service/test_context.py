"""What the two models see of a context, compared with what a stock service sends."""

import base64
import warnings
from typing import Any

import pytest
from pipecat.frames.frames import (
    LLMMessagesAppendFrame,
    LLMMessagesUpdateFrame,
    LLMRunFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.utils.errors import ErrorCategory

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.endpoints.providers import takes_developer_role
from blastoff_pipecat.prompts import SPOKEN
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to

OPENING = "Sure, let me look at that."
PIXEL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
HISTORY: list[Any] = [
    {"role": "developer", "content": "The user is called Ada."},
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "Hello, Ada! How are you?"},
    LLMSpecificMessage(llm="openai", message={"role": "user", "content": "For OpenAI only."}),
    LLMSpecificMessage(llm="anthropic", message={"role": "user", "content": "For another only."}),
    {"role": "user", "content": [{"type": "text", "text": "What is this?"}, PIXEL]},
]


class CompatibleLLMService(OpenAILLMService):
    """How Pipecat's services of OpenAI-compatible providers treat developer messages."""

    supports_developer_role = False


@pytest.fixture(autouse=True)
def say_something(server: ScriptedEndpoint) -> None:
    server.play("small", OPENING)
    server.play("large", "It is a pixel.")


async def run(bot: Bot) -> None:
    """Let the bot answer its context as it is."""
    await bot.worker.queue_frame(LLMRunFrame())
    await bot.until(lambda: bot.ended == 1)


async def bodies_of(
    server: ScriptedEndpoint, stock: Any, dual: Any, **options: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The large model's requests of the same bot with either service."""
    for llm in (stock, dual):
        messages = [*options.get("messages", HISTORY)]
        async with talking_to(llm, messages=messages) as bot:
            await run(bot)
            assert bot.errors == []
    first, second = (request.body for request in server.requests_for("large"))
    return first, second


@pytest.mark.parametrize("system", [None, "You are a helpful voice."])
async def test_large_model_sees_what_stock_sends(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any, system: str | None
) -> None:
    """Without openings the two services send the same messages, whatever is in the context."""
    stock = make_stock(kind=CompatibleLLMService, system_instruction=system)
    dual = make_llm(system_instruction=system, opening="never")
    first, second = await bodies_of(server, stock, dual)
    assert second["messages"] == first["messages"]
    assert {m["role"] for m in second["messages"][bool(system) :]} == {"user", "assistant"}


async def test_sampling_and_extra_are_sent_as_stock_sends_them(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """Settings that both services know make the same request, to the last field."""
    settings = {
        "temperature": 0.3,
        "max_tokens": 200,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "seed": 7,
        "extra": {"user": "ada"},
    }
    stock = make_stock(kind=CompatibleLLMService, **settings)
    first, second = await bodies_of(server, stock, make_llm(opening="never", **settings))
    assert second == first


async def test_an_opening_adds_only_a_note_and_the_handing_over(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """With an opening the large model sees the same, a note to the system, and what was said."""
    system = "You are a helpful voice."
    stock = make_stock(kind=CompatibleLLMService, system_instruction=system)
    first, second = await bodies_of(server, stock, make_llm(system_instruction=system))
    assert second["messages"][0]["content"] == f"{system}\n\n{SPOKEN}"
    assert second["messages"][1:-2] == first["messages"][1:]
    assert second["messages"][-2] == {"role": "assistant", "content": OPENING}
    assert second["messages"][-1]["role"] == "user"


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://api.openai.com/v1", True),
        ("https://mine.openai.azure.com/openai/v1", True),
        ("https://api.deepseek.com", False),
        ("http://127.0.0.1:8080/v1", False),
        ("https://api.openai.com.example.org/v1", False),
    ],
)
def test_developer_messages_stay_where_they_are_known(url: str, known: bool) -> None:
    """Developer messages go as they are to OpenAI and Azure, to everyone else as a user's."""
    assert takes_developer_role(ChatEndpoint(base_url=url, model="m", api_key="k")) is known


async def test_small_model_sees_only_recent_words(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The small model gets no developer message, image or old message; of the bot, its manner."""
    llm = make_llm(system_instruction="You are a secret agent.", small_history=3)
    async with talking_to(llm, messages=[*HISTORY]) as bot:
        await run(bot)
    messages = server.requests_for("small")[0].body["messages"]
    assert {message["role"] for message in messages} == {"system", "user", "assistant"}
    assert all(isinstance(message["content"], str) for message in messages)
    assert messages[-1] == {"role": "user", "content": "For OpenAI only.\nWhat is this?"}
    text = str(messages)
    assert "Ada" not in messages[-1]["content"]
    assert "for your manner and language only" in messages[0]["content"]
    assert "secret agent" in messages[0]["content"]
    assert "secret agent" not in str(messages[1:])
    assert "called" not in text
    assert "another only" not in text
    assert "AAAA" not in text


async def test_a_picture_alone_has_no_opening(server: ScriptedEndpoint, make_llm: Any) -> None:
    """What a small model cannot read it does not comment on."""
    messages: list[Any] = [{"role": "user", "content": [PIXEL]}]
    async with talking_to(make_llm(), messages=messages) as bot:
        await run(bot)
        assert bot.text_of_last_reply == "It is a pixel."
    assert server.requests_for("small") == []


async def test_files_are_inlined_as_stock_does(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """A file in the context reaches the large model in OpenAI's shape, the small one not at all."""
    pdf = base64.b64encode(b"%PDF-1.4").decode()
    message = await LLMContext.create_file_message(
        type="bytes", format="application/pdf", file=pdf, name="a.pdf", text="Read this."
    )
    stock = make_stock(kind=CompatibleLLMService)
    dual = make_llm(opening="never")
    first, second = await bodies_of(server, stock, dual, messages=[message])
    assert second["messages"] == first["messages"]
    assert pdf in str(second["messages"])


async def test_a_file_of_no_use_is_one_error_and_is_forgotten(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """A file that cannot be sent is reported and removed, and the next reply works."""
    for make in (make_stock, make_llm):
        message = await LLMContext.create_file_message(
            type="bytes", format="video/mp4", file="AAAA", name="a.mp4", text="Watch this."
        )
        async with talking_to(make(), messages=[message]) as bot:
            await run(bot)
            assert len(bot.errors) == 1
            assert "video/mp4" in bot.errors[0].error
            assert bot.context.get_messages() == []
            await bot.hear_reply()
            assert len(bot.errors) == 1


@pytest.mark.parametrize("opening", ["auto", "never"])
async def test_a_picture_that_the_server_refuses_is_forgotten(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any, opening: str
) -> None:
    """A refused picture leaves the context and costs the service nothing, as with stock."""
    refusal = Script(fault=Fault.STATUS_400, error_message="Could not decode the image.")
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "See?"}, PIXEL]}]
    left = []
    for llm in (make_stock(), make_llm(opening=opening)):
        server.play("small", OPENING, "I cannot see it.", OPENING)
        server.play("large", refusal, "It is a pixel.")
        async with talking_to(llm, messages=[*messages]) as bot:
            await run(bot)
            (error,) = bot.errors
            assert error.category is ErrorCategory.APPLICATION
            assert "Could not decode" in error.error
            assert llm.is_usable
            assert "image_url" not in str(bot.context.get_messages())
            left.append(error.category)
            reply = await bot.hear_reply("And now?")
            assert reply.endswith("It is a pixel.")
            assert len(bot.errors) == 1


async def test_appended_system_instructions_last(server: ScriptedEndpoint, make_llm: Any) -> None:
    """What a framework appends to the system instruction is sent, and survives new messages."""
    llm = make_llm(system_instruction="You are a voice.", opening="never")
    llm.append_system_instruction("Speak of cats.")
    async with talking_to(llm) as bot:
        await bot.hear_reply()
        new: Any = [{"role": "user", "content": "Anew."}]
        await bot.worker.queue_frame(LLMMessagesUpdateFrame(messages=new, run_llm=True))
        await bot.until(lambda: bot.ended == 2)
    for request in server.requests_for("large"):
        system = request.body["messages"][0]
        assert system == {"role": "system", "content": "You are a voice.\n\nSpeak of cats."}
    assert server.requests_for("large")[1].body["messages"][1:] == new


async def test_a_system_message_of_the_context_stays(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """A system message in the context is sent as stock sends it, in text or in parts."""
    for content in ("Be brief.", [{"type": "text", "text": "Be brief."}]):
        server.requests.clear()
        messages = [{"role": "system", "content": content}, {"role": "user", "content": "Hello."}]
        stock, dual = make_stock(), make_llm()
        with warnings.catch_warnings(record=True):  # Pipecat calls it a habit of older bots
            first, second = await bodies_of(server, stock, dual, messages=messages)
        system = second["messages"][0]
        if isinstance(content, str):
            assert system["content"] == f"Be brief.\n\n{SPOKEN}"
        else:
            assert system["content"] == [*content, {"type": "text", "text": SPOKEN}]
        assert second["messages"][1] == first["messages"][1]
        assert [m["role"] for m in second["messages"]].count("system") == 1


@pytest.mark.parametrize("role", ["developer", "system"])
async def test_an_instruction_in_mid_call_is_followed_by_the_large_model_alone(
    server: ScriptedEndpoint, make_llm: Any, role: str
) -> None:
    """A reply that an instruction asks for, such as on a silent line, has no opening."""
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        message: Any = {"role": role, "content": "The user is silent. Ask whether they are there."}
        await bot.worker.queue_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))
        await bot.until(lambda: bot.ended == 2)
        assert bot.text_of_last_reply == "It is a pixel."
    assert len(server.requests_for("small")) == 1


async def test_the_small_model_is_told_what_it_finishes(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Where the small model must answer in the large one's place, it sees the instruction too."""
    server.play("small", "Hello, Ada!")
    server.play("large", Script(fault=Fault.STATUS_500))
    messages: list[Any] = [{"role": "developer", "content": "Greet Ada."}]
    async with talking_to(make_llm(system_instruction="Be kind."), messages=messages) as bot:
        await run(bot)
        assert bot.text_of_last_reply == "Hello, Ada!"
        assert len(bot.errors) == 1
    sent = server.requests_for("small")[0].body["messages"]
    assert [message["role"] for message in sent] == ["system", "user"]
    assert sent[1]["content"] == "Greet Ada."


async def test_the_context_is_never_changed_by_asking(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The messages of a context are the application's, and are left as they are."""
    before = [*HISTORY]
    copies = [dict(m) for m in before if isinstance(m, dict)]
    async with talking_to(make_llm(), messages=before) as bot:
        await run(bot)
    assert [m for m in before if isinstance(m, dict)][: len(copies)] == copies
