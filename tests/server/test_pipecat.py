"""Pipecat's own OpenAILLMService, unchanged, in a real pipeline in front of the server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import LLMTextFrame
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.server.conftest import Serve

WHOLE = "Sure, let me look at that. The museum opens at nine."


@pytest.fixture
async def stock(serve: Serve) -> AsyncIterator[OpenAILLMService]:
    server = await serve()
    llm = OpenAILLMService(
        base_url=f"{server.url}/v1",
        api_key="any",
        settings=OpenAILLMService.Settings(model="blastoff"),
    )
    yield llm
    await llm._client.close()  # which Pipecat leaves open


async def test_a_stock_bot_says_the_reply_of_both(stock: OpenAILLMService) -> None:
    """The bot says opening and continuation as one reply, and remembers it as one message."""
    async with talking_to(stock) as bot:
        assert await bot.hear_reply("When does the museum open?") == WHOLE
        assert "".join(bot.spoken).replace(" ", "") == WHOLE.replace(" ", "")
        assert bot.assistant_messages == [WHOLE]
        assert await bot.hear_reply("And today?")
        assert len(bot.assistant_messages) == 2
        assert bot.errors == []


async def test_a_stock_bot_counts_both_models_tokens(
    stock: OpenAILLMService, models: ScriptedEndpoint
) -> None:
    """Pipecat's usage metrics hold the tokens of both models."""
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
    models.play("small", Script("Sure, one moment.", usage=usage))
    models.play("large", Script("At nine.", ttft=0.05, usage=usage))
    async with talking_to(stock) as bot:
        await bot.hear_reply()
        await bot.until(lambda: bool(bot.metrics(LLMUsageMetricsData)))
        (used,) = bot.metrics(LLMUsageMetricsData)
        assert (used.value.prompt_tokens, used.value.completion_tokens) == (200, 10)


async def test_a_stock_bot_calls_tools(stock: OpenAILLMService, models: ScriptedEndpoint) -> None:
    """The opening is said, the tool is called, and its result is answered by the large model."""
    models.play(
        "large",
        Script.tool_call("get_weather", {"city": "Oslo"}, ttft=0.05),
        Script("It is sunny in Oslo."),
    )
    called: list[Any] = []

    async def get_weather(params: FunctionCallParams) -> None:
        called.append(dict(params.arguments))
        await params.result_callback({"weather": "sunny"})

    stock.register_function("get_weather", get_weather)
    schema = FunctionSchema(
        name="get_weather",
        description="The weather",
        properties={"city": {"type": "string"}},
        required=["city"],
    )
    async with talking_to(stock, tools=ToolsSchema(standard_tools=[schema])) as bot:
        await bot.ask("What is the weather in Oslo?")
        await bot.until(lambda: bot.text_of_last_reply == "It is sunny in Oslo." and bot.ended == 2)
        assert called == [{"city": "Oslo"}]
        said = "".join(frame.text for frame in bot.of(LLMTextFrame))
        assert said.startswith("Sure, let me look at that.")
        assert bot.errors == []
    assert [request.model for request in models.requests].count("small") == 1


async def test_a_stock_bot_goes_on_after_a_failure(
    stock: OpenAILLMService, models: ScriptedEndpoint
) -> None:
    """Two dead models are one error in the bot; the next reply works."""
    models.play("small", Script(fault=Fault.STATUS_500), "Sure, let me look at that.")
    models.play("large", Script(fault=Fault.STATUS_500), Script("It opens at nine.", ttft=0.05))
    stock._client.max_retries = 0
    async with talking_to(stock) as bot:
        assert await bot.hear_reply("When does the museum open?") == ""
        await bot.until(lambda: bool(bot.errors))
        assert len(bot.errors) == 1
        assert await bot.hear_reply("Again?")
