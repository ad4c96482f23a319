"""Keeping a model to a list of openings, where its server can, and reading which one it took.

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

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

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


def chosen_from(text: str, options: Sequence[str], *, complete: bool = True) -> str | None:
    """Return the option that a reply stands for, None where it is none or not yet clear.

    Args:
        text: The reply, or its beginning; plain, in quotes, or the JSON object of ``json_schema``.
        options: The texts to choose from.
        complete: Whether ``text`` is the whole reply. A beginning counts as soon as it fits one
            option alone.
    """
    said = _plain(_unwrapped(text, complete=complete))
    if not said:
        return None
    for option in options:
        if _plain(option) == said:
            return option if complete or _alone(said, options) else None
    if complete:
        return None
    fitting = [option for option in options if _plain(option).startswith(said)]
    return fitting[0] if len(fitting) == 1 else None


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


def _unwrapped(text: str, *, complete: bool) -> str:
    """Take a reply out of its JSON object or quotes."""
    text = text.strip()
    if text.startswith("{"):
        try:
            parsed: object = json.loads(text)
        except ValueError:
            found = None if complete else re.match(rf'\{{\s*"{_FIELD}"\s*:\s*"([^"\\]*)', text)
            return found[1] if found else ""
        if not isinstance(parsed, dict):
            return ""
        value = cast("dict[str, object]", parsed).get(_FIELD)
        return value if isinstance(value, str) else ""
    return text


def _plain(text: str) -> str:
    """Reduce a text to what tells one option from another: letters, digits and single spaces."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


def _alone(said: str, options: Sequence[str]) -> bool:
    """Whether no other option goes on after ``said``."""
    return sum(_plain(option).startswith(said) for option in options) == 1
