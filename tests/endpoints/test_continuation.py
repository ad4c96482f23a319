import copy
from collections.abc import Mapping
from typing import Any

import pytest

from blastoff_pipecat.endpoints import (
    ChatEndpoint,
    ContinuationWay,
    RequestRefused,
    ServerFailed,
    is_refusal,
    native_way,
    ways_for,
)
from blastoff_pipecat.endpoints.continuation import ContinuationMemory, thinking_off
from blastoff_pipecat.endpoints.endpoint import CONTINUATIONS
from blastoff_pipecat.endpoints.providers import PROVIDERS, fitted

ASKED = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
OFF = {"thinking": {"type": "disabled"}}
NOT_ENABLED = {"enable_thinking": False}
NONE = {"reasoning_effort": "none"}


def at(base_url: str, model: str, **fields: Any) -> ChatEndpoint:
    return ChatEndpoint(**{"base_url": base_url, "model": model, "api_key": "a-key", **fields})


@pytest.mark.parametrize(
    ("name", "added", "fields"),
    [
        ("trailing", {}, {}),
        ("message_prefix", {"prefix": True}, {}),
        ("message_partial", {"partial": True}, {}),
        (
            "continue_final_message",
            {},
            {"continue_final_message": True, "add_generation_prompt": False},
        ),
    ],
)
def test_a_prefill_is_the_last_message(
    name: str, added: dict[str, Any], fields: dict[str, Any]
) -> None:
    """The opening goes last, without the whitespace at its end, and marked as the host wants."""
    body = {"messages": ASKED, "temperature": 0.5}
    sent = ContinuationWay(name, "never").apply(body, "Let me look. \n", "Go on.")
    opening = {"role": "assistant", "content": "Let me look.", **added}
    assert sent == {"messages": [*ASKED, opening], "temperature": 0.5, **fields}


def test_a_body_prefix_leaves_the_messages_alone() -> None:
    """SiliconFlow takes a string beside messages that end with the user."""
    sent = ContinuationWay("body_prefix", "detect").apply({"messages": ASKED}, "Sure, ", "Go on.")
    assert sent == {"messages": ASKED, "prefix": "Sure,"}


def test_history_asks_to_go_on() -> None:
    """Where nothing else is known, the opening and an instruction follow as messages."""
    sent = ContinuationWay("history", "detect").apply(
        {"messages": ASKED}, "Sure, ", 'Go on after "{opening}".'
    )
    assert sent["messages"] == [
        *ASKED,
        {"role": "assistant", "content": "Sure,"},
        {"role": "user", "content": 'Go on after "Sure,".'},
    ]


@pytest.mark.parametrize("name", [name for name in CONTINUATIONS if name != "auto"])
def test_the_callers_body_is_never_changed(name: str) -> None:
    """A body can be used again for the next way."""
    body = {"messages": copy.deepcopy(ASKED), "chat_template_kwargs": {"a": 1}}
    before = copy.deepcopy(body)
    ContinuationWay(name, "never").apply(body, "Sure,", "Go on.")
    assert body == before


@pytest.mark.parametrize("name", [name for name in CONTINUATIONS if name != "auto"])
def test_a_blank_prefix_is_no_prefill(name: str) -> None:
    """Nothing said, nothing to continue."""
    way = ContinuationWay(name, "never")
    assert way.apply({"messages": ASKED}, " \n", "Go on.") == {"messages": ASKED}


_TRAILING = ("trailing", "history")
_DETECT = "detect"
_KNOWN: list[tuple[str, str, str, str, Mapping[str, Any]]] = [
    # base URL, model, first way, echo, thinking off
    ("https://api.deepseek.com/beta", "deepseek-flash", "message_prefix", "never", OFF),
    ("https://api.deepseek.com/beta/", "deepseek-v4-pro", "message_prefix", "never", OFF),
    ("https://api.deepseek.com/beta/v1", "deepseek-v4-flash", "message_prefix", "never", OFF),
    ("https://api.deepseek.com", "deepseek-flash", "history", _DETECT, OFF),
    ("https://api.deepseek.com/v1", "deepseek-flash", "history", _DETECT, OFF),
    ("https://api.deepseek.com/betamax", "deepseek-flash", "history", _DETECT, OFF),
    ("https://api.deepseek.com/beta", "deepseek-v9", "history", _DETECT, {}),
    (
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "qwen3.7-max",
        "message_partial",
        "never",
        NOT_ENABLED,
    ),
    (
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "qwen-plus",
        "message_partial",
        "never",
        NOT_ENABLED,
    ),
    ("https://dashscope.aliyuncs.com/v1", "qwen3.8-max", "history", _DETECT, NOT_ENABLED),
    ("https://dashscope.aliyuncs.com/v1", "qwen3-32b-thinking", "history", _DETECT, {}),
    (
        "https://api.siliconflow.cn/v1",
        "deepseek-ai/DeepSeek-V3.2",
        "body_prefix",
        _DETECT,
        NOT_ENABLED,
    ),
    ("https://api.siliconflow.com/v1", "Qwen/Qwen3-32B", "body_prefix", _DETECT, NOT_ENABLED),
    ("https://api.siliconflow.cn/v1", "Qwen/Qwen2.5-72B-Instruct", "body_prefix", _DETECT, {}),
    ("https://api.siliconflow.cn/v1", "deepseek-ai/DeepSeek-R1", "history", _DETECT, {}),
    ("https://api.siliconflow.cn/v1", "deepseek-ai/DeepSeek-V4", "history", _DETECT, {}),
    ("https://api.moonshot.ai/v1", "kimi-k2.6", "message_partial", "never", OFF),
    ("https://api.moonshot.cn/v1", "kimi-k2.5", "message_partial", "never", OFF),
    ("https://api.moonshot.ai/v1", "kimi-k3", "history", _DETECT, {}),
    ("https://api.moonshot.ai/v1", "kimi-k3.1", "history", _DETECT, {}),
    ("https://api.moonshot.ai/v1", "kimi-k2.7-code", "history", _DETECT, {}),
    ("https://api.mistral.ai/v1", "mistral-medium-latest", "message_prefix", "always", NONE),
    ("https://api.mistral.ai/v1", "mistral-large-4", "message_prefix", "always", NONE),
    ("https://api.mistral.ai/v1", "ministral-3b-2512", "message_prefix", "always", {}),
    ("https://api.mistral.ai/v1", "glm-5.3", "history", _DETECT, {}),
    ("https://api.mistral.ai/v1", "magistral-medium", "history", _DETECT, {}),
    ("https://open.bigmodel.cn/api/paas/v4", "glm-5.3", "history", _DETECT, OFF),
    ("https://api.z.ai/api/paas/v4", "glm-4.6", "history", _DETECT, OFF),
    (
        "https://ark.cn-beijing.volces.com/api/v3",
        "doubao-seed-1-6-251015",
        "trailing",
        "never",
        OFF,
    ),
    ("https://ark.cn-beijing.volces.com/api/v3", "doubao-seed-2-0", "history", _DETECT, OFF),
    ("https://api.minimax.io/v1", "MiniMax-M3", "history", _DETECT, OFF),
    ("https://api.minimax.io/v1", "MiniMax-M2.1", "history", _DETECT, {}),
    ("https://api.anthropic.com/v1", "claude-haiku-4-5", "trailing", "never", {}),
    ("https://api.anthropic.com/v1", "claude-sonnet-4-5-20250929", "trailing", "never", {}),
    ("https://api.anthropic.com/v1", "claude-sonnet-4-20250514", "trailing", "never", {}),
    ("https://api.anthropic.com/v1", "claude-sonnet-4-6", "history", _DETECT, {}),
    ("https://api.anthropic.com/v1", "claude-opus-4-8", "history", _DETECT, {}),
    ("https://api.anthropic.com/v1", "claude-opus-5-1", "history", _DETECT, {}),
    (
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "gemini-2.5-flash",
        "trailing",
        "never",
        NONE,
    ),
    (
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "gemini-3.6-flash",
        "history",
        _DETECT,
        {"reasoning_effort": "minimal"},
    ),
    ("https://api.openai.com/v1", "gpt-4.1", "history", _DETECT, {}),
    ("https://api.openai.com/v1", "gpt-5.4-mini", "history", _DETECT, NONE),
    ("https://api.openai.com/v1", "gpt-6-luna", "history", _DETECT, NONE),
    ("https://api.openai.com/v1", "gpt-6-astra", "history", _DETECT, {}),
    ("https://api.openai.com/v1", "gpt-6.1-sol", "history", _DETECT, {}),
    (
        "https://openrouter.ai/api/v1",
        "deepseek/deepseek-v4-pro",
        "history",
        _DETECT,
        {"reasoning": {"effort": "none"}},
    ),
    ("https://api.groq.com/openai/v1", "qwen/qwen3.8-27b", "history", _DETECT, NONE),
    (
        "https://api.groq.com/openai/v1",
        "openai/gpt-oss-120b",
        "history",
        _DETECT,
        {"reasoning_effort": "low"},
    ),
    ("https://api.groq.com/openai/v1", "llama-3.3-70b-versatile", "trailing", "never", {}),
    ("https://api.cerebras.ai/v1", "qwen-3.8-27b", "history", _DETECT, NONE),
    ("https://api.cerebras.ai/v1", "llama3.1-8b", "trailing", "never", {}),
    (
        "https://api.fireworks.ai/inference/v1",
        "accounts/fireworks/models/llama-v3p3-70b-instruct",
        "trailing",
        _DETECT,
        {},
    ),
    (
        "https://api.fireworks.ai/inference/v1",
        "accounts/yi-01-ai/models/yi-large",
        "history",
        _DETECT,
        {},
    ),
    (
        "https://api.deepinfra.com/v1/openai",
        "moonshotai/Kimi-K2-Instruct",
        "trailing",
        _DETECT,
        {},
    ),
    ("https://api.novita.ai/openai", "deepseek/deepseek-v3.1", "history", _DETECT, {}),
    ("https://api.together.xyz/v1", "meta-llama/Llama-3.3-70B", "history", _DETECT, {}),
    ("http://localhost:11434/v1", "qwen3:8b", "trailing", "never", NONE),
    ("http://192.168.1.5:11434/v1", "gpt-oss:20b", "history", _DETECT, {"reasoning_effort": "low"}),
    ("http://127.0.0.1:8000/v1", "qwen3", "history", _DETECT, {}),
    ("https://ollama.example.com:11434/v1", "qwen3:8b", "history", _DETECT, {}),
    ("https://api.deepseek.com.evil.test/beta", "deepseek-flash", "history", _DETECT, {}),
]


@pytest.mark.parametrize(("base_url", "model", "way", "echo", "off"), _KNOWN)
def test_each_host_is_asked_in_its_own_way(
    base_url: str, model: str, way: str, echo: str, off: Mapping[str, Any]
) -> None:
    """Hosts and models on the list get their way, all others history, which is always last."""
    endpoint = at(base_url, model)
    ways = ways_for(endpoint)
    assert (ways[0].name, ways[0].echo) == (way, echo)
    assert [each.name for each in ways[1:]] == ([] if way == "history" else ["history"])
    assert thinking_off(endpoint) == off


def test_every_host_of_the_table_is_tried_here() -> None:
    """No line of the table is without an example."""
    tried = {at(url, model).host for url, model, *_ in _KNOWN}
    untried = {host for provider in PROVIDERS for host in provider.hosts} - tried
    assert untried == {"ark.ap-southeast.bytepluses.com", "api.minimaxi.com"}


def test_a_router_is_relied_on_only_when_its_upstream_is_pinned() -> None:
    """Which upstream answers decides whether a prefill is continued."""
    url, model = "https://openrouter.ai/api/v1", "anthropic/claude-haiku-4.5"
    pinned = at(url, model, extra={"provider": {"only": ["anthropic"]}})
    assert [way.name for way in ways_for(at(url, model))] == ["history"]
    assert [way.name for way in ways_for(pinned)] == ["trailing", "history"]


@pytest.mark.parametrize("name", [name for name in CONTINUATIONS if name != "auto"])
def test_an_explicit_way_is_tried_first(name: str) -> None:
    """What the bot's author says counts, with history behind it."""
    ways = ways_for(at("https://unknown.test/v1", "m", continuation=name))
    assert ways[0] == ContinuationWay(name, "detect")
    assert ways[-1].name == "history"


def test_an_explicit_way_keeps_what_is_known_of_its_echo() -> None:
    """Mistral echoes, also where its way is named."""
    endpoint = at("https://api.mistral.ai/v1", "new-model", continuation="message_prefix")
    assert ways_for(endpoint)[0].echo == "always"


def test_a_native_way_is_none_where_none_is_known() -> None:
    """Settings can tell a known host from an unknown one."""
    assert native_way(at("https://unknown.test/v1", "m")) is None
    known = native_way(at("https://api.moonshot.ai/v1", "kimi-k2.6", continuation="history"))
    assert known == ContinuationWay("message_partial", "never")


@pytest.mark.parametrize(
    ("fields", "off"),
    [
        ({"model": "qwen3"}, {"chat_template_kwargs": {"enable_thinking": False}}),
        ({"model": "Kimi-K2.6"}, {"chat_template_kwargs": {"thinking": False}}),
    ],
)
def test_a_template_has_its_own_switch(fields: dict[str, Any], off: dict[str, Any]) -> None:
    """vLLM, SGLang and llama.cpp switch thinking off in the chat template."""
    for url, way in (
        ("https://vllm.example.com/v1", "continue_final_message"),
        ("http://127.0.0.1:8080/v1", "trailing"),
    ):
        assert thinking_off(ChatEndpoint(base_url=url, continuation=way, **fields)) == off


def test_what_a_table_hands_out_is_the_callers_own() -> None:
    """Changing the fields of one request does not change the next."""
    endpoint = at("https://api.deepseek.com/beta", "deepseek-flash")
    fields: Any = thinking_off(endpoint)
    fields["thinking"]["type"] = "enabled"
    assert thinking_off(endpoint) == OFF


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Expected last role User or Tool (or Assistant with prefix True) for serving"),
        (400, "This model does not support assistant message prefill."),
        (400, "The conversation must end with a user message."),
        (400, "Please ensure that multiturn requests do not end with a model turn"),
        (400, "Assistant response prefill is incompatible with enable_thinking."),
        (422, "body.continue_final_message: Extra inputs are not permitted"),
        (400, "Unrecognized request argument supplied: partial"),
    ],
)
def test_a_refused_prefill_is_recognised(status: int, message: str) -> None:
    """What providers say to a prefill they do not take is known."""
    endpoint = at("https://api.test/v1", "prefix-model")
    assert is_refusal(RequestRefused(endpoint, status, message))
    assert is_refusal(ServerFailed(endpoint, message, status_code=status))
    assert not is_refusal(RequestRefused(endpoint, 401, message))


def test_another_refusal_is_not_the_prefills() -> None:
    """A wrong key or an unknown field does not cost a way, nor does the model's own name."""
    endpoint = at("https://api.test/v1", "prefix-model")
    assert not is_refusal(RequestRefused(endpoint, 400, "max_tokens is too large"))
    assert not is_refusal(ServerFailed(endpoint, "partial outage", status_code=503))


def test_a_refused_way_is_not_tried_again_there() -> None:
    """The memory is kept per URL and model, and history stays."""
    memory = ContinuationMemory()
    endpoint = at("https://api.test/v1", "m", continuation="trailing")
    other = at("https://api.test/v1", "n", continuation="trailing")
    for way in memory.ways_for(endpoint):
        memory.refuse(endpoint, way)
    assert [way.name for way in memory.ways_for(endpoint)] == ["history"]
    assert [way.name for way in memory.ways_for(other)] == ["trailing", "history"]
    memory.reset()
    assert [way.name for way in memory.ways_for(endpoint)] == ["trailing", "history"]


def test_a_body_is_put_in_the_hosts_words() -> None:
    """OpenAI renamed max_tokens; Kimi's newer models refuse sampling fields."""
    body = {"max_tokens": 5, "temperature": 0.1, "messages": ASKED}
    openai = fitted(at("https://api.openai.com/v1", "gpt-6-luna"), body)
    assert openai == {"max_completion_tokens": 5, "temperature": 0.1, "messages": ASKED}
    kimi = fitted(at("https://api.moonshot.ai/v1", "kimi-k2.6"), body)
    assert kimi == {"max_tokens": 5, "messages": ASKED}
    assert fitted(at("https://api.test/v1", "m"), body) == body
