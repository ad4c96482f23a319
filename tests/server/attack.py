"""The server under a mixed attack that lasts: `make attack`, or `python -m tests.server.attack`.

Honest clients ask all the time, first alone and then among the attackers. The attack has failed if
no honest reply was lost, their 95th percentile stayed within half as much again, and nothing has
grown or is left open at the end.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.kit.attacks import ATTACKS
from tests.server.test_hostile import ANSWER, Target, attacked_server, listen

HONEST = 5
ATTACKERS = 8
MODELS = 2  # each of which has a connection for each reply that is under way
QUIET_SECS = 20.0
WARM_SECS = 10.0
MOST_GROWTH = 50_000_000
MOST_SLOWER = 1.5
REST_SECS = 15.0  # for what is left to be closed


async def ask_on(port: int, until: float, took: list[float]) -> None:
    """Ask as an honest client does, again and again; note what each reply took."""
    while time.monotonic() < until:
        began = time.monotonic()
        said = await listen(port)
        if not said.endswith(ANSWER):
            raise AssertionError(f"an honest reply was lost: {said!r}")
        took.append(time.monotonic() - began)


async def attack_on(port: int, secs: float) -> int:
    """Attack in all ways, in any order, several at once; return how often."""
    count, until = 0, time.monotonic() + secs

    async def attack() -> None:
        nonlocal count
        while time.monotonic() < until:
            await random.choice(list(ATTACKS.values()))(port)
            count += 1

    await asyncio.gather(*(attack() for _ in range(ATTACKERS)))
    return count


async def attackers(port: int, secs: float) -> int:
    """Attack from a process of its own, whose stalls are no honest client's."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __spec__.name, "--secs", str(secs), "--port", str(port)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, "the attackers gave up"
    return int(out)


async def fight(target: Target, secs: float) -> list[str]:
    """Let honest and hostile clients in; return what went wrong."""
    quiet: list[float] = []
    until = time.monotonic() + QUIET_SECS
    await asyncio.gather(*(ask_on(target.port, until, quiet) for _ in range(HONEST)))
    await attackers(target.port, WARM_SECS)  # so that what is made once is made
    await asyncio.sleep(REST_SECS)
    memory = target.memory
    attacked: list[float] = []
    until = time.monotonic() + secs
    attacking = asyncio.create_task(attackers(target.port, secs))
    await asyncio.gather(*(ask_on(target.port, until, attacked) for _ in range(HONEST)))
    count = await attacking
    await asyncio.sleep(REST_SECS)
    sockets = target.sockets
    slower = _p95(attacked) / _p95(quiet)
    print(
        f"{count} attacks; {len(quiet)} quiet and {len(attacked)} attacked replies, p95 "
        f"{_p95(quiet):.3f} s and {_p95(attacked):.3f} s ({slower:.2f} times); memory "
        f"{memory / 1e6:.0f} to {target.memory / 1e6:.0f} MB; left "
        f"open: {sockets.of_clients} connections of clients, {sockets.of_models} to the models"
    )
    wrong = {
        "honest replies were slowed": slower > MOST_SLOWER,
        "memory has grown": target.memory - memory > MOST_GROWTH,
        "clients' connections were left open": sockets.of_clients > 0,
        "more connections to the models were kept than were ever used at once": sockets.of_models
        > MODELS * (HONEST + ATTACKERS),
    }
    return [what for what, is_so in wrong.items() if is_so]


def _p95(took: list[float]) -> float:
    return sorted(took)[len(took) * 95 // 100]


def main() -> int:
    """Run it; the exit status tells whether the server held."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make attack")
    parser.add_argument("--secs", type=float, default=600.0, help="how long the attack lasts")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)  # of the attackers' process
    options = parser.parse_args()
    if options.port:
        print(asyncio.run(attack_on(options.port, options.secs)))
        return 0
    with tempfile.TemporaryDirectory() as folder, attacked_server(Path(folder)) as target:
        wrong = asyncio.run(fight(target, options.secs))
    print("\n".join(wrong) or "The server held.")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
