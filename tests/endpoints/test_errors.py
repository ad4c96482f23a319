import json

import pytest
from pipecat.utils.errors import ErrorCategory, classify_http_exception

from blastoff_pipecat.endpoints import (
    ChatEndpoint,
    ConnectFailed,
    EndpointTimeout,
    RequestRefused,
    ServerFailed,
)
from blastoff_pipecat.endpoints.errors import error_body

ENDPOINT = ChatEndpoint(base_url="https://api.test/v1", model="m", api_key="sk-very-secret-1")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"error": {"message": "no such model", "type": "invalid", "code": "not_found"}},
            "no such model (invalid, not_found)",
        ),
        (
            {"object": "error", "message": "bad", "type": "bad_request", "code": 3051},
            "bad (bad_request, 3051)",
        ),
        (
            {"error": {"code": 429, "message": "limited", "metadata": {"raw": "upstream: slow"}}},
            "limited (429, upstream: slow)",
        ),
        (
            {"detail": [{"loc": ["body", "messages"], "msg": "field required", "type": "missing"}]},
            "body.messages: field required",
        ),
        ({"detail": "Not Found"}, "Not Found"),
        ({"error": "model 'x' not found"}, "model 'x' not found"),
        ([{"error": {"code": 400, "message": "no"}}], "no (400)"),
        ({"message": "Forbidden"}, "Forbidden"),
        ({"error": {"odd": 1}}, '{"odd": 1}'),
    ],
)
def test_every_shape_of_error_is_one_line(body: object, message: str) -> None:
    """What a server says is said again, whatever it is wrapped in."""
    assert error_body(json.dumps(body).encode()) == message


@pytest.mark.parametrize("body", [b"", b"<html>\n<h1>502</h1>", b"\xff\xfe", b"[]", b"5", b"{}"])
def test_what_is_no_error_object_is_quoted(body: bytes) -> None:
    """There is always something to read, of one line and bounded."""
    text = error_body(body * 100)
    assert text
    assert len(text) <= 300
    assert "\n" not in text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<!DOCTYPE html>\n<title>502</title><h1>Bad&nbsp;Gateway</h1>", "502 Bad Gateway"),
        ("\ufeff<!-- x -->\n<HTML lang=en><style>p{}</style><p>Hi<script>a<b", "Hi"),
        ("<html>" + "<div>" * 2000, ""),
        ("<html><!-- never closed", ""),
    ],
)
def test_of_a_web_page_the_text_is_told(page: str, text: str) -> None:
    """Tags, styles, scripts and comments are left out."""
    assert error_body(page.encode()) == f"a web page: {text}"


def test_pipecat_knows_whose_fault_it_is() -> None:
    """Pipecat's own classification reads our errors like an SDK's."""
    assert (
        classify_http_exception(RequestRefused(ENDPOINT, 401, "x")) is ErrorCategory.AUTHENTICATION
    )
    assert (
        classify_http_exception(ServerFailed(ENDPOINT, "x", status_code=503))
        is ErrorCategory.SERVER
    )
    for error in (ConnectFailed(ENDPOINT, "x"), EndpointTimeout(ENDPOINT, "stall", 5.0)):
        assert classify_http_exception(error) is ErrorCategory.CONNECTIVITY


def test_an_error_names_the_endpoint_and_hides_the_key() -> None:
    """Model, host and words are there, the key is not."""
    error = RequestRefused(ENDPOINT, 401, "Incorrect API key provided: sk-very-secret-1")
    assert str(error) == "m at api.test: refused with HTTP 401: Incorrect API key provided: ***"
    assert "secret" not in repr(error) + error.body


@pytest.mark.parametrize("what", ["connect", "first token", "stall"])
def test_a_timeout_says_what_and_how_long(what: str) -> None:
    """The deadline that passed is in the message."""
    error = EndpointTimeout(ENDPOINT, what, 0.8)
    assert (error.what, error.secs) == (what, 0.8)
    assert "0.8 s" in str(error)
