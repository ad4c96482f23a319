"""An opening can be handed over to a Pipecat service, where its owner says so."""

from typing import Any

import pytest

from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.kit.providers.play import Play
from tests.kit.providers.server import Provider
from tests.service.inner.stands import Stand

OPENING = "Sure, let me look at that,"
CONTINUATION = " it opens at nine."
PREFIX = {"handover": "prefix", "min_words": 3, "clause_release": False}


async def test_history(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """With `handover="prefix"` the service is told the opening, and asked to go on."""
    small.play("small", OPENING)
    provider.play(Play(text=(CONTINUATION,)))
    async with talking_to(make_llm(**PREFIX)) as bot:
        assert await bot.hear_reply("When does it open?") == OPENING + CONTINUATION
        (report,) = bot.reports
        assert (report.handover, report.continuation_mode) == ("prefix", "history")
    asked = provider.asked[0].text
    opening = asked.index(OPENING, asked.index("When does it open?"))
    assert opening < asked.index("Go on from there", opening)


async def test_trailing(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, stand: Stand
) -> None:
    """With `large_continuation="trailing"` the opening is the last message, which it goes on."""
    small.play("small", OPENING)
    provider.play(Play(text=(CONTINUATION,)))
    inner = {"model": stand.continues}
    llm = make_llm(
        inner=inner, service={"large_continuation": "trailing"}, **PREFIX | {"handover": "auto"}
    )
    async with talking_to(llm) as bot:
        assert await bot.hear_reply("When does it open?") == OPENING + CONTINUATION
        (report,) = bot.reports
        assert (report.handover, report.continuation_mode) == ("prefix", "trailing")
    body = provider.asked[0].body
    messages = body.get("messages") or body.get("contents") or body.get("input")
    assert messages is not None
    assert messages[-1]["role"] in ("assistant", "model")
    assert OPENING in str(messages[-1])


async def test_refused_trailing(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, stand: Stand
) -> None:
    """A service that may not go on is asked beside instead, unheard, and from then on."""
    if stand.title.endswith("(WebSocket)"):
        pytest.skip("over a WebSocket a request is refused without a status")
    small.play("small", OPENING)
    provider.play(Play(status=400, says="A prefill is not supported."), Play(text=("It opens.",)))
    llm = make_llm(
        inner={"model": stand.continues},
        service={"large_continuation": "trailing"},
        **PREFIX | {"handover": "auto"},
    )
    async with talking_to(llm) as bot:
        reply = await bot.hear_reply("When does it open?")
        assert reply.startswith(OPENING)
        assert reply.endswith("It opens.") or reply.endswith("it opens.")
        assert bot.errors == []
        await bot.hear_reply("And tomorrow?")
    assert len(provider.asked) == 3
    assert OPENING not in provider.asked[1].text
