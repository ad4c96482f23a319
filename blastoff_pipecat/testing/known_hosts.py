"""The hosts of models that are known, as data.

```python
server.play("deepseek-flash", HOSTS["DeepSeek"].playing("Sure, let me look. It opens at nine."))
```

What is played is what was known in November 2026, from the sources that the table of providers
names (`endpoints/providers.py`); none of it was tried on the live service. A provider's own words
for a refusal are used where they are known.
"""

from collections.abc import Callable, Mapping
from typing import Any

from blastoff_pipecat.testing.hosts import Host, Refusal, holds
from blastoff_pipecat.testing.prefill import PREFILL_SHAPES
from blastoff_pipecat.testing.request import Request


def _has(*names: str) -> Callable[[Request], bool]:
    return lambda request: any(name in request.body for name in names)


def _prefilled(*shapes: str) -> Callable[[Request], bool]:
    return lambda request: request.prefill is not None and request.prefill.shape in shapes


def _prefilled_off_beta(request: Request) -> bool:
    return _prefilled("message_prefix")(request) and not request.path.startswith("/beta/")


def _prefilled_while_thinking(*unless: Mapping[str, Any]) -> Callable[[Request], bool]:
    def refused(request: Request) -> bool:
        thinks = not any(holds(request.body, fields) for fields in unless)
        return request.prefill is not None and thinks

    return refused


def _space_at_the_end(request: Request) -> bool:
    prefill = request.prefill
    return prefill is not None and prefill.text != prefill.text.rstrip()


def _ends_in_two_replies(request: Request) -> bool:
    roles = [message.get("role") for message in request.messages[-2:]]
    return roles == ["assistant", "assistant"]


def _empty_tools(request: Request) -> bool:
    return request.body.get("tools") == []


def _both_flags(request: Request) -> bool:
    continues = request.body.get("continue_final_message") is True
    return continues and request.body.get("add_generation_prompt", True) is True


def _stray_stream_options(request: Request) -> bool:
    return "stream_options" in request.body and not request.streaming


_OFF = {"thinking": {"type": "disabled"}}
_NOT_ENABLED = {"enable_thinking": False}
_EFFORT_NONE = {"reasoning_effort": "none"}
_TEMPLATE_OFF = {"chat_template_kwargs": {"enable_thinking": False}}
_TRAILING = frozenset({"trailing"})
_PREFIX = frozenset({"message_prefix"})
_PARTIAL = frozenset({"message_partial"})
_FLAGS = frozenset({"continue_final_message"})
_NO_PREFILL: Refusal = (_prefilled("trailing"), PREFILL_SHAPES["trailing"])
_VLLM: tuple[Refusal, ...] = (
    (_both_flags, "Cannot set both `continue_final_message` and `add_generation_prompt` to True."),
    (_empty_tools, "tools must not be an empty array."),
    (_stray_stream_options, "Stream options can only be defined when `stream=True`."),
)

HOSTS: Mapping[str, Host] = {
    "DeepSeek": Host(
        base_url="http://api.deepseek.com/beta",
        model="deepseek-flash",
        takes=_PREFIX,
        refuses=((_prefilled_off_beta, "prefix is supported by the beta endpoint only."),),
        thinks_unless=(_OFF,),
        habits={
            "comments": ": keep-alive",
            "usage": {
                "prompt_tokens": 20,
                "completion_tokens": 9,
                "prompt_cache_hit_tokens": 16,
                "prompt_cache_miss_tokens": 4,
            },
        },
        failing="insufficient_system_resource",
    ),
    "DashScope": Host(
        base_url="http://dashscope.aliyuncs.com/compatible-mode/v1",
        model="qwen-plus",
        takes=_PARTIAL,
        refuses=(
            (
                _prefilled_while_thinking(_NOT_ENABLED),
                "Partial mode is not supported when enable_thinking is true.",
            ),
        ),
        thinks_unless=(_NOT_ENABLED,),
    ),
    "SiliconFlow": Host(
        base_url="http://api.siliconflow.cn/v1",
        model="deepseek-ai/DeepSeek-V3.2",
        takes=frozenset({"body_prefix"}),
        thinks_unless=(_NOT_ENABLED,),
    ),
    "SiliconFlow, if it echoes": Host(
        base_url="http://api.siliconflow.com/v1",
        model="Qwen/Qwen3-32B",
        takes=frozenset({"body_prefix"}),
        thinks_unless=(_NOT_ENABLED,),
        habits={"echo": True},
    ),
    "Moonshot": Host(
        base_url="http://api.moonshot.ai/v1",
        model="kimi-k2.6",
        takes=_PARTIAL,
        refuses=(
            (
                _has("temperature", "top_p", "n", "presence_penalty", "frequency_penalty"),
                "invalid temperature: only 1 is allowed for this model",
            ),
        ),
        thinks_unless=(_OFF,),
        habits={"usage_in_choice": True},
    ),
    "Mistral": Host(
        base_url="http://api.mistral.ai/v1",
        model="mistral-medium-latest",
        takes=_PREFIX,
        refuses=(
            (
                _prefilled("trailing"),
                "Expected last role User or Tool (or Assistant with prefix True) for serving "
                "but got assistant",
            ),
        ),
        thinks_unless=(_EFFORT_NONE,),
        habits={
            "echo": True,
            "list_content": True,
            "error_shape": "mistral",
            "finish_reason": "model_length",
        },
    ),
    "Zhipu": Host(
        base_url="http://open.bigmodel.cn/api/paas/v4",
        model="glm-5.3",
        thinks_unless=(_OFF,),
        habits={"finish_reason": "sensitive"},
        failing="network_error",
    ),
    "Volcengine Ark": Host(
        base_url="http://ark.cn-beijing.volces.com/api/v3",
        model="doubao-seed-1-6-251015",
        takes=_TRAILING,
        thinks_unless=(_OFF,),
    ),
    "MiniMax": Host(
        base_url="http://api.minimax.io/v1",
        model="MiniMax-M3",
        refuses=(_NO_PREFILL,),
        thinks_unless=(_OFF,),
    ),
    "MiniMax M2, which always thinks": Host(
        base_url="http://api.minimax.io/v1",
        model="MiniMax-M2.1",
        refuses=(_NO_PREFILL,),
        thinks_aloud=True,
    ),
    "Anthropic": Host(
        base_url="http://api.anthropic.com/v1",
        model="claude-haiku-4-5",
        takes=_TRAILING,
        refuses=(
            (_space_at_the_end, "final assistant content cannot end with trailing whitespace"),
        ),
    ),
    "Anthropic from 4.6 on": Host(
        base_url="http://api.anthropic.com/v1", model="claude-sonnet-4-6", refuses=(_NO_PREFILL,)
    ),
    "Gemini": Host(
        base_url="http://generativelanguage.googleapis.com/v1beta/openai",
        model="gemini-2.5-flash",
        takes=_TRAILING,
        thinks_unless=(_EFFORT_NONE,),
        habits={"error_shape": "google"},
    ),
    "Gemini from 3.6 on": Host(
        base_url="http://generativelanguage.googleapis.com/v1beta/openai",
        model="gemini-3.6-flash",
        refuses=(
            (
                _prefilled("trailing"),
                "Please ensure that multiturn requests do not end with a model turn.",
            ),
        ),
        habits={"error_shape": "google"},
    ),
    "OpenAI": Host(
        base_url="http://api.openai.com/v1",
        model="gpt-5.4-mini",
        refuses=(
            (
                _has("max_tokens"),
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
            ),
        ),
    ),
    "OpenRouter": Host(
        base_url="http://openrouter.ai/api/v1",
        model="anthropic/claude-haiku-4.5",
        takes=_TRAILING,
        habits={
            "comments": ": OPENROUTER PROCESSING",
            "error_shape": "openrouter",
            "reasoning_field": "reasoning",
        },
        thinks_unless=({"reasoning": {"effort": "none"}},),
        failing="error",
        extra={"provider": {"only": ["anthropic"]}},
    ),
    "Groq": Host(
        base_url="http://api.groq.com/openai/v1",
        model="qwen/qwen3.8-27b",
        thinks_unless=(_EFFORT_NONE,),
        habits={"reasoning_field": "reasoning"},
    ),
    "Groq's Llama": Host(
        base_url="http://api.groq.com/openai/v1", model="llama-3.3-70b-versatile", takes=_TRAILING
    ),
    "Cerebras": Host(base_url="http://api.cerebras.ai/v1", model="llama3.1-8b", takes=_TRAILING),
    "Fireworks": Host(
        base_url="http://api.fireworks.ai/inference/v1",
        model="accounts/fireworks/models/llama-v3p3-70b-instruct",
        takes=_TRAILING,
    ),
    "DeepInfra": Host(
        base_url="http://api.deepinfra.com/v1/openai",
        model="moonshotai/Kimi-K2-Instruct",
        takes=_TRAILING,
    ),
    "Novita": Host(
        base_url="http://api.novita.ai/openai",
        model="meta-llama/llama-3.3-70b-instruct",
        takes=_TRAILING,
    ),
    "Together": Host(
        base_url="http://api.together.xyz/v1",
        model="meta-llama/Llama-3.3-70B-Instruct-Turbo",
        habits={"finish_reason": "eos"},
    ),
    "vLLM": Host(
        base_url="http://vllm.local:8000/v1",
        model="Qwen/Qwen3-32B",
        takes=_FLAGS,
        refuses=_VLLM,
        thinks_unless=(_TEMPLATE_OFF, _EFFORT_NONE),
        habits={"reasoning_field": "reasoning", "empty_choices": True},
        continuation="continue_final_message",
        source="vllm@002032ee, openai/chat_completion/protocol.py; 22 Nov 2026",
    ),
    "SGLang": Host(
        base_url="http://sglang.local:30000/v1",
        model="Qwen/Qwen3-32B",
        takes=_FLAGS,
        thinks_unless=(_TEMPLATE_OFF, _EFFORT_NONE),
        failing="abort",
        continuation="continue_final_message",
        source="sglang 0.5.23, serving_chat.py; 22 Nov 2026",
    ),
    "llama.cpp": Host(
        base_url="http://llama.local:8080/v1",
        model="qwen3-8b",
        takes=_TRAILING | _FLAGS,
        refuses=(
            (
                _prefilled_while_thinking(_TEMPLATE_OFF),
                "Assistant response prefill is incompatible with enable_thinking.",
            ),
            (
                _ends_in_two_replies,
                "Cannot have 2 or more assistant messages at the end of the list.",
            ),
        ),
        thinks_unless=(_TEMPLATE_OFF,),
        continuation="trailing",
        source="llama.cpp@006639c3, server-common.cpp; #13174, #15404; 22 Nov 2026",
    ),
    "llama.cpp --no-prefill-assistant": Host(
        base_url="http://llama.local:8081/v1",
        model="qwen3-8b",
        thinks_unless=(_TEMPLATE_OFF,),
        continuation="trailing",
        source="llama.cpp@006639c3, server-common.cpp; 22 Nov 2026",
    ),
    "Ollama": Host(
        base_url="http://ollama.local:11434/v1",
        model="qwen3.5:9b",
        takes=_TRAILING,
        thinks_unless=(_EFFORT_NONE,),
        habits={"reasoning_field": "reasoning", "trims": True},
    ),
    "LM Studio": Host(
        base_url="http://studio.local:1234/v1",
        model="qwen3-8b",
        takes=_TRAILING,
        continuation="trailing",
        source="lmstudio-bug-tracker#911 [that it continues]; 22 Nov 2026",
    ),
    "NVIDIA NIM": Host(
        base_url="http://nim.local:8000/v1",
        model="meta/llama-3.3-70b-instruct",
        takes=_FLAGS,
        refuses=_VLLM,
        continuation="continue_final_message",
        source="litellm 1.109.1; 22 Nov 2026",
    ),
    "TGI": Host(
        base_url="http://tgi.local:8080/v1",
        model="tgi",
        takes=_FLAGS,
        habits={"no_space_after_data": True, "finish_reason": "eos_token"},
        continuation="continue_final_message",
        source="text-generation-inference#2733; 22 Nov 2026",
    ),
    "LMDeploy": Host(
        base_url="http://lmdeploy.local:23333/v1",
        model="internlm3",
        takes=_TRAILING,
        continuation="trailing",
        source="lmdeploy#2798; 22 Nov 2026",
    ),
    "TabbyAPI": Host(
        base_url="http://tabby.local:5000/v1",
        model="exl3",
        takes=_FLAGS,
        continuation="continue_final_message",
        source="tabbyAPI#431; 22 Nov 2026",
    ),
    "LiteLLM": Host(
        base_url="http://litellm.local:4000/v1",
        model="deepseek-flash",
        takes=_PREFIX,
        continuation="message_prefix",
        source="docs.litellm.ai, completion/prefix; 22 Nov 2026",
    ),
}
"""Every host that is known, by its name."""
