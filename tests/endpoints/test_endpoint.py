import copy
import pickle
from typing import Any

import pytest

from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint

KEY = "sk-very-secret-1"


def make(**fields: Any) -> ChatEndpoint:
    return ChatEndpoint(**{"base_url": "https://api.test/v1", "model": "m", **fields})


@pytest.mark.parametrize(
    ("fields", "named", "advice"),
    [
        ({"base_url": ""}, "base_url", "/chat/completions"),
        ({"base_url": None}, "base_url", "not text"),
        ({"base_url": "api.test/v1"}, "base_url 'api.test/v1'", "https://"),
        ({"base_url": "ftp://api.test"}, "base_url", "https://"),
        ({"base_url": "https:///v1"}, "base_url", "no host"),
        ({"base_url": "https://api.test:port/v1"}, "base_url", "not a URL"),
        ({"base_url": "https://api\\.test/v1"}, "base_url", "not a URL"),
        ({"base_url": "https://api.test/\ud800"}, "base_url", "not a URL"),
        ({"base_url": "https://api.test/v1\nx"}, "base_url", "space"),
        ({"base_url": "https://api.test/v1 "[:-1] + " x"}, "base_url", "space"),
        ({"base_url": "https://api.test/v1/chat/completions"}, "base_url", "before"),
        ({"base_url": "https://api.test/v1/chat/completions/"}, "base_url", "before"),
        ({"base_url": "https://api.test/v1/responses"}, "ends in /responses", "before"),
        ({"base_url": "https://api.test/v1/models?a=1"}, "ends in /v1/models", "before"),
        ({"base_url": "https://api.groq.com/openai/models", "api_key": KEY}, "/models", "before"),
        ({"base_url": f"https://user:{KEY}@api.test/v1"}, "base_url", "api_key"),
        ({"base_url": f"api.test/v1?key={KEY}"}, "base_url", "https://"),
        ({"model": ""}, "model", "name"),
        ({"model": "  "}, "model", "name"),
        ({"model": 5}, "model", "name"),
        ({"model": "a\nb"}, "model", "control"),
        ({"api_key": KEY + "\nX-Evil: 1"}, "api_key", "copy"),
        ({"api_key": KEY + "é"}, "api_key", "copy"),
        ({"api_key": 5}, "api_key", "None"),
        ({"api_key": f"Bearer {KEY}"}, "api_key begins with", "alone"),
        ({"api_key": f" bearer  {KEY}"}, "api_key begins with", "alone"),
        ({"api_key": f'"{KEY}"'}, "api_key has quotation marks", "alone"),
        ({"api_key": f"{KEY}'"}, "api_key has quotation marks", "alone"),
        ({"base_url": "https://api.groq.com/openai/v1"}, "api_key is missing", "api.groq.com"),
        ({"base_url": "https://API.OpenAI.com/v1", "api_key": " "}, "api_key", "api.openai.com"),
        ({"continuation": "prefix"}, "continuation 'prefix'", "message_prefix"),
        ({"continuation": None}, "continuation", "auto"),
        ({"choice": "gbnf"}, "choice 'gbnf'", "grammar"),
        ({"extra": "x"}, "extra", "mapping"),
        ({"extra": {"a": object()}}, "extra", "JSON"),
        ({"extra": {"stream": False}}, "extra", "stream"),
        ({"headers": [("a", "b")]}, "headers", "mapping"),
        ({"headers": {"a b": "c"}}, "headers", "a b"),
        ({"headers": {5: "c"}}, "headers", "5"),
        ({"headers": {"X-Key": KEY + "\r\nX-Evil: 1"}}, "headers", "X-Key"),
        ({"headers": {"X-Key": 5}}, "headers", "X-Key"),
        ({"headers": {"Content-Length": "5"}}, "headers", "Content-Length"),
    ],
)
def test_a_wrong_field_is_named_with_what_to_do(
    fields: dict[str, Any], named: str, advice: str
) -> None:
    """A mistake is one message at construction, with the field, advice and no key."""
    with pytest.raises(ValueError, match=r"ChatEndpoint") as caught:
        make(**fields)
    assert named in str(caught.value)
    assert advice in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"base_url": "https://x.services.ai.azure.com/models"},
        {"base_url": "https://gateway.test/models/v1"},
        {"base_url": "https://api.groq.com/openai/v1", "headers": {"authorization": "Bearer x"}},
        {"base_url": "https://api.openai.com/v1", "headers": {"api-key": KEY}},
        {"base_url": f"https://generativelanguage.googleapis.com/v1beta/openai?key={KEY}"},
        {"base_url": "https://gateway.test/v1"},
        {"base_url": "http://localhost:8000/v1"},
    ],
)
def test_what_may_be_right_is_taken(fields: dict[str, Any]) -> None:
    """Azure's base ends in /models, a key may be in a header, and most servers may want none."""
    assert make(**fields).base_url == fields["base_url"]


def test_an_odd_key_for_a_server_of_ones_own_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A server that asks for no key takes any word: it is told, once, and not refused."""
    for _ in range(2):
        make(base_url="http://10.0.0.8:8000/v1", api_key=f"Bearer {KEY}")
    (warning,) = [each for each in caplog.messages if "api_key" in each]
    assert "give the key alone, if 10.0.0.8 asks for one" in warning
    assert KEY not in warning


@pytest.mark.parametrize("secs", [0, -1, float("nan")])
def test_a_connect_timeout_is_above_nothing(secs: float) -> None:
    """A deadline that cannot be kept is refused."""
    with pytest.raises(ValueError, match="connect_timeout"):
        ChatClient(make(), connect_timeout=secs)


def test_no_secret_is_shown() -> None:
    """Neither repr nor str holds the key, a header's value or a query's."""
    endpoint = make(
        base_url=f"https://api.test/v1?key={KEY}", api_key=KEY, headers={"X-Api-Key": KEY}
    )
    assert KEY not in repr(endpoint) + str(endpoint)
    assert "api.test" in repr(endpoint)
    assert str(endpoint) == "m at api.test"


def test_every_spelling_of_a_secret_is_scrubbed() -> None:
    """Keys, secret headers and query values go, and only those."""
    endpoint = make(
        base_url="https://api.test/v1?api-version=2024-10-21&sig=abc/defgh",
        api_key='sk-"quoted"/1',
        headers={"Authorization": "Token tok-12345678", "X-Title": "my bot's title"},
    )
    text = 'sk-"quoted"/1 sk-\\"quoted\\"/1 sk-%22quoted%22%2F1 tok-12345678 abc/defgh'
    assert endpoint.scrub(text) == "*** *** *** *** ***"
    assert endpoint.scrub("2024-10-21 my bot's title") == "2024-10-21 my bot's title"


def test_a_short_key_does_not_eat_messages() -> None:
    """A placeholder key such as "x" is scrubbed only where it stands alone."""
    assert make(api_key="x").scrub("max x exceeded: 'x'") == "max *** exceeded: '***'"


def test_an_endpoint_is_a_value_of_its_own() -> None:
    """It is hashable, can be copied, and is detached from the mappings it was made from."""
    extra = {"provider": {"only": ["a"]}}
    endpoint = make(extra=extra, headers={"X-Title": "t"})
    extra["provider"]["only"].append("b")
    assert endpoint.extra == {"provider": {"only": ["a"]}}
    assert hash(endpoint) == hash(copy.deepcopy(endpoint))
    assert pickle.loads(pickle.dumps(endpoint)) == endpoint


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.test/v1", "https://api.test/v1/chat/completions"),
        ("https://api.test/v1/", "https://api.test/v1/chat/completions"),
        ("https://api.test", "https://api.test/chat/completions"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions"),
        ("https://a.test/d?api-version=2", "https://a.test/d/chat/completions?api-version=2"),
    ],
)
def test_the_url_is_the_base_and_the_resource(base_url: str, url: str) -> None:
    """Slashes and queries end up where they belong."""
    assert make(base_url=base_url).url == url
