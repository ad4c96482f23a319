"""What a script says to one request, as bytes; without time and without a connection."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from blastoff_pipecat.testing.errors import error_payload
from blastoff_pipecat.testing.prefill import Prefill
from blastoff_pipecat.testing.script import Fault, Script, tokens
from blastoff_pipecat.testing.wire import (
    GARBAGE,
    GARBAGE_JSON,
    HTML_PAGE,
    WRONG_SHAPES,
    Wire,
    call_pieces,
    usage_of,
)

Beat: TypeAlias = bytes | float | asyncio.Event
"""One thing in a reply: the event of a token, a wait in seconds, or an event to wait for."""

_ENDLESS_THOUGHT = "Let me think about that once more. "
_ENDLESS_PACE = 0.005  # s between tokens of endless reasoning in a script without a pace


class ReplyContent:
    """The parts of the answer to one request.

    Args:
        script: What to say.
        body: The request's JSON.
        model: The model's name as the request gave it.
        prefill: What the request asks to continue.
    """

    def __init__(
        self, script: Script, body: Mapping[str, Any], model: str, prefill: Prefill | None
    ) -> None:
        """Cut the script into steps; tokens are encoded when their turn comes."""
        self._script = script
        self._body = body
        self._wire = Wire(
            model,
            crlf=script.crlf,
            space=not script.no_space_after_data,
            list_content=script.list_content,
        )
        self._thoughts = tokens(script.reasoning)
        self._steps = script.steps(prefill)
        self._calls = [
            (call.id if call.id is not None else f"call_{call.name}_{index}", call.name, call.json)
            for index, call in enumerate(script.tool_calls)
        ]

    # -- streamed -------------------------------------------------------------------------------

    def comment(self) -> bytes:
        """The script's comment line, empty where it has none."""
        text = ": keep-alive" if self._script.comments is True else self._script.comments
        return self._wire.comment(text) if text else b""

    def opening(self) -> bytes:
        """What comes before the first token: the role, and perhaps a chunk without choices."""
        content = None if self._script.null_content else ""
        role = self._wire.delta({"role": "assistant", "content": content})
        return self._wire.empty_choices() + role if self._script.empty_choices else role

    def beats(self) -> Iterator[Beat]:
        """The tokens in their order, and the waits between them."""
        script, wire = self._script, self._wire
        if script.fault is Fault.ENDLESS_REASONING:
            yield from self._endless()
        for thought in self._thoughts:
            yield wire.reasoning(thought, script.reasoning_field)
        for step in self._steps:
            yield wire.text(step) if isinstance(step, str) else step
        for index, (id, name, arguments) in enumerate(self._calls):
            for piece in call_pieces(index, id, name, arguments):
                yield wire.delta({"tool_calls": [piece]})

    def _endless(self) -> Iterator[Beat]:
        thoughts = self._thoughts or tokens(_ENDLESS_THOUGHT)
        while True:
            for thought in thoughts:
                yield self._wire.reasoning(thought, self._script.reasoning_field)
                if self._script.pace == 0:
                    yield _ENDLESS_PACE

    def closing(self, sent: int) -> bytes:
        """Finish, usage and end marker, after so many tokens."""
        script, wire = self._script, self._wire
        usage = self._usage(sent)
        closing = wire.finish(
            self._reason(),
            null_content=script.null_content,
            usage=usage if script.usage_in_choice else None,
        )
        if usage is not None and not script.usage_in_choice:
            closing += wire.usage(usage)
        return closing if script.no_done else closing + wire.done()

    def last_words(self, sent: int) -> bytes | None:
        """What the fault sends before the HTTP body ends, None where it does not end by it."""
        script, wire = self._script, self._wire
        match script.fault:
            case Fault.EOF_WITHOUT_DONE:
                return b""
            case Fault.GARBAGE:
                return GARBAGE
            case Fault.GARBAGE_JSON:
                return wire.event(GARBAGE_JSON.encode())
            case Fault.ERROR_IN_STREAM:
                payload = error_payload(script.error_shape, 502, script.error_message)
                return wire.error(payload, script.error_shape)
            case Fault.FINISH_ERROR:
                return self.closing(sent)
            case _:
                return None

    def wrong_shape(self) -> bytes:
        """The chunk of a wrong shape."""
        return self._wire.event(WRONG_SHAPES[self._script.wrong_shape].encode())

    # -- in one piece ---------------------------------------------------------------------------

    @property
    def length(self) -> int:
        """How many tokens the reply has: reasoning, text and pieces of calls."""
        pieces = sum(len(call_pieces(0, *call)) for call in self._calls)
        return len(self._thoughts) + len(self._texts()) + pieces

    def waits(self) -> list[float | asyncio.Event]:
        """The waits of the script's text, in their order."""
        return [step for step in self._steps if not isinstance(step, str)]

    def whole(self) -> bytes:
        """The body of an answer that is not streamed, as the script's fault has it."""
        script = self._script
        match script.fault:
            case Fault.HTML_200:
                return HTML_PAGE
            case Fault.EMPTY_BODY:
                return b""
            case Fault.GARBAGE:
                return GARBAGE
            case Fault.GARBAGE_JSON:
                return GARBAGE_JSON.encode()
            case Fault.ERROR_IN_STREAM:
                return error_payload(script.error_shape, 502, script.error_message).encode()
            case Fault.WRONG_SHAPES:
                wrong = WRONG_SHAPES[script.wrong_shape].replace('"delta"', '"message"')
                return wrong.encode()
            case Fault.EOF_WITHOUT_DONE:
                body = self._completion()
                return body[: len(body) // 2]
            case _:
                return self._completion()

    def _completion(self) -> bytes:
        script = self._script
        # Without a stream, usage is reported whether it is asked for or not.
        usage = self._counts(self.length) if script.usage is None else self._usage(self.length)
        return self._wire.completion(
            text="".join(self._texts()),
            reasoning=script.reasoning,
            reasoning_field=script.reasoning_field,
            calls=self._calls,
            reason=self._reason(),
            usage=usage,
        )

    # -- details --------------------------------------------------------------------------------

    def _texts(self) -> list[str]:
        return [step for step in self._steps if isinstance(step, str)]

    def _reason(self) -> str:
        if self._script.finish_reason is not None:
            return self._script.finish_reason
        if self._script.fault is Fault.FINISH_ERROR:
            return "error"
        return "tool_calls" if self._calls else "stop"

    def _counts(self, sent: int) -> dict[str, Any]:
        return usage_of(self._body, sent, min(sent, len(self._thoughts)))

    def _usage(self, sent: int) -> Mapping[str, Any] | None:
        """What the stream reports, None for nothing."""
        usage = self._script.usage
        if usage is None:
            options: dict[str, Any] = self._body.get("stream_options") or {}
            usage = options.get("include_usage") is True
        if isinstance(usage, bool):
            return self._counts(sent) if usage else None
        return usage
