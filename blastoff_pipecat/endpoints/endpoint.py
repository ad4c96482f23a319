"""Where one model is and how to talk to it."""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from loguru import logger
from yarl import URL

from blastoff_pipecat.endpoints.providers import is_known_host, is_private

if TYPE_CHECKING:
    import httpx

CONTINUATIONS = (
    "auto",
    "history",
    "trailing",
    "message_prefix",
    "message_partial",
    "body_prefix",
    "continue_final_message",
)
"""What ``ChatEndpoint.continuation`` may be."""

CHOICES = ("auto", "none", "grammar", "choice", "regex", "json_schema")
"""What ``ChatEndpoint.choice`` may be; ``choice.py`` says what each sends."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|password|sig", re.IGNORECASE)
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "host", "accept-encoding"})
_OTHER_RESOURCE = re.compile(r"/(?:chat/completions|responses|v\d+\w*/models)$")
_QUOTES = "\"'`"
_SHORT_SECRET = 8  # characters; shorter ones are scrubbed only where they stand as a word


@dataclass(frozen=True, kw_only=True, repr=False)
class ChatEndpoint:
    """One model behind an OpenAI-compatible chat-completions URL.

    Everything is checked here, so that a typing error is one clear message at start and not a
    silent bot. Neither ``repr``, ``str`` nor an error message ever holds the key.

    Attributes:
        base_url: The URL before ``/chat/completions``, such as ``https://api.groq.com/openai/v1``.
            A query (``?api-version=…``) is kept.
        model: The model's name, as the server knows it.
        api_key: Sent as a bearer token; None sends no ``Authorization`` header. The key alone,
            without ``Bearer``. Public hosts that are known want one, here or in ``headers``.
        continuation: How the model is asked to go on with words that were already spoken:
            ``"auto"`` (an allow-list by host and model) or one of ``CONTINUATIONS``.
        extra: Body fields merged into each request last; nested mappings are merged, anything else
            replaces what was there, and None removes the field.
        headers: Headers added to each request, or replacing the ones sent otherwise.
        choice: How the model is kept to a list of openings, one of ``CHOICES``.
        http_client: An `httpx.AsyncClient` of yours that carries the requests, for proxies,
            certificates, HTTP/2 and hooks of your own; None for the package's own connections,
            which cost less. Whoever makes it closes it. Its timeouts and redirects are not used, no
            connection is opened ahead, and over HTTP/2 a server is not told of an interruption.

    Raises:
        ValueError: A field is missing or malformed. The message names the field and what to do.
    """

    base_url: str
    model: str
    api_key: str | None = None
    continuation: str = "auto"
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    choice: str = "auto"
    http_client: "httpx.AsyncClient | None" = None

    def __post_init__(self) -> None:
        """Check every field and detach the mappings from the caller's."""
        _check_base_url(self.base_url)
        _check_text("model", self.model, "give the model's name as the server knows it")
        _check_api_key(self.api_key)
        _check_name("continuation", self.continuation, CONTINUATIONS)
        _check_name("choice", self.choice, CHOICES)
        _check_extra(self.extra)
        _check_headers(self.headers)
        _check_http_client(self.http_client)
        self._check_key_against_host()
        object.__setattr__(self, "base_url", self.base_url.strip())
        object.__setattr__(self, "model", self.model.strip())
        object.__setattr__(self, "api_key", (self.api_key or "").strip() or None)
        object.__setattr__(self, "extra", copy.deepcopy(dict(self.extra)))
        object.__setattr__(self, "headers", dict(self.headers))

    def _check_key_against_host(self) -> None:
        """Refuse what a public host would: no key, or more than the key. Quotes nothing of it."""
        key = (self.api_key or "").strip()
        host = (urlsplit(self.base_url.strip()).hostname or "").lower()
        if not key:
            named = [*self.headers, *(name for name, _ in parse_qsl(urlsplit(self.base_url).query))]
            elsewhere = self.http_client is not None or any(map(_SECRET_NAME.search, named))
            if is_known_host(host) and not elsewhere:
                raise ValueError(f"ChatEndpoint api_key is missing: {host} asks for one.")
            return
        if key.lower().startswith("bearer "):
            what = 'ChatEndpoint api_key begins with "Bearer ", which is added when it is sent'
        elif key[0] in _QUOTES or key[-1] in _QUOTES:
            what = "ChatEndpoint api_key has quotation marks round it"
        else:
            return
        if is_private(host):  # any word will do for a server that asks for none
            _warn_once(f"{what}: give the key alone, if {host} asks for one.")
        else:
            raise ValueError(f"{what}: give the key alone.")

    @cached_property
    def host(self) -> str:
        """The host's name, in lower case and without the port."""
        return (urlsplit(self.base_url).hostname or "").lower()

    @cached_property
    def port(self) -> int | None:
        """The port, where the URL names one."""
        return urlsplit(self.base_url).port

    @cached_property
    def url(self) -> str:
        """The full URL of the chat-completions resource."""
        parts = urlsplit(self.base_url)
        path = parts.path.rstrip("/") + "/chat/completions"
        return parts._replace(path=path, fragment="").geturl()

    def scrub(self, text: str) -> str:
        """Return ``text`` without the key and the values of secret headers and query fields."""
        for secret in self._secrets:
            if len(secret) >= _SHORT_SECRET:
                text = text.replace(secret, "***")
            else:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
        return text

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        """Every spelling of a secret of this endpoint, longest first."""
        plain = {self.api_key} if self.api_key else set[str]()
        for name, value in self.headers.items():
            if _SECRET_NAME.search(name):
                plain.update({value, value.partition(" ")[2].strip()})
        for name, value in parse_qsl(urlsplit(self.base_url).query):
            if _SECRET_NAME.search(name):
                plain.add(value)
        spellings = {
            spelling
            for secret in plain
            for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
        }
        return tuple(sorted(spellings - {""}, key=len, reverse=True))

    def __str__(self) -> str:
        """Name the endpoint in a message: "model at host"."""
        where = self.host if self.port is None else f"{self.host}:{self.port}"
        return f"{self.model} at {where}"

    def __repr__(self) -> str:
        """Show everything but what may hold a secret."""
        shown = urlsplit(self.base_url)._replace(query="", fragment="").geturl()
        key = "None" if self.api_key is None else "'***'"
        return (
            f"ChatEndpoint(base_url={shown!r}, model={self.model!r}, api_key={key}, "
            f"continuation={self.continuation!r}, choice={self.choice!r}, "
            f"extra fields={sorted(self.extra)!r}, headers={sorted(self.headers)!r})"
        )


@lru_cache(maxsize=64)
def _warn_once(message: str) -> None:
    """Log a warning, once in a process."""
    logger.warning(message)


def _check_text(name: str, value: object, advice: str) -> None:
    """Refuse anything but a non-empty text of one line."""
    if not isinstance(value, str):
        raise ValueError(f"ChatEndpoint {name} is a {type(value).__name__}, not text: {advice}.")
    if not value.strip():
        raise ValueError(f"ChatEndpoint {name} is empty: {advice}.")
    if _CONTROL.search(value):
        raise ValueError(f"ChatEndpoint {name} {value!r} holds a control character: {advice}.")


def _check_base_url(value: object) -> None:
    """Refuse what is not an http or https URL with a host."""
    advice = "give the URL before /chat/completions, such as https://api.groq.com/openai/v1"
    if not isinstance(value, str) or not value.strip():
        _check_text("base_url", value, advice)
    # A URL may hold a secret in its user part or its query: messages quote neither.
    text = str(value).strip()
    quoted = repr(text.partition("?")[0].rpartition("@")[2])
    if _CONTROL.search(text) or " " in text:
        raise ValueError(f"ChatEndpoint base_url {quoted} holds a space: {advice}.")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
        text.encode()  # half of a character pair is no URL's
        URL(text)
    except ValueError as exc:
        raise ValueError(
            f"ChatEndpoint base_url {quoted} is not a URL ({exc}): {advice}."
        ) from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"ChatEndpoint base_url {quoted} lacks http:// or https://: {advice}.")
    if not host:
        raise ValueError(f"ChatEndpoint base_url {quoted} names no host: {advice}.")
    if "@" in parts.netloc:
        raise ValueError(
            f"ChatEndpoint base_url for {host!r} holds a user name or password: "
            "pass the key as api_key, or an Authorization header in headers."
        )
    path = parts.path.rstrip("/")
    if ending := _OTHER_RESOURCE.search(path):
        raise ValueError(f"ChatEndpoint base_url {quoted} ends in {ending[0]}: {advice}.")
    if path.endswith("/models") and is_known_host(host.lower()):  # elsewhere it may be the base
        raise ValueError(f"ChatEndpoint base_url {quoted} ends in /models: {advice}.")


def _check_api_key(value: object) -> None:
    """Refuse a key that no header can carry, without quoting it."""
    if value is None:
        return
    if not isinstance(value, str):
        raise ValueError(
            f"ChatEndpoint api_key is a {type(value).__name__}, not text: "
            "give the key itself, or None where the server wants none."
        )
    if _CONTROL.search(value.strip()) or not value.isascii():
        raise ValueError(
            "ChatEndpoint api_key holds a line break, another control character or a letter "
            "outside ASCII (not shown here): copy the key again."
        )


def _check_http_client(value: object) -> None:
    """Refuse another library's client."""
    if value is None:
        return
    import httpx  # whoever has a client of it has paid for that; nobody else does

    if not isinstance(value, httpx.AsyncClient):
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise ValueError(f"ChatEndpoint http_client is a {kind}: give an httpx.AsyncClient.")


def _check_name(name: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse a name that is not one of the known."""
    if value not in known:
        raise ValueError(f"ChatEndpoint {name} {value!r} is unknown: use one of {list(known)}.")


def _check_extra(value: object) -> None:
    """Refuse extra body fields that cannot be sent as JSON."""
    if not isinstance(value, Mapping):
        raise ValueError(
            f"ChatEndpoint extra is a {type(value).__name__}, not a mapping: "
            'give body fields, such as {"top_p": 0.9}.'
        )
    try:
        json.dumps(dict(value))  # pyright: ignore[reportUnknownArgumentType]  # any mapping
    except (TypeError, ValueError) as exc:
        raise ValueError(f"ChatEndpoint extra cannot be sent as JSON ({exc}).") from None
    if "stream" in value:
        raise ValueError("ChatEndpoint extra holds stream: leave it out, it is chosen per request.")


def _check_headers(value: object) -> None:
    """Refuse headers that HTTP cannot carry, without quoting their values."""
    if not isinstance(value, Mapping):
        raise ValueError(
            f"ChatEndpoint headers is a {type(value).__name__}, not a mapping: "
            'give names and values, such as {"X-Title": "my bot"}.'
        )
    items: Mapping[object, object] = value  # pyright: ignore[reportUnknownVariableType]  # checked
    for name, content in items.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"ChatEndpoint headers: {name!r} is no header name.")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"ChatEndpoint headers: {name} is set by the client, leave it out.")
        if not isinstance(content, str) or _CONTROL.search(content) or not content.isascii():
            raise ValueError(
                f"ChatEndpoint headers: the value of {name} (not shown here) is not ASCII text "
                "of one line."
            )
