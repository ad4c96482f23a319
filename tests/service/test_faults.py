"""Whatever a model's server does, the bot speaks or says once what is wrong, and goes on."""

import asyncio
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from pipecat.frames.frames import ErrorFrame, LLMUpdateSettingsFrame

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.endpoints import memory
from blastoff_pipecat.testing import (
    ERROR_SHAPES,
    WRONG_SHAPES,
    Fault,
    Script,
    ScriptedEndpoint,
)
from tests.kit.bot import Bot, talking_to
from tests.kit.policies import PATIENT, QUICK

KEY = "sk-do-not-tell-anyone"
OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
RESCUE = "I can only say that it opens early."
# What the listener may hear, whatever happens: nothing else was ever said by a model.
WORDS = {
    word.casefold() for text in (OPENING, CONTINUATION, RESCUE) for word in re.findall(r"\w+", text)
}
HARMLESS = {Fault.CLOSE_IDLE, Fault.CLOSE_ON_REUSE}
# A model that is too slow is passed over; that is no failure as long as the other one speaks.
SLOW = {Fault.HANG_BEFORE_HEADERS, Fault.HANG_BEFORE_FIRST_TOKEN, Fault.ENDLESS_REASONING}
ROLES: tuple[frozenset[str], ...] = (
    frozenset({"small"}),
    frozenset({"large"}),
    frozenset({"small", "large"}),
)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterable[None]:
    memory.reset()
    yield
    memory.reset()


@pytest.fixture(autouse=True)
def no_secret_no_traceback(caplog: pytest.LogCaptureFixture) -> Iterable[None]:
    """No log line holds the key, and no exception got out of where it belongs."""
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.get_records("call"):
        text = record.getMessage()
        assert KEY not in text
        if record.levelno >= logging.ERROR:
            assert record.exc_info in (None, (None, None, None)), text
            assert "Uncaught exception" not in text
            assert "never retrieved" not in text


@dataclass
class Case:
    """Two models, some of them broken for the first turn."""

    server: ScriptedEndpoint
    make_llm: Any
    name: str
    broken: frozenset[str]
    fault: Script | None = None
    url: str | None = None

    @property
    def hangs(self) -> bool:
        return self.fault is None or self.fault.fault in SLOW | {Fault.STALL}

    def model(self, role: str) -> str:
        return f"{role} {self.name} {'+'.join(sorted(self.broken))}"

    def endpoint(self, role: str) -> dict[str, Any]:
        url = {"base_url": self.url} if self.url and role in self.broken else {}
        return {"model": self.model(role), "api_key": KEY, **url}

    def play(self, *, broken: bool) -> None:
        for role in ("small", "large"):
            faulty = broken and role in self.broken

            def answer(body: dict[str, Any], role: str = role, faulty: bool = faulty) -> Script:
                if faulty and self.fault is not None:
                    return self.fault
                if role == "large":
                    return Script(CONTINUATION)
                # The rescue's request has no limit of tokens.
                return Script(OPENING if "max_tokens" in body else RESCUE)

            self.server.play(self.model(role), answer)

    async def run(self) -> tuple[Bot, list[ErrorFrame]]:
        """Have a turn with the fault and one without; return the bot and the first one's errors."""
        self.play(broken=True)
        # Where a model hangs, the deadlines are short; else a busy machine may be slow.
        deadlines = QUICK | {"connect_timeout_secs": 0.4} if self.hangs else PATIENT
        llm = self.make_llm(small=self.endpoint("small"), large=self.endpoint("large"), **deadlines)
        async with talking_to(llm) as bot:
            await bot.hear_reply()
            errors = list(bot.errors)
            assert (bot.started, bot.ended) == (1, 1), self
            assert_well_behaved(bot, self)
            assert len(errors) <= 1, self
            for error in errors:
                assert any(self.model(role) in error.error for role in self.broken), error
                assert "127.0.0.1" in error.error, error
                permanent = error.category is not None and error.category.is_permanent
                assert not (permanent and len(self.broken) == 1), error
            assert errors or bot.spoken, self

            if self.url is None:
                self.play(broken=False)
                patience = LLMUpdateSettingsFrame(delta=DualLLMService.Settings(**PATIENT))
                await bot.worker.queue_frame(patience)
                await bot.hear_reply("And now?")
                assert len(bot.errors) == len(errors), (self, bot.errors)
                assert bot.text_of_last_reply.endswith(CONTINUATION), self
            else:
                await bot.hear_reply("And now?")
            assert (bot.started, bot.ended) == (2, 2), self
        return bot, errors


def assert_well_behaved(bot: Bot, case: object) -> None:
    """Only a model's words were spoken, and the key is nowhere."""
    spoken = " ".join(bot.spoken)
    words = {word.casefold() for word in re.findall(r"\w+", spoken)}
    # A token that a fault cut off may be the beginning of a word.
    assert all(any(known.startswith(word) for known in WORDS) for word in words), (spoken, case)
    assert not re.search(r"[<>{}\[\]]", spoken), (spoken, case)
    for error in bot.errors:
        assert KEY not in f"{error.error} {error.exception!r} {error.exception}", case


async def run_all(cases: list[Case], at_once: int = 6) -> list[tuple[Case, Bot, list[ErrorFrame]]]:
    """Run cases, some at a time: most of their time is waiting."""
    gate = asyncio.Semaphore(at_once)

    async def run(case: Case) -> tuple[Case, Bot, list[ErrorFrame]]:
        async with gate:
            return case, *await case.run()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(case)) for case in cases]
    return [task.result() for task in tasks]


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
async def test_every_fault_ends_in_speech_or_one_error(
    server: ScriptedEndpoint, make_llm: Any, fault: Fault
) -> None:
    """A fault of either model or both ends in speech or one error; the next turn is as ever."""
    cases = [
        Case(
            server,
            make_llm,
            f"after {after}",
            broken,
            Script(
                CONTINUATION,
                fault=fault,
                after=after,
                error_message=f"The key {KEY} is no good." if fault.status else None,
            ),
        )
        for broken in ROLES
        for after in (0, 3)
        if after == 0 or fault.status is None
    ]
    for case, bot, errors in await run_all(cases):
        # A body that ends properly is a reply; the small model's may be without a word.
        ends = fault is Fault.EOF_WITHOUT_DONE and len(case.broken) == 1
        if fault in HARMLESS or (ends and (case.name != "after 0" or "small" in case.broken)):
            assert errors == [], case
        elif len(case.broken) == 2:
            assert len(errors) == 1, case
            assert all(case.model(role) in errors[0].error for role in ("small", "large")) or (
                fault in SLOW or bot.spoken
            ), errors
        elif fault not in SLOW | {Fault.STALL}:
            assert len(errors) == 1, case
        if len(case.broken) == 1:
            assert bot.spoken, case


@pytest.mark.parametrize("shape", [shape for shape in ERROR_SHAPES if shape != "openai"])
async def test_every_shape_of_error_is_told_once(
    server: ScriptedEndpoint, make_llm: Any, shape: str
) -> None:
    """However a server words its refusal, the one error names both endpoints and what they sent."""
    faults = [fault for fault in Fault if fault.status]
    said = f"No luck today, {KEY}."
    cases = [
        Case(
            server,
            make_llm,
            fault.name,
            frozenset({"small", "large"}),
            Script(fault=fault, error_shape=shape, error_message=said),
        )
        for fault in faults
    ]
    for case, bot, errors in await run_all(cases):
        (error,) = errors
        assert error.error.count("No luck today, ***.") >= 2, error
        assert case.model("small") in error.error
        assert case.model("large") in error.error
        assert bot.spoken, case  # in the second turn


@pytest.mark.parametrize("after", [0, 3])
async def test_every_wrong_shape_ends_in_speech_or_one_error(
    server: ScriptedEndpoint, make_llm: Any, after: int
) -> None:
    """JSON of a wrong shape is never spoken and never a traceback."""
    readable = {"tool_index_string", "arguments_object"}  # a call is a call: see below
    cases = [
        Case(
            server,
            make_llm,
            shape,
            broken,
            Script(CONTINUATION, fault=Fault.WRONG_SHAPES, wrong_shape=shape, after=after),
        )
        for shape in WRONG_SHAPES
        for broken in (ROLES if after == 0 else ROLES[1:2])
        if shape not in readable or broken == {"small"}
    ]
    await run_all(cases)


@pytest.mark.parametrize(
    ("shape", "arguments"), [("tool_index_string", {}), ("arguments_object", {"a": 1})]
)
async def test_call_of_a_readable_shape_is_run(
    server: ScriptedEndpoint, make_llm: Any, shape: str, arguments: dict[str, Any]
) -> None:
    """A call whose meaning is plain is run, though its shape is wrong."""
    called: list[dict[str, Any]] = []

    async def f(params: Any) -> None:
        called.append(dict(params.arguments))
        await params.result_callback("nine")

    server.play("small", OPENING)
    server.play("large", Script(fault=Fault.WRONG_SHAPES, wrong_shape=shape), CONTINUATION)
    llm = make_llm()
    llm.register_function("f", f)
    async with talking_to(llm) as bot:
        await bot.ask("When?")
        await bot.until(lambda: bot.ended == 2)
        assert called == [arguments]
        assert bot.text_of_last_reply == CONTINUATION
        assert bot.errors == []


@pytest.mark.parametrize("shape", [shape for shape in ERROR_SHAPES if shape != "openai"])
async def test_every_shape_of_error_inside_a_stream_is_told_once(
    server: ScriptedEndpoint, make_llm: Any, shape: str
) -> None:
    """An error object inside an HTTP 200 stream is an error, in whatever shape."""
    script = Script(CONTINUATION, fault=Fault.ERROR_IN_STREAM, after=2, error_shape=shape)
    cases = [Case(server, make_llm, shape, broken, script) for broken in ROLES]
    for case, _, errors in await run_all(cases):
        assert len(errors) == 1, case


@pytest.mark.parametrize("broken", ROLES, ids=lambda broken: "+".join(sorted(broken)))
async def test_dead_url_ends_in_speech_or_one_error(
    server: ScriptedEndpoint, make_llm: Any, broken: frozenset[str]
) -> None:
    """Where nobody listens, the other model speaks; the error says that nobody listens."""
    case = Case(server, make_llm, "dead", broken, url=server.dead_url())
    bot, (error,) = await case.run()
    assert all(case.model(role) in error.error for role in broken)
    assert bool(bot.spoken) == (len(broken) == 1)


@pytest.mark.parametrize("broken", ROLES, ids=lambda broken: "+".join(sorted(broken)))
async def test_unanswered_url_ends_in_speech_or_one_error(
    server: ScriptedEndpoint, make_llm: Any, broken: frozenset[str]
) -> None:
    """A host that never answers costs the connect timeout and no more."""
    async with server.unanswered_url() as url:
        case = Case(server, make_llm, "unanswered", broken, url=url)
        bot, errors = await asyncio.wait_for(case.run(), 5)
    assert bool(bot.spoken) == (len(broken) == 1)
    assert len(errors) == 1 or broken == {"small"}
