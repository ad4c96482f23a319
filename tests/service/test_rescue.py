"""A reply goes on in another way, or with the other model, when the large model cannot."""

from collections.abc import Iterable
from typing import Any

import pytest
from pipecat.utils.errors import ErrorCategory

from blastoff_pipecat.endpoints import memory
from blastoff_pipecat.testing import (
    ERROR_SHAPES,
    PREFILL_SHAPES,
    Fault,
    Script,
    ScriptedEndpoint,
)
from tests.kit.bot import talking_to
from tests.kit.policies import PATIENT, QUICK

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
RESCUE = "I can only say that it opens early."


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterable[None]:
    memory.reset()
    yield
    memory.reset()


# Refused prefills.


@pytest.mark.parametrize("shape", list(PREFILL_SHAPES))
@pytest.mark.parametrize("error_shape", ERROR_SHAPES)
async def test_refused_prefill_is_handed_over_another_way(
    server: ScriptedEndpoint, make_llm: Any, shape: str, error_shape: str
) -> None:
    """A refused prefill costs one request, unheard and unreported, once for all replies."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, refuses=[shape], error_shape=error_shape))
    async with talking_to(make_llm(large={"continuation": shape})) as bot:
        assert await bot.hear_reply() == f"{OPENING} {CONTINUATION}"
        assert [r.prefill and r.prefill.shape for r in server.requests_for("large")] == [
            shape,
            None,
        ]
        assert await bot.hear_reply("And tomorrow?") == f"{OPENING} {CONTINUATION}"
        assert len(server.requests_for("large")) == 3
        assert server.requests_for("large")[2].prefill is None
        assert bot.errors == []
        assert [report.continuation_mode for report in bot.reports] == ["history", "history"]
        assert [report.outcome for report in bot.reports] == ["relayed", "relayed"]


async def test_any_assistant_at_the_end_refused_is_survived(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A server that refuses each way in turn still gets the plain one."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, refuses="prefill"))
    async with talking_to(make_llm(large={"continuation": "message_prefix"})) as bot:
        assert await bot.hear_reply() == f"{OPENING} {CONTINUATION}"
        assert bot.errors == []


async def test_request_refused_for_another_reason_is_no_refused_prefill(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A bad request is not tried again in another way: the small model finishes the reply."""
    server.play("small", OPENING, RESCUE)
    server.play("large", Script(fault=Fault.STATUS_400))
    async with talking_to(make_llm(large={"continuation": "trailing"})) as bot:
        assert await bot.hear_reply() == f"{OPENING} {RESCUE}"
        assert len(server.requests_for("large")) == 1
        assert len(bot.errors) == 1


# The large model dies.


@pytest.mark.parametrize("after", [0, 1, 4, 7])
@pytest.mark.parametrize("fault", [Fault.DISCONNECT, Fault.HANG_UP, Fault.STALL, Fault.GARBAGE])
async def test_small_model_finishes_what_the_large_one_cannot(
    server: ScriptedEndpoint, make_llm: Any, fault: Fault, after: int
) -> None:
    """The small model goes on from the last word said: no repeat, plain frames, one message."""
    words = ["The", " museum", " opens", " at", " nine", ",", " and", " it", " closes", " at six."]
    server.play("small", OPENING, Script([f"{OPENING} ", *words], continues=True))
    server.play("large", Script(words, fault=fault, after=after))
    deadlines = QUICK if fault is Fault.STALL else PATIENT
    llm = make_llm(small={"continuation": "trailing"}, **deadlines)
    async with talking_to(llm) as bot:
        assert await bot.hear_reply() == f"{OPENING} {''.join(words)}"
        assert bot.assistant_messages == [f"{OPENING} {''.join(words)}"]
        assert (bot.started, bot.ended) == (1, 1)
        (error,) = bot.errors
        assert "large at 127.0.0.1" in error.error
        assert llm.is_usable
        assert bot.reports[0].outcome == ("relayed" if after else "small_only")


async def test_large_model_that_dies_in_a_tool_call_calls_nothing(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Half a tool call is not run; the small model finishes the reply."""
    called: list[str] = []

    async def get_weather(params: Any) -> None:
        called.append(params.function_name)

    server.play("small", OPENING, RESCUE, OPENING)
    call = Script.tool_call("get_weather", {"city": "Oslo"}, fault=Fault.DISCONNECT, after=2)
    server.play("large", call, CONTINUATION)
    llm = make_llm(**PATIENT)
    llm.register_function("get_weather", get_weather)
    async with talking_to(llm) as bot:
        assert await bot.hear_reply() == f"{OPENING} {RESCUE}"
        assert called == []
        assert len(bot.errors) == 1
        assert bot.assistant_messages == [f"{OPENING} {RESCUE}"]
        assert await bot.hear_reply("And now?") == f"{OPENING} {CONTINUATION}"


@pytest.mark.parametrize("after", [0, 4])
async def test_both_models_dead_is_one_error_and_keeps_what_was_said(
    server: ScriptedEndpoint, make_llm: Any, after: int
) -> None:
    """What was spoken before both died stays said; there is one error, and the next turn works."""
    server.play("small", OPENING, Script(fault=Fault.STATUS_503), OPENING)
    server.play("large", Script(CONTINUATION, fault=Fault.DISCONNECT, after=after), CONTINUATION)
    llm = make_llm(**PATIENT)
    async with talking_to(llm) as bot:
        text = await bot.hear_reply()
        assert f"{OPENING} {CONTINUATION}".startswith(text)
        assert bot.assistant_messages == [text]
        (error,) = bot.errors
        assert "small at 127.0.0.1" in error.error
        assert "large at 127.0.0.1" in error.error
        assert bot.reports[0].outcome == "failed"
        assert llm.is_usable
        assert await bot.hear_reply("And now?") == f"{OPENING} {CONTINUATION}"
        assert len(bot.errors) == 1


# Permanent errors.

PERMANENT = {
    Fault.STATUS_401: ErrorCategory.AUTHENTICATION,
    Fault.STATUS_403: ErrorCategory.AUTHORIZATION,
    Fault.STATUS_404: ErrorCategory.INVALID_REQUEST,
}


@pytest.mark.parametrize("fault", list(PERMANENT), ids=lambda fault: fault.name)
async def test_permanent_error_of_both_retires_the_service(
    server: ScriptedEndpoint, make_llm: Any, fault: Fault
) -> None:
    """Where both refuse for good, the error has the stock category and the service is retired."""
    server.play("*", Script(fault=fault))
    llm = make_llm()
    async with talking_to(llm) as bot:
        await bot.hear_reply()
        (error,) = bot.errors
        assert error.category is PERMANENT[fault]
        assert not llm.is_usable


@pytest.mark.parametrize("role", ["small", "large"])
@pytest.mark.parametrize("other", [None, Fault.STATUS_503, Fault.HANG_BEFORE_HEADERS])
async def test_permanent_error_of_one_keeps_the_service(
    server: ScriptedEndpoint, make_llm: Any, role: str, other: Fault | None
) -> None:
    """One wrong key retires nothing while the other model may answer, now or later."""
    server.play("small", Script(OPENING, fault=other))
    server.play("large", Script(CONTINUATION, fault=other))
    server.play(role, Script(fault=Fault.STATUS_401))
    llm = make_llm(**QUICK)
    async with talking_to(llm) as bot:
        await bot.hear_reply()
        (error,) = bot.errors
        assert error.category is not None
        assert not error.category.is_permanent
        assert llm.is_usable
        assert bool(bot.spoken) == (other is None)
