"""Writing systems: which text has no spaces, and how much speech a text is.

Chinese, Japanese and Thai are written without spaces, so their words are estimated from their
characters: about two Han characters or kana, or four Thai, Lao, Khmer or Burmese letters, take as
long to say as one English word.
"""

import math
import re

_HAN_KANA = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_WIDE_PUNCTUATION = "\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"

_dense = re.compile(f"[{_HAN_KANA}]")
_long = re.compile(f"[{_SOUTH_EAST_ASIAN}]")
_unspaced = re.compile(f"[{_HAN_KANA}{_SOUTH_EAST_ASIAN}{_WIDE_PUNCTUATION}]")
_spaced_word = re.compile(f"[^\\W_{_HAN_KANA}{_SOUTH_EAST_ASIAN}]+(?:['’][^\\W_]+)?")
_token = re.compile(f"[{_HAN_KANA}]|[^\\W_{_HAN_KANA}]+(?:['’][^\\W_{_HAN_KANA}]+)*")

WORDS_PER_SECOND = 2.7
"""How fast a bot speaks (field measurement, English voices at their default speed)."""


def count_words(text: str) -> int:
    """Count the words of a text in any script; a text with any word has at least one."""
    spaced = len(_spaced_word.findall(text))
    dense, long = len(_dense.findall(text)), len(_long.findall(text))
    return spaced + math.ceil(dense / 2) + math.ceil(long / 4)


def speech_seconds(text: str) -> float:
    """Estimate how long a text lasts as speech, in seconds."""
    return count_words(text) / WORDS_PER_SECOND


def is_unspaced(char: str) -> bool:
    """Tell whether a character belongs to a script that puts no spaces between words."""
    return bool(_unspaced.match(char))


def tokens(text: str) -> list[re.Match[str]]:
    """Find the units that repeat when a text repeats: words, or single Han characters and kana."""
    return list(_token.finditer(text))
