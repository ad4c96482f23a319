"""Two models that know some answers, for the bench to be run on."""

from typing import Any

import pytest

from blastoff_pipecat.bench.seam import sets
from blastoff_pipecat.testing import Script, ScriptedEndpoint

LINE = "Let me think about that."
BOTH = ("--opening=auto", "--opening=always")
"""Replies with an opening where it is forecast to help, and wherever one may be."""
ANSWERS = {each.text: each.accepted[0].replace("*", "") for each in sets.questions()}


def asked(body: dict[str, Any]) -> str:
    """What the user said last."""
    return next(m["content"] for m in reversed(body["messages"]) if m["role"] == "user")


def answer(body: dict[str, Any]) -> Script:
    """What a large model answers: a question rightly, anything else politely."""
    known = ANSWERS.get(asked(body))
    said = "Here you are." if known is None else f"{known.capitalize()} it is. Is that all?"
    return Script(said, ttft=0.05)


@pytest.fixture
def two(models: ScriptedEndpoint, named: None) -> ScriptedEndpoint:
    """The two models of the environment: one has a line for everything, one an answer."""
    models.play("small", Script(LINE, ttft=0.005))
    models.play("large", answer)
    return models


def extent(questions: int, turns: int = 0, conversations: int = 0) -> tuple[str, ...]:
    """Return the options that say how much is asked."""
    return (
        f"--questions={questions}",
        f"--turns={turns}",
        f"--conversations={conversations}",
    )
