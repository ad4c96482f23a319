"""A line for the wait while a tool runs, in the small model's words."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelUsed
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.requests import tool_line_ask
from blastoff_pipecat.relay.language import language_of, same_script
from blastoff_pipecat.relay.opening import OpeningRules, WrittenLine
from blastoff_pipecat.relay.scrub import Scrubber

if TYPE_CHECKING:
    from blastoff_pipecat.conductor.conductor import Conductor

_RULES = OpeningRules(min_words=2, enough_words=2, max_words=8)


async def write_tool_line(
    conductor: "Conductor",
    conversation: Conversation,
    policy: Policy,
    *,
    said: str,
    tool: str,
    arguments: Mapping[str, Any],
) -> tuple[str, ModelUsed | None]:
    """Have the small model write a line; return it, empty where it wrote none, and what it used.

    The small model's failures are noted, not raised. For the arguments see `tool_line_ask`.
    """
    small, learnt = conductor.small, conductor.learnt
    ask = tool_line_ask(conversation, policy, said=said, tool=tool, arguments=arguments)
    asked_at = time.monotonic()
    try:
        answer = await small.complete(ask)
    except Exception:  # whatever it is, another line is said
        learnt.small_failed(small)
        return "", None
    learnt.small_wrote(time.monotonic() - asked_at)
    used = answer.usage and ModelUsed("small", small.name, answer.usage)
    return _line_in(answer.text, conversation, policy), used


def _line_in(text: str, conversation: Conversation, policy: Policy) -> str:
    """Return what the small model wrote as a line; empty if it is none, or in another language."""
    scrubber, writes = Scrubber(), WrittenLine(_RULES)
    pieces = writes.feed(scrubber.feed(text) + scrubber.flush())
    line = "".join(pieces + writes.end(cut_off=False))
    if not same_script(line, conversation.last_spoken):
        return ""
    language = policy.language or conversation.language
    other = language is not None and language_of(line) not in (None, language)
    return "" if other else line
