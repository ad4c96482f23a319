"""A conversation so far, and what each model is asked about it.

Messages are in the OpenAI chat-completions shape. They are the caller's and are never changed: a
request that needs other messages gets a list of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, cast

from blastoff_pipecat.endpoints import Message
from blastoff_pipecat.relay.language import language_of
from blastoff_pipecat.relay.lines import RECENT_REPLIES
from blastoff_pipecat.relay.scripts import CLAUSE_MARKS

MIN_TOKENS_FOR_OPENING = 48
"""Where fewer tokens are asked for, an opening would be most of the answer."""


OPAQUE = "opaque"
"""The role of a message in one service's own shape: kept in its place, read by that service only.

Such a message has no content that is known here.
"""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What was said before, and what the large model may do.

    Attributes:
        messages: The messages, oldest first, as the large model is to see them.
        params: Body fields for the large model: tools, tool_choice, temperature, ….
        needs_whole_answer: Whether the large model must answer alone, whatever the settings.
        may_open: Whether an opening may be said, as far as the bot's author is concerned.
    """

    messages: Sequence[Message]
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    needs_whole_answer: bool = False
    may_open: bool = True

    @property
    def asks_for_opening(self) -> bool:
        """Whether the reply answers what a user just said, at some length."""
        return self.why_no_opening is None

    @property
    def why_no_opening(self) -> str | None:
        """Why there is to be no opening, in few words; None where there may be one.

        What is answered may also be a tool's result, an instruction, or the bot's own last words.
        """
        if not self.may_open or self.needs_whole_answer:
            return "not wanted"
        if self._is_brief:
            return "short answer"
        return None if self.user_text else "no user turn"

    @property
    def instruction(self) -> str:
        """What the bot is told to be; empty where it is told nothing."""
        first: Message = self.messages[0] if self.messages else {}
        return text_of(first) if first.get("role") == "system" else ""

    @cached_property
    def user_text(self) -> str:
        """What the user just said; empty where the last message is not the user's speech."""
        last: Message = self.messages[-1] if self.messages else {}
        return text_of(last) if last.get("role") == "user" else ""

    @property
    def last_spoken(self) -> str:
        """What the user said last, whatever has happened since; empty where it was nothing."""
        spoken = (text_of(m) for m in reversed(self.messages) if m.get("role") == "user")
        return next(filter(None, spoken), "")

    @cached_property
    def language(self) -> str | None:
        """The language of the user's words; None where it cannot be told."""
        spoken = (text_of(m) for m in reversed(self.messages) if m.get("role") == "user")
        return next(filter(None, map(language_of, islice(spoken, 3))), None)

    @property
    def _is_brief(self) -> bool:
        wanted = self.params.get("max_completion_tokens") or self.params.get("max_tokens")
        return isinstance(wanted, int) and wanted < MIN_TOKENS_FOR_OPENING

    @cached_property
    def recent_replies(self) -> list[str]:
        """The texts of the last few replies, newest first. Each begins with its opening."""
        replies = (text_of(m) for m in reversed(self.messages) if m.get("role") == "assistant")
        return list(islice(filter(None, replies), RECENT_REPLIES))

    @property
    def recent_openings(self) -> list[str]:
        """How the last few replies began, newest first."""
        return [_beginning(reply) for reply in self.recent_replies]

    def opening_messages(
        self,
        instruction: str,
        examples: Sequence[tuple[str, str]],
        *,
        history: int,
        whole_replies: bool,
    ) -> list[Message]:
        """Build the small model's messages for an opening.

        Args:
            instruction: The system message.
            examples: Worked examples as (user, assistant) turns.
            history: How many of the last messages it sees.
            whole_replies: Whether it sees earlier replies whole, or only how they began: a model
                that is to say a lead-in should not see answers.
        """
        messages: list[Message] = [{"role": "system", "content": instruction}]
        for asked, opening in examples:
            messages.append({"role": "user", "content": asked})
            messages.append({"role": "assistant", "content": opening})
        spoken = (
            {"role": message["role"], "content": text}
            for message in reversed(self.messages)
            if message.get("role") in ("user", "assistant") and (text := text_of(message))
        )
        recent = list(islice(spoken, max(1, history)))[::-1]
        for message in recent:
            if message["role"] == "assistant" and not whole_replies:
                message["content"] = _beginning(message["content"])
        return messages + _alternating(recent)

    @property
    def large_messages(self) -> list[Message]:
        """The large model's messages, without the opening of this reply."""
        return _with_calls_healed(self.messages)

    def without_lines(self, lines: Sequence[str]) -> list[Message]:
        """Build the large model's messages without what was said before its own words.

        A model takes up the lines that its earlier replies begin with; and what it reads again of
        its own words, a server's prompt cache has only where nothing was put before them.

        Where the user cut in on the lines, so that nothing else was heard, the two turns are one.

        Args:
            lines: The lines.
        """
        messages = self.large_messages
        if not lines:
            return messages
        bare: list[Message] = []
        unsaid = False  # whether the last of these is a reply without the model's own words
        for message in messages:
            rest = _without_lines(message, lines)
            if unsaid and (turn := _one_turn(bare[-2], message)):
                bare[-2:], unsaid = [turn], False
                continue
            unsaid = rest is None and bool(bare)
            bare.append(message if rest is None else rest)
        return bare

    @property
    def plain_messages(self) -> list[Message]:
        """Messages for a model without tools: calls and results become plain words."""
        messages: list[Message] = []
        for message in _with_calls_healed(self.messages):
            text = text_of(message)
            if message.get("role") == "tool":
                messages.append({"role": "user", "content": f"(Result of a tool: {text})"})
            elif text:
                role = "user" if message.get("role") == "developer" else message["role"]
                messages.append({"role": role, "content": text})
        return messages


def text_of(message: Message) -> str:
    """Return the text of a message, which may be one string or a list of parts."""
    content: object = message.get("content")
    if isinstance(content, str):
        return content.strip()
    if not isinstance(content, list):
        return ""
    parts = [
        cast("Mapping[str, object]", part).get("text")
        for part in cast("list[object]", content)
        if isinstance(part, Mapping)
    ]
    return " ".join(part for part in parts if isinstance(part, str)).strip()


def continuation_instruction(template: str, said: str) -> str:
    """Fill in what was said, so that a server without prefill knows where to go on."""
    return template.replace("{said}", json.dumps(said[-200:], ensure_ascii=False))


def _without_lines(message: Message, lines: Sequence[str]) -> Message | None:
    """Return a message without the lines that it begins with; None where it is nothing else."""
    reply = message.get("content")
    if message.get("role") != "assistant" or not isinstance(reply, str):
        return message
    rest = reply.lstrip()
    while line := next(filter(rest.startswith, lines), ""):
        rest = rest[len(line) :].lstrip()
    # Cut off in a line; one word of it may be an answer.
    if not rest or (" " in rest and any(line.startswith(rest) for line in lines)):
        return None if reply else message
    return message if rest == reply else {**message, "content": rest}


def _one_turn(before: Message, after: Message) -> Message | None:
    """Join two messages of a user's; None where they are not that, or hold more than text."""
    texts = [each.get("content") for each in (before, after) if each.get("role") == "user"]
    if len(texts) < 2 or not all(isinstance(text, str) for text in texts):
        return None
    return {**before, "content": "\n".join(map(str, texts))}


def _beginning(reply: str) -> str:
    """Return the first clause of a reply, where its opening was."""
    for index, char in enumerate(reply):
        if char in CLAUSE_MARKS and index >= 8:
            return reply[: index + 1]
    return reply[:60]


def _alternating(messages: list[dict[str, Any]]) -> list[Message]:
    """Join neighbours of one role and start with the user: many chat templates insist on it."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1]["content"] += "\n" + message["content"]
        elif joined or message["role"] == "user":
            joined.append(message)
    return list(joined)


def _with_calls_healed(messages: Sequence[Message]) -> list[Message]:
    """Give an opening's text back to the assistant message that called the tools.

    Pipecat appends the text of a reply after its calls and their results. A request would then end
    in an assistant message, which servers read as a prefill.
    """
    if not any("tool_calls" in message for message in messages):
        return list(messages)
    healed: list[Message] = []
    block: int | None = None  # where the calls of this reply begin in `healed`
    for index, message in enumerate(messages):
        role = message.get("role")
        if role == "assistant" and message.get("tool_calls"):
            block = len(healed) if block is None else block
        elif role not in ("tool", OPAQUE):
            following = messages[index + 1] if index + 1 < len(messages) else None
            belongs_to_calls = (
                block is not None
                and role == "assistant"
                and not text_of(healed[block])
                and (following is None or following.get("role") == "assistant")
            )
            if block is not None and belongs_to_calls:
                healed[block] = {**healed[block], "content": message.get("content")}
                block = None
                continue
            block = None
        healed.append(message)
    return healed
