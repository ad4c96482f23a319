"""Lines against silence while tools run, said after the reply that called them.

A line is a `TTSSpeakFrame` that is not appended to the context: inside of a reply it would be heard
after the answer, and in the context the next request would end in an assistant message. When it is
due, and which line it is, is decided by `ToolWait`; here is the task that waits, asks the small
model ahead, and speaks.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, cast

from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.services.llm_service import LLMService

from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.tool_line import write_tool_line
from blastoff_pipecat.relay.scripts import count_words
from blastoff_pipecat.relay.tool_wait import ToolWait
from blastoff_pipecat.relay.turn import TurnSoFar
from blastoff_pipecat.service import pipecat as hooks
from blastoff_pipecat.service.metrics import push_usage

MOST_WORDS = 12
"""How many words a line of the owner's may have."""

LEAST_AHEAD_SECS = 0.3
"""How long before a line is due the small model is asked for it at least."""

_LOOK_SECS = 0.05

_FAULTS = (
    ("must not hold markup ({})", re.compile(r"[<>\[\]{}*_#`]")),
    ("must not hold digits ({})", re.compile(r"\d")),
    ("must hold words", re.compile(r"^\W*$")),
)

_USER: Mapping[type[Frame], tuple[str, bool]] = {
    UserStartedSpeakingFrame: ("turn", True),
    UserStoppedSpeakingFrame: ("turn", False),
    VADUserStartedSpeakingFrame: ("voice", True),
    VADUserStoppedSpeakingFrame: ("voice", False),
}


def check_tool_lines(lines: Mapping[str, str] | None) -> dict[str, str]:
    """Return an owner's lines by tool.

    Raises:
        ValueError: They are no lines by tool, or one cannot be said as it is; the message names it.
    """
    if lines is None:
        return {}
    if not isinstance(lines, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may not check types
        raise ValueError(f"tool_lines must be a dict of lines by a tool's name, not {lines!r}")
    for tool, line in cast("Mapping[Any, Any]", lines).items():
        if not isinstance(tool, str) or not isinstance(line, str):
            raise ValueError(f"tool_lines must hold texts by tool, not {tool!r}: {line!r}")
        for fault, pattern in _FAULTS:
            if found := pattern.search(line):
                fault = fault.format(repr(found[0]))
                raise ValueError(f"tool_lines[{tool!r}] {fault}: {line!r}")
        if (words := count_words(line)) > MOST_WORDS:
            raise ValueError(
                f"tool_lines[{tool!r}] must have at most {MOST_WORDS} words, not {words}: {line!r}"
            )
    return {tool: line.strip() for tool, line in lines.items()}


class ToolLines:
    """The lines of one service."""

    def __init__(
        self, service: LLMService[Any], conductor: Conductor, lines: Mapping[str, str]
    ) -> None:
        """Say nothing yet.

        Args:
            service: Pushes the lines.
            conductor: Its small model writes lines, where the owner has none.
            lines: The owner's, by the tool's name.
        """
        self._service = service
        self._conductor = conductor
        self._lines = lines
        self._task: asyncio.Task[None] | None = None
        self._wait: ToolWait | None = None
        self._user: set[str] = set()  # what of the user's is going on: their voice, their turn
        self._user_is_silent = asyncio.Event()
        self._user_is_silent.set()

    @property
    def user_has_turn(self) -> bool:
        """Whether the user's turn goes on."""
        return "turn" in self._user

    def begin(self, reply: Reply, turn: TurnSoFar, call: FunctionCallFromLLM, at: float) -> None:
        """Keep silence short from now on, until stopped.

        Args:
            reply: What called the tools; it has ended.
            turn: What was heard of it and before; the lines are added to it.
            call: The call that a line is about.
            at: When it was made.
        """
        self.stop()
        policy, conductor = reply.policy, self._conductor
        if policy.opening == "never" or reply.conversation.needs_whole_answer:
            return
        learnt, prior = conductor.learnt, policy.forecast_prior_secs
        expected = learnt.expect_after(call.function_name, conductor.large, prior)
        self._wait = wait = ToolWait(turn, reply.manner, learnt.voice, expected, at)
        talk = self._talk(wait, reply, call)
        self._task = conductor.run(talk, "blastoff tool lines")

    def stop(self) -> None:
        """Say nothing more."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._wait = None

    def process(self, frame: Frame) -> None:
        """Take note of whether the user speaks."""
        if (heard := _USER.get(type(frame))) is None:
            return
        what, begins = heard
        (self._user.add if begins else self._user.discard)(what)
        if self._user:
            self._user_is_silent.clear()
        elif not self._user_is_silent.is_set():
            if self._wait is not None:
                self._wait.user_stopped(_now())
            self._user_is_silent.set()

    async def _talk(self, wait: ToolWait, reply: Reply, call: FunctionCallFromLLM) -> None:
        own = self._lines.get(call.function_name, "")
        while not wait.is_out_of_lines:
            written = ""
            if wait.needs_written(own):
                # It is told more than for an opening, and so may need longer.
                ahead = max(2 * self._conductor.learnt.line_secs, LEAST_AHEAD_SECS)
                await self._until_due(wait, ahead=ahead)
                written = await self._write(wait, reply, call)
            await self._until_due(wait)
            line = wait.choose(own=own, written=written, now=_now())
            if not line or hooks.skips_tts(self._service):
                return
            wait.turn.say(line, _now())
            await self._service.push_frame(TTSSpeakFrame(line, append_to_context=False))

    async def _until_due(self, wait: ToolWait, *, ahead: float = 0.0) -> None:
        """Wait until a line is due, or so many seconds before; that moves on with what is heard."""
        while not self._user_is_silent.is_set() or wait.due_at - ahead > _now():
            await self._user_is_silent.wait()
            # What is heard may also be over sooner than was thought.
            await asyncio.sleep(min(max(0.0, wait.due_at - ahead - _now()), _LOOK_SECS))

    async def _write(self, wait: ToolWait, reply: Reply, call: FunctionCallFromLLM) -> str:
        """Have the small model write a line, if it may know what is looked up and is in time."""
        policy, conductor = reply.policy, self._conductor
        if policy.small_sees == "turn" or conductor.learnt.small_is_left_out:
            return ""
        latest = _now() + 2 * policy.small_first_token_timeout_secs
        try:
            async with asyncio.timeout_at(min(latest, wait.due_at) if wait.has_lines else latest):
                line, used = await write_tool_line(
                    conductor,
                    reply.conversation,
                    policy,
                    said=wait.turn.said,
                    tool=call.function_name,
                    arguments=call.arguments,
                )
        except TimeoutError:
            return ""
        if used:
            await push_usage(self._service, used)
        return line


def _now() -> float:
    return asyncio.get_running_loop().time()
