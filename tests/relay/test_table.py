"""The table is the whole policy: nothing in it is dead, and the diagram is drawn from it."""

import subprocess
import sys

from blastoff_pipecat.relay.diagram import mermaid
from blastoff_pipecat.relay.table import TABLE, Signal, State, Step


def test_every_state_can_be_reached_and_left() -> None:
    """From silence every state can be heard, and from every one the reply can end."""
    reached, todo = {State.TURN}, [State.TURN]
    while todo:
        for state, _ in TABLE[todo.pop()].values():
            if state not in reached:
                reached.add(state)
                todo.append(state)
    assert reached == set(State) == set(TABLE)
    for state in set(State) - {State.ENDED}:
        assert TABLE[state][Signal.INTERRUPTION][0] is State.ENDED
    assert not TABLE[State.ENDED]


def test_every_signal_and_every_step_has_a_use() -> None:
    """No row, signal or step is left over from something else."""
    rows = [row for table in TABLE.values() for row in table.items()]
    assert {signal for signal, _ in rows} == set(Signal)
    assert {step for _, (_, steps) in rows for step in steps} == set(Step)


def test_a_reply_ends_on_the_way_to_its_end_and_nowhere_else() -> None:
    """The steps that end a reply stand last, on exactly the rows that lead to the end."""
    endings = {Step.END, Step.END_FAILED, Step.END_INTERRUPTED}
    for table in TABLE.values():
        for state, steps in table.values():
            assert (state is State.ENDED) == (steps[-1] in endings)
            assert not endings & set(steps[:-1])


def test_the_diagram_shows_the_table() -> None:
    """Each state, and each arrow with all its signals; printed by running the module."""
    text = mermaid()
    for state, table in TABLE.items():
        for signal, (target, _) in table.items():
            arrow = f"    {state.value} --> {target.value}: "
            (line,) = [line for line in text.splitlines() if line.startswith(arrow)]
            assert signal.value in line
    run = [sys.executable, "-m", "blastoff_pipecat.relay.diagram"]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == text
