"""Writing systems: what a word is, which text has no spaces, and how much speech a text is.

Chinese, Japanese and Thai are written without spaces, so their words are estimated from their
characters: about two Han characters or kana, or four Thai, Lao, Khmer or Burmese letters, take as
long to say as one English word.
"""

import math
import re
import unicodedata
from functools import lru_cache
from itertools import islice

_HAN_KANA = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u17d7-\u17ff"
"""Thai, Lao, Burmese and Khmer without their full stops, as the inside of a character class."""
_SOUTH_EAST_ASIAN_MARKS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u1059\u105e-\u1060\u17b4-\u17d3\u17dd"
)
_WIDE_PUNCTUATION = "\u3000-\u3004\u3008-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"

# Vowel signs, accents and joiners: they belong to a word, though `\w` does not match them.
COMBINING = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06ed\u0711\u0730-\u074a\u0900-\u0963\u0966-\u0dff\u0f71-\u0f84\u1dc0-\u1dff"
    "\u200c\u200d\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f"
)

SENTENCE_MARKS = ".!?…‥。！？｡؟۔।॥។៕။።"
"""What ends a sentence, in any script."""
CLAUSE_MARKS = f"{SENTENCE_MARKS},;:，、；：،؛၊"
"""What ends a clause, in any script."""
CLOSERS = "\"'”’»)]」』）"
"""What may follow a clause mark and belongs to what it closes."""

# No group is possessive: Python up to 3.11.4, such as Debian 12's, matches those wrongly
# (https://github.com/python/cpython/issues/106052).
_letters = f"[^\\W_{_HAN_KANA}{SOUTH_EAST_ASIAN}]"
_run = f"{_letters}++(?:[{COMBINING}]++{_letters}*+)*"
_word = f"{_run}(?:['’]{_run}|(?<=\\d)[.,:](?=\\d){_run})*"
_dense = re.compile(f"[{_HAN_KANA}]")
_long = re.compile(f"[{SOUTH_EAST_ASIAN}]")
_unspaced = re.compile(f"[{_HAN_KANA}{SOUTH_EAST_ASIAN}{_WIDE_PUNCTUATION}]")
_never_spaced = re.compile(f"[{_HAN_KANA}{_WIDE_PUNCTUATION}]")
_spaced_word = re.compile(_word)
_token = re.compile(
    f"[{_HAN_KANA}]|[{SOUTH_EAST_ASIAN}][{_SOUTH_EAST_ASIAN_MARKS}]*|{_word}",
)
_abbreviation = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|vs|etc|no|fig|approx|jr|sr|bzw|ggf|nr|sra?|dra|mme|mlle|dott|sig)"
    rf"|(?:^|[^\w{COMBINING}]|[\d_])[^\W\d_])$",
    re.IGNORECASE,
)

_marks_of_script = (
    (re.compile("[\u3040-\u30ff]"), ("。", "、")),
    (_dense, ("。", "，")),
    (_long, ("", "")),
    (re.compile("[\u0600-\u06ff]"), (".", "،")),
    (re.compile("[\u0900-\u097f]"), ("।", ",")),
)
# Accents of Latin, Greek and Cyrillic, vowel marks and hamzas of Arabic, the dot of Devanagari.
_accents = re.compile("[\u0300-\u036f\u064b-\u0655\u0670\u093c]")

WORDS_PER_SECOND = 2.7
"""How fast a bot speaks (field measurement, English voices at their default speed)."""


def count_words(text: str) -> int:
    """Count the words of a text in any script; a text with any word has at least one."""
    spaced = len(_spaced_word.findall(text))
    if text.isascii():
        return spaced
    dense, long = len(_dense.findall(text)), len(_long.findall(text))
    return spaced + math.ceil(dense / 2) + math.ceil(long / 4)


def speech_seconds(text: str) -> float:
    """Estimate how long a text lasts as speech, in seconds."""
    return count_words(text) / WORDS_PER_SECOND


@lru_cache(maxsize=512)  # the same few lines are looked at in each reply
def plain(text: str) -> str:
    """Reduce a text to what a listener tells apart: its words, in lower case."""
    return " ".join(token[0].casefold().replace("’", "'") for token in tokens(text))


def fold(text: str) -> str:
    """Take from a text what a recogniser may spell in one way or another: case, accents, quotes."""
    folded = text.casefold().replace("’", "'").replace("ँ", "ं")
    if folded.isascii():
        return folded
    return unicodedata.normalize("NFC", _accents.sub("", unicodedata.normalize("NFD", folded)))


def joined(pattern: str) -> str:
    """Put the lines of a pattern together, spelt as `fold` leaves a text.

    In it `…` stands for up to five words of any kind.
    """
    one = "".join(map(str.strip, pattern.splitlines()))
    return fold(one.replace("…", "(?: [^ ]+){0,5}?"))


def ended(line: str, *, sentence: bool) -> str:
    """End a line as a sentence, or with a comma, in the marks of its script.

    Thai and its neighbours have neither: their lines stay as they are, without marks.
    """
    bare = line.rstrip(f" {CLAUSE_MARKS}")
    if not bare or (sentence and line.rstrip()[-1] in SENTENCE_MARKS):
        return line
    full_stop, comma = next(
        (marks for script, marks in _marks_of_script if script.search(bare)), (".", ",")
    )
    return bare + (full_stop if sentence else comma)


def is_unspaced(char: str) -> bool:
    """Tell whether a character belongs to a script that puts no spaces between words."""
    return bool(_unspaced.match(char))


def is_never_spaced(char: str) -> bool:
    """Tell whether a script has no spaces at all: Thai has none in, but some between, clauses."""
    return bool(_never_spaced.match(char))


def is_abbreviated(text: str) -> bool:
    """Tell whether a full stop behind this text belongs to its last word: "Dr", "e.g", "z.B"."""
    return _abbreviation.search(text[-16:]) is not None


def tokens(text: str, *, most: int | None = None) -> list[re.Match[str]]:
    """Find the units that repeat when a text repeats: words, or single characters.

    A Han character, a kana, or a Thai, Lao, Khmer or Burmese letter with its marks is a unit of
    its own; a number with its decimals or a time of day is one.

    Args:
        text: Where to look.
        most: How many to find; None finds all.
    """
    return list(islice(_token.finditer(text), most))
