"""The Pipecat services that are held to be models, each before its provider's stand-in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pipecat.services.anthropic.llm import AnthropicLLMService
from pipecat.services.aws.llm import AWSBedrockLLMService
from pipecat.services.azure.llm import AzureLLMService
from pipecat.services.google.llm import GoogleLLMService
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.responses.llm import (
    OpenAIResponsesHttpLLMService,
    OpenAIResponsesLLMService,
)
from pipecat.utils.errors import ErrorCategory

from tests.kit.providers.bedrock import BedrockConverse
from tests.kit.providers.play import Wire
from tests.kit.providers.sse import (
    AnthropicMessages,
    GoogleGenerate,
    OpenAIChat,
    OpenAIResponses,
)

KEY = "a-key-that-nobody-may-see"
# aiobotocore leaves a stream that it does not read to its end to aiohttp, which closes the
# connection when that is forgotten, and warns.
CLOSED_LATE = pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
SYSTEM = "You guide visitors of a museum."


@dataclass(frozen=True)
class Stand:
    """One service and its provider.

    Attributes:
        title: What the service is called where people are told of it.
        wire: How the provider writes.
        make: Makes the service for a stand-in at a URL.
        environment: Variables that lead the service to a stand-in, `{url}` being its URL.
        continues: A model that goes on from a last message of its own, as Pipecat knows it.
        unauthorized: What the service takes a refused key for.
        thinks: Whether the stand-in can play thoughts that have to come back.
    """

    title: str
    wire: type[Wire]
    make: Callable[..., LLMService[Any]]
    environment: Mapping[str, str] = field(default_factory=dict)
    continues: str = "a-model"
    unauthorized: ErrorCategory = ErrorCategory.AUTHENTICATION
    thinks: bool = False


def _settings(kind: Any, options: dict[str, Any]) -> Any:
    return kind.Settings(**{"model": "a-model", "system_instruction": SYSTEM, **options})


def _openai(url: str, **settings: Any) -> LLMService[Any]:
    kind = OpenAILLMService
    return kind(api_key=KEY, base_url=f"{url}/v1", settings=_settings(kind, settings))


def _responses(url: str, **settings: Any) -> LLMService[Any]:
    kind = OpenAIResponsesHttpLLMService
    return kind(api_key=KEY, base_url=f"{url}/v1", settings=_settings(kind, settings))


def _responses_socket(url: str, **settings: Any) -> LLMService[Any]:
    kind = OpenAIResponsesLLMService
    socket = f"ws{url.removeprefix('http')}/v1/responses"
    settings = _settings(kind, settings)
    return kind(api_key=KEY, base_url=f"{url}/v1", ws_url=socket, settings=settings)


def _anthropic(url: str, **settings: Any) -> LLMService[Any]:
    return AnthropicLLMService(api_key=KEY, settings=_settings(AnthropicLLMService, settings))


def _google(url: str, **settings: Any) -> LLMService[Any]:
    options: Any = {"base_url": url}
    settings = _settings(GoogleLLMService, settings)
    return GoogleLLMService(api_key=KEY, http_options=options, settings=settings)


def _azure(url: str, **settings: Any) -> LLMService[Any]:
    endpoint = f"{url}/openai/v1"
    return AzureLLMService(
        api_key=KEY, endpoint=endpoint, settings=_settings(AzureLLMService, settings)
    )


def _bedrock(url: str, **settings: Any) -> LLMService[Any]:
    return AWSBedrockLLMService(
        aws_access_key="an-access-key",
        aws_secret_key=KEY,
        aws_region="us-east-1",
        settings=_settings(AWSBedrockLLMService, settings),
    )


STANDS: Mapping[str, Stand] = {
    "openai": Stand("OpenAI", OpenAIChat, _openai),
    "responses": Stand("OpenAI Responses (HTTP)", OpenAIResponses, _responses),
    "responses-ws": Stand("OpenAI Responses (WebSocket)", OpenAIResponses, _responses_socket),
    "anthropic": Stand(
        "Anthropic",
        AnthropicMessages,
        _anthropic,
        {"ANTHROPIC_BASE_URL": "{url}"},
        continues="claude-3-of-the-tests",
        thinks=True,
    ),
    "google": Stand("Google", GoogleGenerate, _google, continues="gemini-2.5-flash", thinks=True),
    "bedrock": Stand(
        "AWS Bedrock",
        BedrockConverse,
        _bedrock,
        {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "{url}"},
        continues="us.anthropic.claude-sonnet-4-5-v1:0",
        unauthorized=ErrorCategory.UNKNOWN,
    ),
    "azure": Stand("Azure OpenAI", OpenAIChat, _azure),
}
"""By the name under which the tests run."""
