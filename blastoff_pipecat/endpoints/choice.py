"""Keeping a model to a list of openings, where its server can.

| ``ChatEndpoint.choice`` | server | what is sent |
|---|---|---|
| grammar | llama.cpp | a GBNF ``grammar`` |
| choice | vLLM | ``structured_outputs.choice``, and ``guided_choice`` for older ones |
| regex | SGLang | ``regex`` |
| json_schema | most hosts | ``response_format`` with an enum; the reply is a JSON object |
| none, auto | any | nothing: the reply is only checked against the list |

``auto`` sends nothing. What serves an address cannot be seen from it, and hosts that are known from
their name (OpenAI) compile a new schema for up to seconds, at each change of the list, which an
opening cannot wait for.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint

_FIELD = "opening"


def apply_choice(
    endpoint: ChatEndpoint, body: Mapping[str, Any], options: Sequence[str]
) -> dict[str, Any]:
    """Return a request whose reply can only be one of ``options``, where the endpoint can.

    Args:
        endpoint: Says in ``choice`` what its server takes.
        body: The request; not changed.
        options: At least one text, none empty.

    Raises:
        ValueError: There is no option, or an empty one.
    """
    if not options or not all(options):
        raise ValueError(
            f"options {list(options)!r} must hold one text at least, and no empty one."
        )
    return {**body, **_fields(endpoint.choice, list(options))}


def _fields(choice: str, options: list[str]) -> dict[str, Any]:
    """Return the body fields of one kind of server."""
    match choice:
        case "grammar":
            return {"grammar": "root ::= " + " | ".join(_gbnf(option) for option in options)}
        case "choice":
            return {"structured_outputs": {"choice": options}, "guided_choice": options}
        case "regex":
            return {"regex": "(" + "|".join(_escaped(option) for option in options) + ")"}
        case "json_schema":
            schema = {
                "type": "object",
                "properties": {_FIELD: {"type": "string", "enum": options}},
                "required": [_FIELD],
                "additionalProperties": False,
            }
            named = {"name": _FIELD, "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case _:
            return {}


def _gbnf(text: str) -> str:
    """Write a literal of llama.cpp's grammar."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _escaped(text: str) -> str:
    """Escape a text for the engines behind SGLang, which refuse an escape that is not needed."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)
