"""Cover: how long an opening must last as speech so that the large model can arrive under it.

Until a large model's time to first token (TTFT) is measured and forecast, it is assumed to be
`PRIOR_LARGE_TTFT_SECS`: the published medians of hosted large models lie between 0.6 and 2.2 s.
"""

import math

from blastoff_pipecat.relay.scripts import WORDS_PER_SECOND

PRIOR_LARGE_TTFT_SECS = 1.0
"""Seconds a large model is assumed to need for its first token."""


def words_to_cover(seconds: float, *, min_words: int, max_words: int) -> int:
    """Say how many words an opening needs to last `seconds` as speech, within its bounds."""
    return max(min_words, math.ceil(min(max_words, seconds * WORDS_PER_SECOND)))
