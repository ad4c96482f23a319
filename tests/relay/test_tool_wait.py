"""The wait for a tool, on made-up time: when a line is due, and which."""

import pytest

from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.delays import Delays
from blastoff_pipecat.relay.forecast import AfterTool, Forecast
from blastoff_pipecat.relay.lines import Stock
from blastoff_pipecat.relay.timing import Manner
from blastoff_pipecat.relay.tool_wait import ToolWait
from blastoff_pipecat.relay.turn import TurnSoFar

OWN = "Let me check the weather for you right now."
WRITTEN = "Checking the weather in Oslo."
LINES = Stock(("Still looking.", "Just a second.", "Thank you for waiting."))
LATENCY = Voice().latency_secs


def wait_for_tool(*, tool_secs: float = 2.0, spread: float = 1.0, **manner: object) -> ToolWait:
    """Wait from 0.0 on for a tool that usually takes so long; nothing was said yet."""
    voice = Voice()
    options = {"max_silence": 1.0, "max_waiting_lines": 4, "waiting_lines": LINES, **manner}
    return ToolWait(
        TurnSoFar(Cover(voice, 0.0)),
        Manner(**options),  # type: ignore[arg-type]
        voice,
        AfterTool(Forecast(1.0), Delays(tool_secs, prior_spread=spread)),
        0.0,
    )


def say(wait: ToolWait, line: str, now: float) -> None:
    wait.turn.say(line, now)


def test_due_when_silence_would_be_felt() -> None:
    """A line is due so early that the voice is heard when silence has lasted as long as it may."""
    wait = wait_for_tool()
    assert wait.due_at == pytest.approx(1.0 - LATENCY)
    say(wait, "Still looking.", wait.due_at)
    over = wait.turn.cover.until
    assert wait.due_at == pytest.approx(over + 1.0 - LATENCY)
    wait.turn.cover.playing(over + 0.5)  # it lasts longer than was thought
    assert wait.due_at > over + 1.5 - LATENCY


def test_the_user_is_no_silence() -> None:
    """Silence counts from the user's last word, where that comes later."""
    wait = wait_for_tool()
    wait.user_stopped(3.0)
    assert wait.due_at == pytest.approx(4.0 - LATENCY)


def test_the_owners_line_comes_first() -> None:
    """The owner's line is said once, however long it is; then the small model's is wanted."""
    wait = wait_for_tool()
    assert not wait.needs_written(OWN)
    assert wait.choose(own=OWN, written="", now=1.0) == OWN
    say(wait, OWN, 1.0)
    assert wait.needs_written(OWN)
    assert wait.choose(own=OWN, written="Still checking.", now=6.0) == "Still checking."


def test_a_long_line_where_the_tool_is_known_to_take_long() -> None:
    """The small model's line is said if it ends before the answer could be heard."""
    slow, unknown = wait_for_tool(tool_secs=8.0, spread=0.1), wait_for_tool()
    say(slow, "Hello.", 0.0)
    assert slow.choose(own="", written=WRITTEN, now=1.0) == WRITTEN
    say(unknown, "Hello.", 0.0)
    assert unknown.choose(own="", written=WRITTEN, now=1.0) == "Still looking."


def test_a_long_line_where_there_is_no_other() -> None:
    """Where there is no line for everything, the small model's is better than silence."""
    wait = wait_for_tool(waiting_lines=Stock())
    assert not wait.has_lines
    assert wait.choose(own="", written=WRITTEN, now=1.0) == WRITTEN
    assert wait.choose(own="", written="", now=1.0) == ""


def test_no_line_twice() -> None:
    """Nothing is said twice in a turn, whatever mark it ends with; then nothing is left."""
    wait = wait_for_tool()
    say(wait, "Still checking!", 0.0)
    assert wait.has_lines
    assert wait.choose(own="", written="still checking.", now=2.0) in LINES.lines
    said = [wait.turn.said]
    while line := wait.choose(own="", written="Still checking.", now=2.0):
        assert line not in said
        said.append(line)
        say(wait, line, 2.0)
    assert set(LINES.lines) < set(said)
    assert not wait.has_lines


def test_first_words_of_a_turn() -> None:
    """Where nothing was said yet, an opening line fits, as a sentence of its own."""
    wait = wait_for_tool(lines=Stock(("Let me see,",)))
    assert wait.choose(own="", written="", now=1.0) == "Let me see."


def test_out_of_lines() -> None:
    """The lines of the turn's replies count with those that are said while a tool runs."""
    wait = wait_for_tool(max_waiting_lines=2)
    wait.turn.waiting_lines = 1
    assert not wait.is_out_of_lines
    say(wait, "Still looking.", 1.0)
    assert wait.is_out_of_lines
