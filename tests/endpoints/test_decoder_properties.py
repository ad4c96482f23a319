import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from blastoff_pipecat.endpoints.decoder import ReplyDecoder
from blastoff_pipecat.endpoints.deltas import (
    Delta,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from blastoff_pipecat.endpoints.errors import EndpointError
from blastoff_pipecat.endpoints.sse import SseDecoder
from tests.endpoints.events import DONE, event, raw_event, stop
from tests.endpoints.test_decoder import ENDPOINT
from tests.kit.fuzz import fuzzed

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_DELTAS = st.one_of(
    _TEXT.map(lambda text: {"content": text}),
    _TEXT.map(lambda text: {"reasoning": text}),
    _TEXT.map(lambda text: {"role": "assistant", "content": text}),
    st.tuples(st.integers(0, 2), _TEXT).map(
        lambda call: {"tool_calls": [{"index": call[0], "function": {"arguments": call[1]}}]}
    ),
)
_STREAMS = st.lists(_DELTAS, max_size=8)
_ENDS = st.sampled_from([b"", DONE, raw_event({"choices": [], "usage": {"prompt_tokens": 2}})])


def _pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(raw) + 1) for cut in cuts})
    return [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]


def _read(pieces: list[bytes]) -> list[Delta]:
    decoder = ReplyDecoder(ENDPOINT)
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    return deltas + decoder.end()


def _joined(deltas: list[Delta]) -> list[Any]:
    """The deltas with neighbours of one kind joined."""
    result: list[Any] = []
    for delta in deltas:
        last = result[-1] if result else None
        if isinstance(delta, TextDelta | ReasoningDelta) and type(last) is type(delta):
            result[-1] = type(delta)(last.text + delta.text)
        else:
            result.append(delta)
    return result


@given(_STREAMS, _ENDS, st.lists(st.integers(0, 10_000), max_size=12), st.booleans())
def test_any_cut_of_the_bytes_gives_the_same_reply(
    deltas: list[dict[str, Any]], end: bytes, cuts: list[int], crlf: bool
) -> None:
    """How the network cuts a stream changes only where deltas are joined."""
    raw = b"".join(event(delta) for delta in deltas) + stop() + end
    if crlf:
        raw = raw.replace(b"\n", b"\r\n")
    assert _joined(_read(_pieces(raw, cuts))) == _joined(_read([raw]))


@given(_STREAMS)
def test_no_character_is_lost_or_moved(deltas: list[dict[str, Any]]) -> None:
    """All text comes out once and in order, byte by byte."""
    raw = b"".join(event(delta) for delta in deltas) + stop()
    read = _read([raw[place : place + 1] for place in range(len(raw))])
    assert "".join(d.text for d in read if isinstance(d, TextDelta)) == "".join(
        delta.get("content", "") for delta in deltas
    )
    assert [d for d in read if isinstance(d, Finished)] == [read[-1]]


@given(_STREAMS, st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), max_size=6))
def test_damaged_bytes_raise_nothing_but_endpoint_errors(
    deltas: list[dict[str, Any]], damage: list[tuple[int, int]]
) -> None:
    """A broken server is an EndpointError or a reply, never another exception."""
    raw = bytearray(b"".join(event(delta) for delta in deltas) + stop() + DONE)
    for place, value in damage:
        raw[place % len(raw)] = value
    _try(bytes(raw))


@given(st.binary(max_size=300), st.sampled_from([b"", b"data: ", b"data: {", b"{", b":\n"]))
def test_random_bytes_raise_nothing_but_endpoint_errors(raw: bytes, start: bytes) -> None:
    """Nor does anything else that a socket may bring."""
    _try(start + raw)


# fmt: off
_NAMES = [
    "choices", "delta", "message", "content", "tool_calls", "function", "name", "arguments", "id",
    "index", "usage", "error", "code", "type", "text", "thinking", "finish_reason", "x_groq",
    "prompt_tokens", "detail", "prompt_tokens_details", "cached_tokens", "reasoning", "refusal",
    "metadata", "raw", "loc",
]
# fmt: on
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_NAMES),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(_JSON, max_size=4), st.booleans())
@settings(max_examples=150)
def test_any_json_raises_nothing_but_endpoint_errors(chunks: list[Any], wrapped: bool) -> None:
    """Every shape of JSON is read, passed over or refused."""
    if wrapped:
        chunks = [{"choices": [{"delta": chunk}]} for chunk in chunks]
    raw = b"".join(raw_event(chunk) for chunk in chunks)
    _try(raw)
    _try(raw + stop())
    for chunk in chunks:
        _try(json.dumps(chunk).encode())


def _try(raw: bytes) -> None:
    try:
        deltas = _read([raw[:7], raw[7:]])
    except EndpointError as error:
        deltas = [TextDelta(str(error)), Finished("failed")]
    assert isinstance(deltas[-1], Finished)
    for delta in deltas:
        if isinstance(delta, TextDelta | ReasoningDelta):
            assert delta.text
            delta.text.encode()
        elif isinstance(delta, ToolCallDelta):
            assert isinstance(delta.arguments, str)


_SOUP = st.lists(
    st.sampled_from(
        [
            *(b"data: ", b"data:", b"\n", b"\r\n", b"\n\n", b": c", b"event: x", b"[DONE]", b"{}"),
            *(b'{"choices":[{"delta":{"content":"a"}}]}', b'{"choices":[]}', b'{"choices":7}'),
            *(b'{"choices":[{"delta":{"tool_calls":[{}]}}]}', b'{"error":{"code":5}}', b"\xff\xfe"),
            *(
                b'{"choices":[{"finish_reason":"stop"}]}',
                b'{"usage":[]}',
                b"[" * 2000,
                b"\xef\xbb\xbf",
            ),
        ]
    )
    | st.binary(max_size=12),
    max_size=14,
)


@fuzzed
@given(_SOUP, st.lists(st.integers(0, 500), max_size=5))
def test_whatever_comes_is_a_reply_or_an_endpoints_error(
    soup: list[bytes], cuts: list[int]
) -> None:
    """No bytes break the decoder, and events are cut alike however they come."""
    raw = b"".join(soup)
    with suppress(EndpointError):
        assert isinstance(_read(_pieces(raw, cuts))[-1], Finished)
    whole, cut = SseDecoder(), SseDecoder()
    found = [payload for piece in _pieces(raw, cuts) for payload in cut.feed(piece)] + cut.flush()
    assert found == whole.feed(raw) + whole.flush()
    assert (cut.is_stream, cut.odd) == (whole.is_stream, whole.odd)
