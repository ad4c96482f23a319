"""Picking up: from what a runner hands to a bot to a transport that talks to the caller."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pipecat.runner.types import CallData, RunnerArguments, WebSocketRunnerArguments
from pipecat.runner.utils import (
    create_transport,  # pyright: ignore[reportUnknownVariableType]  # a bare dict and Callable
    parse_telephony_websocket,
)
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

from blastoff_pipecat.environment import read_variables
from blastoff_pipecat.phone.carriers import serializer_for

START_SECS = 10.0
"""How long a stream may take to say which call it is; carriers say so at once."""


class NoCall(Exception):
    """A stream is no call, or does not say so in time."""


async def pick_up(
    runner_args: RunnerArguments,
    transport_params: Mapping[str, Callable[[], Any]],
    *,
    within: float = START_SECS,
) -> BaseTransport:
    """Make the transport of one call.

    As Pipecat's ``create_transport``, and where the call is a carrier's media stream, a stream that
    is no call is closed, and the keys to the carrier's REST API need not be set.

    Args:
        runner_args: What the runner hands to the bot. Who calls, where the carrier tells, is then
            in its ``call_data``.
        transport_params: The transport's parameters, by carrier; also for ``daily`` and ``eval``.
        within: How long the stream may take to say which call it is, in seconds.

    Raises:
        NoCall: The stream is no call; it is closed.
    """
    params = dict(transport_params)
    if not isinstance(runner_args, WebSocketRunnerArguments):
        return await create_transport(runner_args, params)
    try:
        async with asyncio.timeout(within):
            # Which stands in the connection's memory from now on, for create_transport too.
            told: Any = await parse_telephony_websocket(runner_args.websocket)  # pyright: ignore[reportUnknownVariableType]  # its cache has no types
        carrier: str = told[0]
        call: CallData = told[1]
        if carrier == "eval":
            return await create_transport(runner_args, params)
        if carrier not in params:
            raise NoCall("The stream speaks no carrier's language.")
        runner_args.transport_type, runner_args.call_data = carrier, call
        chosen: FastAPIWebsocketParams = params[carrier]()
        chosen.serializer = serializer_for(carrier, call, read_variables())
        return FastAPIWebsocketTransport(runner_args.websocket, chosen)
    except Exception as error:
        # Whoever gets this far may send anything at all, which Pipecat takes for a start message.
        with suppress(Exception):  # it may be closed already
            await runner_args.websocket.close(1008)
        raise NoCall(_said(error, within)) from error


def _said(error: Exception, within: float) -> str:
    if isinstance(error, TimeoutError):
        return f"The stream has not said which call it is within {within:.0f} s."
    if isinstance(error, NoCall):
        return str(error)
    return f"The stream is no call: {type(error).__name__}: {error}"
