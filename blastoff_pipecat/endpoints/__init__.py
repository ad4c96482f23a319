"""One model behind a URL: how to ask it, how to have it go on, and what can go wrong."""

from blastoff_pipecat.endpoints.ask import Ask, Message, with_note
from blastoff_pipecat.endpoints.client import ChatClient
from blastoff_pipecat.endpoints.continuation import (
    ContinuationWay,
    is_refusal,
    memory,
    native_way,
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

__all__ = [
    "Alive",
    "Aside",
    "Ask",
    "ChatClient",
    "ChatEndpoint",
    "Completion",
    "ConnectFailed",
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
    "is_refusal",
    "memory",
    "native_way",
    "ways_for",
    "with_note",
]
