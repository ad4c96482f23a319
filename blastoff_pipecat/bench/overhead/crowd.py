"""How many streaming replies one server process holds.

`python -m blastoff_pipecat.bench.overhead.crowd`; with
`--rounds 9 --json blastoff_pipecat/bench/overhead/crowd.json` the README's figures are measured
anew.

Three processes: scripted models, the server, and this client. The same crowd asks the models
directly too: what the server adds is the difference.
"""

import argparse
import asyncio
import gc
import json
import os
import time
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from blastoff_pipecat.bench.beside.callers import crowd, droppers
from blastoff_pipecat.bench.beside.contestants import ours
from blastoff_pipecat.bench.beside.programs import models
from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.bench.overhead.report import machine

ARRIVAL_SECS = 4.0  # over which a crowd comes in


def sockets_of(pid: int) -> int:
    """Sockets that a process has open (Linux)."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(OSError):
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return found


async def measure(size: int, tokens: int, rounds: int, drops: int) -> dict[str, Any]:
    """Measure, say so, and return the figures: of several rounds the median one, by its p95."""
    figures: dict[str, Any] = {"about": machine(), "size": size, "tokens": tokens, "drops": drops}
    async with models() as asked, ours(asked) as server:
        programs = {"models alone": asked.program, "server": server}
        # The first is slower.
        await crowd(server.port, "large", size=4, tokens=tokens, arrival_secs=ARRIVAL_SECS)
        seen: dict[str, list[dict[str, float]]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, program in programs.items():
                used = {part: each.tree.cpu_secs() for part, each in programs.items()}
                mine, started = time.process_time(), time.monotonic()
                tally = await crowd(
                    program.port, "large", size=size, tokens=tokens, arrival_secs=ARRIVAL_SECS
                )
                took = time.monotonic() - started
                seen[name].append({**tally.percentiles(), "broken": tally.broken})
                print(f"{name}: {size} at once, {tally.told()}")
                cpu = {part: each.tree.cpu_secs() - used[part] for part, each in programs.items()}
                cpu["clients"] = time.process_time() - mine
                told = ", ".join(
                    f"{part} {secs / took:.0%} ({1e6 * secs / len(tally.late):.0f} us a token)"
                    for part, secs in cpu.items()
                )
                memory = server.tree.memory_bytes() / 1e6
                print(f"  in {took:.1f} s; CPU: {told}; server's memory {memory:.0f} MB")
        for name, runs in seen.items():
            runs.sort(key=itemgetter("p95"))
            figures[name] = {
                **runs[len(runs) // 2],
                "broken": sum(run["broken"] for run in runs),
                "p95 of each round": [run["p95"] for run in runs],
            }
        pid = server.tree.pid
        before = sockets_of(pid)
        await droppers(server.port, count=drops)
        deadline = time.monotonic() + 10
        while sockets_of(pid) > before and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        figures["sockets left"] = max(0, sockets_of(pid) - before)
        print(f"{drops} connections dropped: {figures['sockets left']} more sockets open")
    return figures


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="python -m blastoff_pipecat.bench.overhead.crowd", description=__doc__
    )
    parser.add_argument("--size", type=int, default=400, help="replies at once")
    parser.add_argument("--tokens", type=int, default=250, help="tokens of a reply")
    parser.add_argument("--rounds", type=int, default=1, help="how often; the median counts")
    parser.add_argument("--drops", type=int, default=2000, help="connections opened and dropped")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    gc.disable()  # a pause of a part of the bench is none of the server's
    with suppress(KeyboardInterrupt):
        figures = run(measure(options.size, options.tokens, options.rounds, options.drops))
        if options.json:
            options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
