"""One reply of a chat-completions server, from bytes to deltas. Pure: no I/O, no clock."""

from dataclasses import dataclass, field
from typing import Any, cast

from blastoff_pipecat.endpoints.deltas import (
    Delta,
    Finished,
    ReasoningDelta,
    TextDelta,
    UsageReport,
)
from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.errors import GarbledStream, ServerFailed, error_in, web_page
from blastoff_pipecat.endpoints.sse import SseDecoder
from blastoff_pipecat.endpoints.tool_fragments import ToolFragments
from blastoff_pipecat.endpoints.usage import usage_in
from blastoff_pipecat.endpoints.wire_json import loads

FAILED_REASONS = frozenset({"error", "network_error", "abort", "insufficient_system_resource"})
"""Finish reasons with which OpenRouter, Zhipu, SGLang and DeepSeek say that the server failed."""

MAX_PENDING_BYTES = 4_000_000
"""How much may come without making an event, or as one JSON body, before it is no reply."""

MAX_REPLY_BYTES = 64_000_000
"""How much may come in all: some 200,000 tokens with all that is written around each."""


@dataclass(slots=True, eq=False)
class ReplyDecoder:
    """Reads the body of one HTTP 200 response, an event stream or a plain completion.

    Attributes:
        endpoint: Is named in errors.
        finish_reason: The server's word for why the reply is over, once it came.
        done: Whether nothing more can come: ``[DONE]``, or the end of the body.
    """

    endpoint: ChatEndpoint
    finish_reason: str | None = field(default=None, init=False)
    done: bool = field(default=False, init=False)
    _sse: SseDecoder = field(default_factory=SseDecoder, init=False)
    _size: int = field(default=0, init=False)  # bytes that came
    # All of them, as long as they have not proved to be an event stream.
    _body: bytearray = field(default_factory=bytearray, init=False)
    _tools: ToolFragments = field(default_factory=ToolFragments, init=False)
    _usage: UsageReport | None = field(default=None, init=False)
    _saw_choices: bool = field(default=False, init=False)
    # The first half of a surrogate pair that was cut between two events.
    _half: str = field(default="", init=False)
    # Pieces not yet joined into a delta; one of the two is empty. (`list[str]()` would be slow.)
    _text: list[str] = field(default_factory=lambda: [], init=False)
    _reasoning: list[str] = field(default_factory=lambda: [], init=False)

    def feed(self, raw: bytes) -> list[Delta]:
        """Return what ``raw`` completes; text that came together is one delta.

        Raises:
            GarbledStream: It is no chat-completions reply.
            ServerFailed: The server reports a failure inside the stream.
        """
        sse = self._sse
        self._size += len(raw)
        if self._size > MAX_REPLY_BYTES:
            raise GarbledStream(self.endpoint, f"more than {MAX_REPLY_BYTES} bytes", raw)
        if sse.is_stream:
            payloads = sse.feed(raw)
        else:
            self._body += raw
            payloads = [] if sse.is_stream is False else sse.feed(raw)
            if sse.is_stream:
                self._body.clear()
            elif sse.is_stream is False and self._body[:1000].lstrip()[:1] not in b"{[":
                raise self._no_reply("not an event stream")
        if not payloads:
            if sse.pending > MAX_PENDING_BYTES or len(self._body) > MAX_PENDING_BYTES:
                raise GarbledStream(
                    self.endpoint, f"no event within {MAX_PENDING_BYTES} bytes", raw
                )
            return []
        deltas: list[Delta] = []
        for payload in payloads:
            if not self.done:
                self._read_payload(payload, deltas)
        self._join(deltas)
        return deltas

    def end(self, *, is_whole: bool = False) -> list[Delta]:
        """Return the rest: the body is over, or enough of it was waited for.

        Args:
            is_whole: Whether the body certainly came to its own end, and was not cut off. Then that
                is the reply's end, though the server did not say so.

        Returns:
            What was still held, then the usage where there was one, and ``Finished``.

        Raises:
            GarbledStream: There was no reply in it.
            ServerFailed: It broke off in the middle.
        """
        deltas: list[Delta] = []
        if self._sse.is_stream is not False:
            for payload in self._sse.flush():
                if not self.done:
                    self._read_payload(payload, deltas)
        if not self._sse.is_stream:
            self._read_plain(deltas)
        if self._half:
            self._half = ""
            self._text.append("\ufffd")
        self._join(deltas)
        if self.finish_reason is None:
            if self._sse.odd is not None and not self.done:
                raise GarbledStream(
                    self.endpoint, "an event stream with something else in it", self._sse.odd
                )
            if not self._saw_choices:
                raise GarbledStream(self.endpoint, "an event stream with no reply in it", b"")
            if not (self.done or is_whole):
                raise ServerFailed(
                    self.endpoint, "the stream broke off before the end of the reply"
                )
            if self._tools.is_cut_off:
                raise ServerFailed(
                    self.endpoint, "the reply ended in the middle of a tool call's arguments"
                )
            self.finish_reason = "tool_calls" if self._tools else "stop"
        self.done = True
        if self._usage is not None:
            deltas.append(self._usage)
        deltas.append(Finished(self.finish_reason))
        return deltas

    def _read_payload(self, payload: bytes, deltas: list[Delta]) -> None:
        """Read one event."""
        if payload == b"[DONE]":
            self.done = True
            return
        try:
            chunk = loads(payload)
        except ValueError:
            self._read_odd(payload, deltas)
        else:
            self._read_chunk(chunk, deltas)

    def _read_odd(self, payload: bytes, deltas: list[Delta]) -> None:
        """Read an event that is not one JSON text: an unusual end mark, or several in one event."""
        bare = payload.strip()
        if bare == b"[DONE]":
            self.done = True
            return
        if not bare:
            return
        lines = bare.split(b"\n")
        if len(lines) == 1:
            raise GarbledStream(self.endpoint, "an event that is not JSON", payload)
        for line in lines:  # a server that leaves out the blank line between events
            if not self.done:
                self._read_payload(line, deltas)

    def _read_chunk(self, chunk: Any, deltas: list[Delta]) -> None:
        """Read one parsed event."""
        try:
            choices = chunk["choices"]
            if chunk.get("usage") or "x_groq" in chunk or "error" in chunk:
                self._read_extras(chunk)
            if not choices:  # a usage chunk, or Azure's prompt filter
                if choices is not None and not isinstance(choices, list):
                    raise TypeError("choices is no list")
                self._saw_choices = True
                return
            choice = choices[0]
            if choice.get("index"):  # n > 1 is never asked for: only the first choice is spoken
                return
            delta: Any = choice.get("delta") or choice.get("message")
            if delta:
                self._read_delta(delta, deltas)
            self._saw_choices = True
            if "usage" in choice:
                self._usage = usage_in(chunk) or self._usage
            if reason := choice.get("finish_reason"):
                self._finish(reason, choice)
        except KeyError:  # no choices: an error, usage, or something to pass over
            self._read_extras(chunk)
        except (TypeError, AttributeError, IndexError, ValueError) as exc:
            raise GarbledStream(
                self.endpoint, f"an event of the wrong shape ({exc})", repr(chunk)[:2000]
            ) from None

    def _read_delta(self, delta: dict[str, Any], deltas: list[Delta]) -> None:
        """Read what one choice brings."""
        content = delta.get("content")
        if content and len(delta) == 1 and isinstance(content, str):  # nearly every event
            self._add_text(content, deltas)
            return
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(reasoning, str) and reasoning:
            self._add_reasoning(reasoning, deltas)
        # A refusal is the model declining in its own words, which are to be heard.
        for said in (content, delta.get("refusal")):
            if isinstance(said, str):
                if said:
                    self._add_text(said, deltas)
            elif isinstance(said, list):
                self._read_parts(cast("list[Any]", said), deltas)
            elif said is not None:
                raise TypeError(f"content is a {type(said).__name__}")
        calls = delta.get("tool_calls")
        if calls:
            if not isinstance(calls, list):
                raise TypeError("tool_calls is no list")
            self._join(deltas)
            for fragment in cast("list[dict[str, Any]]", calls):
                deltas.append(self._tools.read(fragment))

    def _read_parts(self, parts: list[Any], deltas: list[Delta]) -> None:
        """Read content that is a list, as Mistral's thinking models send it."""
        for part in parts:
            if isinstance(part, str):
                self._add_text(part, deltas)
                continue
            kind = part.get("type")
            if kind == "thinking":
                thinking = part.get("thinking") or ""
                if isinstance(thinking, list):
                    thoughts = cast("list[dict[str, Any]]", thinking)
                    thinking = "".join(str(thought.get("text") or "") for thought in thoughts)
                if thinking:
                    self._add_reasoning(str(thinking), deltas)
            elif kind in ("text", "output_text", None):
                text = part.get("text") or ""
                if not isinstance(text, str):
                    raise TypeError(f"a text part holds a {type(text).__name__}")
                if text:
                    self._add_text(text, deltas)

    def _add_text(self, text: str, deltas: list[Delta]) -> None:
        """Hold a piece of text until its delta is joined."""
        if self._reasoning:
            self._join(deltas)
        if self._half or not text.isascii():
            text = self._mend(text)
        self._text.append(text)

    def _add_reasoning(self, text: str, deltas: list[Delta]) -> None:
        """Hold a piece of reasoning until its delta is joined."""
        if self._text:
            self._join(deltas)
        self._reasoning.append(text if text.isascii() else _whole(text))

    def _mend(self, text: str) -> str:
        """Join a surrogate pair that was cut between two events; a lone half becomes U+FFFD."""
        text = self._half + text
        self._half = ""
        if "\ud800" <= text[-1] <= "\udbff":
            self._half = text[-1]
            text = text[:-1]
        return _whole(text)

    def _join(self, deltas: list[Delta]) -> None:
        """Turn the held pieces into one delta."""
        if self._text:
            text = self._text[0] if len(self._text) == 1 else "".join(self._text)
            self._text.clear()
            if text:
                deltas.append(TextDelta(text))
        elif self._reasoning:
            deltas.append(ReasoningDelta("".join(self._reasoning)))
            self._reasoning.clear()

    def _finish(self, reason: object, choice: dict[str, Any]) -> None:
        """Note why the reply is over."""
        if not isinstance(reason, str):
            raise TypeError(f"finish_reason is a {type(reason).__name__}")
        if reason in FAILED_REASONS:
            found = error_in({"error": choice.get("error")})  # OpenRouter tells more there
            why, status = found or ("", None)
            raise ServerFailed(
                self.endpoint,
                f"the reply ended with finish_reason {reason!r}{why and ': '}{why}",
                status_code=status,
            )
        if self.finish_reason is None:
            self.finish_reason = reason

    def _read_extras(self, chunk: dict[str, Any]) -> None:
        """Read usage and errors beside the choices."""
        if found := error_in(chunk):
            raise ServerFailed(
                self.endpoint, f"an error inside the stream: {found[0]}", status_code=found[1]
            )
        self._usage = usage_in(chunk) or self._usage

    def _no_reply(self, what: str) -> GarbledStream:
        """Say what the body is instead of a reply."""
        body = bytes(self._body)
        if (page := web_page(body)) is not None:
            what = "a web page, HTTP 200, instead of a reply (check the path in base_url)"
            return GarbledStream(self.endpoint, what, page)
        return GarbledStream(self.endpoint, what, body)

    def _read_plain(self, deltas: list[Delta]) -> None:
        """Read a body that is no event stream: a whole completion, sent in spite of "stream"."""
        if not self._body.strip():
            raise GarbledStream(self.endpoint, "an empty body")
        try:
            completion = loads(bytes(self._body))
        except ValueError:
            raise self._no_reply("neither an event stream nor JSON") from None
        if not isinstance(completion, dict):
            raise GarbledStream(self.endpoint, "not a chat completion", bytes(self._body))
        self._read_chunk(completion, deltas)
        if not self._saw_choices:
            raise GarbledStream(self.endpoint, "not a chat completion", bytes(self._body))
        self.done = True


def _whole(text: str) -> str:
    """Return ``text`` with pairs of surrogates joined and lone halves replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
