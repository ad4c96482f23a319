"""Context summarization, and other inferences outside the pipeline: the large model's work."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import LLMSummarizeContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregatorParams,
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)

from blastoff_pipecat.endpoints import EndpointError
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import quick_turns, talking_to

OPENING = "Sure, let me look at that."
SUMMARY = "They spoke about museums."
SUMMARIZING = LLMAutoContextSummarizationConfig(
    max_unsummarized_messages=5,
    summary_config=LLMContextSummaryConfig(
        target_context_tokens=321, min_messages_after_summary=2, summarization_prompt="Sum it up."
    ),
)


def play(server: ScriptedEndpoint, *, opening: str) -> None:
    """Let the large model reply, and sum up where it is asked to."""

    def answer(body: dict[str, Any]) -> Script:
        summing = body["messages"][0]["content"] == "Sum it up."
        return Script(SUMMARY if summing else f"{opening}It is nine.")

    server.play("small", OPENING)
    server.play("large", answer)


def summarizing_pair(context: LLMContext) -> LLMContextAggregatorPair:
    return LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(user_turn_strategies=quick_turns()),
        assistant_params=LLMAssistantAggregatorParams(
            enable_auto_context_summarization=True,
            auto_context_summarization_config=SUMMARIZING,
        ),
    )


def summing_up(server: ScriptedEndpoint) -> list[dict[str, Any]]:
    return [
        request.body
        for request in server.requests
        if request.body["messages"][0]["content"] == "Sum it up."
    ]


async def test_a_long_conversation_is_summed_up_as_with_stock(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """The large model sums up by the same request as a stock service, and the call goes on."""
    contexts = []
    for llm, opening in ((make_stock(), f"{OPENING} "), (make_llm(), "")):
        play(server, opening=opening)
        async with talking_to(llm, pair=summarizing_pair) as bot:
            await bot.hear_reply("When does the museum open?")
            await bot.hear_reply("And when does it close?")
            await bot.ask("Can I bring my dog?")
            await bot.until(lambda bot=bot: SUMMARY in str(bot.context.get_messages()))
            await bot.until(lambda bot=bot: bot.context.get_messages()[-1]["role"] == "assistant")
            await bot.hear_reply("How do I get there?")
            assert bot.errors == []
            contexts.append(bot.context.get_messages())
    stock, dual = contexts
    assert [message["role"] for message in dual] == [message["role"] for message in stock]
    assert dual[0]["content"] == f"Conversation summary: {SUMMARY}"
    first, second = summing_up(server)
    assert first.pop("max_completion_tokens") == second.pop("max_tokens") == 321
    assert second == first
    assert len(server.requests_for("small")) == 4


async def test_summing_up_on_demand(server: ScriptedEndpoint, make_llm: Any) -> None:
    """An application may ask for a summary, which delays no reply."""
    play(server, opening="")
    config = LLMContextSummaryConfig(summarization_prompt="Sum it up.")
    async with talking_to(make_llm()) as bot:
        for _ in range(3):
            await bot.hear_reply()
        await bot.worker.queue_frame(LLMSummarizeContextFrame(config=config))
        await bot.until(lambda: SUMMARY in str(bot.context.get_messages()))
    assert len(summing_up(server)) == 1


async def test_a_failed_summary_is_one_error(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A summary that the large model fails at is reported, and the conversation goes on."""
    server.play("small", OPENING)

    def answer(body: dict[str, Any]) -> Script:
        summing = body["messages"][0]["content"] == "Sum it up."
        return Script(fault=Fault.STATUS_500) if summing else Script("Nine.")

    server.play("large", answer)
    async with talking_to(make_llm(), pair=summarizing_pair) as bot:
        for _ in range(3):
            await bot.hear_reply()
        await bot.until(lambda: len(bot.errors) == 1)
        assert "summary" in bot.errors[0].error
        assert bot.llm.is_usable
        assert (await bot.hear_reply()).endswith("Nine.")


async def test_inference_is_the_request_of_stock(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """`run_inference` sends what a stock service sends, to the last field, and returns its text."""
    server.play("large", "Fine.")
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    settings = {"system_instruction": "Be kind.", "temperature": 0.2, "max_tokens": 50}
    context = LLMContext([{"role": "user", "content": "How are you?"}])
    for options in (
        {},
        {"max_tokens": 9},
        {"system_instruction": "Be brief."},
        {"response_schema": schema},
    ):
        server.requests.clear()
        for llm in (make_stock(**settings), make_llm(**settings)):
            assert await llm.run_inference(context, **options) == "Fine."
            await llm.cleanup()
        stock, dual = (request.body for request in server.requests)
        # Asked for fewer tokens, stock sends them under a second name beside the setting's.
        stock["max_tokens"] = stock.pop("max_completion_tokens", stock["max_tokens"])
        assert dual == stock


async def test_an_inference_without_an_answer_is_none(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """`run_inference` returns None where the model said nothing."""
    server.play("large", "")
    llm = make_llm()
    assert await llm.run_inference(LLMContext([{"role": "user", "content": "Hm?"}])) is None
    await llm.cleanup()


async def test_an_inference_that_fails_raises(server: ScriptedEndpoint, make_llm: Any) -> None:
    """`run_inference` raises what went wrong, naming the endpoint, and tells no key."""
    server.play("large", Script(fault=Fault.STATUS_401))
    llm = make_llm(large={"api_key": "a-secret-key"})
    with pytest.raises(EndpointError, match="large at 127") as raised:
        await llm.run_inference(LLMContext([{"role": "user", "content": "Hm?"}]))
    assert "a-secret-key" not in str(raised.value)
    await llm.cleanup()


async def test_an_inference_during_a_reply(server: ScriptedEndpoint, make_llm: Any) -> None:
    """An inference runs beside a reply, and disturbs it in nothing."""
    server.play("small", OPENING)
    server.play("large", Script("It is nine.", ttft=0.2), "Aside.")
    async with talking_to(make_llm()) as bot:
        await bot.ask("When?")
        await server.until(lambda: server.requests_for("large"))
        aside = LLMContext([{"role": "user", "content": "Aside?"}])
        assert await asyncio.wait_for(bot.llm.run_inference(aside), 5) == "Aside."
        await bot.until(lambda: bot.ended == 1)
        assert bot.text_of_last_reply == f"{OPENING} It is nine."
