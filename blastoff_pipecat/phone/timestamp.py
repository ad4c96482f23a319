"""How old a signed request may be."""

WINDOW_SECS = 300.0
"""Telnyx's own SDKs allow this much, before and after; clocks differ."""


def timestamp_fault(seconds: float | None, now: float) -> str | None:
    """Say what is wrong with the time at which a request was signed; None where nothing is.

    Args:
        seconds: That time, in seconds since 1970; None where the request tells none.
        now: The time now, likewise.
    """
    if seconds is None:
        return "has no time of signing"
    if not abs(now - seconds) <= WINDOW_SECS:  # a NaN is not within it either
        return f"was signed {abs(now - seconds):.0f} s away from now"
    return None


def whole_number(text: str) -> int | None:
    """The number that plain digits write; None for anything else, a sign or a blank included."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None
