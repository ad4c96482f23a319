"""What is heard of a reply, and when: in real pipelines, with voices of every kind."""

import asyncio
import time
from typing import Any

import pytest
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.services.tts_service import TextAggregationMode

from blastoff_pipecat import DualLLMService, OpeningTextFrame
from blastoff_pipecat.bench.heard.contestants import OURS, Contestant
from blastoff_pipecat.bench.heard.reply import Reply
from blastoff_pipecat.bench.heard.run import Run, measure, planned
from blastoff_pipecat.service.frames import ClauseTextFrame
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from blastoff_pipecat.testing.script import tokens
from tests.kit.bot import Bot, RecordingTTS, WordTTS, talking_to

SENTENCE, TOKEN = TextAggregationMode.SENTENCE, TextAggregationMode.TOKEN
QUICK, USUAL, SLOW = 0.3, 1.0, 2.5
"""The large model's times to first token, in seconds."""
TOKENS = ["The", " museum", " ", *"opens", ",", " ", *"extraordinarily", " late", "."]
"""A clause that ends with the ninth token, and a sentence of 27, that do not take long to say."""

QUESTION = "When does the museum open on a Sunday?"
CLAUSE, REST = "The museum is open,", " the shop is closed. Bring a coat."
LINE = "One moment."
BY_DEFAULT: dict[str, Any] = {
    "opening": "auto",
    "handover": "beside",
    "min_words": 2,
    "max_words": 6,
    "max_silence_secs": 1.0,
    "max_waiting_lines": 2,
    "clause_release": True,
    "language": None,
}
"""The settings that tests leave out, as they are by default."""


class Heard:
    """The last reply of each service, after two to learn from, played in real time."""

    def __init__(self) -> None:
        self.run: Run = planned((QUICK, USUAL, SLOW))
        asyncio.run(measure(self.run, 1, lambda: None, learnt=2, tokens=TOKENS))
        self.noise = 0.1 + 3 * max(self.run.late)
        """How much later something may be heard because this computer is busy, in seconds."""

    def of(self, ttft: float, contestant: Contestant) -> Reply:
        (cell,) = (c for c in self.run.cells if (c.ttft, c.contestant) == (ttft, contestant))
        assert cell.failure is None
        return cell.replies[0]


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.mark.parametrize("contestant", OURS)
@pytest.mark.parametrize("ttft", [QUICK, USUAL, SLOW])
def test_answer_is_heard_no_later_than_alone(
    heard: Heard, contestant: Contestant, ttft: float
) -> None:
    """Whatever is said before it, and however late the large model is."""
    alone = heard.of(ttft, Contestant.STOCK)
    assert heard.of(ttft, contestant).answer < alone.answer + heard.noise


@pytest.mark.parametrize("contestant", OURS)
def test_silence_is_covered_where_it_would_be_felt(heard: Heard, contestant: Contestant) -> None:
    """No opening before a quick answer; before a slow one an opening, and a waiting line."""
    quick, usual, slow = (heard.of(ttft, contestant) for ttft in (QUICK, USUAL, SLOW))
    assert (quick.opened, quick.waiting_lines) == (False, 0)
    assert (usual.opened, usual.waiting_lines) == (True, 0)
    assert (slow.opened, slow.waiting_lines) == (True, 1)
    for reply in (usual, slow):
        assert reply.first_sound < 0.4 + heard.noise
        assert reply.silence < 1.2 + heard.noise


class Answer:
    """A large model that pauses behind the first clause, until it is told to go on."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.script = Script([*tokens(CLAUSE), " and", self.goes_on, *tokens(REST)])


async def said_of(llm: Any, voice: RecordingTTS, answer: Answer, **options: Any) -> tuple[Bot, str]:
    """Have one turn with a bot whose clause is let go; return it, and its assistant message."""
    async with talking_to(llm, tts=voice, **options) as bot:
        await bot.ask(QUESTION)
        if isinstance(llm, DualLLMService):
            await bot.until(lambda: bot.of(ClauseTextFrame))
            await bot.until(lambda: CLAUSE in "".join(bot.spoken))
        answer.goes_on.set()
        await bot.until(lambda: bot.ended == 1 and bot.assistant_messages)
        assert (bot.started, bot.errors) == (1, [])
        (message,) = bot.assistant_messages
        return bot, message


@pytest.mark.parametrize("mode", [SENTENCE, TOKEN])
@pytest.mark.parametrize("voice", [RecordingTTS, WordTTS])
@pytest.mark.parametrize(
    ("opening", "behind_text_processor"), [("", False), ("", True), (LINE, False)]
)
async def test_clause_is_spoken_before_its_sentence_is_whole(
    server: ScriptedEndpoint,
    make_llm: Any,
    make_stock: Any,
    opening: str,
    mode: TextAggregationMode,
    voice: type[RecordingTTS],
    behind_text_processor: bool,
) -> None:
    """Each character once and in order; the assistant message is stock's, to the space."""

    async def turn(llm: Any, large: Answer) -> tuple[Bot, str]:
        behind = [LLMTextProcessor()] if behind_text_processor else []
        server.play("large", large.script)
        return await said_of(llm, voice(text_aggregation_mode=mode), large, behind=behind)

    server.play("small", opening)
    first = {"opening": "always" if opening else "never"}
    bot, dual = await turn(make_llm(**{**BY_DEFAULT, **first}), Answer())
    assert squeezed("".join(bot.spoken)) == squeezed(f"{opening}{CLAUSE} and{REST}")
    stock = Answer()
    stock.script = Script([f"{opening} " if opening else "", *stock.script.text])
    _, alone = await turn(make_stock(), stock)
    assert squeezed(dual) == squeezed(alone) == squeezed(f"{opening}{CLAUSE} and{REST}")
    if not (behind_text_processor and mode is TOKEN):
        # There Pipecat's own messages lack the spaces between what the processor passes on.
        assert dual == alone


def squeezed(text: str) -> str:
    """A text without its white space."""
    return "".join(text.split())


async def test_without_openings_the_first_clause_is_let_go_too(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """With `opening="never"` the small model is not asked, and the answer is heard sooner."""
    answer = Answer()
    server.play("large", answer.script)
    bot, _ = await said_of(make_llm(**BY_DEFAULT | {"opening": "never"}), RecordingTTS(), answer)
    assert bot.spoken[0] == CLAUSE
    assert not server.requests_for("small")
    assert bot.reports[0].answer_text < bot.reports[0].alone_text


SPEECH = [
    (UserStartedSpeakingFrame, UserStoppedSpeakingFrame),
    (VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame),
]
"""How it is told that the user speaks: by turns, and by voice activity."""


@pytest.mark.parametrize(("starts", "stops"), SPEECH)
async def test_nothing_is_said_while_the_user_speaks(
    server: ScriptedEndpoint, make_llm: Any, starts: type[Frame], stops: type[Frame]
) -> None:
    """Neither an opening nor a line, though nothing interrupts the bot; they come behind it."""
    server.play("small", LINE)
    answer = asyncio.Event()
    server.play("large", Script([answer, CLAUSE, *tokens(REST)]))
    llm = make_llm(**BY_DEFAULT | {"opening": "always", "max_silence_secs": 0.1})
    async with talking_to(llm) as bot:
        await bot.before.push_frame(starts())
        context = LLMContext([{"role": "user", "content": QUESTION}])
        await bot.before.push_frame(LLMContextFrame(context))
        await bot.until(lambda: server.requests_for("small"))
        await server.until(lambda: server.requests_for("small")[0].completed)
        with pytest.raises(AssertionError, match="in vain"):
            await bot.until(lambda: bot.of(OpeningTextFrame), within=0.5)
        await bot.before.push_frame(stops())
        await bot.until(lambda: bot.of(OpeningTextFrame), within=0.5)
        answer.set()
        await bot.until(lambda: bot.ended == 1)
        assert bot.text_of_last_reply.startswith(LINE)


async def test_prepared_answer_is_said_at_the_confirmation(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """An answer of which a clause is there when the turn is confirmed has no opening before it."""
    answer = Answer()
    server.play("small", LINE)
    server.play("large", answer.script)
    async with talking_to(make_llm(**BY_DEFAULT)) as bot:
        await bot.before.push_frame(UserStartedSpeakingFrame())
        context = LLMContext([{"role": "user", "content": QUESTION}])
        await bot.before.push_frame(LLMContextFrame(context, speculation=True))
        await bot.until(lambda: server.requests_for("large"))
        await server.until(lambda: server.requests_for("large")[0].tokens >= 5)
        assert bot.spoken == []
        confirmed = time.monotonic()
        await bot.before.push_frame(UserStoppedSpeakingFrame())
        await bot.until(lambda: bot.spoken)
        assert bot.tts is not None
        assert bot.tts.said[0][0] == CLAUSE
        assert bot.tts.said[0][1] - confirmed < 0.1
        answer.goes_on.set()
        await bot.until(lambda: bot.ended == 1)
        assert not bot.of(OpeningTextFrame)
