"""A conversation: a run of replies that learn from each other."""

from collections.abc import Iterator
from itertools import islice
from random import Random

from blastoff_pipecat.bench.cover.heard import Heard, heard_alone
from blastoff_pipecat.bench.cover.policy import PolicyName
from blastoff_pipecat.bench.cover.reply import SimulatedReply
from blastoff_pipecat.bench.cover.world import Turn, World
from blastoff_pipecat.relay.cover import Voice
from blastoff_pipecat.relay.forecast import Forecast
from blastoff_pipecat.relay.lines import RECENT_REPLIES

PRIOR_SECS = 1.0
"""What an answer's first clause is believed to take before any was seen."""

LEARNING = 5
"""How many replies of a conversation are played before any counts."""


def converse(policy: PolicyName, world: World, seed: str) -> Iterator[tuple[Turn, Heard]]:
    """Play replies without end; a seed stands for the same turns whatever the policy."""
    forecast, voice = Forecast(PRIOR_SECS), Voice()
    recent: list[str] = []
    for turn in world.turns(Random(seed)):
        if policy == "alone":
            yield turn, heard_alone(turn, world)
            continue
        reply = SimulatedReply(policy, turn, world, voice, forecast.began(), recent)
        yield turn, reply.play()
        recent = [reply.said, *recent][:RECENT_REPLIES]


def learnt(
    policy: PolicyName, world: World, seed: str, replies: int
) -> Iterator[tuple[Turn, Heard]]:
    """Play so many replies of a conversation that has learnt from a few before them."""
    return islice(converse(policy, world, seed), LEARNING, LEARNING + replies)
