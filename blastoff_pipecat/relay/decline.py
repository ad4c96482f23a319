"""How a small model says that no opening is needed.

It is asked to answer with one sign. Small models also spell it out ("None", "No lead-in needed."),
or say nothing at all.
"""

from blastoff_pipecat.relay.scripts import plain

DECLINE = "-"
"""The sign; where a small model chooses from lines, it is one of them."""

_SIGNS = "-–—−"
_SPELT_OUT = frozenset(
    (
        *("none", "none needed", "none required", "n a", "nothing", "null", "empty", "silence"),
        *(
            f"no {name}{needed}"
            for name in ("opening", "lead in", "leadin", "line", "response", "reply")
            for needed in ("", " needed", " required", " necessary", " is needed")
        ),
    )
)
_BEGINNINGS = frozenset(spelt[:end] for spelt in _SPELT_OUT for end in range(len(spelt) + 1))


def declines(text: str) -> bool:
    """Tell whether a text is a small model's "no opening": the sign, words for it, or none."""
    words = plain(text)
    return not words or words in _SPELT_OUT


def signs_off(clause: str) -> bool:
    """Tell whether the first clause of an opening declines, whatever may follow it."""
    return declines(clause) and (bool(plain(clause)) or any(sign in clause for sign in _SIGNS))


def may_decline(beginning: str) -> bool:
    """Tell whether the beginning of a text may yet become words that decline."""
    return plain(beginning) in _BEGINNINGS
