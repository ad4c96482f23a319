"""What a bot's author takes for granted of an LLM service, each tried in a real pipeline."""

import asyncio
import gc
import logging
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    Frame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
)
from pipecat.pipeline.worker import ProcessorUnusablePolicy
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.tts_service import TextAggregationMode
from pipecat.utils.errors import ErrorCategory

from blastoff_pipecat import DualLLMService, OpeningTextFrame
from blastoff_pipecat.endpoints import memory
from blastoff_pipecat.service.settings import UnknownSetting
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import talking_to

OPENING = "Sure, let me look at that."
ANSWER = "The museum opens at nine. Bring a coat."
RESCUE = "I can only say that it opens early."
KEY = "sk-never-shown-0123"


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterable[None]:
    memory.reset()
    yield
    memory.reset()


class Shouting(FrameProcessor):
    """A filter such as authors write: it changes the text of one kind of frame."""

    def __init__(self, kind: type[Frame]) -> None:
        super().__init__()
        self._kind = kind

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, self._kind):
            frame.text = frame.text.upper()  # type: ignore[attr-defined]
        await self.push_frame(frame, direction)


class TestFilters:
    """A filter on the text between the service and the voice."""

    @pytest.fixture(autouse=True)
    def models(self, server: ScriptedEndpoint) -> None:
        server.play("small", OPENING)
        server.play("large", ANSWER)

    async def test_of_plain_text_frames_sees_all_with_opening_frames_token(
        self, make_llm: Any
    ) -> None:
        """The opening and the answer pass as LLMTextFrames, and all that is spoken was filtered."""
        llm = make_llm(opening_frames="token", clause_release=True)
        filters = [Shouting(LLMTextFrame)]
        async with talking_to(llm, behind=filters, mode=TextAggregationMode.TOKEN) as bot:
            await bot.hear_reply()
            assert "".join(bot.spoken) == f"{OPENING} {ANSWER}".upper()

    async def test_of_plain_text_frames_does_not_see_an_opening(self, make_llm: Any) -> None:
        """As the README says: it leaves as an OpeningTextFrame."""
        async with talking_to(make_llm(), behind=[Shouting(LLMTextFrame)]) as bot:
            await bot.hear_reply()
            assert bot.spoken[0] == OPENING
            assert " ".join(bot.spoken[1:]) == ANSWER.upper()

    @pytest.mark.parametrize("kind", [OpeningTextFrame, AggregatedTextFrame])
    async def test_of_the_frames_that_the_readme_names_sees_the_opening(
        self, make_llm: Any, kind: type[Frame]
    ) -> None:
        """Both the frame of ours and Pipecat's own that it is one of."""
        filters = [Shouting(LLMTextFrame), Shouting(kind)]
        async with talking_to(make_llm(), behind=filters) as bot:
            await bot.hear_reply()
            assert " ".join(bot.spoken) == f"{OPENING} {ANSWER}".upper()


class TestPermanentFailure:
    """The large model's key is refused."""

    @pytest.fixture(autouse=True)
    def models(self, server: ScriptedEndpoint) -> None:
        def small(body: dict[str, Any]) -> Script:
            return Script(OPENING if "max_tokens" in body else RESCUE)

        server.play("small", small)
        server.play("large", Script(fault=Fault.STATUS_401, error_message=f"no such key: {KEY}"))

    async def test_is_named_in_the_error_and_warned_of_once(
        self, make_llm: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The small model speaks; each error says AUTHENTICATION, and one warning what to do."""
        llm = make_llm(large={"api_key": KEY})
        async with talking_to(llm) as bot:
            for _ in range(3):
                await bot.hear_reply()
            assert len(bot.errors) == 3
            assert all("[AUTHENTICATION]" in error.error for error in bot.errors)
            assert {error.category for error in bot.errors} == {ErrorCategory.UNKNOWN}
            assert llm.is_usable
        warnings = [
            record.getMessage()
            for record in caplog.records
            if record.levelno == logging.WARNING and record.name.startswith("blastoff")
        ]
        (warning,) = [each for each in warnings if "large model" in each]
        assert "will be of no use in any reply until that is changed" in warning
        assert "refused with HTTP 401" in warning
        assert KEY not in caplog.text

    async def test_ends_the_bot_where_that_is_asked_for(self, make_llm: Any) -> None:
        """As with a stock service: the error is AUTHENTICATION, and Pipecat's policy applies."""
        llm = make_llm(service={"end_on_permanent_failure": True})
        policy = {"processor_unusable_policy": ProcessorUnusablePolicy.END}
        async with talking_to(llm, worker_options=policy) as bot:
            await bot.ask("When does it open?")
            await bot.until(lambda: bool(bot.of(EndFrame, at=bot.end)))
            (error,) = bot.errors
            assert error.category is ErrorCategory.AUTHENTICATION
            assert not llm.is_usable
            assert (bot.started, bot.ended) == (1, 1)
            assert " ".join(bot.spoken) == f"{OPENING} {RESCUE}"  # before it ends

    async def test_of_the_small_model_never_ends_the_bot(
        self, server: ScriptedEndpoint, make_llm: Any
    ) -> None:
        """Without openings it is a bot like any other."""
        server.play("small", Script(fault=Fault.STATUS_401))
        server.play("large", ANSWER)
        llm = make_llm(service={"end_on_permanent_failure": True})
        async with talking_to(llm) as bot:
            assert await bot.hear_reply() == ANSWER
            assert await bot.hear_reply() == ANSWER
            assert llm.is_usable


async def test_the_same_opening_is_forbidden_once(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A small model that has one line is told of it once, not a time for each reply."""
    server.play("small", OPENING)
    server.play("large", ANSWER)
    async with talking_to(make_llm()) as bot:
        for _ in range(4):
            await bot.hear_reply()
    instruction = server.requests_for("small")[-1].messages[0]["content"]
    (_, _, forbidden) = instruction.rpartition("Do not say these again:")
    assert forbidden.count(OPENING) == 1


async def test_going_on_in_words_allows_tool_calls(server: ScriptedEndpoint, make_llm: Any) -> None:
    """No instruction of ours keeps the model from its tools, where it is told to go on in words."""
    server.play("small", OPENING)
    server.play("large", ANSWER)
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
    last = server.requests_for("large")[0].messages[-1]
    assert last["role"] == "user"
    assert "the calls of tools that it needs" in last["content"]


class TestInferenceOutsideAPipeline:
    """`run_inference`, as a script or a test uses it."""

    async def test_leaves_nothing_open(self, server: ScriptedEndpoint, make_llm: Any) -> None:
        """No connection and no session is left, after success, failure and several at once."""
        server.play("large", Script(ANSWER, ttft=0.02), Script(fault=Fault.STATUS_500), ANSWER)
        llm = make_llm()
        context = LLMContext([{"role": "user", "content": "When?"}])
        assert await llm.run_inference(context) == ANSWER
        await server.until(lambda: server.open_connections == 0)
        with pytest.raises(Exception, match="HTTP 500"):
            await llm.run_inference(context)
        answers = await asyncio.gather(*(llm.run_inference(context) for _ in range(5)))
        assert answers == [ANSWER] * 5
        await server.until(lambda: server.open_connections == 0)
        del llm
        gc.collect()  # an unclosed session would be a warning, and so an error

    async def test_can_be_had_before_the_pipeline_runs(
        self, server: ScriptedEndpoint, make_llm: Any
    ) -> None:
        """The same service then talks as ever, and keeps its connections while it does."""
        server.play("small", OPENING)
        server.play("large", ANSWER)
        llm = make_llm()
        context = LLMContext([{"role": "user", "content": "When?"}])
        assert await llm.run_inference(context) == ANSWER
        async with talking_to(llm) as bot:
            assert await bot.hear_reply() == f"{OPENING} {ANSWER}"
            connections = server.connections
            assert await llm.run_inference(context) == ANSWER
            assert await bot.hear_reply() == f"{OPENING} {ANSWER}"
            assert server.connections == connections


class TestAnHttpClientOfOnesOwn:
    """`ChatEndpoint(http_client=…)`, one for both models."""

    async def test_an_interruption_closes_both_requests(
        self, server: ScriptedEndpoint, make_llm: Any
    ) -> None:
        """The server sees both disconnects, the bot is silent, and the next reply is whole."""
        server.play("small", Script([OPENING, *[" and more"] * 500], pace=0.02), OPENING)
        server.play("large", Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN), ANSWER)
        async with httpx.AsyncClient() as http:
            mine = {"http_client": http}
            async with talking_to(make_llm(small=mine, large=mine, handover="beside")) as bot:
                await bot.ask("When does it open?")
                await server.until(lambda: len(server.requests_for("large")) == 1)
                await server.until(lambda: bool(server.requests_for("small")[0].tokens))
                await bot.interrupt()
                await server.until(lambda: all(each.disconnected for each in server.requests))
                said = len(bot.spoken)
                assert await bot.hear_reply() == f"{OPENING} {ANSWER}"
                assert len(bot.spoken) > said
                assert bot.errors == []
            assert not http.is_closed

    async def test_deadlines_are_the_services(
        self, server: ScriptedEndpoint, make_llm: Any
    ) -> None:
        """A small model that hangs is passed over in its time, whatever the client's timeouts."""
        server.play("small", Script(fault=Fault.HANG_BEFORE_HEADERS))
        server.play("large", Script(ANSWER, ttft=0.3))
        async with httpx.AsyncClient(timeout=0.05) as http:
            mine = {"http_client": http}
            llm = make_llm(small=mine, large=mine, small_first_token_timeout_secs=0.2)
            async with talking_to(llm) as bot:
                assert await bot.hear_reply() == ANSWER
                assert bot.errors == []


@pytest.mark.filterwarnings("ignore:.*settings=:DeprecationWarning")
class TestSettingsAsADict:
    """The deprecated form of `LLMUpdateSettingsFrame`."""

    async def test_takes_what_it_knows(self, server: ScriptedEndpoint, make_llm: Any) -> None:
        """Settings of ours and of Pipecat's alike."""
        server.play("large", ANSWER)
        async with talking_to(make_llm()) as bot:
            change = {"opening": "never", "temperature": 0.1, "extra": {"top_k": 3}}
            await bot.worker.queue_frame(LLMUpdateSettingsFrame(settings=change))
            assert await bot.hear_reply() == ANSWER
            assert bot.errors == []
        (request,) = server.requests
        assert (request.body["temperature"], request.body["top_k"]) == (0.1, 3)

    async def test_refuses_what_it_does_not_know(
        self, server: ScriptedEndpoint, make_llm: Any
    ) -> None:
        """A misspelt name is one error, and is not sent to the host as a field of the body."""
        server.play("small", OPENING)
        server.play("large", ANSWER)
        async with talking_to(make_llm()) as bot:
            change = {"temprature": 0.1, "opening": "never"}
            await bot.worker.queue_frame(LLMUpdateSettingsFrame(settings=change))
            assert await bot.hear_reply() == f"{OPENING} {ANSWER}"
            (error,) = bot.errors
            assert "no setting 'temprature'; did you mean 'temperature'?" in error.error
        assert all("temprature" not in request.body for request in server.requests)

    def test_an_old_name_is_told_the_new_one(self) -> None:
        """As in the constructor."""
        with pytest.raises(UnknownSetting, match="max_waiting_lines"):
            DualLLMService.Settings.from_mapping({"max_bridges": 1})
