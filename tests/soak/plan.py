"""What happens in a turn of the soak: drawn at random, always the same for a seed and number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from random import Random
from typing import Any, Literal, TypeAlias

from blastoff_pipecat.testing import Fault, Script, ToolCall

Way: TypeAlias = Literal["asked", "eager, confirmed", "eager, withdrawn"]

SMALL_LINES = (
    "Let me see.",
    "Let me think about that.",
    "Let me have a quick look.",
    "Well, let me see,",
    "-",  # none is needed
    "Assistant: Let me look into it.",
    "<think>What do they want?</think>Let me check.",
    "You can come at nine.",  # a claim, which is not said
)
UNSPOKEN = ("What do they want", "Assistant", "secretly")
"""What is never for the ear."""

CLAIM = "come at nine"
"""What no opening says; whoever rescues a reply may."""

_NOT_SPOKEN = re.compile(r"<think>.*</think>|Assistant: ")

RESCUE_LINE = "Sorry, I can't say just now."
TOOL_LINE = "Let me check the weather."

PERMANENT = (
    *(Fault.STATUS_400, Fault.STATUS_401, Fault.STATUS_402, Fault.STATUS_403),
    *(Fault.STATUS_404, Fault.STATUS_422),
)
"""What is wrong for good: were both models to fail so, the service would be out of use."""

_CHANGES: Mapping[str, tuple[Any, ...]] = {
    "opening": ("auto", "always", "always", "never"),
    "style": ("acknowledge", "acknowledge", "choose", "answer"),
    "handover": ("auto", "beside", "prefix"),
    "opening_frames": ("sentence", "sentence", "token"),
    "language": ("en", "de", None),
    "max_silence_secs": (0.1, 0.3, 1.0),
    "max_waiting_lines": (0, 1, 3),
    "max_words": (4, 6, 16),
    "clause_release": (True, False),
    "rescue": ("small", RESCUE_LINE, None),
    "small_sees": ("full", "turn"),
    "model": ("large", "larger"),
    "stall_timeout_secs": (0.15, 0.2, -1.0),
}
BAD = ("stall_timeout_secs", -1.0)
"""The change that cannot be."""

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]


@dataclass(frozen=True)
class Plan:
    """One turn.

    Attributes:
        number: Which turn it is.
        way: How the reply is asked for.
        small: What the small model does, request by request.
        large: What the large model does, likewise.
        answers: What of the large model's words is for the ear, likewise.
        tool_secs: How long the tool takes.
        tool_is_answered: Whether its result asks for an answer.
        interrupted_after: After so many frames of the service the user interrupts; None: not.
        user_hums: Whether the user is heard meanwhile without interrupting.
        changes: What of the settings changes before the turn.
        forgets: Whether the conversation begins anew.
    """

    number: int
    way: Way
    small: tuple[Script, ...]
    large: tuple[Script, ...]
    answers: tuple[str, ...]
    tool_secs: float
    tool_is_answered: bool
    interrupted_after: int | None
    user_hums: bool
    changes: Mapping[str, Any]
    forgets: bool

    def __str__(self) -> str:
        """Tell what is unusual about it."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        for role in ("small", "large"):
            told[role] = [_told(script) for script in told[role]]
        return "\n    ".join(f"{name}: {value}" for name, value in told.items())

    @property
    def calls_tool(self) -> bool:
        """Whether the large model means to call the tool."""
        return bool(self.large[0].tool_calls)

    @property
    def lines(self) -> tuple[str, ...]:
        """What may be heard of the small model's words."""
        return tuple(_NOT_SPOKEN.sub("", str(script.text)) for script in self.small)


def _told(script: Script) -> dict[str, Any]:
    usual = Script()
    values = {each.name: getattr(script, each.name) for each in fields(script)}
    return {name: value for name, value in values.items() if value != getattr(usual, name)}


def marks_of(number: int) -> tuple[str, str]:
    """Return the words that stand in the two answers of one turn only."""
    return _mark(2 * number), _mark(2 * number + 1)


def _mark(number: int) -> str:
    word = ""
    for _ in range(3):
        number, at = divmod(number, len(_SYLLABLES))
        word = _SYLLABLES[at] + word
    return word


def plan_turn(seed: int, number: int) -> Plan:
    """Draw a turn."""
    chance = Random(f"{seed} {number}")
    way: Way = "asked"
    if chance.random() < 0.2:
        way = chance.choice(("eager, confirmed", "eager, withdrawn"))
    tool = way == "asked" and chance.random() < 0.2
    fault = chance.choice(list(Fault)) if chance.random() < 0.2 else None
    others = [each for each in Fault if fault not in PERMANENT or each not in PERMANENT]
    small_fault = chance.choice(others) if chance.random() < 0.12 else None
    small = tuple(
        Script(
            chance.choice(SMALL_LINES),
            ttft=chance.choice((0.0, 0.01, 0.03)),
            pace=chance.choice((0.0, 0.002)),
            fault=small_fault,
            after=chance.randrange(4),
            usage=chance.choice((None, True)),
        )
        for _ in range(6)
    )
    told = [_answer(chance, mark) for mark in marks_of(number)]
    if tool:
        told[0] = chance.choice((("", ""), told[0]))
    elif chance.random() < 0.05:  # nothing, or the very opening
        line = str(small[0].text)
        told[0] = (line, line) if line in SMALL_LINES[:4] else ("", "")
    ttft = chance.choice((0.0, 0.0, 0.02, 0.05, 0.2))
    large = tuple(
        Script(
            text,
            ttft=ttft,
            pace=chance.choice((0.0, 0.0, 0.002)),
            fault=fault if index == chance.randrange(2) else None,
            after=chance.randrange(12),
            tool_calls=[ToolCall("get_weather", {"city": "Oslo"})] if tool and not index else [],
            refuses="prefill" if chance.random() < 0.05 else (),
            # Behind an echo a label stands in mid-line, where it may be the answer's own word.
            echo=chance.random() < 0.1 and not text.startswith("Assistant"),
            split_bytes=chance.random() < 0.1,
            coalesce=chance.random() < 0.1,
            reasoning="secretly thinking" if chance.random() < 0.1 else "",
        )
        for index, (text, _) in enumerate(told)
    )
    changes = {}
    if number and chance.random() < 0.3:
        for name in chance.sample(sorted(_CHANGES), chance.choice((1, 1, 3))):
            changes[name] = chance.choice(_CHANGES[name])
    return Plan(
        number=number,
        way=way,
        small=small,
        large=large,
        answers=tuple(answer for _, answer in told),
        tool_secs=chance.choice((0.0, 0.05, 0.3)),
        tool_is_answered=chance.random() < 0.85,
        interrupted_after=chance.randrange(14) if chance.random() < 0.25 else None,
        user_hums=chance.random() < 0.1,
        changes=changes,
        forgets=chance.random() < 0.15,
    )


def _answer(chance: Random, mark: str) -> tuple[str, str]:
    """Return what the large model writes, and what of it is for the ear."""
    answer = chance.choice(
        (
            f"The {mark} museum opens at nine, and it closes at six in the evening. "
            f"Bring a {mark} coat, since it rains.",
            f"At nine in {mark}.",
            f"Let me see. In {mark} it opens at nine, I believe.",
            f"Yes, {mark} is open: from nine to six! Come early.",
        )
    )
    before = chance.choice(("", "", "", "<think>secretly thinking</think>", "Assistant: "))
    return before + answer, answer
