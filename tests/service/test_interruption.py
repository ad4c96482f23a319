"""Interrupted in any state, the bot is silent at once and leaves nothing open."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pipecat.frames.frames import (
    EndFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMTextFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext

from blastoff_pipecat import DualLLMService, OpeningTextFrame
from blastoff_pipecat.relay.table import State
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to
from tests.kit.policies import PATIENT

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
HANGS = Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN)


@dataclass
class Moment:
    """A moment of a reply that stays as it is until somebody interrupts."""

    state: State
    small: list[Script]
    large: list[Script]
    heard: str
    settings: dict[str, Any]
    usage: bool = False
    lingers: bool = False


def stalls(text: str, after: int) -> Script:
    return Script(text, fault=Fault.STALL, after=after)


MOMENTS = {
    "silence": Moment(State.SILENCE, [HANGS], [HANGS], "", {}),
    "opening": Moment(
        State.OPENING,
        [Script(["Well then, ", "because it"], fault=Fault.STALL, after=2)],
        [HANGS],
        "Well then,",
        {"min_words": 2},
    ),
    "seam": Moment(State.SEAM, [Script(OPENING)], [HANGS], OPENING, {}),
    "seam, small lingering for its usage": Moment(
        State.SEAM,
        [stalls(OPENING + " And more of it.", after=7)],
        [HANGS],
        OPENING,
        {},
        usage=True,
        lingers=True,
    ),
    "pause": Moment(State.PAUSE, [HANGS], [HANGS], "", {"opening": "never"}),
    "pause, small late": Moment(
        State.PAUSE, [HANGS], [HANGS], "", {"small_first_token_timeout_secs": 0.05}
    ),
    "continuation": Moment(
        State.CONTINUATION,
        [Script(OPENING)],
        [stalls(CONTINUATION, after=5)],
        f"{OPENING} The museum opens at nine.",
        {},
    ),
    "rescue, silent": Moment(
        State.RESCUE, [Script(OPENING), HANGS], [Script(fault=Fault.STATUS_500)], OPENING, {}
    ),
    "rescue": Moment(
        State.RESCUE,
        [Script(OPENING), stalls("It may open at nine or ten.", after=3)],
        [Script(fault=Fault.STATUS_500)],
        f"{OPENING} It may open",
        {},
    ),
}


def play(server: ScriptedEndpoint, small: list[Script], large: list[Script]) -> None:
    server.play("small", *small)
    server.play("large", *large)


async def reach(bot: Bot, server: ScriptedEndpoint, llm: DualLLMService, moment: Moment) -> None:
    """Wait until the reply is in that moment, with the request that it waits for open."""
    waits_for = {"silence": "small", "opening": "small", "rescue": "small"}
    model = waits_for.get(moment.state.value, "large")
    number = 2 if moment.state is State.RESCUE else 1

    def state() -> State | None:
        reply = llm._listening._reply
        return reply._relay.state if reply else None

    def is_there() -> bool:
        return (
            state() is moment.state
            and len(server.requests_for(model)) >= number
            and bot.text_of_last_reply == moment.heard
        )

    try:
        async with asyncio.timeout(5):
            while not is_there():  # noqa: ASYNC110 - the relay tells nobody of its state
                await asyncio.sleep(0.002)
    except TimeoutError:
        where = (state(), bot.text_of_last_reply)
        raise AssertionError(f"not reached: {moment}; but {where}") from None


@pytest.mark.parametrize("name", list(MOMENTS))
async def test_interruption_silences_and_closes_everything(
    server: ScriptedEndpoint, make_llm: Any, name: str
) -> None:
    """Nothing more is spoken, every request is closed, and the next turn is as ever."""
    moment = MOMENTS[name]
    play(server, moment.small, moment.large)
    params = PipelineParams(enable_metrics=True, enable_usage_metrics=moment.usage)
    llm = make_llm(**PATIENT | moment.settings)
    async with talking_to(llm, params=params) as bot:
        await bot.ask("When does it open?")
        await reach(bot, server, llm, moment)
        if moment.lingers:
            assert not server.requests_for("small")[0].ended
        began = time.monotonic()
        await bot.interrupt()
        assert time.monotonic() - began < 0.25

        spoken, text = list(bot.spoken), bot.text_of_last_reply
        await server.until(lambda: all(request.ended for request in server.requests))
        for request in server.requests:
            assert request.disconnected or request.completed
        assert any(request.disconnected for request in server.requests)
        assert (bot.started, bot.ended) == (1, 1)
        assert [report.outcome for report in bot.reports] == ["interrupted"]

        play(server, [Script(OPENING)], [Script(CONTINUATION)])
        # An opening that was heard already may be kept from being said again.
        reply = await bot.hear_reply("And today?")
        assert reply.endswith(CONTINUATION)
        assert (bot.started, bot.ended) == (2, 2)
        assert bot.spoken[: len(spoken)] == spoken
        assert " ".join(bot.spoken[len(spoken) :]).split() == reply.split()
        # Spoken was what had been said, at most; the context holds no more than that.
        heard = bot.assistant_messages[0] if len(bot.assistant_messages) == 2 else ""
        assert " ".join(" ".join(spoken).split()).startswith(heard)
        assert text.startswith(heard)
        assert bool(heard) == bool(spoken)
        assert bot.assistant_messages[-1] == reply
        assert bot.errors == []


@asynccontextmanager
async def server_that_never_lets_go() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A model server that begins an answer, then reads nothing and never closes a connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    kept: list[socket.socket] = []
    asked: list[bytes] = []

    async def serve() -> None:
        while True:
            connection, _ = await loop.sock_accept(listener)
            kept.append(connection)
            answering.add(asyncio.create_task(answer(connection)))

    async def answer(connection: socket.socket) -> None:
        request = await loop.sock_recv(connection, 65536)
        if not request:
            return  # opened ahead, and never used
        asked.append(request)
        await loop.sock_sendall(
            connection,
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n",
        )

    answering: set[asyncio.Task[None]] = set()
    serving = asyncio.create_task(serve())
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", asked
    finally:
        for task in (serving, *answering):
            task.cancel()
        await asyncio.gather(serving, *answering, return_exceptions=True)
        for each in (*kept, listener):
            each.close()


async def test_cleaning_up_never_delays_the_interruption(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """With servers that answer no goodbye, an interruption passes the pipeline within 20 ms."""
    async with server_that_never_lets_go() as (url, asked):
        llm = make_llm(small={"base_url": url}, large={"base_url": url}, **PATIENT)
        async with talking_to(llm) as bot:
            took: list[float] = []
            for turn in range(1, 6):
                await bot.ask("When does it open?")
                async with asyncio.timeout(5):
                    while len(asked) < turn:  # noqa: ASYNC110 - the raw server tells nobody
                        await asyncio.sleep(0.002)
                began = time.monotonic()
                await bot.interrupt()
                took.append(time.monotonic() - began)
            assert min(took) < 0.02
            assert bot.ended == 5


@pytest.mark.parametrize("after_words", range(1, 12))
async def test_interruption_at_any_word_keeps_the_context_true(
    server: ScriptedEndpoint, make_llm: Any, after_words: int
) -> None:
    """Wherever a reply is interrupted, the context holds what was spoken of it, in order."""
    server.play("small", Script(OPENING, pace=0.004))
    server.play("large", Script(CONTINUATION, pace=0.004))
    async with talking_to(make_llm(**PATIENT)) as bot:
        await bot.ask("When does it open?")
        texts = OpeningTextFrame | LLMTextFrame

        def words() -> int:
            return sum(isinstance(frame, texts) for frame, _, _ in bot.after.frames)

        await bot.until(lambda: words() >= after_words or bot.ended == 1)
        await bot.interrupt()
        spoken = " ".join(bot.spoken).split()
        full = f"{OPENING} {CONTINUATION}".split()
        assert full[: len(spoken)] == spoken
        reply = await bot.hear_reply("And today?")
        first = bot.assistant_messages[0].split() if len(bot.assistant_messages) == 2 else []
        assert spoken[: len(first)] == first
        assert bot.assistant_messages[-1] == reply
        assert (bot.started, bot.ended) == (2, 2)


async def test_two_contexts_in_a_row_are_two_replies(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A second context waits for the first one's reply; each has one start and one end."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    async with talking_to(make_llm(**PATIENT)) as bot:
        context = LLMContext([{"role": "user", "content": "When does it open?"}])
        await bot.worker.queue_frame(LLMContextFrame(context))
        await bot.worker.queue_frame(LLMContextFrame(context))
        await bot.until(lambda: bot.ended == 2)
        kinds = [
            type(frame).__name__
            for frame, direction, _ in bot.after.frames
            if type(frame).__name__.startswith("LLMFullResponse") and direction.value == 1
        ]
        assert kinds == ["LLMFullResponseStartFrame", "LLMFullResponseEndFrame"] * 2
        assert bot.text_of_last_reply == f"{OPENING} {CONTINUATION}"


@pytest.mark.parametrize("interrupt_first", [True, False])
async def test_interruption_beside_the_end_of_a_reply(
    server: ScriptedEndpoint, make_llm: Any, interrupt_first: bool
) -> None:
    """An interruption right before or right after a reply's end leaves one start and one end."""
    finish = asyncio.Event()
    server.play("small", OPENING)
    server.play("large", Script(["The", " museum", " opens.", finish]))
    async with talking_to(make_llm(**PATIENT)) as bot:
        await bot.ask("When does it open?")
        await bot.until(lambda: "opens." in bot.text_of_last_reply)
        if interrupt_first:
            await bot.worker.queue_frame(InterruptionFrame())
            finish.set()
        else:
            finish.set()
            await bot.until(lambda: bot.ended == 1)
            await bot.worker.queue_frame(InterruptionFrame())
        await bot.until(lambda: len(bot.of(InterruptionFrame, at=bot.end)) == 1)
        assert (bot.started, bot.ended) == (1, 1)
        assert len(bot.reports) == 1
        server.play("large", CONTINUATION)
        assert (await bot.hear_reply("And today?")).endswith(CONTINUATION)
        assert (bot.started, bot.ended) == (2, 2)


async def test_interruption_between_replies_changes_nothing(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Interruptions while nobody speaks are harmless, however many."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    async with talking_to(make_llm(**PATIENT)) as bot:
        for _ in range(3):
            await bot.interrupt()
        assert await bot.hear_reply() == f"{OPENING} {CONTINUATION}"
        assert (bot.started, bot.ended) == (1, 1)


async def test_end_frame_lets_the_reply_finish(server: ScriptedEndpoint, make_llm: Any) -> None:
    """An EndFrame in the middle of a reply comes after it: the reply is spoken to its end."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=0.1, pace=0.01))
    async with talking_to(make_llm(**PATIENT)) as bot:
        await bot.ask("When does it open?")
        await bot.until(lambda: bot.started == 1)
        await bot.worker.queue_frame(EndFrame())
        await bot.until(lambda: bool(bot.of(EndFrame, at=bot.after)))
        assert bot.text_of_last_reply == f"{OPENING} {CONTINUATION}"
        assert (bot.started, bot.ended) == (1, 1)
