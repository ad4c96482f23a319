"""One model: whether it answers, how fast, whether it thinks, and how it takes an opening."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.doctor.asking import Answer, ask
from blastoff_pipecat.doctor.finding import Finding, Level
from blastoff_pipecat.doctor.handover import Tried, try_ways
from blastoff_pipecat.doctor.refusals import finding_of
from blastoff_pipecat.doctor.thinking import switch_for
from blastoff_pipecat.endpoints import Ask, ChatClient, ChatEndpoint, EndpointError, ways_for
from blastoff_pipecat.endpoints.providers import continues, provider_of
from blastoff_pipecat.environment import Variables
from blastoff_pipecat.relay.actions import Role

_ASKED = Ask(
    messages=[{"role": "user", "content": "Why is the sky blue? Answer in two short sentences."}],
    params={"max_tokens": 80},
)
_SLOWEST_TOKENS = 5.0  # a second; speech takes nearly four


@dataclass(slots=True)
class Examined:
    """What was found of one model.

    Attributes:
        role: What it is for.
        endpoint: Where it is.
        findings: What is to be said about it.
        answers: What it answered, measured.
        tried: How it takes an opening; of the small one nothing.
        settings: What to set for it, by the name of a variable, a setting or an argument.
    """

    role: Role
    endpoint: ChatEndpoint
    findings: list[Finding] = field(default_factory=list[Finding])
    answers: list[Answer] = field(default_factory=list[Answer])
    tried: list[Tried] = field(default_factory=list[Tried])
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def prefix(self) -> str:
        """What its variables begin with."""
        return f"{self.role.upper()}_MODEL"

    @property
    def goes_on(self) -> bool:
        """Whether an opening is handed over to it, as its endpoint is set now."""
        way = ways_for(self.endpoint)[0].name
        return any(tried.works for tried in self.tried if tried.way == way)

    def find(self, level: Level, said: str, do: str = "") -> None:
        """Add a finding about this model."""
        self.findings.append(Finding(level, str(self.endpoint), said, do))

    def figures(self) -> Mapping[str, float | None]:
        """Return what was measured: medians, in seconds and tokens a second."""
        return {
            "first_text": _median(answer.first_text for answer in self.answers),
            "first_clause": _median(answer.first_clause for answer in self.answers),
            "tokens_per_sec": _median(answer.tokens_per_sec for answer in self.answers),
        }


async def examine_model(role: Role, endpoint: ChatEndpoint, rounds: int) -> Examined:
    """Ask a model a few times and say what is to be said about it."""
    seen = Examined(role, endpoint)
    client = ChatClient(endpoint)
    try:
        await client.warm()
        for _ in range(rounds):
            seen.answers.append(await ask(client, _ASKED))
    except EndpointError as error:
        seen.findings.append(await finding_of(error, endpoint, seen.prefix))
        return seen
    finally:
        await client.aclose()
    await _judge_thinking(seen)
    if not any(answer.text.strip() for answer in seen.answers):
        tokens = _ASKED.params["max_tokens"]
        seen.find("fault", f"says nothing within {tokens} tokens", "Choose a model that answers.")
        return seen
    _judge_speed(seen)
    if role == "large":
        seen.tried = await try_ways(endpoint)
        _judge_handover(seen)
    return seen


def _judge_speed(seen: Examined) -> None:
    figures, policy = seen.figures(), Policy()
    first, pace = figures["first_text"] or 0.0, figures["tokens_per_sec"]
    small = seen.role == "small"
    limit = (
        policy.small_first_token_timeout_secs if small else policy.large_first_token_timeout_secs
    )
    told = f"its first word comes after {first:.2f} s" + (
        f", {pace:.0f} tokens a second" if pace else ""
    )
    if first > limit:
        name = f"{seen.role}_first_token_timeout_secs"
        given = f"{told}; it is given up after {limit:g} s ({name})"
        seen.find("fault", given, f"Choose a faster {seen.role} model.")
    elif pace is not None and pace < _SLOWEST_TOKENS:
        seen.find("fault", f"{told}: slower than speech", "Choose a faster model.")
    else:
        seen.find("ok", told)


async def _judge_thinking(seen: Examined) -> None:
    if not any(answer.thinks for answer in seen.answers):
        return
    level: Level = "fault" if seen.role == "small" else "note"
    switch = await switch_for(seen.endpoint, _ASKED)
    if switch is None:
        seen.find(level, "thinks before it answers", "Choose a model whose thinking can be off.")
    else:
        seen.settings["extra"] = switch
        do = f"Switch it off: ChatEndpoint(extra={json.dumps(switch)})."
        seen.find(level, "thinks before it answers", do.replace("false", "False"))


def _judge_handover(seen: Examined) -> None:
    """Say how the large model takes an opening, and what to set for that."""
    chosen = ways_for(seen.endpoint)[0].name
    best = _best(seen.tried)
    if chosen == "history":
        named = seen.endpoint.continuation == "history"
        if best is None or named:
            seen.find("ok", "is asked beside the opening, and begins a sentence of its own")
            if not named:
                _tell_of_elsewhere(seen)
            return
        do = f"To have it go on from an opening's very words: {_advise(seen, best)}."
        seen.find("note", f"is asked beside the opening, and could go on ({best.way})", do)
        return
    (tried,) = (each for each in seen.tried if each.way == chosen)
    if tried.works:
        notes = [
            *(["echoes what was said, which is cut off"] if tried.verdict == "echoes" else []),
            *(["loses the space between, which is put back"] if tried.trims else []),
        ]
        seen.find("ok", "; ".join([f"goes on from an opening's very words ({chosen})", *notes]))
        return
    said = f"{tried.verdict} where it is to go on from an opening ({chosen})"
    how = _advise(seen, best)
    seen.find("fault", f"{said}{tried.said and ': '}{tried.said}", f"Set {how}.")


def _tell_of_elsewhere(seen: Examined) -> None:
    """Say what the host's own way asks for, where only that is missing."""
    provider, endpoint = provider_of(seen.endpoint), seen.endpoint
    if provider is None or provider.way is None:
        return
    parts = urlsplit(endpoint.base_url)
    there = replace(
        endpoint,
        base_url=parts._replace(path=provider.path or parts.path).geturl(),
        extra={**endpoint.extra, **({provider.needs_pin: True} if provider.needs_pin else {})},
    )
    if not continues(provider, there):
        return
    if there.base_url != endpoint.base_url:
        do = f"Write {there.base_url} into LARGE_MODEL_URL."
        seen.find("note", f"could go on from an opening's very words at {provider.path}", do)
    elif provider.needs_pin:
        do = f"Name it: ChatEndpoint(extra={{{provider.needs_pin!r}: …}})."
        said = f"could go on from an opening's very words with one {provider.needs_pin}"
        seen.find("note", said, do)


def _best(tried: Sequence[Tried]) -> Tried | None:
    """Return the way that works best: without an echo, if there is one."""
    working = (each for each in tried if each.works)
    return min(working, key=lambda each: each.verdict == "echoes", default=None)


def _advise(seen: Examined, best: Tried | None) -> str:
    """Advise the way that works best, or none at all; return what to set for it."""
    provider, name = provider_of(seen.endpoint), Variables.LARGE_MODEL_SUPPORTS_PREFIX.name
    way_of_true = "trailing" if provider is None else provider.way or "history"
    if best is None or best.way == way_of_true:
        seen.settings[name] = value = "false" if best is None else "true"
        return f"{name}={value}"
    seen.settings["continuation"] = best.way
    return f'ChatEndpoint(continuation="{best.way}")'


def _median(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
