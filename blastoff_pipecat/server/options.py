"""What a server is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import ChatEndpoint
from blastoff_pipecat.server.manner import Manner
from blastoff_pipecat.server.streaming import UNREAD_SECS


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """What a server is made of.

    Attributes:
        small: The small model.
        large: The large model.
        policy: How replies are made.
        key: The bearer key that clients must send; None lets everyone in.
        stats_folder: The folder that worker processes share; None for one process.
        hosts: The names under which a server without a key answers, beside this computer's own;
            ``*`` is any.
        max_request_bytes: The largest request.
        max_held_bytes: The most that the bodies of all requests under way may hold together.
        max_requests: Chat requests that one worker answers at once.
        whole_answer_secs: How long the large model may take for an answer that is not streamed:
            nothing of it is seen before its end.
        connect_timeout_secs: How long connecting to a model may take.
        manner: How replies suit a client that says nothing about that.
        waiting_lines: Whether lines may be said while the large model is late.
        unread_secs: How long a client may leave a part of a streamed answer unread.
    """

    small: ChatEndpoint
    large: ChatEndpoint
    policy: Policy = field(default_factory=Policy)
    key: str | None = field(default=None, repr=False)
    stats_folder: Path | None = None
    hosts: Sequence[str] = ()
    max_request_bytes: int = 3_000_000
    max_held_bytes: int = 64_000_000
    max_requests: int = 1000
    whole_answer_secs: float = 120.0
    connect_timeout_secs: float = 2.0
    manner: Manner = field(default_factory=Manner)
    waiting_lines: bool = False
    unread_secs: float = UNREAD_SECS
