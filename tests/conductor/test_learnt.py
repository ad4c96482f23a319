"""What replies teach those behind them, on made-up time."""

import logging
from collections.abc import AsyncIterator

import pytest

from blastoff_pipecat.conductor.learnt import FAILURES_IN_A_ROW, LEFT_OUT_SECS, Learnt
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def model() -> AsyncIterator[ChatClient]:
    client = ChatClient(ChatEndpoint(base_url="http://127.0.0.1:9/v1", model="m"))
    yield client
    await client.aclose()


@pytest.fixture
async def other() -> AsyncIterator[ChatClient]:
    client = ChatClient(ChatEndpoint(base_url="http://127.0.0.1:9/v1", model="n"))
    yield client
    await client.aclose()


async def test_a_small_model_that_fails_in_a_row_is_left_out_for_a_while(
    model: ChatClient, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says so; then it is tried again, and has as many failures as before."""
    clock = Clock()
    learnt = Learnt(clock)
    for _ in range(2):
        for _ in range(FAILURES_IN_A_ROW - 1):
            learnt.small_failed(model)
        assert not learnt.small_is_left_out
        learnt.small_failed(model)
        assert learnt.small_is_left_out
        clock.now += LEFT_OUT_SECS - 0.1
        assert learnt.small_is_left_out
        clock.now += 0.1
        assert not learnt.small_is_left_out
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert (
        told
        == [f"The small model {model.describe()} failed 3 times in a row and is left out for 30 s."]
        * 2
    )


async def test_a_line_between_failures_breaks_their_row(model: ChatClient) -> None:
    """However many there are in all."""
    learnt = Learnt(Clock())
    for _ in range(3):
        for _ in range(FAILURES_IN_A_ROW - 1):
            learnt.small_failed(model)
        learnt.small_wrote(0.2)
    assert not learnt.small_is_left_out


def test_a_line_takes_as_long_as_the_slowest_of_the_last_five() -> None:
    """Rather too long than too short; until there was one, it is guessed."""
    learnt = Learnt()
    assert learnt.line_secs == 0.25
    learnt.small_wrote(0.1)
    assert learnt.line_secs == 0.1
    learnt.small_wrote(0.9)
    for _ in range(4):
        learnt.small_wrote(0.2)
        assert learnt.line_secs == 0.9
    learnt.small_wrote(0.3)
    assert learnt.line_secs == 0.3


async def test_each_model_has_a_forecast_of_its_own(model: ChatClient, other: ChatClient) -> None:
    """What one teaches is not expected of another; before that the guess counts."""
    learnt = Learnt()
    assert learnt.expect(model, 2.0).expected() == pytest.approx(2.0, abs=0.1)
    for _ in range(8):
        learnt.expect(model, 2.0).clause(0.5)
    assert learnt.expect(model, 2.0).expected() == pytest.approx(0.5, abs=0.05)
    assert learnt.expect(other, 3.0).expected() == pytest.approx(3.0, abs=0.1)


async def test_what_is_not_seen_when_it_comes_teaches_nothing(model: ChatClient) -> None:
    """But as much is expected of it."""
    learnt = Learnt()
    for _ in range(8):
        learnt.expect(model, 1.0).clause(0.5)
    for _ in range(8):
        learnt.expect(model, 1.0, learns=False).clause(3.0)
    unseen = learnt.expect(model, 1.0, learns=False)
    assert unseen.expected() == learnt.expect(model, 1.0).expected() < 0.6


async def test_another_conductor_begins_with_what_the_process_knows(model: ChatClient) -> None:
    """And goes its own way from there."""
    first = Learnt()
    for _ in range(8):
        first.expect(model, 1.0).clause(0.5)
    second = Learnt()
    assert second.expect(model, 1.0).expected() == pytest.approx(0.5, abs=0.05)
    for _ in range(8):
        second.expect(model, 1.0).clause(3.0)
    assert second.expect(model, 1.0).expected() > 2.5
    assert first.expect(model, 1.0).expected() == pytest.approx(0.5, abs=0.05)


async def test_an_answer_behind_a_tool_is_expected_behind_what_the_tool_takes(
    model: ChatClient,
) -> None:
    """Each tool takes its own time, which is guessed until it was seen."""
    learnt = Learnt()
    for _ in range(8):
        learnt.tool_took("slow", 9.0)
        learnt.tool_took("quick", 0.1)

    def chance_by(tool: str, secs: float) -> float:
        return learnt.expect_after(tool, model, 0.2).chance_by(secs)

    assert chance_by("slow", 8.0) < 0.1 < 0.9 < chance_by("slow", 11.0)
    assert chance_by("quick", 1.0) > 0.9
    assert chance_by("unknown", 2.0) == pytest.approx(0.5, abs=0.1)
    assert 0.05 < chance_by("unknown", 0.7) < 0.3, "it may take a third, or three times as long"


@pytest.mark.parametrize(
    ("sees", "told"),
    [
        ("turn", "the user's last message"),
        ("full", "the bot's instruction and the last 5 messages"),
    ],
)
async def test_what_the_small_model_sees_is_said_once(
    model: ChatClient, caplog: pytest.LogCaptureFixture, sees: str, told: str
) -> None:
    """In the log, with its name."""
    learnt, policy = Learnt(), Policy(small_sees=sees, small_history=5)  # type: ignore[arg-type]
    for _ in range(2):
        learnt.tell_what_small_sees(model, policy)
    assert [record.getMessage() for record in caplog.records] == [
        f"The small model {model.describe()} is told {told} (small_sees)."
    ]
