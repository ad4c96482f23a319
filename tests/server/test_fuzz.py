"""Bodies that nobody would write: each is a request, or a clear 400."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.endpoints.wire_json import dumps
from blastoff_pipecat.server import fields
from blastoff_pipecat.server.body import BadRequest, parsed
from blastoff_pipecat.server.manner import PRESETS, Manner
from blastoff_pipecat.server.request import ROLES, ChatRequest, read_chat
from blastoff_pipecat.server.responses import read_responses
from tests.kit.fuzz import fuzzed

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(), each, max_size=4),
    max_leaves=12,
)
_WORDS = (
    *("messages", "role", "content", "tool_calls", "type", "text", "name", "input", "tools"),
    *("stream", "stream_options", "include_usage", "opening_ending", "max_tokens", "instructions"),
    *("function_call", "function_call_output", "output", "call_id", "arguments", "format"),
    *("reasoning", "effort", "tool_choice", "openings_with_tools", "n", "call", *ROLES),
)
_LIKELY = st.recursive(
    st.none() | st.booleans() | st.sampled_from(_WORDS) | st.integers(-2, 2) | st.text(max_size=3),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), each, max_size=5)
    ),
    max_leaves=25,
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        ["x-blastoff-for", "x-blastoff-opening-ending", "x-blastoff-openings-with-tools"]
    ),
    st.sampled_from([*PRESETS, "", "%20", "%ff", "false", "\xff" * 50]),
)


def _read(body: dict[str, Any], headers: dict[str, str]) -> list[ChatRequest]:
    requests: list[ChatRequest] = []
    for read in (read_chat, read_responses):
        try:
            found = read(dict(body), headers, Manner())
        except BadRequest as error:
            dumps(str(error))
        else:
            requests.append(found if isinstance(found, ChatRequest) else found[0])
    return requests


@fuzzed
@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_object_or_refused(raw: bytes) -> None:
    """Nothing but `BadRequest` comes of bytes; what is taken can be written again."""
    try:
        body = parsed(raw)
    except BadRequest:
        return
    dumps(body)


@fuzzed
@given(st.dictionaries(st.sampled_from(_WORDS), _LIKELY, max_size=6), _HEADERS)
def test_any_object_is_a_request_or_refused(body: dict[str, Any], headers: dict[str, str]) -> None:
    """Nothing but `BadRequest` comes of reading it, and a request can be asked for."""
    for request in _read(body, headers):
        assert request.messages
        assert all(message["role"] in ROLES for message in request.messages)
        fields.for_large_alone(request.params)
        dumps(fields.relayed(request.params))
        request.manner.without_endings(request.messages)
        assert isinstance(request.has_prefill, bool)


@fuzzed
@given(st.text(), st.sampled_from(list(PRESETS.values())))
def test_any_line_keeps_its_words(line: str, manner: Manner) -> None:
    """An ending takes no letter from a line, and is there once."""
    ended = manner.ended(line)
    assert ended.endswith(manner.opening_ending)
    assert [c for c in ended.removesuffix(manner.opening_ending) if c.isalnum()] == [
        c for c in line if c.isalnum()
    ]


@pytest.mark.parametrize("depth", [99, 100, 101, 300, 2_000, 100_000])
def test_depth_is_bounded(depth: int) -> None:
    """What is taken can be written again by whatever writes JSON; the rest is refused."""
    raw = b'{"a":' * depth + b"1" + b"}" * depth
    if depth <= 100:
        assert json.loads(dumps(parsed(raw)))
    else:
        with pytest.raises(BadRequest):
            parsed(raw)
