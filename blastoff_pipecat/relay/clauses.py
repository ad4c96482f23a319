"""Where clauses and sentences end, in any script, while a text still grows."""

import re

from blastoff_pipecat.relay.scripts import (
    CLAUSE_MARKS,
    CLOSERS,
    SENTENCE_MARKS,
    SOUTH_EAST_ASIAN,
    is_abbreviated,
)

_ASCII_MARKS = ".!?,;:"
_closers = re.escape(f"{CLOSERS}*_")
_wide_marks = "".join(mark for mark in CLAUSE_MARKS if mark not in _ASCII_MARKS)
_clause_end = re.compile(
    rf"[{_wide_marks}]+[{_closers}]*"
    rf"|[{_ASCII_MARKS}]+[{_closers}]*(?=\s|$|[^\x00-\x7f])"
    r"|[—–](?=\s|$)"
    r"|\n"
    rf"|(?<=[{SOUTH_EAST_ASIAN}])[ \t]+(?=[{SOUTH_EAST_ASIAN}])"
)


def clause_end(
    text: str, start: int = 0, *, at_end: bool = False, begun: bool = False
) -> int | None:
    """Find where the first clause that ends after `start` characters ends.

    Args:
        text: A text that grows at its end.
        start: Where to begin to look.
        at_end: Whether nothing more comes.
        begun: Whether a clause may consist of marks alone, since words went before.

    Returns:
        The place behind the clause's marks; None while none has certainly ended.
    """
    for found in _clause_end.finditer(text, start):
        before = text[: found.start()]
        if found[0][0] == "." and is_abbreviated(before):
            continue
        undecided = found.end() == len(text) and not at_end
        # "3." may become "3.5", and a dash may stand between two words.
        if undecided and (before[-1:].isdigit() or found[0] in "—–"):
            continue
        if before.strip() or begun:
            return found.end()
    return None


def ends_sentence(text: str) -> bool:
    """Tell whether a text ends with the end of a sentence."""
    bare = text.rstrip(f" \t\n{CLOSERS}*_")
    return bare[-1:] in SENTENCE_MARKS and bool(bare)
