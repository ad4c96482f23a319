"""Whether a model's thinking can be switched off, and by what."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from blastoff_pipecat.doctor.asking import ask
from blastoff_pipecat.endpoints import Ask, ChatClient, ChatEndpoint, EndpointError

SWITCHES: tuple[Mapping[str, Any], ...] = (
    {"chat_template_kwargs": {"enable_thinking": False}},
    {"reasoning_effort": "none"},
    {"enable_thinking": False},
    {"thinking": {"type": "disabled"}},
    {"reasoning": {"effort": "none"}},
)
"""The body fields with which one server or another switches thinking off."""


async def switch_for(endpoint: ChatEndpoint, asked: Ask) -> Mapping[str, Any] | None:
    """Return the first of `SWITCHES` with which the model answers without thinking, if any does."""
    for switch in SWITCHES:
        client = ChatClient(replace(endpoint, extra={**endpoint.extra, **switch}))
        try:
            answer = await ask(client, asked)
        except EndpointError:
            continue  # it does not know the field
        finally:
            await client.aclose()
        if answer.text.strip() and not answer.thinks:
            return switch
    return None
