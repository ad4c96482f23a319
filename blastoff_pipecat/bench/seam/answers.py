"""Whether an answer holds what was asked for.

An accepted answer is one or more words, in small or capital letters. A star behind a word stands
for any further letters ("hund*"). Numbers are found in digits of any script, however their
thousands are parted; spelt out they have to be listed. Accents, hyphens and apostrophes make no
difference. It is found where it stands as words of its own, is no part of a longer number ("four"
is not in "forty-four"), and is not denied ("It is not Paris", "Paris is not the capital").
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from blastoff_pipecat.relay.scripts import (
    CLAUSE_MARKS,
    COMBINING,
    fold,
    is_never_spaced,
    is_unspaced,
)

_NUMBERS = {
    "en": """
        one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
        hundred thousand million billion""",
    "de": """
        eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf hundert tausend million
        millionen""",
    "fr": """
        deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt
        vingts trente quarante cinquante soixante cent cents mille million millions""",
    "es": """
        dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte
        treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento doscientos
        trescientos cuatrocientos quinientos mil millón millones""",
    "it": """
        due tre quattro cinque sei sette otto nove dieci undici dodici venti trenta quaranta
        cinquanta sessanta settanta ottanta novanta cento mille mila milione milioni""",
    "pt": """
        dois duas três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze vinte
        trinta quarenta cinquenta sessenta setenta oitenta noventa cem cento mil milhão milhões""",
    "hi": """
        एक दो तीन चार पांच पाँच छह छः सात आठ नौ दस ग्यारह बारह बीस तीस चालीस पचास साठ सत्तर अस्सी नब्बे सौ
        हजार हज़ार लाख करोड़""",
    "zh": "〇 零 一 二 三 四 五 六 七 八 九 十 百 千 万 億 亿 两",
    "ja": "〇 零 一 二 三 四 五 六 七 八 九 十 百 千 万 億",
}
"""The words of which numbers are made: beside another one, a number is part of a longer one."""

_DENYING = {
    "en": r"(?:not|never|\w+n't)(?! (?:only|just|merely|sure|certain))",
    "de": r"(?:nicht|kein\w*|nie)(?! nur)",
    "fr": r"(?:pas|jamais)(?! (?:seulement|que))",
    "es": r"no(?! (?:solo|solamente))",
    "it": r"non(?! (?:solo|soltanto))",
    "pt": r"nao(?! (?:so|apenas))",
    "nl": r"(?:niet|geen)(?! alleen)",
    "zh": r"(?<!是)(?:不是|不叫|不在|没有|并非)(?!只)",
}
"""What denies the words behind it; spelt as `fold` spells."""

_DENIED = {
    "en": r"(?:is|was|are|were|does|do|has)(?:n't| not)(?! (?:only|just))",
    "de": r"(?:ist|sind|war|waren|hat|haben) (?:nicht(?! nur)|kein)",
    "fr": r"n'(?:est|etait) pas|ne (?:sont|fait|font) pas",
    "es": r"no (?:es|son|era|eran|tiene)",
    "it": r"non (?:e|sono|era)\b",
    "pt": r"nao (?:e|sao|era)\b",
    "nl": r"(?:is|zijn|was) (?:niet|geen)",
    "zh": r"(?:并?不是|并非)",
    "ja": r"(?:では|じゃ)(?:な|あり)",
    "hi": r"(?:\S+ )?नही",
}
"""What denies the words before it."""

_WORDS_BETWEEN = 2  # words between what denies and what is denied: "not in the …"
_breaks = re.compile(rf"[{re.escape(CLAUSE_MARKS)}—–]")
_thousands = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,' ]\d{3})+(?![\d]|[.,]\d)")
_ordinal = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_letters = re.compile(r"\b([a-z])[,.]? (?=[a-z]\b)")
_letter = re.compile(rf"[\w{COMBINING}]")
_digits_alone = re.compile(r"\d+(?:\.\d+)?")


def is_held(accepted: Iterable[str], text: str, language: str) -> bool:
    """Tell whether one of the accepted answers is in a text, and not denied there.

    Args:
        accepted: The answers.
        text: Where to look.
        language: The language of both.
    """
    spelt = _spelt(text)
    return any(
        not _is_part_of_word(spelt, found)
        and not _is_part_of_number(spelt, found, language)
        and not _is_denied(spelt, found, language)
        for each in accepted
        for found in _pattern(each).finditer(spelt)
    )


def numbers_in(text: str, language: str) -> set[str]:
    """List the numbers of a text: in digits, and the words that numbers are made of."""
    return {word for word in _words(_spelt(text)) if _is_number(word, language)}


def _spelt(text: str) -> str:
    """Spell a text in the one way in which it is searched."""
    text = fold(unicodedata.normalize("NFKC", text))
    text = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)
    text = text.replace("-", " ").replace("\u2010", " ").replace("\u2011", " ")
    text = _thousands.sub(lambda number: re.sub(r"\D", "", number[0]), text)
    text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    text = _letters.sub(r"\1 ", _ordinal.sub("", text))
    return " ".join(text.split())


@lru_cache(maxsize=1024)
def _pattern(accepted: str) -> re.Pattern[str]:
    spelt = _spelt(accepted)
    return re.compile(re.escape(spelt).replace(r"\*", rf"[\w{COMBINING}]*"))


def _is_part_of_word(spelt: str, found: re.Match[str]) -> bool:
    """Tell whether what was found goes on, before it or behind it.

    Nothing does where a script has no spaces; behind a number a counter or a unit may stand, and in
    Korean a particle behind any word.
    """
    before, behind = spelt[: found.start()][-1:], spelt[found.end() :][:1]
    first, last = found[0][0], found[0][-1]
    counted = last.isdigit() and not behind.isdigit()
    free = counted or "가" <= last <= "힣"
    return (_is_letter(before) and not is_unspaced(first)) or (
        _is_letter(behind) and not is_unspaced(last) and not free
    )


def _is_letter(char: str) -> bool:
    """Tell whether a character belongs to a word that spaces part from others."""
    return _letter.fullmatch(char) is not None and not is_unspaced(char)


def _words(spelt: str) -> Iterator[str]:
    for word in re.findall(rf"[\w{COMBINING}.]+", spelt):
        yield from word if is_unspaced(word[0]) else [word.strip(".")]


@lru_cache(maxsize=16)
def _number_words(language: str) -> frozenset[str]:
    return frozenset(map(fold, _NUMBERS.get(language, "").split()))


def _is_number(word: str, language: str) -> bool:
    return word in _number_words(language) or _digits_alone.fullmatch(word) is not None


def _is_part_of_number(spelt: str, found: re.Match[str], language: str) -> bool:
    """Tell whether what was found is a number, and stands beside another."""
    if not all(_is_number(word, language) for word in _words(found[0])):
        return False
    before, behind = spelt[: found.start()], spelt[found.end() :]
    if is_never_spaced(found[0][0]):
        return _is_number(before[-1:], language) or _is_number(behind[:1], language)
    last = re.search(rf"([\w{COMBINING}]+) $", before)
    following = re.match(rf" ([\w{COMBINING}]+)", behind)
    return any(word and _is_number(word[1], language) for word in (last, following))


def _is_denied(spelt: str, found: re.Match[str], language: str) -> bool:
    before = _breaks.split(spelt[: found.start()])[-1]
    behind = _breaks.split(spelt[found.end() :])[0].lstrip()
    between = r"\S{0,2}" if language == "zh" else rf"(?: \S+){{0,{_WORDS_BETWEEN}}} "
    edge = "" if language == "zh" else r"\b"
    denying, denied = _DENYING.get(language), _DENIED.get(language)
    return bool(
        (denying and re.search(rf"{edge}{denying}{between}$", before))
        or (denied and re.match(denied, behind))
    )
