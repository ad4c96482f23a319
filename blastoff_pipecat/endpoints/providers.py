"""What each host is known to do, as data, with where each fact comes from and when it was checked.

None of it was tried on every model, nor by us on the live services. `testing/known_hosts.py` plays
the same hosts, and a test has a reply by each of them.

An allow-list, never a deny-list: prefill is disappearing from newer models, and a field that a host
does not know may cost the whole request. A host or a model that is not here gets nothing special.
Patterns are matched against the whole model name, in lower case.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from blastoff_pipecat.endpoints.endpoint import ChatEndpoint

Echo = Literal["never", "always", "detect"]
"""Whether a continuation begins with the prefix all over again."""

OFF: Mapping[str, Any] = MappingProxyType({"thinking": {"type": "disabled"}})
NOT_ENABLED: Mapping[str, Any] = MappingProxyType({"enable_thinking": False})
EFFORT_NONE: Mapping[str, Any] = MappingProxyType({"reasoning_effort": "none"})
EFFORT_MINIMAL: Mapping[str, Any] = MappingProxyType({"reasoning_effort": "minimal"})
EFFORT_LOW: Mapping[str, Any] = MappingProxyType({"reasoning_effort": "low"})
ROUTER_NONE: Mapping[str, Any] = MappingProxyType({"reasoning": {"effort": "none"}})


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What is known of the models of one host.

    Attributes:
        name: Whose host it is.
        hosts: Its host names.
        source: Where what is said here comes from, and when it was checked. In brackets: what
            nobody has written down, and is from memory.
        way: The native way to continue a prefill, a name of `continuation`; None: none is known.
        echo: Whether the continuation repeats the prefix.
        continues: Patterns of the models that continue.
        never: Patterns of models among those that do not.
        thinking_off: Pattern of a model, and the body fields that switch its thinking off, or as
            far down as it goes; the first that matches counts.
        path: What the URL's path must begin with for ``way`` to be there.
        needs_pin: A body field that must be in ``extra`` for ``way`` to be relied on.
        renames: Body fields that the host calls otherwise.
        omits: Pattern of a model, and the body fields that it refuses.
        developer_role: Whether messages may be a developer's.
    """

    name: str
    hosts: tuple[str, ...]
    source: str
    way: str | None = None
    echo: Echo = "never"
    continues: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    thinking_off: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=())
    path: str = ""
    needs_pin: str | None = None
    renames: tuple[tuple[str, str], ...] = ()
    omits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    developer_role: bool = False


_SAMPLING = ("temperature", "top_p", "n", "presence_penalty", "frequency_penalty")
_THINKERS = (r".*thinking.*", r".*\br1\b.*", r".*-reasoner.*", r".*qwq.*", r".*qvq.*")
_NOT_TEXT = (r".*-vl\b.*", r".*-omni\b.*", r".*-audio\b.*", r".*-asr\b.*", r".*-mt\b.*")
_OPEN_MODELS = (
    r".*llama-?(v?3).*",
    r".*qwen(2\.5|2p5|3)-.*",
    r".*mi[sx]tral.*",
    r".*kimi-k2-instruct.*",
)

PROVIDERS: tuple[Provider, ...] = (
    Provider(
        name="DeepSeek",
        hosts=("api.deepseek.com",),
        source="api-docs.deepseek.com, guides/thinking_mode; @ai-sdk/deepseek; 22 Nov 2026",
        way="message_prefix",
        continues=(r"deepseek-flash", r"deepseek-v4-(flash|pro)"),
        thinking_off=((r"deepseek-(flash|v4-.*)", OFF),),
        path="/beta",
    ),
    Provider(
        name="DashScope",
        hosts=("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"),
        source="help.aliyun.com model-studio/partial-mode, [that it does not echo]; 12 Oct 2026",
        way="message_partial",
        continues=(
            r"qwen-(max|plus|flash|turbo|coder)(-.*)?",
            r"qwen(2\.5|3|3\.5|3\.6)-.*",
            r"qwen3\.7-(max|plus|flash)(-.*)?",
            r"siliconflow/deepseek-v3\.2",
        ),
        never=(*_THINKERS, *_NOT_TEXT),
        thinking_off=(
            (r".*thinking.*|qwq.*|qvq.*", {}),
            (r"qwen.*|siliconflow/deepseek-v3\.2", NOT_ENABLED),
        ),
    ),
    Provider(
        name="SiliconFlow",
        hosts=("api.siliconflow.cn", "api.siliconflow.com"),
        source="docs.siliconflow.cn userguide/guides/prefix; 22 Nov 2026",
        way="body_prefix",
        echo="detect",  # undocumented
        continues=(
            r"(pro/)?qwen/qwen(2\.5|3)-.*",
            r"(pro/)?deepseek-ai/deepseek-v(2\.5|3|3\.1|3\.2)(-.*)?",
        ),
        never=(*_THINKERS, *_NOT_TEXT),
        thinking_off=(
            (r".*(thinking|instruct|coder|-vl|omni).*", {}),
            (r"(pro/)?qwen/qwen3-.*", NOT_ENABLED),
            (r"(pro/)?deepseek-ai/deepseek-v3\.[12].*", NOT_ENABLED),
        ),
    ),
    Provider(
        name="Moonshot",
        hosts=("api.moonshot.ai", "api.moonshot.cn"),
        source="platform.kimi.ai docs/api/partial; @ai-sdk/moonshotai; 22 Nov 2026",
        way="message_partial",
        continues=(r"kimi-k2(-.*)?", r"kimi-k2\.[56](-.*)?"),
        never=(*_THINKERS, r".*-code.*"),
        thinking_off=((r"kimi-k2\.[56](-.*)?", OFF),),
        omits=((r"kimi-(k2\.[5-9]|k3).*", _SAMPLING),),
    ),
    Provider(
        name="Mistral",
        hosts=("api.mistral.ai",),
        source="@ai-sdk/mistral and litellm 1.109.1, which both strip the echo; 22 Nov 2026",
        way="message_prefix",
        echo="always",
        continues=(r"mistral-.*", r"ministral-.*", r"codestral-.*", r"devstral-.*", r"open-mi.*"),
        never=(r".*(embed|ocr|moderation|transcribe|tts).*",),
        thinking_off=(
            (r"mistral-small-2603", EFFORT_NONE),
            (r"mistral-medium-(3[.-]5.*|latest)", EFFORT_NONE),
            (r"mistral-large-4.*", EFFORT_NONE),
        ),
    ),
    Provider(
        name="Zhipu",
        hosts=("open.bigmodel.cn", "api.z.ai"),
        source="no document of a prefill was found for bigmodel.cn [thinking]; 22 Nov 2026",
        thinking_off=((r"glm-(4\.[5-9]|5).*", OFF),),
    ),
    Provider(
        name="Volcengine Ark",
        hosts=("ark.cn-beijing.volces.com", "ark.ap-southeast.bytepluses.com"),
        source="volcengine.com docs/82379/1359497, Oct 2025",
        way="trailing",
        # On other thinking models a trailing assistant message switches thinking back on.
        continues=(r"doubao-seed-1-6(-lite)?-251015", r"doubao-1-5-(pro|lite)-.*"),
        never=(*_THINKERS, r".*vision.*"),
        thinking_off=((r".*thinking.*", {}), (r"doubao-seed-.*", OFF)),
    ),
    Provider(
        name="MiniMax",
        hosts=("api.minimax.io", "api.minimaxi.com"),
        source="rentry.org/or-prefill; java.agentscope.io; 22 Nov 2026",
        thinking_off=((r"minimax-m3.*", OFF),),
    ),
    Provider(
        name="Anthropic",
        hosts=("api.anthropic.com",),
        source="litellm 1.109.1, pipecat-ai 1.14.0 and livekit/agents#4907; 22 Nov 2026",
        way="trailing",
        continues=(
            r"claude-3-.*",
            r"claude-(haiku|sonnet|opus)-4-5(-.*)?",
            r"claude-(sonnet|opus)-4-(0|1|20\d{6})(-.*)?",
        ),
    ),
    Provider(
        name="Gemini",
        hosts=("generativelanguage.googleapis.com",),
        source="pipecat#5821; LibreChat-AI/agents#323, on the native API; 22 Nov 2026",
        way="trailing",
        continues=(r"(models/)?gemini-(2\.[05]|3|3\.1)-.*",),
        thinking_off=(
            (r"(models/)?gemini-2\.5-flash.*", EFFORT_NONE),
            (r"(models/)?gemini-3(\.[1-6])?-flash.*", EFFORT_MINIMAL),
            (r"(models/)?gemini-3\.[7-9].*", EFFORT_LOW),
        ),
    ),
    Provider(
        name="OpenAI",
        hosts=("api.openai.com",),  # takes a trailing assistant message, and begins a new one
        source="litellm 1.109.1; zenn.dev/kun432; 22 Nov 2026",
        renames=(("max_tokens", "max_completion_tokens"),),
        developer_role=True,
        thinking_off=(
            (r".*(chat|codex|-pro).*", {}),
            (r"gpt-5\.[1-6](-.*)?|gpt-6-(sol|luna)(-.*)?|gpt-6\.1-terra(-.*)?", EFFORT_NONE),
        ),
    ),
    Provider(
        name="OpenRouter",
        hosts=("openrouter.ai",),
        source="standardcompletions.org; SillyTavern's extension profile; 22 Nov 2026",
        way="trailing",
        echo="detect",  # the upstream's
        continues=(
            r"anthropic/claude-(3|haiku-4\.5|sonnet-4\.5|opus-4\.5|sonnet-4$|opus-4(\.1)?$).*",
            r"mistralai/.*",
            r"deepseek/deepseek-(chat|v3|v4).*",
            r"google/gemini-2\.5-flash.*",
            *_OPEN_MODELS,
        ),
        never=(*_THINKERS, *_NOT_TEXT, r"moonshotai/.*", r".*v3\.1.*"),
        thinking_off=(
            (r".*(thinking|-r1|qwq).*", {}),
            (r"anthropic/.*|deepseek/.*|z-ai/glm-.*|moonshotai/kimi-k2\.[56].*", ROUTER_NONE),
            (r"qwen/qwen3.*|google/gemini-2\.5-flash.*", ROUTER_NONE),
        ),
        needs_pin="provider",  # which upstream answers changes from request to request otherwise
    ),
    Provider(
        name="Groq",
        hosts=("api.groq.com",),
        source="console.groq.com docs/prompting, whose examples are Llama 3; 22 Nov 2026",
        way="trailing",
        continues=(r".*llama-?3.*",),  # its newer models are untested
        thinking_off=((r"(qwen/)?qwen-?3.*", EFFORT_NONE), (r"(openai/)?gpt-oss-.*", EFFORT_LOW)),
    ),
    Provider(
        name="Cerebras",
        hosts=("api.cerebras.ai",),
        source="rentry.org/or-prefill [thinking]; 22 Nov 2026",
        way="trailing",
        continues=(r"llama-?3.*", r"qwen-3-.*"),
        never=_THINKERS,
        thinking_off=((r"qwen-3\.8-.*", EFFORT_NONE), (r"gpt-oss-.*", EFFORT_LOW)),
    ),
    Provider(
        name="Fireworks",
        hosts=("api.fireworks.ai",),
        source="rentry.org/or-prefill; litellm 1.109.1; 22 Nov 2026",
        way="trailing",
        echo="detect",
        continues=(*_OPEN_MODELS, r".*deepseek-v3(-.*)?"),
        never=(*_THINKERS, *_NOT_TEXT),
        thinking_off=((r".*(thinking|-r1).*", {}), (r".*(qwen3|deepseek-v|glm-).*", EFFORT_NONE)),
    ),
    Provider(
        name="Together",
        hosts=("api.together.xyz",),
        source="no document of a prefill was found for together.xyz; 22 Nov 2026",
    ),
    Provider(
        name="DeepInfra",
        hosts=("api.deepinfra.com",),
        source="rentry.org/or-prefill, Sep 2025; 22 Nov 2026",
        way="trailing",
        echo="detect",
        continues=_OPEN_MODELS,
        never=(*_THINKERS, *_NOT_TEXT),
    ),
    Provider(
        name="Novita",
        hosts=("api.novita.ai",),
        source="rentry.org/or-prefill, Sep 2025; 22 Nov 2026",
        way="trailing",
        echo="detect",
        continues=_OPEN_MODELS,
        never=(*_THINKERS, *_NOT_TEXT),
    ),
)

OLLAMA = Provider(
    name="Ollama",
    hosts=(),
    source="ollama@fb307609, model/renderers; 22 Nov 2026",
    way="trailing",
    continues=(r".*",),
    never=(*_THINKERS, r".*gpt-oss.*"),
    thinking_off=((r".*gpt-oss.*", EFFORT_LOW), (r".*", EFFORT_NONE)),
)
"""On its own port of a private host, which nothing else uses."""

_OLLAMA_PORT = 11434


def provider_of(endpoint: "ChatEndpoint") -> Provider | None:
    """Return what is known of the endpoint's host, None for an unknown one."""
    known = _BY_HOST.get(endpoint.host)
    if known is None and endpoint.port == _OLLAMA_PORT and is_private(endpoint.host):
        return OLLAMA
    return known


def is_known_host(host: str) -> bool:
    """Whether a host is one of the table: a public one, which wants a key."""
    return host in _BY_HOST


def continues(provider: Provider, endpoint: "ChatEndpoint") -> bool:
    """Whether the endpoint's model is known to continue a prefill in its host's native way."""
    model = endpoint.model.lower()
    return (
        provider.way is not None
        and _any(provider.continues, model)
        and not _any(provider.never, model)
        and f"{urlsplit(endpoint.base_url).path}/".startswith(f"{provider.path}/")
        and (provider.needs_pin is None or bool(endpoint.extra.get(provider.needs_pin)))
    )


def fitted(endpoint: "ChatEndpoint", body: dict[str, Any]) -> dict[str, Any]:
    """Return ``body`` in the host's words: fields renamed, and without those it would refuse."""
    provider = provider_of(endpoint)
    if provider is None or not (provider.renames or provider.omits):
        return body
    model = endpoint.model.lower()
    omitted = {
        name for pattern, names in provider.omits if matches(pattern, model) for name in names
    }
    result = {name: value for name, value in body.items() if name not in omitted}
    for old, new in provider.renames:
        if old in result:
            value = result.pop(old)
            result.setdefault(new, value)
    return result


def takes_developer_role(endpoint: "ChatEndpoint") -> bool:
    """Whether the host knows the role ``developer``; to others, as to Pipecat, it is a user's."""
    provider = provider_of(endpoint)
    known = provider is not None and provider.developer_role
    return known or endpoint.host.endswith(".openai.azure.com")


def is_private(host: str) -> bool:
    """Whether a host is this machine, or one of its own network."""
    if host in ("localhost", "host.docker.internal") or host.endswith((".local", ".localhost")):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host  # a name of the local network, such as a container's


def matches(pattern: str, model: str) -> bool:
    """Whether a pattern of the table fits a model's name, in lower case."""
    return _compiled(pattern).fullmatch(model) is not None


def _any(patterns: tuple[str, ...], model: str) -> bool:
    """Whether one of the patterns fits."""
    return any(matches(pattern, model) for pattern in patterns)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern once."""
    return re.compile(pattern)


_BY_HOST = {host: provider for provider in PROVIDERS for host in provider.hosts}
