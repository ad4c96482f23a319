"""What is at fault where a model could not be asked, and what to do about it."""

import asyncio
import difflib
from typing import Any, cast

import httpx

from blastoff_pipecat.doctor.finding import Finding
from blastoff_pipecat.endpoints import (
    ChatEndpoint,
    ConnectFailed,
    EndpointError,
    EndpointTimeout,
    GarbledStream,
    RequestRefused,
)
from blastoff_pipecat.endpoints.connections import proxy_for, shared_ssl_context

_LIST_SECS = 5.0
_SHOWN = 5


async def finding_of(error: EndpointError, endpoint: ChatEndpoint, prefix: str) -> Finding:
    """Name the fault behind an error.

    Args:
        error: What was raised.
        endpoint: Where the model is.
        prefix: What the variables of this model begin with, such as ``LARGE_MODEL``.
    """
    return Finding("fault", prefix, error.message, await _advice(error, endpoint, prefix))


async def _advice(error: EndpointError, endpoint: ChatEndpoint, prefix: str) -> str:
    match error:
        case EndpointTimeout(what="connect"):
            return f"Check the host and the port in {prefix}_URL, and what lies between."
        case EndpointTimeout():
            return "Choose a faster model: nobody waits that long on the telephone."
        case ConnectFailed():
            return f"Check {prefix}_URL: nobody answers there."
        case RequestRefused(status_code=401 | 403):
            return f"Check {prefix}_API_KEY: {endpoint.host} does not take it."
        case RequestRefused(status_code=402):
            return "Pay: the account has nothing left."
        case RequestRefused(status_code=404) | GarbledStream():
            return await _whereabouts(endpoint, prefix)
        case RequestRefused(status_code=429):
            return "Wait, or ask the host for a higher limit: calls would be refused as well."
        case RequestRefused(status_code=status) if status is not None and status < 400:
            return f"Write the new place into {prefix}_URL."
        case RequestRefused():
            return f"Read what {endpoint.host} says; ChatEndpoint(extra=…) removes fields."
        case _:
            return f"{endpoint.host} has a fault of its own: try again later, or another host."


async def _whereabouts(endpoint: ChatEndpoint, prefix: str) -> str:
    """Say what is wrong with the model's name or the URL, by the lists of models."""
    models, rooted = await asyncio.gather(
        models_of(endpoint, endpoint.base_url),
        models_of(endpoint, f"{endpoint.base_url.rstrip('/')}/v1"),
    )
    if models is None and rooted is not None:
        return f"Add /v1 to {prefix}_URL: there are models behind it."
    if models is None:
        return f"Check the path in {prefix}_URL; most end in /v1."
    if endpoint.model in models:
        return f"Check the path in {prefix}_URL: the model is there, and cannot be asked."
    near = difflib.get_close_matches(endpoint.model, models, n=_SHOWN, cutoff=0.4)
    named = ", ".join(near or models[:_SHOWN]) or "none"
    return f"Check {prefix}_NAME: {endpoint.host} has no such model. It has {named}."


async def models_of(endpoint: ChatEndpoint, base_url: str) -> list[str] | None:
    """Return the names of the models behind a URL; None where they are not told."""
    headers = dict(endpoint.headers)
    if endpoint.api_key:
        headers.setdefault("authorization", f"Bearer {endpoint.api_key}")
    try:
        url = f"{base_url.rstrip('/')}/models"
        # The way that requests to the model take: this machine is not asked for through a proxy.
        proxy, tls = proxy_for(url), shared_ssl_context()
        async with httpx.AsyncClient(
            timeout=_LIST_SECS, proxy=proxy, verify=tls, trust_env=False
        ) as client:
            answer = await client.get(url, headers=headers)
        found: Any = answer.json() if answer.status_code == 200 else None
        return sorted(str(each["id"]) for each in cast("list[dict[str, Any]]", found["data"]))
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, TypeError, KeyError):
        return None
