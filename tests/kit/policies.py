"""Policies that tests share."""

from typing import Any

HANDED_OVER: dict[str, Any] = {
    "opening": "always",
    "handover": "prefix",
    "min_words": 3,
    "max_words": 16,
    "max_silence_secs": 60.0,
    "forecast_prior_secs": 5.0,
    "max_waiting_lines": 0,
    "clause_release": False,
    "language": "tlh",  # there is no list of lines in Klingon: the small model's words are said
}
"""Each reply has an opening, from whose very words the large model goes on, text as it comes."""

PATIENT: dict[str, Any] = {
    "small_first_token_timeout_secs": 8.0,
    "large_first_token_timeout_secs": 8.0,
    "stall_timeout_secs": 8.0,
}
"""Deadlines that a busy machine does not miss."""

QUICK: dict[str, Any] = {
    "small_first_token_timeout_secs": 0.3,
    "large_first_token_timeout_secs": 0.4,
    "stall_timeout_secs": 0.4,
}
"""Deadlines for a model that hangs."""
