"""A request's body, from bytes to JSON within bounds.

What a few megabytes of JSON become in memory, and how long that takes, is the sender's choice: a
million empty lists, or one list a million deep. So values are counted before anything is parsed,
with no more than a look at the bytes, and depth is bounded before anything walks over them.
"""

import json
import math
from typing import Any, cast

from starlette.types import Receive

from blastoff_pipecat.endpoints.wire_json import orjson
from blastoff_pipecat.server.streaming import ClientGone

MOST_VALUES = 200_000
"""The most values of a body. What separates values is counted, inside of texts, too: one in 40
characters of 8 MB."""

MOST_DEPTH = 100
"""How deep lists and objects may be nested: below what any JSON writer can write again."""


class BadRequest(Exception):
    """A request is wrong, and whose fault that is is plain.

    Attributes:
        param: The field that is wrong; None where it is the whole.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.param = param


async def read(receive: Receive) -> dict[str, Any]:
    """Read a request's body and parse it.

    Raises:
        BadRequest: It is no JSON object, or one with too much in it.
        ClientGone: The client hung up before its end.
    """
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return parsed(parts[0] if len(parts) == 1 else b"".join(parts))


def parsed(raw: bytes) -> dict[str, Any]:
    """Parse a body.

    Raises:
        BadRequest: It is no JSON object, or one with too much in it.
    """
    brackets = raw.count(b"[") + raw.count(b"{")
    if raw.count(b",") + brackets > MOST_VALUES:
        raise BadRequest(f"The body holds more than {MOST_VALUES} values.")
    try:
        value: object = _loads(raw)
    except _NotFinite as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise BadRequest("The body is not a JSON object.")
    if brackets > MOST_DEPTH and _is_deeper(cast("object", value), MOST_DEPTH):
        raise BadRequest(f"The body is nested more than {MOST_DEPTH} deep.")
    return cast("dict[str, Any]", value)


def flag(body: dict[str, Any], name: str) -> bool:
    """Take a field that is true or false, or not there."""
    value = body.pop(name, None)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{name}: this is neither true nor false.", name)
    return bool(value)


def text(body: dict[str, Any], name: str) -> str:
    """Take a field that is a text, or not there."""
    value = body.pop(name, None)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name}: this is no text.", name)
    return value or ""


def json_object(given: object, where: str) -> dict[str, Any]:
    """Return what is given as an object, an empty one for null; ``where`` it stands is told."""
    if given is not None and not isinstance(given, dict):
        raise BadRequest(f"{where}: this is no object.", where)
    return cast("dict[str, Any]", given or {})


class _NotFinite(ValueError):
    pass


def _loads(raw: bytes) -> object:
    if orjson is not None:
        try:
            return orjson.loads(raw)
        except ValueError:  # a lone half of a surrogate pair is kept, as in models' words
            pass
    return json.loads(raw.decode(), parse_constant=_refuse, parse_float=_finite)


def _refuse(word: str) -> object:
    raise _NotFinite(f"{word} is no number there")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NotFinite("a number in it is too large")
    return number


def _is_deeper(value: object, most: int) -> bool:
    """Tell whether containers are nested deeper than that, level by level."""
    level: list[object] = [value]
    for _ in range(most):
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below += cast("dict[str, object]", each).values()
            elif isinstance(each, list):
                below += cast("list[object]", each)
        level = [each for each in below if isinstance(each, dict | list)]
        if not level:
            return False
    return True
