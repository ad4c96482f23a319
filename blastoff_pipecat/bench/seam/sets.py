"""What is asked: checkable questions, everyday turns, conversations of six turns.

They lie beside this file as JSON lines (`sets/README.md` says how they were made). Every item knows
what may be said to it: `opening` is "never" (greetings, thanks, grief: a line before the answer
would jar or hurt), "may" or "should" (silence would be felt). What is checkable has `accepted`:
words of which one must be in the answer, spelt as `answers.py` says.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import itemgetter
from random import Random
from typing import Any, Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter

OpeningIs: TypeAlias = Literal["never", "may", "should"]

Kind: TypeAlias = Literal[
    "greeting", "thanks", "goodbye", "yes_no", "number", "bad_news", "distress", "emergency",
    "kick_off", "remark", "complaint", "request", "question",
]  # fmt: skip
"""What a turn is; a kick-off is the bot's own instruction to begin, not a user's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with a short answer that does not change.

    Attributes:
        id: Its name in the set, such as "q-en-007".
        language: The language's code.
        text: What is asked, spelt as recognisers spell.
        accepted: Words of which one must be in a right answer.
    """

    id: str
    language: str
    text: str
    accepted: tuple[str, ...]

    @property
    def opening(self) -> OpeningIs:
        """Whether an opening may be said: whoever asks waits for something."""
        return "should"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something that people say to a bot on an everyday call.

    Attributes:
        id: Its name in the set, such as "t-en-007".
        language: The language's code.
        text: What is said.
        kind: What it is.
        opening: Whether an opening may be said before the answer.
    """

    id: str
    language: str
    text: str
    kind: Kind
    opening: OpeningIs

    @property
    def accepted(self) -> tuple[str, ...]:
        """No answer is the right one."""
        return ()

    @property
    def role(self) -> Literal["user", "developer"]:
        """Whose message it is."""
        return "developer" if self.kind == "kick_off" else "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the large model may call.

    Attributes:
        name: Its name.
        description: What it does.
        parameters: What each of its arguments is, by name; all are strings and required.
    """

    name: str
    description: str
    parameters: Mapping[str, str]

    def schema(self) -> dict[str, Any]:
        """Return it as an entry of a request's ``tools``."""
        properties = {
            name: {"type": "string", "description": text} for name, text in self.parameters.items()
        }
        parameters = {"type": "object", "properties": properties, "required": list(properties)}
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that the large model should make.

    Attributes:
        name: The tool's name.
        arguments: For each argument that matters, words of which one must be in it.
        result: What the tool returns, to be spoken of in the reply that follows.
    """

    name: str
    arguments: Mapping[str, tuple[str, ...]]
    result: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTurn:
    """One of the six turns of a user in a conversation.

    Attributes:
        text: What is said.
        opening: Whether an opening may be said before the answer.
        accepted: Words of which one must be in a right answer; after a tool's result, if it calls
            one. Empty where nothing can be checked.
        interrupts: After how many heard words of the reply before it is said; None where it waits.
        corrects: Whether it takes back something that the user said before.
        call: The tool that should be called, if any.
    """

    text: str
    opening: OpeningIs = "should"
    accepted: tuple[str, ...] = ()
    interrupts: int | None = None
    corrects: bool = False
    call: Call | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A call with a bot.

    Attributes:
        id: Its name in the set, such as "c-en-07".
        language: The language's code.
        instruction: What the bot is told to be.
        tools: What the large model may call.
        turns: What the user says, in order.
    """

    id: str
    language: str
    instruction: str
    tools: tuple[Tool, ...]
    turns: tuple[UserTurn, ...]


Item: TypeAlias = Question | Turn | UserTurn
"""What one reply answers."""


Drawn = TypeVar("Drawn", Question, Turn, Conversation)
_Any = TypeVar("_Any")


@cache
def questions() -> tuple[Question, ...]:
    """Return all questions."""
    return read("questions", Question)


@cache
def turns() -> tuple[Turn, ...]:
    """Return all everyday turns."""
    return read("turns", Turn)


@cache
def conversations() -> tuple[Conversation, ...]:
    """Return all conversations."""
    return read("conversations", Conversation)


def pick(
    items: Sequence[Drawn], count: int, seed: int = 0, *, languages: Sequence[str] = ()
) -> tuple[Drawn, ...]:
    """Draw a sample in which every language, and in it every kind of turn, has its share.

    Args:
        items: What is drawn from.
        count: How many are drawn, or all there are if that is fewer.
        seed: The same draws the same; of one seed, a larger sample holds the smaller.
        languages: The codes of the languages that are drawn; empty for all.
    """
    wanted = [each for each in items if not languages or each.language in languages]
    keys: tuple[Callable[[Drawn], str], ...] = (
        lambda each: each.language,
        lambda each: each.kind if isinstance(each, Turn) else "",
    )
    return tuple(_spread(wanted, keys, Random(seed))[:count])


def _spread(
    items: list[Drawn], keys: Sequence[Callable[[Drawn], str]], chance: Random
) -> list[Drawn]:
    """Put items in an order of chance in which the groups of the keys are evenly spread."""
    if not keys:
        return chance.sample(items, len(items))
    groups: dict[str, list[Drawn]] = {}
    for each in items:
        groups.setdefault(keys[0](each), []).append(each)
    return evenly((chance.random(), _spread(each, keys[1:], chance)) for each in groups.values())


def evenly(groups: Iterable[tuple[float, Sequence[_Any]]]) -> list[_Any]:
    """Spread groups evenly over one list, each from a part (0 to 1) of its own distance on."""
    places = [
        ((number + start) / len(group), each)
        for start, group in groups
        for number, each in enumerate(group)
    ]
    return [each for _, each in sorted(places, key=itemgetter(0))]


def read(name: str, kind: type[_Any]) -> tuple[_Any, ...]:
    """Return all of one of the sets."""
    file = files("blastoff_pipecat.bench.seam").joinpath("sets", f"{name}.jsonl")
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(map(TypeAdapter(kind).validate_json, lines))
