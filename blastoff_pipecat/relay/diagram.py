"""The transition table as a Mermaid state diagram, for ARCHITECTURE.md.

``python -m blastoff_pipecat.relay.diagram`` prints it.
"""

from blastoff_pipecat.relay.table import TABLE, Signal, State


def mermaid() -> str:
    """Draw `TABLE`: from a state to the next, one arrow with all the signals that lead there."""
    lines = ["stateDiagram-v2"]
    lines.append(f"    [*] --> {State.TURN.value}")
    for state, rows in TABLE.items():
        arrows: dict[State, list[Signal]] = {}
        for signal, (target, _) in rows.items():
            arrows.setdefault(target, []).append(signal)
        for target, signals in arrows.items():
            label = "<br/>".join(signal.value for signal in signals)
            lines.append(f"    {state.value} --> {target.value}: {label}")
    lines.append(f"    {State.ENDED.value} --> [*]")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(mermaid(), end="")
