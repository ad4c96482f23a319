import json
from typing import Any

import pytest

from blastoff_pipecat.endpoints.decoder import FAILED_REASONS, ReplyDecoder
from blastoff_pipecat.endpoints.deltas import (
    Delta,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.errors import GarbledStream, ServerFailed
from tests.endpoints.events import DONE, event, raw_event, said, stop

ENDPOINT = ChatEndpoint(base_url="http://model.test/v1", model="m", api_key="sk-very-secret-1")


def read(*parts: bytes) -> list[Delta]:
    """All deltas of a reply whose bytes come in these reads."""
    decoder = ReplyDecoder(ENDPOINT)
    deltas = [delta for part in parts for delta in decoder.feed(part)]
    return deltas + decoder.end()


def test_text_of_one_read_is_one_delta() -> None:
    """Tokens that arrive together leave together."""
    assert read(said("Hel") + said("lo"), said("."), stop() + DONE) == [
        TextDelta("Hello"),
        TextDelta("."),
        Finished("stop"),
    ]


def test_reasoning_and_text_keep_their_order() -> None:
    """Joining never moves text past reasoning."""
    raw = event({"reasoning": "hm"}) + event({"reasoning_content": "m"}) + said("A") + said("B")
    assert read(raw + event({"reasoning": "x"}) + stop()) == [
        ReasoningDelta("hmm"),
        TextDelta("AB"),
        ReasoningDelta("x"),
        Finished("stop"),
    ]


def test_one_chunk_with_reasoning_twice_gives_it_once() -> None:
    """A server that fills both spellings of reasoning is read once."""
    both = event({"reasoning": "hm", "reasoning_content": "hm"})
    assert read(both + stop())[0] == ReasoningDelta("hm")


@pytest.mark.parametrize(
    "odd",
    [
        raw_event({"choices": []}),
        raw_event({"choices": None}),
        raw_event({"id": "x", "object": "chat.completion.chunk"}),
        event({"role": "assistant", "content": None}),
        event({"role": "assistant", "content": ""}),
        event({"content": "no", "x": 1}).replace(b'"index": 0', b'"index": 1'),
        raw_event({"choices": [{"index": 0, "delta": None, "finish_reason": None}]}),
        b": keep-alive\n\n",
        b"event: ping\ndata: \n\n",
        b"data: [DONE] \n\n"[:0],
    ],
)
def test_empty_chunks_say_nothing(odd: bytes) -> None:
    """Empty choices, null content and comments are passed over."""
    assert read(odd, said("Hi"), odd, stop(), odd) == [TextDelta("Hi"), Finished("stop")]


def test_a_list_as_content_is_text_and_thinking() -> None:
    """Mistral's thinking parts are reasoning, its text parts are text."""
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "let me see"}]}
    raw = event({"content": [thinking, {"type": "text", "text": "Oslo"}]}) + said(".") + stop()
    assert read(raw) == [ReasoningDelta("let me see"), TextDelta("Oslo."), Finished("stop")]


def test_a_refusal_is_heard() -> None:
    """A model that declines in its own words is not silent."""
    assert read(event({"refusal": "I cannot do that."}) + stop())[0] == TextDelta(
        "I cannot do that."
    )


@pytest.mark.parametrize(
    ("usage", "cached", "reasoning"),
    [
        ({}, None, None),
        ({"prompt_tokens_details": {"cached_tokens": 4}}, 4, None),
        ({"prompt_token_details": {"cached_tokens": 4}}, 4, None),
        ({"prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}, 4, None),
        ({"cached_tokens": 4}, 4, None),
        ({"num_cached_tokens": 0}, 0, None),
        ({"completion_tokens_details": {"reasoning_tokens": 7}}, None, 7),
        ({"prompt_tokens_details": None, "cached_tokens": "x"}, None, None),
    ],
)
def test_every_spelling_of_usage_is_read(
    usage: dict[str, Any], cached: int | None, reasoning: int | None
) -> None:
    """Cached and reasoning tokens are found wherever a server puts them."""
    counted = {"prompt_tokens": 9, "completion_tokens": 2, **usage}
    raw = said("Hi") + stop() + raw_event({"choices": [], "usage": counted}) + DONE
    report = UsageReport(9, 2, 11, cached, reasoning)
    assert read(raw) == [TextDelta("Hi"), report, Finished("stop")]


@pytest.mark.parametrize(
    "where",
    [
        lambda usage: raw_event({"choices": [], "usage": usage}),
        lambda usage: event({}, "stop", usage=usage),
        lambda usage: event({}, "stop", x_groq={"id": "r", "usage": usage}),
        lambda usage: raw_event(
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage}]}
        ),
    ],
)
def test_usage_is_found_in_every_place(where: Any) -> None:
    """Usage stands in its own chunk, beside the choices, in x_groq or in the choice."""
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    assert read(said("Hi") + stop() + where(usage))[-2:] == [
        UsageReport(9, 2, 11),
        Finished("stop"),
    ]


def test_usage_in_every_chunk_is_reported_once() -> None:
    """Only the last of running totals counts."""
    chunks = [
        event({"content": "a"}, usage={"prompt_tokens": 1, "completion_tokens": n})
        for n in range(3)
    ]
    assert read(*chunks, stop())[-2:] == [UsageReport(1, 2, 3), Finished("stop")]


def _call(index: Any = None, id: str | None = None, **function: Any) -> dict[str, Any]:
    given = {"index": index, "id": id, "type": "function", "function": function}
    return {"tool_calls": [{name: value for name, value in given.items() if value is not None}]}


@pytest.mark.parametrize(
    "fragments",
    [
        [  # as OpenAI
            _call(0, "a", name="f", arguments=""),
            _call(0, arguments='{"x":'),
            _call(0, arguments="1}"),
            _call(1, "b", name="g", arguments="{}"),
        ],
        [  # index missing
            _call(None, "a", name="f", arguments=""),
            _call(None, arguments='{"x":'),
            _call(None, "a", arguments="1}"),
            _call(None, "b", name="g", arguments="{}"),
        ],
        [  # every call has index 0
            _call(0, "a", name="f", arguments='{"x":1}'),
            _call(0, "b", name="g", arguments="{}"),
        ],
        [  # name repeated, counting from 1
            _call(1, "a", name="f", arguments='{"x":'),
            _call(1, "a", name="f", arguments="1}"),
            _call(2, "b", name="g", arguments="{}"),
        ],
        [  # a fresh id on each fragment
            _call(0, "a", name="f"),
            _call(0, "a2", arguments='{"x":1}'),
            _call(1, "b", name="g", arguments="{}"),
        ],
        [  # interleaved
            _call(0, "a", name="f", arguments='{"x":'),
            _call(1, "b", name="g", arguments="{"),
            _call(0, arguments="1}"),
            _call(1, arguments="}"),
        ],
        [  # arguments as an object
            _call(0, "a", name="f", arguments={"x": 1}),
            _call(1, "b", name="g", arguments={}),
        ],
    ],
)
def test_fragments_of_calls_are_put_to_their_calls(fragments: list[dict[str, Any]]) -> None:
    """Two calls come out as two calls, whatever the server leaves out or repeats."""
    deltas = read(*[event(fragment) for fragment in fragments], stop("tool_calls"))
    assert deltas.pop() == Finished("tool_calls")
    calls: dict[int, list[str]] = {}
    for delta in deltas:
        assert isinstance(delta, ToolCallDelta)
        call = calls.setdefault(delta.index, ["", "", ""])
        for place, part in enumerate((delta.id, delta.name, delta.arguments)):
            call[place] += part or ""
    assert [(index, id, name) for index, (id, name, _) in calls.items()] == [
        (0, "a", "f"),
        (1, "b", "g"),
    ]
    assert [json.loads(arguments) for _, _, arguments in calls.values()] == [{"x": 1}, {}]


def test_several_calls_of_one_chunk_are_all_read() -> None:
    """Parallel calls may come at once."""
    both = {
        "tool_calls": _call(0, "a", name="f")["tool_calls"] * 1
        + _call(1, "b", name="g")["tool_calls"]
    }
    assert read(event(both) + stop("tool_calls"))[:2] == [
        ToolCallDelta(0, "a", "f", ""),
        ToolCallDelta(1, "b", "g", ""),
    ]


def test_an_emoji_cut_between_two_events_is_mended() -> None:
    """Halves of a surrogate pair, escaped in two events, are one character again."""
    halves = [
        b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\ude00b"}}]}\n\n',
    ]
    text = "".join(d.text for d in read(*halves, stop()) if isinstance(d, TextDelta))
    assert text == "a😀b"


def test_a_lone_half_of_a_character_does_not_cost_the_reply() -> None:
    """What cannot be mended is one replacement character, and always encodable."""
    lone = b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n'
    text = "".join(d.text for d in read(lone, stop()) if isinstance(d, TextDelta))
    assert text == "a\ufffd"


def test_a_stream_without_its_end_mark_ends_at_finish_reason() -> None:
    """[DONE] is not needed."""
    assert read(said("Hi"), stop("length"))[-1] == Finished("length")


def test_a_stream_without_finish_reason_ends_at_its_end_mark() -> None:
    """Servers that send only [DONE] have finished."""
    assert read(said("Hi"), DONE)[-1] == Finished("stop")


def test_events_without_a_blank_line_between_them_are_read() -> None:
    """A server that separates events by one line feed is still understood."""
    raw = said("a").rstrip() + b"\n" + said("b").rstrip() + b"\n" + stop()
    assert read(raw) == [TextDelta("ab"), Finished("stop")]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_plain_completion_is_understood(indent: int | None) -> None:
    """A server that does not stream, though asked to, is heard all the same."""
    completion = {
        "object": "chat.completion",
        "choices": [{"message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
    raw = json.dumps(completion, indent=indent).encode()
    assert read(raw[:20], raw[20:]) == [TextDelta("Hi."), UsageReport(3, 1, 4), Finished("stop")]


@pytest.mark.parametrize("reason", sorted(FAILED_REASONS))
def test_a_reason_that_means_failure_is_a_failure(reason: str) -> None:
    """A failed reply is not taken for a finished one."""
    with pytest.raises(ServerFailed, match=reason):
        read(said("Hi"), stop(reason))


@pytest.mark.parametrize(
    ("chunk", "message", "status"),
    [
        ({"error": {"message": "busy", "code": 503}}, "busy", 503),
        ({"error": {"message": "busy", "code": "rate"}}, "busy", None),
        ({"error": "busy"}, "busy", None),
        ({"error": {"message": "busy"}, "choices": [{"delta": {}}]}, "busy", None),
        ({"object": "error", "message": "busy", "code": 400}, "busy", 400),
        ({"x_groq": {"error": "busy"}, "choices": []}, "busy", None),
        ({"detail": "busy"}, "busy", None),
        (
            {"choices": [{"finish_reason": "error", "error": {"message": "busy", "code": 502}}]},
            "busy",
            502,
        ),
    ],
)
def test_an_error_inside_a_stream_is_the_servers_failure(
    chunk: dict[str, Any], message: str, status: int | None
) -> None:
    """Errors inside HTTP 200 are raised, with the status they name."""
    with pytest.raises(ServerFailed, match=message) as caught:
        read(said("Hi"), raw_event(chunk))
    assert caught.value.status_code == status


@pytest.mark.parametrize("end", [b"", DONE[:9], said("x")[:30]])
def test_a_stream_that_breaks_off_is_a_failure(end: bytes) -> None:
    """Half a reply is not taken for a whole one."""
    with pytest.raises((ServerFailed, GarbledStream)):
        read(said("Hi"), end)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   \n",
        b"<!DOCTYPE html><html>Bad gateway</html>",
        b"\n<html>\n</html>\n",
        b"OK",
        b"[]",
        b'{"status": "ok"}',
        b'"hello"',
        b"data: hello\n\n",
        b'data: "hello"\n\n',
        b"data: [1]\n\n",
        b"data: null\n\n",
        b"data: {\n\n",
        b": only a comment\n\n",
        raw_event({"choices": "text"}),
        raw_event({"choices": {"0": 1}}),
        raw_event({"choices": 3}),
        raw_event({"choices": ["text"]}),
        raw_event({"choices": [{"delta": ["text"]}]}),
        raw_event({"choices": [{"delta": "text"}]}),
        raw_event({"choices": [{"delta": {"content": 5}}]}),
        raw_event({"choices": [{"delta": {"content": {"text": "x"}}}]}),
        raw_event({"choices": [{"delta": {"content": [5]}}]}),
        raw_event({"choices": [{"delta": {"content": [{"type": "text", "text": 5}]}}]}),
        raw_event({"choices": [{"delta": {"tool_calls": "x"}}]}),
        raw_event({"choices": [{"delta": {"tool_calls": ["x"]}}]}),
        raw_event({"choices": [{"delta": {"tool_calls": [{"function": "x"}]}}]}),
        raw_event({"choices": [{"delta": {}, "finish_reason": {"x": 1}}]}),
        b"data: " + b"[" * 5000 + b"\n\n",
    ],
)
def test_what_is_no_reply_is_garbled(raw: bytes) -> None:
    """Anything that is not a chat-completions reply says so."""
    with pytest.raises(GarbledStream):
        read(raw)


def test_a_garbled_reply_quotes_little_and_no_key() -> None:
    """The message shows the start of what came, without the key."""
    page = b"<<odd>>your key sk-very-secret-1 is odd " + b"x" * 9000
    with pytest.raises(GarbledStream) as caught:
        read(page)
    assert "<<odd>>your key *** is odd" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_body_without_end_is_given_up() -> None:
    """Memory is bounded, whatever a server sends."""
    decoder = ReplyDecoder(ENDPOINT)
    assert decoder.feed(b"data: " + b"x" * 3_000_000) == []
    with pytest.raises(GarbledStream, match="no event within"):
        decoder.feed(b"x" * 3_000_000)
