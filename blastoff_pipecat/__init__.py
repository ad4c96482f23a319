"""One reply by two models: a small one is heard at once, a large one carries the sentence on.

The public names are imported when they are first used, so that a part of the package (the relay,
a child process of an embedded model) does not pay for the whole of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blastoff_pipecat.conductor.latency import LatencySummary
    from blastoff_pipecat.conductor.report import ReplyReport
    from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
    from blastoff_pipecat.service.frames import OpeningTextFrame
    from blastoff_pipecat.service.metrics import DualLLMMetricsData
    from blastoff_pipecat.service.service import DualLLMService

__all__ = [
    "ChatEndpoint",
    "DualLLMMetricsData",
    "DualLLMService",
    "LatencySummary",
    "OpeningTextFrame",
    "ReplyReport",
]

_HOMES = {
    "ChatEndpoint": "endpoints.endpoint",
    "DualLLMMetricsData": "service.metrics",
    "DualLLMService": "service.service",
    "LatencySummary": "conductor.latency",
    "OpeningTextFrame": "service.frames",
    "ReplyReport": "conductor.report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
