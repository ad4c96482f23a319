"""The soak, for a moment: what `make soak` does for two thousand turns, and `make day` for more."""

import pytest

from tests.soak.day import drawn
from tests.soak.soak import soak

TURNS = 40


@pytest.mark.parametrize("bots", [1, 4])
async def test_turns_of_every_fate(bots: int) -> None:
    """Each is held to the laws, with one bot and with several, and nothing is left of them."""
    result = await soak(TURNS, 1, lambda _: None, bots=bots, look_every=10)
    assert result.turns == TURNS
    assert result.left == []
    assert {"relayed", "large_only", "interrupted", "withdrawn"} <= result.outcomes.keys()
    assert result.calls
    assert result.errors
    assert [look.turns for look in result.looks] == [10, 20, 30, 40]
    assert drawn(result).count("<circle") == 4 * len(result.looks)
