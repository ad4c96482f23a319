"""Builds the requests of one reply: what each model is sent, and how the opening is handed over."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor.conversation import (
    Conversation,
    continuation_instruction,
    opening_examples,
)
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.endpoints import (
    ChatEndpoint,
    ContinuationWay,
    EndpointError,
    apply_choice,
    is_refusal,
    memory,
    takes_developer_role,
    thinking_off,
    ways_for,
)
from blastoff_pipecat.relay.cover import PRIOR_LARGE_TTFT_SECS, words_to_cover
from blastoff_pipecat.relay.opening import ChosenOpening, Opening, OpeningRules, WrittenOpening


class RequestBuilder:
    """The requests of one reply, as chat-completions bodies."""

    def __init__(
        self,
        small: ChatEndpoint,
        large: ChatEndpoint,
        conversation: Conversation,
        policy: Policy,
    ) -> None:
        """Take what the requests are made of.

        Args:
            small: The small model's endpoint.
            large: The large model's endpoint.
            conversation: What was said before.
            policy: How the reply is to be made.
        """
        self.ways: tuple[ContinuationWay, ...] = memory.ways_for(large)
        self._small = small
        self._large = large
        self._conversation = conversation
        self._policy = policy
        self._chosen: ChosenOpening | None = None

    def opening(self) -> Opening | None:
        """Prepare the opening this reply is to have; None if it is to have none."""
        policy, conversation = self._policy, self._conversation
        if policy.opening == "never" or not conversation.asks_for_opening:
            return None
        recent = conversation.recent_replies
        if policy.style == "choose":
            self._chosen = ChosenOpening(policy.approved_openings, recent=recent)
            return self._chosen
        rules = OpeningRules(
            min_words=policy.min_words,
            enough_words=words_to_cover(
                PRIOR_LARGE_TTFT_SECS, min_words=policy.min_words, max_words=policy.max_words
            ),
            max_words=policy.max_words,
            neutral=policy.style == "acknowledge",
            unit="word" if policy.opening_frames == "token" else "clause",
        )
        return WrittenOpening(rules, recent=recent, stand_ins=tuple(policy.openings or ()))

    def opening_body(self) -> dict[str, Any]:
        """Build the small model's request for an opening."""
        policy = self._policy
        instruction, examples = self._opening_prompt()
        body: dict[str, Any] = {
            "messages": self._conversation.opening_messages(
                instruction,
                examples,
                history=policy.small_history,
                whole_replies=policy.style == "answer",
            ),
            "max_tokens": policy.small_max_tokens,
            **thinking_off(self._small),
        }
        if policy.small_temperature is not None:
            body["temperature"] = policy.small_temperature
        if self._chosen is not None:
            body = apply_choice(self._small, body, self._chosen.lines)
        return body

    def _opening_prompt(self) -> tuple[str, list[tuple[str, str]]]:
        custom = self._policy.opening_instruction
        match self._policy.style:
            case "choose":
                lines = self._policy.approved_openings
                listed = "\n".join(f"- {line}" for line in lines)
                template = custom or prompts.CHOOSE
                return template.replace("{openings}", listed), opening_examples(lines)
            case "answer":
                return custom or prompts.ANSWER, []
            case "acknowledge":
                instruction = custom or prompts.ACKNOWLEDGE
                used = "; ".join(f'"{line}"' for line in self._conversation.recent_openings)
                if used:
                    instruction += f" Do not use these again: {used}"
                return instruction, list(prompts.ACKNOWLEDGE_EXAMPLES)

    def large_body(self, said: str, way: int) -> dict[str, Any]:
        """Build the large model's request to go on after `said`, or to answer if it is empty."""
        note = "" if self._policy.opening == "never" else prompts.SPOKEN
        body: dict[str, Any] = {
            "messages": self._conversation.large_messages(
                note, developer_role=takes_developer_role(self._large)
            ),
            **self._thinking(self._large),
            **self._conversation.params,
        }
        return self._handed_over(self.ways[way], body, said)

    def finishing_body(self, said: str) -> dict[str, Any]:
        """Build the small model's request to finish the reply in the large one's place."""
        body: dict[str, Any] = {
            "messages": self._conversation.plain_messages(prompts.SPOKEN),
            **thinking_off(self._small),
        }
        # There is no second try here: a native way is taken only where the owner named one.
        ways = ways_for(self._small)
        way = ways[-1] if self._small.continuation == "auto" else ways[0]
        return self._handed_over(way, body, said)

    def was_refused(self, error: Exception, way: int, said: str) -> bool:
        """Tell whether a server refused this way of handing over; remember it if so."""
        refused = bool(said) and isinstance(error, EndpointError) and is_refusal(error)
        if refused:
            memory.refuse(self._large, self.ways[way])
        return refused

    def _handed_over(
        self, way: ContinuationWay, body: Mapping[str, Any], said: str
    ) -> dict[str, Any]:
        if not said:
            return dict(body)
        template = self._policy.continuation_instruction or prompts.CONTINUATION
        return dict(way.apply(body, said, continuation_instruction(template, said)))

    def _thinking(self, endpoint: ChatEndpoint) -> Mapping[str, Any]:
        return {} if self._policy.provider_thinking else thinking_off(endpoint)


def inference_body(
    large: ChatEndpoint,
    conversation: Conversation,
    policy: Policy,
    *,
    max_tokens: int | None,
    schema: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Build a request that the large model answers once, outside of any reply.

    Args:
        large: The large model's endpoint.
        conversation: What is asked.
        policy: How replies are made; only how the model is to think matters here.
        max_tokens: The most tokens to generate; None for the conversation's own.
        schema: A JSON schema that the answer must follow.
    """
    alone = replace(policy, opening="never")
    body = RequestBuilder(large, large, conversation, alone).large_body("", 0)
    if max_tokens is not None:
        name = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
        body[name] = max_tokens
    if schema is not None:
        named = {"name": "response", "schema": schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return body
