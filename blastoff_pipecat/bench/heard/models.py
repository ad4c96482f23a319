"""The two scripted models: what they say, and when."""

from collections.abc import Sequence
from typing import Any

from blastoff_pipecat.testing import Script

SMALL_TTFT_SECS = 0.1
SMALL_TOKEN_SECS = 0.005
TOKEN_SECS = 0.02
"""From one token of the large model to the next."""

TTFTS_SECS = (0.1, 0.3, 0.6, 0.8, 1.0, 1.5, 2.0, 4.0)
"""The large model's times to first token that are tried."""

OPENINGS = (
    "Sure, let me look at that.",
    "Okay, let me check that now.",
    "Right, let me look it up.",
    "All right, let me see about that.",
)
WAITING = ("Just a second.", "Still looking.")

# Longer words are several tokens, as with real models. The first clause ends with the ninth.
_CLAUSE = ["The", " natural", " history", " mu", "se", "um", " is", " open", ","]
_REST = [
    *(" and", " the", " pal", "ae", "onto", "log", "ical", " col", "lec", "tion", " is"),
    *(" clo", "sed", " for", " reno", "vation", "s", "."),
]
FIRST_SENTENCE = (*_CLAUSE, *_REST)
TOKENS = (*FIRST_SENTENCE, " Bring", " a", " coat", ".")

QUESTION = "What is there to see on a Sunday?"


def small(body: dict[str, Any]) -> Script:
    """Return what the small model answers to a request: a line that was not used lately.

    Args:
        body: The request. It names the lines that were used; one for a waiting line ends in "…".
    """
    waits = body["messages"][-1]["content"] == "…"
    asked = str(body["messages"])
    lines = WAITING if waits else OPENINGS
    line = next((line for line in lines if line not in asked), lines[0])
    return Script(line, ttft=SMALL_TTFT_SECS, pace=SMALL_TOKEN_SECS)


def large(ttft_secs: float, tokens: Sequence[str] = TOKENS) -> Script:
    """Return what the large model does, at a time to first token."""
    return Script(tokens, ttft=ttft_secs, pace=TOKEN_SECS)
