"""One reply by the two models, as a bot would have it: what its opening is."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.doctor.asking import ANSWER_SECS
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.relay.actions import SayOpening
from blastoff_pipecat.relay.lines import LINES

QUESTION = "When does the museum open on Sundays?"


@dataclass(frozen=True, slots=True)
class Sample:
    """What came of it.

    Attributes:
        opening: What was said before the answer; empty where nothing was.
        outcome: How the reply was made, as in its report.
    """

    opening: str
    outcome: str | None

    @property
    def is_own(self) -> bool:
        """Whether the opening is not a line that stands in where a model's own does not do."""
        lines = {line for each in LINES.values() for line in each.sentences + each.commas}
        return self.opening not in lines


async def sample(small: ChatEndpoint, large: ChatEndpoint) -> Sample:
    """Have one reply made, with an opening whatever the forecast says."""
    conductor = Conductor(ChatClient(small), ChatClient(large))
    conversation = Conversation(
        messages=[
            {"role": "system", "content": "You are a friendly museum guide."},
            {"role": "user", "content": QUESTION},
        ]
    )
    reply = conductor.reply(conversation, Policy(opening="always"))
    said: list[str] = []
    try:
        async with asyncio.timeout(ANSWER_SECS), aclosing(reply):
            async for heard in reply:
                if isinstance(heard, SayOpening):
                    said.append(heard.text)
    except TimeoutError:
        pass  # its bounds are the bot's own; what was said is told
    finally:
        await conductor.aclose()
    return Sample("".join(said).strip(), reply.report.outcome)
