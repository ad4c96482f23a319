"""Serves two scripted models in a process of its own, for measurements.

```
python -m blastoff_pipecat.testing --port 8100 --small-ttft 0.1 --large-ttft 1.2 --large-pace 0.02
```

One line on standard output tells the base URL as soon as it can be used. The models are called
"small" and "large". The large one continues a prefill that its text begins with.
"""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress

from blastoff_pipecat.testing import Script, ScriptedEndpoint

SMALL_TEXT = "Let me look into that for you."
LARGE_TEXT = (
    "The museum opens at nine in the morning and closes at six, from Tuesday to Sunday. "
    "On Mondays it stays closed. A ticket costs twelve euros, and children under ten go in free. "
    "The tram from the main station stops right in front of the entrance."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m blastoff_pipecat.testing",
        description='Serve two scripted models, "small" and "large", behind one base URL.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=0, help="0 for any free port")
    for model, text, ttft in (("small", SMALL_TEXT, 0.1), ("large", LARGE_TEXT, 1.0)):
        parser.add_argument(f"--{model}-text", default=text, help=f"what the {model} model says")
        parser.add_argument(
            f"--{model}-ttft", type=float, default=ttft, help="seconds to its first token"
        )
        parser.add_argument(
            f"--{model}-pace", type=float, default=0.02, help="seconds between its tokens"
        )
    options = parser.parse_args(arguments)
    small = Script(options.small_text, ttft=options.small_ttft, pace=options.small_pace)
    large = Script(
        options.large_text, ttft=options.large_ttft, pace=options.large_pace, continues=True
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.host, options.port, small, large))


async def _serve(host: str, port: int, small: Script, large: Script) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows, where Ctrl-C raises KeyboardInterrupt
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ScriptedEndpoint(host=host, port=port, keep_log=False) as server:
        server.play("small", small)
        server.play("large", large)
        print(server.url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
