"""What people say to a bot on an everyday call, and whether an opening may go before the answer.

The turns are in the table beside this file: language, kind and text, spelt as recognisers spell,
some with every mark, some with none.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

OpeningIs: TypeAlias = Literal["must_not", "may", "welcome"]

OPENING_IS: dict[str, OpeningIs] = {
    "greeting": "must_not",
    "thanks": "must_not",
    "goodbye": "must_not",
    "yes_no": "must_not",
    "number": "must_not",
    "bad_news": "must_not",
    "distress": "must_not",
    "emergency": "must_not",
    "remark": "may",
    "complaint": "may",
    "request": "welcome",
    "question": "welcome",
}
"""For each kind of turn, whether an opening may be said."""


@dataclass(frozen=True)
class Turn:
    """One turn of a user.

    Attributes:
        language: The language's code.
        kind: A key of `OPENING_IS`.
        text: What was said.
    """

    language: str
    kind: str
    text: str

    @property
    def opening_is(self) -> OpeningIs:
        """Whether an opening may be said before the answer."""
        return OPENING_IS[self.kind]


TURNS = tuple(
    Turn(*line.split("\t"))
    for line in Path(__file__).with_suffix(".tsv").read_text(encoding="utf-8").splitlines()
)
"""Nearly three hundred turns in fourteen languages."""
