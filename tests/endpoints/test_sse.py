import pytest

from blastoff_pipecat.endpoints.sse import SseDecoder


def payloads(*parts: bytes) -> list[bytes]:
    decoder = SseDecoder()
    found = [payload for part in parts for payload in decoder.feed(part)]
    return found + decoder.flush()


@pytest.mark.parametrize(
    "raw",
    [
        b"data: a\n\ndata: b\n\n",
        b"data:a\n\ndata:b\n\n",
        b"data: a\r\n\r\ndata: b\r\n\r\n",
        b": OPENROUTER PROCESSING\n\ndata: a\n\n: keep-alive\n\ndata: b\n\n",
        b"event: message\nid: 7\ndata: a\n\nretry: 3\ndata: b\n\n",
        b"\xef\xbb\xbfdata: a\n\ndata: b\n\n",
        b"\n\n\ndata: a\n\n\n\ndata: b\n\n",
        b"data: a\n\ndata: b\n",
        b"data: a\n\ndata: b",
    ],
)
def test_each_way_to_write_two_events_gives_the_two(raw: bytes) -> None:
    """Line endings, comments, other fields and a missing end make no difference."""
    assert payloads(raw) == [b"a", b"b"]


def test_data_lines_of_one_event_are_joined() -> None:
    """An event of several data lines is one payload of several lines."""
    assert payloads(b"data: a\ndata: b\n\n") == [b"a\nb"]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_a_line_feed_ends_a_line(sign: str) -> None:
    """What str.splitlines takes for a line's end stays inside the payload."""
    payload = f'{{"a":"x{sign}y"}}'.encode()
    assert payloads(b"data: " + payload + b"\n\n") == [payload]


def test_an_event_is_given_at_its_blank_line() -> None:
    """Nothing waits for the next event."""
    assert SseDecoder().feed(b"data: a\n\n") == [b"a"]


@pytest.mark.parametrize("raw", [b"<html>\n", b'{"error": 1}\n', b"hello: world\n\ndata: a\n\n"])
def test_another_kind_of_body_is_recognised(raw: bytes) -> None:
    """A first line that no event stream has tells that this is none."""
    decoder = SseDecoder()
    assert decoder.feed(raw) == []
    assert decoder.is_stream is False
