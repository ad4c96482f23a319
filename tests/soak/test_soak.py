"""The soak, for a moment: what `make soak` does for two thousand turns."""

from tests.soak.soak import soak

TURNS = 40


async def test_turns_of_every_fate() -> None:
    """Each is held to the laws, and nothing is left of them."""
    result = await soak(TURNS, 1, lambda _: None)
    assert result.turns == TURNS
    assert result.left == []
    assert {"relayed", "large_only", "interrupted", "withdrawn"} <= result.outcomes.keys()
    assert result.calls
    assert result.errors
