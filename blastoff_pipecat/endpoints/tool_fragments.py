"""Fragments of tool calls, in the spellings of servers, as fragments of numbered calls."""

import json
from dataclasses import dataclass, field
from typing import Any, cast

from blastoff_pipecat.endpoints.deltas import ToolCallDelta


class ToolFragments:
    """Numbers the tool calls of one reply.

    A fragment belongs to the call of its ``index``; where that is missing, to the call of its
    ``id``, and where that is missing too to the last call. Some servers give every call the index 0
    (then another id together with a name begins a new call), some repeat the name in every
    fragment, and some a fresh id (then there is no name beside it).
    """

    __slots__ = ("_by_id", "_by_index", "_calls", "_last")

    def __init__(self) -> None:
        """Start with no call."""
        self._calls: list[_Call] = []
        self._last: _Call | None = None
        self._by_index: dict[int, _Call] = {}  # the latest of each
        self._by_id: dict[str, _Call] = {}

    def __bool__(self) -> bool:
        """Whether any call began."""
        return bool(self._calls)

    @property
    def is_cut_off(self) -> bool:
        """Whether the arguments of a call are begun and not ended."""
        return any(call.is_cut_off for call in self._calls)

    def read(self, fragment: dict[str, Any]) -> ToolCallDelta:
        """Place one fragment.

        Raises:
            TypeError: The fragment has a wrong shape.
        """
        function: object = fragment.get("function") or dict[str, Any]()
        if not isinstance(function, dict):
            raise TypeError("a tool call's function is no object")
        fields = cast("dict[str, Any]", function)
        given = fragment.get("index")
        index = given if isinstance(given, int) else None
        id_ = _text(fragment.get("id"), "id") or None
        name = _text(fields.get("name"), "name") or None
        arguments = fields.get("arguments")
        if isinstance(arguments, dict | list):
            arguments = json.dumps(arguments)
        text = _text(arguments, "arguments")
        call = self._find(index, id_, name)
        if call is None:
            call = self._last = _Call(len(self._calls))
            self._calls.append(call)
            if index is not None:
                self._by_index[index] = call
        fresh_id = id_ if call.id is None else None
        fresh_name = name if call.name is None else None
        if fresh_id:
            call.id = fresh_id
            self._by_id[fresh_id] = call
        call.name = call.name or name
        call.arguments.append(text)
        return ToolCallDelta(call.number, fresh_id, fresh_name, text)

    def _find(self, index: int | None, id_: str | None, name: str | None) -> "_Call | None":
        """Return the call that a fragment goes on with, or None where it begins one."""
        if index is not None:
            found = self._by_index.get(index)
        elif id_ is not None:
            found = self._by_id.get(id_)
            if found is None and name is None:
                found = self._last
        else:
            found = self._last
        if found is None or found.name is None or name is None:
            return found
        another_id = id_ is not None and found.id is not None and id_ != found.id
        return None if another_id or name != found.name else found


@dataclass(slots=True)
class _Call:
    """What is known of one call so far."""

    number: int
    id: str | None = None
    name: str | None = None
    arguments: list[str] = field(default_factory=list[str])

    @property
    def is_cut_off(self) -> bool:
        """Whether its arguments are begun and not ended."""
        arguments = "".join(self.arguments)
        try:
            json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            return True
        return False


def _text(value: object, what: str) -> str:
    """Return a text, empty for None."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"a tool call's {what} is a {type(value).__name__}")
    return value
