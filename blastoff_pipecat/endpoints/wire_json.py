"""JSON to and from the wire, with orjson where it is installed."""

import json
from typing import Any

try:
    import orjson
except ImportError:  # not a dependency: it saves about 2 µs a token
    orjson = None


def loads(payload: bytes) -> Any:
    """Parse one JSON text.

    Bytes that are no UTF-8 become U+FFFD and a lone half of a surrogate pair is kept, so that one
    broken character does not cost the reply.

    Raises:
        ValueError: It is not JSON, or nested too deeply.
    """
    if orjson is not None:
        try:
            return orjson.loads(payload)
        except ValueError:
            pass
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dumps(value: Any) -> bytes:
    """Write a JSON text.

    Raises:
        TypeError: Something in it has no form in JSON.
    """
    if orjson is not None:
        try:
            return orjson.dumps(value)
        except TypeError:  # integers over 64 bits, lone surrogates: the standard library takes them
            pass
    return json.dumps(value).encode()
