"""What each model is asked in one reply, and in which manner the reply is made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor.conversation import Conversation, continuation_instruction
from blastoff_pipecat.conductor.learnt import Learnt
from blastoff_pipecat.conductor.model import Model
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.styles import STYLES, Examples
from blastoff_pipecat.endpoints import Ask, ContinuationWay
from blastoff_pipecat.endpoints.continuation import BESIDE, HISTORY
from blastoff_pipecat.relay.chosen_opening import ChosenOpening
from blastoff_pipecat.relay.language import language_of, same_script
from blastoff_pipecat.relay.lead_in import leads_in
from blastoff_pipecat.relay.lines import LINES, Stock
from blastoff_pipecat.relay.occasions import needs_none
from blastoff_pipecat.relay.opening import Opening, OpeningRules, WrittenLine, WrittenOpening
from blastoff_pipecat.relay.remarks import is_remark
from blastoff_pipecat.relay.scripts import WORDS_PER_SECOND
from blastoff_pipecat.relay.timing import Manner

LINE_TOKENS = 24
"""Tokens of a waiting line."""

MANNER_CHARS = 600
"""How much of the bot's instruction the small model is told, for its manner and language."""
MOST_ARGUMENTS_SHOWN = 300
"""Characters of a call's arguments that the small model is shown."""

_ALL_LINES = tuple(line for each in LINES.values() for line in each.sentences + each.waiting)


@dataclass(frozen=True, slots=True)
class Models:
    """The two models of a reply."""

    small: Model
    large: Model


class Requests:
    """The requests of one reply."""

    def __init__(
        self, models: Models, conversation: Conversation, policy: Policy, learnt: Learnt
    ) -> None:
        """Take what the requests are made of.

        Args:
            models: Who is asked.
            conversation: What was said before.
            policy: How the reply is to be made.
            learnt: What the replies before have taught.
        """
        self._models = models
        self._conversation = conversation
        self._policy = policy
        self._learnt = learnt
        self._style = STYLES[policy.style]
        self._language = policy.language or conversation.language
        # A greeting, thanks, bad news: their words alone show that no opening is needed.
        said = conversation.last_spoken
        self._needs_none = needs_none(said, self._language) or (
            policy.openings_to == "asked" and is_remark(said, self._language)
        )
        learnt.opens |= policy.opening != "never"
        self.ways = self._choose_ways()
        self.opening = self._make_opening()

    @property
    def handover(self) -> str:
        """How the large model is to learn of the opening: ``beside`` or ``prefix``."""
        return "beside" if self.ways[0] is BESIDE else "prefix"

    @property
    def why_alone(self) -> str | None:
        """Why the large model is to speak alone, in few words; None where it is not."""
        if self.opening is not None:
            return None
        return self._conversation.why_no_opening or "no opening needed"

    def _choose_ways(self) -> tuple[ContinuationWay, ...]:
        """Return the ways to hand an opening over, best first."""
        ways = self._models.large.ways()
        if self._policy.handover == "prefix" or self._style.answers:
            return ways
        if self._policy.handover == "auto" and ways[0] is not HISTORY:
            return (ways[0], BESIDE)
        return (BESIDE, HISTORY)

    def _make_opening(self) -> Opening | None:
        """Prepare the opening this reply is to have; None if it is to have none."""
        policy, conversation, style = self._policy, self._conversation, self._style
        if (
            policy.opening == "never"
            or not conversation.asks_for_opening
            or self._needs_none
            or self._learnt.small_is_left_out
        ):
            return None
        recent = conversation.recent_replies
        if style.chooses:
            lines = self._lines
            return ChosenOpening(lines, recent=recent) if lines else None
        words = policy.opening_frames == "token"
        rules = OpeningRules(
            min_words=policy.min_words,
            enough_words=policy.min_words,
            max_words=policy.max_words,
            neutral=style.neutral,
            unit="word" if words else "clause",
        )
        kind = WrittenLine if self.handover == "beside" and not words else WrittenOpening
        must_lead_in = style.neutral and policy.opening_instruction is None
        suits = partial(_suits, conversation.user_text, self._language, must_lead_in)
        return kind(rules, recent=recent, stand_ins=self._lines, suits=suits)

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        """The opening lines that may stand in for one: the owner's, else the language's."""
        if self._policy.openings is not None:
            return tuple(line.strip() for line in self._policy.openings)
        lines = LINES.get(self._language or "")
        if lines is None:
            return ()
        return lines.sentences if self.handover == "beside" else lines.commas

    @property
    def _chosen_lines(self) -> tuple[str, ...]:
        """The lines that earlier replies may begin with, where those are known word for word."""
        if not self._style.chooses or self.handover == "prefix":
            return ()
        return (*(self._policy.openings or ()), *_ALL_LINES)

    def manner(self, *, speculative: bool) -> Manner:
        """Say in which manner the reply is to be made."""
        policy, conversation = self._policy, self._conversation
        lines, recent = LINES.get(self._language or ""), conversation.recent_replies
        alone = policy.opening == "never" or conversation.needs_whole_answer
        spoken = policy.opening_frames == "sentence"
        rescue = policy.rescue == "small"
        return Manner(
            opening=policy.opening,
            beside=self.handover == "beside" or speculative,
            max_silence=policy.max_silence_secs,
            max_waiting_lines=0 if alone or self._needs_none else policy.max_waiting_lines,
            clause_release=policy.clause_release and spoken,
            gathers=policy.clause_release and spoken,
            takes_words=not spoken,
            opening_suffices=self._style.answers,
            rescue=rescue,
            excuse=None if rescue else policy.rescue,
            lines=Stock(self._lines, recent),
            waiting_lines=Stock(lines.waiting if lines else (), recent),
            # A model that is to choose lines is not to write any.
            asks_for_lines=not (self._learnt.small_is_left_out or self._style.chooses),
            line_secs=self._learnt.line_secs,
            speculative=speculative,
            speech_safe=policy.speech_safe,
        )

    # The small model.

    def opening_ask(self, secs: float) -> Ask:
        """Ask for an opening that lasts about so many seconds as speech."""
        policy, style = self._policy, self._style
        lines: tuple[str, ...] = ()
        choice: tuple[str, ...] = ()
        if isinstance(self.opening, ChosenOpening):
            self.opening.narrow(lambda line: self._learnt.voice.pace.seconds(line) <= secs)
            choice = (*self.opening.lines, prompts.DECLINE)
            lines = (*self._lines, prompts.DECLINE)  # always the same: servers cache prompts
        elif isinstance(self.opening, WrittenOpening):
            self.opening.last(int(secs * WORDS_PER_SECOND))
        prompt = style.beside if self.handover == "beside" else style.prefix
        instruction = policy.opening_instruction or prompt.instruction
        # The package's own lines are listed bare: a tiny model takes a bullet for the sign.
        own = policy.openings is None
        listed = "\n".join(lines if own else [f"- {line}" for line in lines[:-1]])
        recent = self._conversation.recent_openings  # where they are one line, it is told once
        used = "; ".join(f'"{line}"' for line in dict.fromkeys(recent))
        more = [prompts.USED.replace("{used}", used)] if used and not style.chooses else []
        return self._small_ask(
            " ".join([instruction.replace("{openings}", listed), *more]),
            prompt.examples(lines) if policy.opening_instruction is None else (),
            whole_replies=style.answers,
            max_tokens=policy.small_max_tokens,
            choice=choice,
        )

    def line_ask(self, said: str) -> Ask:
        """Ask for a waiting line, to be said after `said`."""
        self._learnt.tell_what_small_sees(self._models.small, self._policy)
        return _waiting_ask(self._conversation, self._policy, said)

    def _small_ask(self, instruction: str, examples: Examples, **more: Any) -> Ask:
        self._learnt.tell_what_small_sees(self._models.small, self._policy)
        return small_ask(self._conversation, self._policy, instruction, examples, **more)

    def finishing_ask(self, said: str) -> Ask:
        """Ask the small model to finish the reply in the large one's place, within its limits."""
        if self._conversation.params.get("tools"):  # without them it could only make things up
            lines = LINES.get(self._language or "")
            told = prompts.APOLOGIZE.replace("{apology}", lines.apology if lines else "")
            return self._small_ask(told, (), max_tokens=LINE_TOKENS)
        # There is no second try here: a native way is taken only where the owner named one.
        return Ask(
            messages=self._conversation.plain_messages,
            note=self._policy.spoken_instruction or "",
            params={k: v for k, v in self._conversation.params.items() if k in _LIMITS},
            said=said,
            way=self._models.small.ways()[-1],
            instruction=self._go_on(said),
        )

    # The large model.

    def large_ask(self, said: str, way: int) -> Ask:
        """Ask the large model to go on after `said`, or to answer if it is empty."""
        return Ask(
            messages=self._conversation.without_lines(self._chosen_lines),
            # A model that sees openings in its earlier replies takes them up, unless it is told.
            note=(self._policy.spoken_instruction or "") if self._learnt.opens else "",
            params=self._conversation.params,
            said=said,
            way=self.ways[way],
            instruction=self._go_on(said),
            thinks=self._policy.provider_thinking,
            signs=True,
        )

    def _go_on(self, said: str) -> str:
        template = self._policy.continuation_instruction or prompts.CONTINUATION
        return continuation_instruction(template, said)


def _suits(user_text: str, language: str | None, must_lead_in: bool, line: str) -> bool:
    """Tell whether a line of the small model's own suits what the user said."""
    spoken = language_of(line) if language in LINES else None
    if spoken and spoken != language:
        return False
    if not spoken and not same_script(line, user_text):
        return False
    return not must_lead_in or leads_in(line, language)


def small_ask(
    conversation: Conversation,
    policy: Policy,
    instruction: str,
    examples: Examples,
    *,
    max_tokens: int,
    whole_replies: bool = False,
    choice: tuple[str, ...] = (),
    tool: str | None = None,
) -> Ask:
    """Ask the small model for a line.

    Args:
        conversation: What is answered.
        policy: How replies are made; among others, what the small model is told.
        instruction: What it is to do.
        examples: Worked examples of it.
        max_tokens: The most tokens.
        whole_replies: Whether it sees earlier replies whole.
        choice: The only lines that it may say.
        tool: What runs meanwhile, in words.
    """
    full, style = policy.small_sees == "full", STYLES[policy.style]
    if full and (bot := conversation.instruction) and not style.chooses:
        manner = prompts.MANNER.replace("{instruction}", bot[:MANNER_CHARS])
        instruction += f"\n\n{bot if style.answers else manner}"
    if policy.language:
        instruction += f"\n\nThe user's language: {policy.language}"
    params: dict[str, Any] = {"max_tokens": max_tokens}
    if policy.small_temperature is not None:
        params["temperature"] = policy.small_temperature
    messages = conversation.opening_messages(
        instruction,
        examples,
        history=policy.small_history if full else 1,
        whole_replies=whole_replies,
    )
    if tool is not None:
        last = messages[-1]
        if last["role"] == "user":
            messages, tool = messages[:-1], f"{last['content']}\n{tool}"
        messages = [*messages, {"role": "user", "content": tool}]
    return Ask(messages=messages, params=params, choice=choice)


def tool_line_ask(
    conversation: Conversation,
    policy: Policy,
    *,
    said: str,
    tool: str,
    arguments: Mapping[str, Any],
) -> Ask:
    """Ask the small model for a line to be said while a tool runs; it never sees a result.

    Args:
        conversation: What the reply that calls the tool answers.
        policy: How replies are made.
        said: What the turn's replies have said so far.
        tool: The tool's name.
        arguments: What it was called with.
    """
    written = json.dumps(arguments, ensure_ascii=False, default=str)[:MOST_ARGUMENTS_SHOWN]
    told = prompts.WAITING_TOOL.replace("{tool}", tool).replace("{arguments}", written)
    return _waiting_ask(conversation, policy, said, tool=told)


def _waiting_ask(
    conversation: Conversation, policy: Policy, said: str, *, tool: str | None = None
) -> Ask:
    own = policy.waiting_instruction
    used = [prompts.USED.replace("{used}", f'"{said.strip()}"')] if said.strip() else []
    return small_ask(
        conversation,
        policy,
        " ".join([own or prompts.WAITING, *used]),
        prompts.WAITING_EXAMPLES if own is None else (),
        max_tokens=LINE_TOKENS,
        tool=tool,
    )


_LIMITS = ("max_tokens", "max_completion_tokens", "stop")
"""The limits of a reply that hold whichever model makes it."""


def inference_ask(
    conversation: Conversation,
    policy: Policy,
    *,
    max_tokens: int | None,
    schema: Mapping[str, Any] | None,
) -> Ask:
    """Ask the large model once, outside of any reply.

    Args:
        conversation: What is asked.
        policy: How replies are made; only how the model is to think matters here.
        max_tokens: The most tokens to generate; None for the conversation's own.
        schema: A JSON schema that the answer must follow.
    """
    params = dict(conversation.params)
    if max_tokens is not None:
        name = "max_completion_tokens" if "max_completion_tokens" in params else "max_tokens"
        params[name] = max_tokens
    return Ask(
        messages=conversation.large_messages,
        params=params,
        thinks=policy.provider_thinking,
        schema=schema,
    )
