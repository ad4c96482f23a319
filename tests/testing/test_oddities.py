"""The odd but legal ways in which providers write their streams."""

import json
from typing import Any

import pytest

from blastoff_pipecat.testing import Script, ScriptedEndpoint

TEXT = "Grüße aus Tromsø 🌦, um vier."


async def test_lines_can_end_in_cr_lf(server: ScriptedEndpoint, ask: Any):
    """With crlf every line of the stream ends in CR LF."""
    server.play("m", Script(TEXT, crlf=True))
    heard = await ask.stream()
    assert heard.text == TEXT
    assert heard.raw.count(b"\n") == heard.raw.count(b"\r\n") > 0


async def test_the_space_after_data_can_be_missing(server: ScriptedEndpoint, ask: Any):
    """With no_space_after_data the JSON follows the colon at once."""
    server.play("m", Script(TEXT, no_space_after_data=True))
    heard = await ask.stream()
    assert heard.text == TEXT
    assert b"data: " not in heard.raw


async def test_comments_fill_the_wait_for_the_first_token(server: ScriptedEndpoint, ask: Any):
    """Comments come with the headers and while nothing else does; they are no output."""
    server.play("m", Script("Hi", ttft=0.2, comments=True, comment_every=0.04))
    async with ask.open() as response:
        first = await anext(response.aiter_raw())
        assert first == b": keep-alive\n\n"
        assert server.requests[0].first_byte is None
    server.play("m", Script("Hi", ttft=0.2, comments="OPENROUTER PROCESSING", comment_every=0.04))
    heard = await ask.stream()
    assert heard.text == "Hi"
    assert heard.raw.count(b": OPENROUTER PROCESSING\n\n") >= 3


async def test_the_end_marker_can_be_missing(server: ScriptedEndpoint, ask: Any):
    """With no_done the stream ends after its finish_reason."""
    server.play("m", Script("Hi", no_done=True))
    heard = await ask.stream()
    assert heard.finish_reasons == ["stop"]
    assert "[DONE]" not in heard.data


async def test_a_chunk_without_choices_can_come_first(server: ScriptedEndpoint, ask: Any):
    """With empty_choices the first chunk has none."""
    server.play("m", Script("Hi", empty_choices=True))
    heard = await ask.stream()
    assert heard.chunks[0]["choices"] == []
    assert heard.text == "Hi"


async def test_content_can_be_null(server: ScriptedEndpoint, ask: Any):
    """With null_content the first and the finishing delta carry a null."""
    server.play("m", Script("Hi", null_content=True))
    heard = await ask.stream()
    assert heard.deltas[0] == {"role": "assistant", "content": None}
    assert heard.deltas[-1] == {"content": None}


async def test_events_can_come_in_odd_pieces(server: ScriptedEndpoint, ask: Any):
    """With split_bytes reads end inside `data:`, inside a character and inside the line ending."""
    server.play("m", Script(TEXT, split_bytes=True, crlf=True))
    heard = await ask.stream()
    assert heard.text == TEXT
    assert any(read.endswith(b"dat") for read in heard.reads)
    assert any(read and read[0] & 0xC0 == 0x80 for read in heard.reads)
    assert any(read.startswith(b"\n") for read in heard.reads)


@pytest.mark.parametrize(("coalesce", "reads"), [(True, 1), (4, 3)])
async def test_several_events_can_come_in_one_read(
    server: ScriptedEndpoint, ask: Any, coalesce: bool | int, reads: int
):
    """With coalesce one write carries so many events, or all of them."""
    server.play("m", Script(["a", "b", "c", "d", "e", "f", "g", "h"], coalesce=coalesce, pace=0.01))
    heard = await ask.stream()
    assert heard.text == "abcdefgh"
    assert len(heard.reads) == reads


async def test_content_can_be_a_list_of_parts(server: ScriptedEndpoint, ask: Any):
    """With list_content text and thinking are parts of the content, streamed or not."""
    server.play("m", Script("Yes.", reasoning="Hm.", list_content=True))
    parts = [part for delta in (await ask.stream()).deltas for part in delta.get("content") or []]
    assert parts[0]["type"] == "thinking"
    assert "".join(part["text"] for part in parts if part["type"] == "text") == "Yes."
    content = (await ask.whole()).json()["choices"][0]["message"]["content"]
    assert content[0]["thinking"] == [{"type": "text", "text": "Hm."}]
    assert content[1] == {"type": "text", "text": "Yes."}


async def test_line_separators_inside_text_are_sent_raw(server: ScriptedEndpoint, ask: Any):
    """A U+2028 in a text stands unescaped in the JSON, where it must not end the line."""
    server.play("m", Script("one\u2028two\u0085three"))
    heard = await ask.stream()
    assert heard.text == "one\u2028two\u0085three"
    assert "\u2028".encode() in heard.raw


async def test_the_role_can_come_with_the_headers(server: ScriptedEndpoint, ask: Any):
    """With early_role the role chunk comes before the first token's time, and counts as none."""
    server.play("m", Script("Hi", ttft=0.2, early_role=True))
    async with ask.open() as response:
        first = await anext(response.aiter_raw())
        assert json.loads(first.removeprefix(b"data: "))["choices"][0]["delta"]["role"]
        assert server.requests[0].tokens == 0


async def test_headers_can_come_late(server: ScriptedEndpoint, ask: Any):
    """With headers_after even the status comes late."""
    server.play("m", Script("Hi", headers_after=0.1))
    assert (await ask.stream()).text == "Hi"
    assert server.requests[0].first_byte - server.requests[0].started >= 0.1
