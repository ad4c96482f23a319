"""What a client does with text as it comes, and what is done for it.

Most clients gather text into sentences and hold a finished one until more comes, so an opening
would be spoken with the large model's first word. Each has something that it lets go of at once,
which can stand at an opening's end; others take text before a tool call for the whole answer.

    livekit      ". ", U+200B and a blank: at once through LiveKit's text filters and all of its
                 tokenizers, from 20 characters on
    elevenlabs   "... ", which ElevenLabs names for buffer words
    vapi         " <flush />", which Vapi's voices take where its chunk plan is on
    pydantic-ai  no opening where tools are offered
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from blastoff_pipecat.relay.scripts import CLAUSE_MARKS
from blastoff_pipecat.server.body import BadRequest, flag, text

LONGEST_ENDING = 40
"""How long an ending may be, in characters."""

FOR_HEADER = "x-blastoff-for"
ENDING_HEADER = "x-blastoff-opening-ending"
TOOLS_HEADER = "x-blastoff-openings-with-tools"

_MARKS = f" {CLAUSE_MARKS}—-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How replies suit a client.

    Attributes:
        opening_ending: What an opening and a waiting line end with. One that begins with a blank
            comes after the line's own mark, any other takes its place; empty for nothing.
        openings_with_tools: Whether there are openings where the client offers tools.
    """

    opening_ending: str = ""
    openings_with_tools: bool = True

    def __post_init__(self) -> None:
        """Check the ending.

        Raises:
            ValueError: It is too long.
        """
        if len(self.opening_ending) > LONGEST_ENDING:
            raise ValueError(f"opening_ending must have at most {LONGEST_ENDING} characters.")

    def ended(self, line: str) -> str:
        """End a line that is to be heard at once."""
        ending = self.opening_ending
        if not ending:
            return line
        line = line.rstrip() if ending[0] == " " else line.rstrip(_MARKS)
        return line + ending

    def without_endings(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take out of the assistant's earlier replies what no model should read there."""
        odd = self.opening_ending.strip(_MARKS)
        if not odd:
            return messages
        return [
            {**message, "content": content.replace(odd, "")}
            if message.get("role") == "assistant"
            and isinstance(content := message.get("content"), str)
            and odd in content
            else message
            for message in messages
        ]


PRESETS: Mapping[str, Manner] = {
    "livekit": Manner(opening_ending=". \u200b "),
    "elevenlabs": Manner(opening_ending="... "),
    "vapi": Manner(opening_ending=" <flush />"),
    "pydantic-ai": Manner(openings_with_tools=False),
}


def manner_of(body: dict[str, Any], headers: Mapping[str, str], default: Manner) -> Manner:
    """Read what one request asks for: fields of its body, which are used up, before its headers.

    Raises:
        BadRequest: There is no such preset, or a value is of the wrong kind.
    """
    manner = default
    if preset := headers.get(FOR_HEADER):
        if preset not in PRESETS:
            raise BadRequest(f"{FOR_HEADER}: this is none of {', '.join(PRESETS)}.", FOR_HEADER)
        manner = PRESETS[preset]
    ending = headers.get(ENDING_HEADER)
    if ending is not None:
        ending = unquote(ending)  # a header can neither end in a blank nor hold U+200B
    if "opening_ending" in body:
        ending = text(body, "opening_ending")
    if ending is not None:
        named = PRESETS.get(ending)
        try:
            manner = replace(manner, opening_ending=named.opening_ending if named else ending)
        except ValueError as error:
            raise BadRequest(str(error), "opening_ending") from None
    if said := headers.get(TOOLS_HEADER):
        manner = replace(manner, openings_with_tools=said.lower() not in ("false", "0", "no"))
    if "openings_with_tools" in body:
        manner = replace(manner, openings_with_tools=flag(body, "openings_with_tools"))
    return manner
