"""One model behind a URL: how to ask it, how to have it go on, and what can go wrong."""

from blastoff_pipecat.endpoints.ask import Ask, Message, with_note
from blastoff_pipecat.endpoints.choice import apply_choice
from blastoff_pipecat.endpoints.client import ChatClient
from blastoff_pipecat.endpoints.continuation import (
    ContinuationMemory,
    ContinuationWay,
    is_refusal,
    memory,
    native_way,
    thinking_off,
    ways_for,
)
from blastoff_pipecat.endpoints.deltas import (
    Alive,
    Aside,
    Completion,
    Delta,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallsSoFar,
    UsageReport,
)
from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.errors import (
    ConnectFailed,
    EndpointError,
    EndpointTimeout,
    GarbledStream,
    RequestRefused,
    ServerFailed,
)
from blastoff_pipecat.endpoints.providers import takes_developer_role

__all__ = [
    "Alive",
    "Aside",
    "Ask",
    "ChatClient",
    "ChatEndpoint",
    "Completion",
    "ConnectFailed",
    "ContinuationMemory",
    "ContinuationWay",
    "Delta",
    "EndpointError",
    "EndpointTimeout",
    "Finished",
    "GarbledStream",
    "Message",
    "ReasoningDelta",
    "RequestRefused",
    "ServerFailed",
    "TextDelta",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallsSoFar",
    "UsageReport",
    "apply_choice",
    "is_refusal",
    "memory",
    "native_way",
    "takes_developer_role",
    "thinking_off",
    "ways_for",
    "with_note",
]
