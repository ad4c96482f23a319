"""A model as a certain host would serve it: what that takes, refuses, echoes and sends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from blastoff_pipecat.testing.request import Request
from blastoff_pipecat.testing.script import Fault, Script

Refusal: TypeAlias = tuple[Callable[[Request], object], str]
"""When a request is refused with HTTP 400, and the words."""

_THOUGHT = "The user wants to know something. "


@dataclass(frozen=True, kw_only=True)
class Host:
    """How the server of one provider behaves.

    Attributes:
        base_url: Where it is; http, so that a proxy can stand in for it.
        model: A model of it.
        takes: The shapes of prefill that the model continues. In other shapes it begins anew.
        refuses: What it refuses.
        thinks_unless: The body fields, any one of which keeps the model from thinking; empty for a
            model that does not think.
        thinks_aloud: The model thinks between ``<think>`` tags in its answer, whatever it is asked.
        habits: How its streams look: fields of `Script`.
        failing: A finish reason with which it says that it failed, if it has such a word.
        continuation: What an endpoint has to be told of it, where its address does not say it.
        extra: Body fields that an endpoint has to send it for a prefill to be continued.
        source: Where this comes from and when it was checked, for a server of one's own; of the
            others `endpoints/providers.py` says it.
    """

    base_url: str
    model: str
    takes: frozenset[str] = frozenset()
    refuses: tuple[Refusal, ...] = ()
    thinks_unless: tuple[Mapping[str, Any], ...] = ()
    thinks_aloud: bool = False
    habits: Mapping[str, Any] = field(default_factory=dict[str, Any])
    failing: str | None = None
    continuation: str = "auto"
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    source: str = ""

    def playing(self, text: str, **script: Any) -> "HostedModel":
        """Return a part for `ScriptedEndpoint.play`: the model says ``text``, in its host's way.

        Args:
            text: All of the reply, the prefill that it may be asked to continue included.
            **script: Fields of `Script`, in place of the host's own.
        """
        return HostedModel(self, text, MappingProxyType(script))


@dataclass(frozen=True)
class HostedModel:
    """One model behind a host, as `ScriptedEndpoint.play` takes it."""

    host: Host
    text: str
    options: Mapping[str, Any]

    def script_for(self, request: Request) -> Script:
        """Say what is answered to one request."""
        host = self.host
        habits = {**host.habits, **self.options}
        for refused, words in host.refuses:
            if refused(request):
                shape = habits.get("error_shape", Script.error_shape)
                return Script(fault=Fault.STATUS_400, error_message=words, error_shape=shape)
        thinks = host.thinks_unless and not any(
            holds(request.body, fields) for fields in host.thinks_unless
        )
        text = f"<think>{_THOUGHT}</think>{self.text}" if host.thinks_aloud else self.text
        played: dict[str, Any] = {
            "text": text,
            "reasoning": _THOUGHT if thinks else "",
            "continues": host.takes or False,
            **habits,
        }
        if request.prefill is None or request.prefill.shape not in host.takes:
            played["echo"] = False  # it did not know the text for one to be continued
        return Script(**played)


def holds(body: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether a body holds these fields, in nested objects too."""
    for name, value in fields.items():
        found = body.get(name)
        if isinstance(value, Mapping):
            below = cast("Mapping[str, Any]", value)
            if not isinstance(found, Mapping) or not holds(cast("dict[str, Any]", found), below):
                return False
        elif found != value:
            return False
    return True
