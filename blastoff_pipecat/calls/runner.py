"""Pipecat's development runner for a bot with two models: all ready before the port opens.

`run_bot` is what a bot's ``main`` calls. Around Pipecat's own runner, with all of its options, it
says which models and whose speech will be used, fetches what is not on this computer yet, runs the
embedded models once for all calls where the environment names none, and sees to it that Ctrl-C ends
the calls and leaves no process behind.
"""

import argparse
import asyncio
import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from loguru import logger
from rich.console import Console

from blastoff_pipecat.address import check_address
from blastoff_pipecat.calls.speech import SpeechKeys, prepare_speech, read_speech
from blastoff_pipecat.environment import Environment
from blastoff_pipecat.environment.reading import fill_process
from blastoff_pipecat.local.errors import LocalError
from blastoff_pipecat.local.pair import LANGUAGE_MODELS, SYSTEM_INSTRUCTION, shared_models

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

_INTERRUPTED = 130
"""The exit status after Ctrl-C during the preparations, as a shell's own."""


def run_bot(
    add_routes: "Callable[[FastAPI], None] | None" = None,
    *,
    instruction: str = SYSTEM_INSTRUCTION,
    greeting: str | None = None,
) -> int:
    """Serve the calling script's ``bot(runner_args)`` with Pipecat's runner, until Ctrl-C.

    Args:
        add_routes: Is given the runner's app before its own routes are made, which come second.
        instruction: The bot's system instruction with the embedded models. They read it before the
            first call, whose first answer would otherwise come seconds later than the others.
        greeting: What the bot says first in each call, to be read likewise.

    Returns:
        The exit status. What went wrong has been written to standard error.
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    try:
        with ExitStack() as models:
            shared = shared_models(console, instruction=instruction, greeting=greeting)
            _run(add_routes, lambda: models.enter_context(shared), console)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (ValueError, LocalError, ImportError, OSError) as error:
        console.print(str(error), style="bold red")
        return 1
    return 0


def _run(
    add_routes: "Callable[[FastAPI], None] | None", run_models: Callable[[], None], console: Console
) -> None:
    fill_process()
    disabled = os.environ.get("PYTHON_DOTENV_DISABLED")
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"  # the runner would let .env win over what is set
    from pipecat.runner import run as pipecat_runner

    if disabled is None:
        del os.environ["PYTHON_DOTENV_DISABLED"]
    else:
        os.environ["PYTHON_DOTENV_DISABLED"] = disabled

    if add_routes is not None:
        add_routes(pipecat_runner.app)
    environment, speech = Environment.read(), read_speech()

    def prepare(args: argparse.Namespace) -> None:
        serves = not args.direct and args.transport != "vonage"
        if serves:
            check_address(args.host, args.port, program="bot")
        _tell(environment, speech, console)
        prepare_speech(speech, console)
        if not environment.configured:
            run_models()
        if serves:
            opens = args.open and not os.environ.get("CI")
            pipecat_runner.app.add_middleware(
                _CallsEndWithServer,
                log_level="TRACE" if args.verbose else environment.log_level,
                page=(args.host, args.port) if opens else None,
            )

    pipecat_runner.main(_Parser(prepare))


class _Parser(argparse.ArgumentParser):
    """A parser for Pipecat's runner, which adds its options to it and lets it parse them.

    What must be ready before the port opens is made ready right after that, so that ``--help`` and
    a misspelt option do not wait for models.
    """

    def __init__(self, prepare: Callable[[argparse.Namespace], None]) -> None:
        super().__init__(allow_abbrev=False)
        self.add_argument("--open", action="store_true", help="Open the bot's page in a browser")
        self._prepare = prepare

    def parse_args(self, *args: Any, **kwargs: Any) -> Any:
        parsed = super().parse_args(*args, **kwargs)
        self._prepare(parsed)
        return parsed


def _tell(environment: Environment, speech: SpeechKeys | None, console: Console) -> None:
    """Say in two lines what the bot will use."""
    if environment.configured:
        models = " and ".join(str(endpoint) for endpoint in environment.endpoints())
    else:
        models = " and ".join(model.name for model in LANGUAGE_MODELS) + " on this computer"
    console.print(f"Models: {models}")
    console.print(f"Speech: {speech or 'Whisper tiny.en and Hibari on this computer'}")


class _CallsEndWithServer:
    """ASGI middleware: Ctrl-C and SIGTERM end the calls that outlive their request's answer.

    A WebRTC call is a background task of the request that brought its offer, and uvicorn waits for
    such tasks without an end. When the server starts, it also sets the log's level, which the
    runner has set to DEBUG by then, and opens the page where that is wanted.
    """

    def __init__(self, app: "ASGIApp", *, log_level: str, page: tuple[str, int] | None) -> None:
        self._app = app
        self._log_level = log_level
        self._page = page
        self._calls: set[asyncio.Task[Any]] = set()
        self._ending = False

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            logger.remove()
            logger.add(sys.stderr, level=self._log_level)
            opening = asyncio.create_task(_open_page(*self._page)) if self._page else None
            with self._heard_signals():
                await self._app(scope, receive, send)
            if opening is not None:
                opening.cancel()
            return
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self._ending:
                raise
        finally:
            self._calls.discard(call)

    @contextmanager
    def _heard_signals(self) -> Generator[None]:
        """Have the calls ended on a signal, beside what the server does about it."""
        loop = asyncio.get_running_loop()
        before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}

        def hear(signum: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._end_calls)
            handler = before[signal.Signals(signum)]
            if callable(handler):
                handler(signum, frame)

        for signum in before:
            signal.signal(signum, hear)
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def _end_calls(self) -> None:
        self._ending = True
        for call in self._calls:
            call.cancel()


async def _open_page(host: str, port: int) -> None:
    """Open the bot's page in a browser as soon as its server listens."""
    host = "localhost" if host in ("0.0.0.0", "::") else host
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
            break
        except OSError:
            await asyncio.sleep(0.05)
    writer.close()
    await asyncio.to_thread(webbrowser.open, f"http://{host}:{port}")
