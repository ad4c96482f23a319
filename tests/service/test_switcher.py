"""`LLMSwitcher` between a stock service and a service of two models."""

from typing import Any

import pytest
from pipecat.frames.frames import LLMUpdateSettingsFrame, ManuallySwitchServiceFrame
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.service_switcher import (
    ServiceSwitcherStrategyFailover,
    ServiceSwitcherStrategyManual,
)
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to

OPENING = "Sure, let me look at that."
DUAL = f"{OPENING} It is nine."


@pytest.fixture(autouse=True)
def say_something(server: ScriptedEndpoint) -> None:
    server.play("small", OPENING)
    server.play("large", "It is nine.")
    server.play("backup", "It is nine, says the backup.")


def switcher(*llms: Any, failover: bool = False) -> LLMSwitcher[Any]:
    kind = ServiceSwitcherStrategyFailover if failover else ServiceSwitcherStrategyManual
    return LLMSwitcher(list(llms), strategy_type=kind)


async def switch_to(bot: Bot, llm: Any) -> None:
    await bot.worker.queue_frame(ManuallySwitchServiceFrame(service=llm))
    await bot.until(lambda: bot.llm.active_llm is llm)


async def test_switching_by_hand(server: ScriptedEndpoint, make_llm: Any, make_stock: Any) -> None:
    """Each service answers while it is the active one, in one conversation."""
    dual, stock = make_llm(), make_stock(model="backup")
    async with talking_to(switcher(dual, stock)) as bot:
        assert await bot.hear_reply() == DUAL
        await switch_to(bot, stock)
        assert await bot.hear_reply() == "It is nine, says the backup."
        assert len(server.requests_for("small")) == 1
        await switch_to(bot, dual)
        server.play("small", "Well, here it is.")
        assert await bot.hear_reply() == "Well, here it is. It is nine."
        assert bot.assistant_messages == [
            DUAL,
            "It is nine, says the backup.",
            "Well, here it is. It is nine.",
        ]
        assert (bot.started, bot.ended, bot.errors) == (3, 3, [])


async def test_tools_are_known_to_both(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """A tool that the context offers is run by whichever service is active."""
    ran: list[str] = []

    async def ring(params: FunctionCallParams) -> None:
        """Ring the bell."""
        ran.append(type(params.llm).__name__)
        await params.result_callback({"rang": True})

    server.play("large", Script.tool_call("ring"), "It rang.")
    server.play("backup", Script.tool_call("ring"), "It rang again.")
    dual, stock = make_llm(), make_stock(model="backup")
    async with talking_to(switcher(dual, stock), tools=[ring]) as bot:
        await bot.ask("Ring.")
        await bot.until(lambda: "It rang." in bot.assistant_messages)
        await switch_to(bot, stock)
        await bot.ask("Again.")
        await bot.until(lambda: "It rang again." in bot.assistant_messages)
    assert ran == ["DualLLMService", "OpenAILLMService"]


async def test_inference_and_settings_go_to_the_active_service(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """`run_inference` asks the active service, and an addressed change reaches an inactive one."""
    stock, dual = make_stock(model="backup"), make_llm()
    async with talking_to(switcher(stock, dual)) as bot:
        delta = DualLLMService.Settings(temperature=0.1)
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta, service=dual))
        await bot.hear_reply()
        await switch_to(bot, dual)
        assert await bot.llm.run_inference(bot.context) == "It is nine."
        assert bot.errors == []
    assert server.requests_for("large")[0].body["temperature"] == 0.1
    assert "temperature" not in server.requests_for("backup")[0].body


@pytest.mark.parametrize("model", ["small", "large"])
@pytest.mark.parametrize("fault", [Fault.STATUS_401, Fault.STATUS_500])
async def test_one_dead_model_is_no_reason_to_switch(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any, model: str, fault: Fault
) -> None:
    """While the other model answers, the service stays active, whatever the failure is."""
    server.play("small", OPENING, "I cannot say.")
    server.play(model, Script(fault=fault))
    if model == "large":
        server.play("small", OPENING, "I cannot say.")
    dual = make_llm()
    async with talking_to(switcher(dual, make_stock(model="backup"), failover=True)) as bot:
        reply = await bot.hear_reply()
        assert reply == ("It is nine." if model == "small" else f"{OPENING} I cannot say.")
        assert len(bot.errors) == 1
        assert dual.is_usable
        assert bot.llm.active_llm is dual
    assert server.requests_for("backup") == []


async def test_two_dead_models_are(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """Where both models refuse for good, the next turn is the backup's, as with stock."""
    for model in ("small", "large"):
        server.play(model, Script(fault=Fault.STATUS_401))
    dual, backup = make_llm(), make_stock(model="backup")
    async with talking_to(switcher(dual, backup, failover=True)) as bot:
        await bot.hear_reply()
        await bot.until(lambda: bot.llm.active_llm is backup)
        assert await bot.hear_reply() == "It is nine, says the backup."
        assert bot.errors == []  # a switcher that has switched absorbs the error


async def test_two_models_in_trouble_are_not(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """A bad moment of both models is one error and no switch; the next turn works."""
    server.play("small", Script(fault=Fault.STATUS_503), OPENING)
    server.play("large", Script(fault=Fault.STATUS_503), "It is nine.")
    dual = make_llm()
    async with talking_to(switcher(dual, make_stock(model="backup"), failover=True)) as bot:
        await bot.hear_reply()
        await bot.until(lambda: len(bot.errors) == 1)
        assert await bot.hear_reply() == DUAL
        assert bot.llm.active_llm is dual


async def test_a_service_of_two_models_as_the_backup(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """When a stock service is refused, the service of two models takes over."""
    server.play("main", Script(fault=Fault.STATUS_401))
    dual = make_llm()
    async with talking_to(switcher(make_stock(model="main"), dual, failover=True)) as bot:
        await bot.hear_reply()
        await bot.until(lambda: bot.llm.active_llm is dual)
        assert await bot.hear_reply() == DUAL
        assert bot.assistant_messages == [DUAL]


async def test_an_inactive_service_asks_nobody(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """Waiting beside the active service costs no request."""
    async with talking_to(switcher(make_stock(model="backup"), make_llm())) as bot:
        await bot.hear_reply()
    assert [request.model for request in server.requests] == ["backup"]
