"""What can go wrong with one endpoint: whose fault it is and what to do.

    EndpointError
    ├── ConnectFailed     nobody's or the network's: no connection, DNS, TLS, proxy. Check the URL.
    ├── EndpointTimeout   the server is too slow. Use the other model; raise the deadline.
    ├── RequestRefused    ours: the server understood and declined (HTTP 3xx and 4xx). Read why.
    ├── ServerFailed      the server's: HTTP 5xx, an error inside a stream, a stream broken off.
    └── GarbledStream     not a chat-completions server, or a broken one. Check the URL's path.

Every message names the endpoint and is free of its key; ``status_code`` is read by Pipecat's
``classify_http_exception``, which also takes ``ConnectionError`` and ``TimeoutError`` for a
connectivity failure.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint

EXCERPT_CHARS = 300
"""How much of a server's text an error message quotes, in characters."""


_SPEAKS_TLS = "the port speaks TLS: write https:// in base_url"
_SPEAKS_NO_TLS = "the port speaks no TLS: write http:// in base_url"
_TLS_ALERT = re.compile(r"\\+x15\\+x03")  # how a TLS server begins to say no, as bytes are quoted
_NOT_TLS = re.compile(r"wrong.version.number|record.layer.failure|unknown.protocol", re.I)
_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_NOT_SHOWN = re.compile(
    r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1[^>]*>|$)|<[^>]*>?", re.I | re.S
)
_WANTS_TLS = re.compile(
    r"plain http request was sent to https|http request to an https|requires tls", re.I
)


class EndpointError(Exception):
    """One model could not be asked, or did not answer properly.

    Attributes:
        endpoint: The endpoint that failed.
        status_code: The HTTP status, or the code that an error object in a stream gave.
    """

    def __init__(
        self, endpoint: ChatEndpoint, message: str, *, status_code: int | None = None
    ) -> None:
        """Keep the endpoint and the message, scrubbed of the endpoint's key."""
        self.endpoint = endpoint
        self.message = endpoint.scrub(message)
        self.status_code = status_code
        super().__init__(f"{endpoint}: {self.message}")


class ConnectFailed(EndpointError, ConnectionError):
    """No connection: the network, DNS, TLS, a proxy, or nobody listens there."""


class EndpointTimeout(EndpointError, TimeoutError):
    """The server was too slow.

    Attributes:
        what: What was waited for: "connect", "first token" or "stall".
        secs: How long, in seconds.
    """

    def __init__(self, endpoint: ChatEndpoint, what: str, secs: float) -> None:
        """Say what was waited for and how long, in seconds."""
        self.what = what
        self.secs = secs
        said = {
            "connect": f"no connection within {secs:g} s",
            "first token": f"no first token within {secs:g} s",
            "stall": f"nothing more for {secs:g} s in the middle of a reply",
        }.get(what, f"{what}: nothing within {secs:g} s")
        super().__init__(endpoint, said)


class RequestRefused(EndpointError):
    """The server declined the request (HTTP 3xx and 4xx): key, model name, fields, quota.

    Attributes:
        body: What the server said, at most 300 characters.
    """

    def __init__(self, endpoint: ChatEndpoint, status_code: int, body: str) -> None:
        """Keep the status and what the server said."""
        self.body = endpoint.scrub(body)
        where = f" for {urlsplit(endpoint.url).path}" if status_code == 404 else ""
        super().__init__(
            endpoint,
            f"refused with HTTP {status_code}{where}: {self.body}",
            status_code=status_code,
        )


class ServerFailed(EndpointError):
    """The server failed: HTTP 5xx, an error inside a stream, or a stream broken off."""


class GarbledStream(EndpointError):
    """What came is not a chat-completions reply; the message quotes a little of it.

    Attributes:
        excerpt: The quoted part, at most 300 characters.
    """

    def __init__(self, endpoint: ChatEndpoint, what: str, sent: object = b"") -> None:
        """Say what is wrong and quote the start of what was sent."""
        self.excerpt = endpoint.scrub(excerpt(sent))
        super().__init__(endpoint, f"{what}: {self.excerpt!r}" if self.excerpt else what)


def excerpt(sent: object, limit: int = EXCERPT_CHARS) -> str:
    """Return the start of what a server sent as one line of at most ``limit`` characters."""
    if isinstance(sent, bytes | bytearray):
        text = bytes(sent[: 8 * limit]).decode("utf-8", "replace")
    else:
        text = str(sent)
    text = " ".join(text[: 8 * limit].split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def web_page(sent: bytes) -> str | None:
    """Return what can be read on a web page, in one line; None where it is no web page."""
    text = sent[: 8 * EXCERPT_CHARS].decode("utf-8-sig", "replace")
    if not _PAGE.match(text):
        return None
    return excerpt(html.unescape(_NOT_SHOWN.sub(" ", text)), 200)


def refusal(endpoint: ChatEndpoint, status: int, body: bytes, location: str) -> EndpointError:
    """Name a response that is no reply.

    Args:
        endpoint: Who sent it.
        status: Its HTTP status, none of 2xx.
        body: The start of its body.
        location: Where a redirect points to.
    """
    if status >= 500:
        return ServerFailed(endpoint, f"HTTP {status}: {error_body(body)}", status_code=status)
    if 300 <= status < 400:
        where = excerpt(location or "nowhere")
        return RequestRefused(endpoint, status, f"moved to {where}: change base_url")
    if status == 400 and _WANTS_TLS.search(body[: 8 * EXCERPT_CHARS].decode("utf-8", "replace")):
        return RequestRefused(endpoint, status, _SPEAKS_TLS)
    return RequestRefused(endpoint, status, error_body(body))


def tls_mismatch(said: str) -> str | None:
    """Say which scheme the port wants, where an error tells that it is the other one."""
    if _TLS_ALERT.search(said):
        return _SPEAKS_TLS
    return _SPEAKS_NO_TLS if _NOT_TLS.search(said) else None


def perhaps_tls(url: str) -> str:
    """Say what may be wrong where a plain HTTP request was not answered in HTTP."""
    return f" (perhaps {_SPEAKS_TLS})" if url.startswith("http:") else ""


def error_in(chunk: Mapping[str, Any]) -> tuple[str, int | None] | None:
    """Find an error in a JSON object, in any of the shapes that servers use.

    OpenAI: ``{"error": {"message", "type", "param", "code"}}`` (OpenRouter's ``code`` is the HTTP
    status, and ``metadata.raw`` holds the upstream's own words); a plain string as ``error``;
    Mistral: the same fields flat beside ``"object": "error"``; FastAPI: ``{"detail": …}``, text or
    a list; Groq: ``x_groq.error``.

    Args:
        chunk: A parsed response body, or one event of a stream.

    Returns:
        A message of one line and the HTTP status it names, if any; None where there is no error.
    """
    error = chunk.get("error")
    if error:
        return (_describe(error), _status(error))
    x_groq = chunk.get("x_groq")
    if isinstance(x_groq, dict) and "error" in x_groq:
        return (_describe(cast("dict[str, Any]", x_groq)["error"]), None)
    if "choices" in chunk:
        return None
    if chunk.get("object") == "error" or chunk.get("type") == "error":
        return (_describe(chunk), _status(chunk))
    for name in ("detail", "errors", "message"):
        if chunk.get(name):
            return (_describe(chunk[name]), _status(chunk))
    return None


def error_body(body: bytes) -> str:
    """Turn the body of a refused request into one clear line of at most 300 characters."""
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, list) and parsed:  # Gemini wraps its error object in a list
        parsed = cast("list[object]", parsed)[0]
    if isinstance(parsed, dict) and (found := error_in(cast("dict[str, Any]", parsed))):
        return excerpt(found[0])
    if (page := web_page(body)) is not None:
        return f"a web page: {page}"
    return excerpt(body) or "(no body)"


def _describe(error: object) -> str:
    """Say in one line what an error object, list or text says."""
    if isinstance(error, str):
        return excerpt(error)
    if isinstance(error, list):
        return excerpt("; ".join(_describe(one) for one in cast("list[object]", error)[:5]))
    if not isinstance(error, dict):
        return excerpt(error)
    fields = cast("dict[str, Any]", error)
    said = fields.get("message") or fields.get("msg") or fields.get("detail")
    text = _describe(said) if said else excerpt(json.dumps(fields, ensure_ascii=False, default=str))
    where = fields.get("loc")
    if isinstance(where, list | tuple):
        text = f"{'.'.join(str(part) for part in cast('list[object]', where))}: {text}"
    notes = [
        str(fields[name])
        for name in ("type", "code", "param")
        if fields.get(name) and not isinstance(fields[name], dict | list) and "msg" not in fields
    ]
    metadata = fields.get("metadata")
    if isinstance(metadata, dict) and (raw := cast("dict[str, Any]", metadata).get("raw")):
        notes.append(excerpt(raw, 120))
    return excerpt(f"{text} ({', '.join(notes)})" if said and notes else text)


def _status(error: object) -> int | None:
    """Read an HTTP status out of an error object's ``code`` or ``status``."""
    if not isinstance(error, dict):
        return None
    fields = cast("dict[str, Any]", error)
    for name in ("code", "status", "status_code"):
        value = fields.get(name)
        if isinstance(value, str) and value.isdigit() and len(value) == 3:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    return None
