"""What it costs to have a Pipecat service as the large model, beside the same service alone.

Its branch is the way of its text from the service to whoever reads the model, with nobody to make a
reply of it; a reply of ours is all of it, without an opening. Both go beside the service alone in a
pipeline.
"""

from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal, TypeAlias

from pipecat.services.llm_service import LLMService

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.bench.child import child, line_of
from blastoff_pipecat.bench.overhead.contestants import ASKED, KINDS, SYSTEM, Kind, conversation
from blastoff_pipecat.bench.overhead.extent import LargeName
from blastoff_pipecat.bench.overhead.providers import TOKENS
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.session import Session, cpu_secs
from blastoff_pipecat.bench.pipeline import running
from blastoff_pipecat.endpoints import Ask, TextDelta

MOST_ADDED_US = 20.0
MESSAGES = 12

Use: TypeAlias = Literal["burst", "apart"]


class Inner:
    """Measures one service of Pipecat's, alone and as a large model.

    Args:
        large: Which.
        replies: How many replies make one sample.
    """

    def __init__(self, large: LargeName, replies: int) -> None:
        """Prepare the rows."""
        self._large = large
        self._replies = replies
        self._sessions: dict[Use, dict[Kind, Session]] = {}
        per_token = f"CPU per token of {large.value}"
        uses: dict[Use, str] = {"apart": "each by itself", "burst": f"burst of {TOKENS}"}
        most = MOST_ADDED_US
        self._branch: dict[Use, Row] = {
            use: Row(name=f"{per_token}, {told}, as a model", unit="µs", scale=1e6, added=most)
            for use, told in uses.items()
        }
        self._reply: dict[Use, Row] = {
            use: Row(name=f"{per_token}, {told}, in a reply of ours", unit="µs", scale=1e6)
            for use, told in uses.items()
        }
        self.rows = [*self._branch.values(), *self._reply.values()]

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Run the sessions; each has replied, unmeasured, when the block begins."""
        async with child("overhead.providers", self._large.value, stdin=PIPE) as process:
            url = await line_of(process)
            self._sessions = {
                use: {kind: self._session(kind, use, url) for kind in KINDS} for use in self._branch
            }
            sessions = [each for kinds in self._sessions.values() for each in kinds.values()]
            async with running(sessions):
                for session in sessions:
                    for _ in range(2):
                        await session.hear(conversation(MESSAGES), TOKENS)
                yield

    def _session(self, kind: Kind, model: str, url: str) -> Session:
        service = _service(self._large, model, url)
        if kind == "stock":
            return Session(kind, service, opens=False)
        small = ChatEndpoint(base_url=f"{url}/v1", model="opener")
        settings = DualLLMService.Settings(opening="never", clause_release=False)
        dual = DualLLMService(small=small, large=service, settings=settings)
        return Session(kind, dual, opens=False)

    async def round(self, kind: Kind) -> None:
        """Measure each figure once for one kind."""
        for use, sessions in self._sessions.items():
            session = sessions[kind]
            answered = await self._cpu(lambda s=session: s.hear(conversation(MESSAGES), TOKENS))
            self._reply[use].add(kind, answered)
            if kind == "dual":
                answered = await self._cpu(lambda s=session: _read(s.service))
            self._branch[use].add(kind, answered)

    async def _cpu(self, answer: Callable[[], Awaitable[object]]) -> float:
        """Return the CPU that a token of an answer costs, in seconds."""
        return await cpu_secs(answer, self._replies) / TOKENS


async def _read(service: LLMService[Any]) -> None:
    """Read an answer of the service's large model, as its conductor would."""
    assert isinstance(service, DualLLMService)
    large = service._models.large  # pyright: ignore[reportPrivateUsage]  # of no use elsewhere
    ask = Ask(messages=[{"role": "user", "content": ASKED}])
    tokens = 0
    async with aclosing(large.stream(ask)) as stream:
        async for deltas in stream:
            tokens += sum(isinstance(delta, TextDelta) for delta in deltas)
    if tokens <= TOKENS:
        raise RuntimeError(f"{tokens} tokens of {large.describe()}")


def _service(large: LargeName, model: str, url: str) -> LLMService[Any]:
    """Make a service; its package is imported only where it is measured."""
    chosen: dict[str, Any] = {"model": model, "system_instruction": SYSTEM}
    match large:
        case LargeName.OPENAI:
            from pipecat.services.openai.llm import OpenAILLMService

            settings = OpenAILLMService.Settings(**chosen)
            return OpenAILLMService(api_key="a-key", base_url=f"{url}/v1", settings=settings)
        case LargeName.ANTHROPIC:
            from anthropic import AsyncAnthropic
            from pipecat.services.anthropic.llm import AnthropicLLMService

            client = AsyncAnthropic(api_key="a-key", base_url=url)
            settings = AnthropicLLMService.Settings(**chosen)
            return AnthropicLLMService(api_key="a-key", client=client, settings=settings)
        case LargeName.GOOGLE:
            from google.genai.types import HttpOptions
            from pipecat.services.google.llm import GoogleLLMService

            return GoogleLLMService(
                api_key="a-key",
                http_options=HttpOptions(base_url=url),
                settings=GoogleLLMService.Settings(**chosen),
            )
