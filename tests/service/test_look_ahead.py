"""The promise of the package: an opening is spoken without waiting for the large model."""

from typing import Any

import pytest
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.services.tts_service import TextAggregationMode

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.service.bot import talking_to

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."


@pytest.mark.parametrize("mode", list(TextAggregationMode))
@pytest.mark.parametrize("behind_text_processor", [False, True])
async def test_opening_is_spoken_at_once(
    server: ScriptedEndpoint, make_llm: Any, mode: TextAggregationMode, behind_text_processor: bool
) -> None:
    """With the large model 1.0 s late, `run_tts` gets the opening as the small model says it."""
    server.play("small", Script(OPENING, ttft=0.05, pace=0.005))
    server.play("large", Script(CONTINUATION, ttft=1.0, pace=0.005))
    behind = [LLMTextProcessor()] if behind_text_processor else []
    async with talking_to(make_llm(), mode=mode, behind=behind) as bot:
        reply = await bot.hear_reply("When does the museum open?")

        small = server.requests_for("small")[0]
        assert small.first_byte is not None
        assert bot.tts is not None
        said, at = bot.tts.said[0]
        assert said.strip() == OPENING
        assert at - small.first_byte < 0.05 + 0.005 * len(OPENING.split())
        assert reply == f"{OPENING} {CONTINUATION}"
        assert bot.assistant_messages == [f"{OPENING} {CONTINUATION}"]
        assert (bot.started, bot.ended, bot.errors) == (1, 1, [])
