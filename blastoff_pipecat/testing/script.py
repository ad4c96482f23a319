"""What a scripted model says, when it says it, and how it fails."""

import asyncio
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from blastoff_pipecat.testing.errors import ERROR_SHAPES
from blastoff_pipecat.testing.prefill import PREFILL_SHAPES, Prefill
from blastoff_pipecat.testing.wire import REASONING_FIELDS, WRONG_SHAPES

Step: TypeAlias = str | float | asyncio.Event
"""One thing in a script's text: a token, a wait in seconds, or an event to wait for."""

_TOKEN = re.compile(
    # A space belongs to the word that follows it; Chinese and Japanese go by one or two signs.
    r"\s*[\u3040-\u30ff\u3400-\u9fff]{1,2}|\s*[^\s\u3040-\u30ff\u3400-\u9fff]{1,6}|\s+"
)


class Fault(Enum):
    """How a scripted model fails. "After N" means after `Script.after` tokens were sent.

    A port where nothing listens is not a fault of a script: see `ScriptedEndpoint.dead_url`
    and `ScriptedEndpoint.unanswered_url`.
    """

    STATUS_400 = "an error answer with this HTTP status, its body in `Script.error_shape`"
    STATUS_401 = "as above: key refused"
    STATUS_402 = "as above: nothing left to pay with"
    STATUS_403 = "as above: not allowed"
    STATUS_404 = "as above: no such model"
    STATUS_422 = "as above: a field refused"
    STATUS_429 = "as above: too many requests, with a Retry-After header"
    STATUS_498 = "as above: no capacity (Groq)"
    STATUS_500 = "as above: the server broke"
    STATUS_502 = "as above: the server behind the server broke"
    STATUS_503 = "as above: overloaded"
    STATUS_529 = "as above: overloaded (Anthropic)"
    NO_RESPONSE = "the connection is closed without one byte of a response"
    HANG_BEFORE_HEADERS = "the request is taken, and nothing at all comes back"
    HANG_BEFORE_FIRST_TOKEN = "HTTP 200 with its headers at once, then nothing (but comments)"
    STALL = "after N tokens nothing more comes, and the connection stays open (but comments)"
    DISCONNECT = "after N tokens the TCP connection is reset"
    HANG_UP = "after N tokens the TCP connection is closed, the HTTP body unfinished"
    EOF_WITHOUT_DONE = "after N tokens the HTTP body ends properly: no finish_reason, no [DONE]"
    ERROR_IN_STREAM = "after N tokens an error object inside the HTTP 200 stream, which then ends"
    GARBAGE = "after N tokens bytes that are no server-sent events, then the end"
    GARBAGE_JSON = "after N tokens an event whose JSON is cut off, then the end"
    HTML_200 = "HTTP 200 with a web page"
    EMPTY_BODY = "HTTP 200 with the right content type and no body"
    WRONG_SHAPES = "after N tokens a chunk of a wrong shape (`Script.wrong_shape`), then the rest"
    ENDLESS_REASONING = "reasoning without end, never a word of an answer"
    CLOSE_IDLE = "a whole response; then the connection is closed, though it said keep-alive"
    CLOSE_ON_REUSE = "a whole response; the next request on that connection finds it closed"
    FINISH_ERROR = 'after N tokens the stream ends with finish_reason "error" (or the script\'s)'

    @property
    def status(self) -> int | None:
        """The HTTP status of a STATUS_ fault, None for the others."""
        return int(self.name[7:]) if self.name.startswith("STATUS_") else None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call that a scripted model makes.

    Args:
        name: The function's name.
        arguments: Its arguments, or the JSON text of them (which may be broken on purpose).
        id: The call's id; made from the function's name when None.
    """

    name: str
    arguments: Mapping[str, Any] | str = "{}"
    id: str | None = None

    @property
    def json(self) -> str:
        """The arguments as the text that goes over the wire."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Script:
    """One reply of a scripted model.

    Args:
        text: What it says. A string is cut into tokens of up to six characters with their leading
            spaces. A sequence is sent as it is, one chunk an item; a number in it is a wait in
            seconds, an `asyncio.Event` a wait until the test sets it.
        ttft: Seconds from the request to the first token, or to an error answer.
        pace: Seconds from one token to the next.
        headers_after: Seconds until the HTTP status and headers, within `ttft`.
        early_role: The role chunk (with empty content) comes with the headers, not with the
            first token.
        reasoning: What it thinks before it speaks, in tokens at the same pace.
        reasoning_field: The delta's field for it: "reasoning_content" or "reasoning".
        tool_calls: Function calls, made after the text.
        finish_reason: None for "tool_calls" or "stop", as fits.
        usage: None reports it where the request asks (`stream_options.include_usage`); True always,
            False never; a mapping is reported as it is.
        fault: How it fails, if it does.
        after: Tokens (reasoning, text and pieces of calls) sent before the fault.
        error_shape: How errors are worded: "openai", "mistral" (flat), "openrouter" (an integer
            `code`), "fastapi" (a `detail` list), "google" (in a list) or "html".
        error_message: The error's text; None for one that fits the status.
        wrong_shape: What `Fault.WRONG_SHAPES` sends, a key of `WRONG_SHAPES`.
        echo: Begins with the prefill it was given, as Mistral does.
        trims: White space at the start of a continuation is cut off, the boundary of words with it.
        continues: Where the request carries a prefill that `text` begins with, only what follows
            it is sent. True for every shape of prefill, or the shapes for which it holds; for the
            others the text is sent from its start.
        refuses: Shapes of prefill that are answered with HTTP 400 (422 in the "fastapi" shape) in
            a provider's words; "prefill" is all of them.
        crlf: Lines end in CR LF.
        no_space_after_data: `data:{…}` without the space.
        comments: A comment line before the first token and every `comment_every` seconds of
            waiting: True for ": keep-alive", or the comment's own text.
        comment_every: Seconds between comments while nothing else comes.
        no_done: Leaves `data: [DONE]` out.
        empty_choices: Begins with a chunk whose `choices` is empty, as Azure does.
        null_content: The role chunk and the finishing chunk carry `"content": null`.
        split_bytes: Each event is cut at odd places, also inside a character and inside the line
            ending, and sent in pieces.
        coalesce: Several events in one write: True for all of them, or how many.
        list_content: `content` is a list of parts, thinking among them, as Mistral sends it.
        usage_in_choice: Usage stands in the last choice, as Moonshot sends it.

    Raises:
        ValueError: A value that no server could play, with the field's name.
    """

    text: str | Sequence[Step] = ""
    ttft: float = 0.0
    pace: float = 0.0
    headers_after: float = 0.0
    early_role: bool = False
    reasoning: str = ""
    reasoning_field: str = "reasoning_content"
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str | None = None
    usage: bool | Mapping[str, Any] | None = None
    fault: Fault | None = None
    after: int = 0
    error_shape: str = "openai"
    error_message: str | None = None
    wrong_shape: str = "choices_string"
    echo: bool = False
    trims: bool = False
    continues: bool | Collection[str] = False
    refuses: Collection[str] = ()
    crlf: bool = False
    no_space_after_data: bool = False
    comments: bool | str = False
    comment_every: float = 0.05
    no_done: bool = False
    empty_choices: bool = False
    null_content: bool = False
    split_bytes: bool = False
    coalesce: bool | int = False
    list_content: bool = False
    usage_in_choice: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be played."""
        for field in ("ttft", "pace", "headers_after", "after"):
            if getattr(self, field) < 0:
                raise ValueError(f"{field} must not be negative, got {getattr(self, field)!r}")
        if self.comment_every <= 0:
            raise ValueError(f"comment_every must be above 0, got {self.comment_every!r}")
        for field, known in (
            ("reasoning_field", REASONING_FIELDS),
            ("error_shape", ERROR_SHAPES),
            ("wrong_shape", WRONG_SHAPES),
        ):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"{field} must be one of {', '.join(known)}, got {getattr(self, field)!r}"
                )
        if isinstance(self.refuses, str):
            object.__setattr__(self, "refuses", (self.refuses,))
        if isinstance(self.continues, str):
            object.__setattr__(self, "continues", (self.continues,))
        shapes = set(self.refuses) - {"prefill"}
        if not isinstance(self.continues, bool):
            shapes |= set(self.continues)
        if unknown := shapes - set(PREFILL_SHAPES):
            raise ValueError(
                f"no such shape of prefill: {', '.join(sorted(unknown))}; "
                f"there are {', '.join(PREFILL_SHAPES)}"
            )

    @classmethod
    def tool_call(
        cls,
        name: str,
        arguments: Mapping[str, Any] | str = "{}",
        *,
        id: str | None = None,
        **options: Any,
    ) -> "Script":
        """A reply that calls one function; `options` are the other fields of a script."""
        return cls(tool_calls=(ToolCall(name, arguments, id),), **options)

    def refuses_prefill(self, prefill: Prefill | None) -> bool:
        """Whether a request with this prefill is answered with an error."""
        return prefill is not None and ("prefill" in self.refuses or prefill.shape in self.refuses)

    def steps(self, prefill: Prefill | None) -> list[Step]:
        """The text as tokens and waits, the prefill cut off or echoed as the script says."""
        text = self.text
        steps: list[Step] = list(tokens(text)) if isinstance(text, str) else list(text)
        if prefill is None:
            return steps
        if self.continues is True or (self.continues and prefill.shape in self.continues):
            steps = _after(prefill.text, steps)
            if self.trims:
                steps = _trimmed(steps)
        return [*tokens(prefill.text), *steps] if self.echo else steps


def tokens(text: str) -> list[str]:
    """Cut a text into pieces about as long as a model's tokens; joined they are the text."""
    return _TOKEN.findall(text)


def _after(prefill: str, steps: list[Step]) -> list[Step]:
    """What follows the prefill in the steps; all of them where they do not begin with it."""
    if not "".join(step for step in steps if isinstance(step, str)).startswith(prefill):
        return steps
    rest: list[Step] = []
    left = len(prefill)
    for step in steps:
        if left <= 0:
            rest.append(step)
        elif isinstance(step, str):
            if left < len(step):
                rest.append(step[left:])
            left -= len(step)
    return rest


def _trimmed(steps: list[Step]) -> list[Step]:
    """Return the steps without the white space that their text begins with."""
    for place, step in enumerate(steps):
        if isinstance(step, str) and (text := step.lstrip()):
            return [
                *(s for s in steps[:place] if not isinstance(s, str)),
                text,
                *steps[place + 1 :],
            ]
    return steps
