"""Whether a line leads in to an answer, or is something else: a claim, most likely.

A bad small model answers where it was asked for a lead-in ("Paris is the capital."), and no filter
knows a claim when it sees one. But a lead-in is known: it tells of looking, thinking or waiting, or
consists of nothing but such words as "well" and "so".
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from blastoff_pipecat.relay.scripts import fold, is_unspaced, plain

_TELLS: Mapping[str, str] = {
    "en": "let me|let's|let us|moment|second|sec|minute|hold on|bear with|look|looking|check"
    "|checking|think|thinking|see|seeing|find|question|wonder|gather|consider|take a|give me",
    "de": "moment*|sekunde*|augenblick*|schau*|seh*|überleg*|nachdenk*|nachseh*|prüf*|guck*|frage"
    "|mal|lass*|such*|denk*",
    "fr": "moment*|instant*|seconde*|voyons|voir|vois|regard*|réfléch*|vérifi*|cherch*|laissez"
    "|question|pens*",
    "es": "moment*|piens*|segundo*|instante*|veamos|ver|mir*|pens*|busc*|comprueb*"
    "|compro*|revis*|déj*"
    "|dej*|pregunta|consult*",
    "it": "momento|attimo|secondo|vediamo|veda|vedere|guard*|pens*|cerc*|controll*|riflett*|lasci*"
    "|domanda|verific*",
    "pt": "moment*|minut*|segundo*|instante*|vejamos|ver|veja|olh*|pens*|verific*|procur*"
    "|deix*|pergunta"
    "|consult*",
    "nl": "moment*|seconde*|ogenblik*|even|kijk*|denk*|zoek*|laat|vraag|zien|na",
    "pl": "chwil*|moment*|sekund*|zobacz*|sprawdz*|pomyśl*|zastan*|pytanie|zaraz|niech|myśl*|szuk*",
    "ru": "минут*|секунд*|момент*|посмотр*|подума*|провер*|дайте|давайте|вопрос|сейчас"
    "|смотр*|дума*|ищу|искать",
    "ar": "*لحظة|*ثانية|دعني|دعنا|لنر*|*نظر*|*فكر*|*تحقق*|*بحث*|سؤال|دقيقة|مهلا",
    "hi": "पल|क्षण|देख*|सोच*|जाँच*|जांच*|सवाल|रुक*|मिनट|ज़रा",
    "zh": "一下|稍等|想想|想一想|看看|看一看|查|等|问题|我想|让我|来看|请稍|还在|这个嘛",
    "ja": "少々|少し|お待ち|考え|見て|見ま|調べ|確認|ちょっと|質問|そうですね|ええと|えっと|うーん",
    "ko": "잠시*|잠깐*|볼게*|보겠*|보죠|생각*|확인*|찾아*|질문*|봅시다|글쎄*|볼까*"
    "|찾고|보고|그러니까|조금만",
}
"""What a lead-in tells of, by language; a star stands for any letters."""

_FILLS: Mapping[str, str] = {
    "en": "well|now|so|hmm|hm|okay|ok|right|alright|ah|oh|then|in|short|and|um|uh|sure",
    "de": "also|nun|na|ja|hm|hmm|so|gut|okay|ok|tja|ach|kurz|gesagt|dann|nun",
    "fr": "alors|bon|bien|eh|euh|hum|hm|donc|ah|oh|en|bref|et|ben",
    "es": "bueno|pues|bien|eh|mmm|hm|entonces|en|resumen|vale|ah|a",
    "it": "allora|bene|beh|dunque|ehm|mmm|hm|ecco|in|breve|ah|quindi",
    "pt": "bem|então|pois|ora|hum|hm|em|resumo|ah|bom",
    "nl": "nou|goed|dus|eh|hm|hmm|oké|ok|ja|zo|in|het|kort|tja",
    "pl": "no|więc|dobrze|hm|hmm|tak|a|to|okej|ok|cóż",
    "ru": "ну|так|итак|хм|значит|что|ж|хорошо|окей|вот",
    "ar": "حسنا|حسنًا|طيب|إذن|إذا|آه|هم|باختصار",
    "hi": "तो|अच्छा|ठीक|है|हम्म|हाँ|खैर|अब|चलिए",
    "zh": "嗯|那|那么|好|好的|呃|哦|简单|来说|简|单|说",
    "ja": "では|それでは|さて|あの|はい|ええ|まあ",
    "ko": "음|네|자|그럼|어|아|그러면|간단히|말하면",
}
"""What only fills, likewise."""


@lru_cache(maxsize=128)  # small models say the same few lines
def leads_in(line: str, language: str | None) -> bool:
    """Tell whether a line is a lead-in, as far as the package knows the language.

    Args:
        line: What the small model wrote.
        language: The user's language; where it is None or unknown here, every line may be one.
    """
    if language not in _TELLS:
        return True
    words = plain(fold(line))
    if not words:
        return True
    if is_unspaced(words[0]):
        joined = words.replace(" ", "")
        return _pattern(language, whole=False).search(joined) is not None
    if _pattern(language, whole=True).search(words):
        return True
    fills = _fills(language)
    return all(word in fills for word in words.split())


def prepare() -> None:
    """Make ready what is looked for in each language, so that no opening waits for it."""
    for language in _TELLS:
        leads_in(_TELLS[language], language)


@cache
def _pattern(language: str, *, whole: bool) -> re.Pattern[str]:
    told = [fold(each).replace("*", r"\w*") for each in _TELLS[language].split("|")]
    if not whole:
        told += [re.escape(fold(each)) for each in _FILLS[language].split("|")]
    edge = r"\b" if whole else ""
    return re.compile(rf"{edge}(?:{'|'.join(told)}){edge}")


@cache
def _fills(language: str) -> frozenset[str]:
    return frozenset(fold(each) for each in _FILLS[language].split("|"))
