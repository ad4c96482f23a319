"""The phrases by which a fault at the seam is heard, by language.

They are narrower than the relay's own tables, which are to let every lead-in pass: here a phrase is
to be found in an answer, where "minute" or "look" may be what was asked for. All are spelt as
`fold` spells; in a clause they stand at its beginning. What a language has no phrases for is not
found in it.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache, partial

from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.scripts import CLAUSE_MARKS, fold, is_unspaced, plain

_LEAD_INS: Mapping[str, str] = {
    "en": r"""
        let me (?:just )?(?:quickly )?(?:see|think|look|check|find|consider|have a (?:quick )?look
        |take a (?:quick )?look|get back)|let's (?:see|think|have a look|take a look)
        |(?:just )?(?:one|a) (?:quick )?(?:moment|second|sec|minute)(?: please)?$|hold on
        |bear with me|give me (?:a|one|just)|(?:that's|that is|what) an? (?:\w+ )?question
        |(?:good|great|interesting|excellent) question
        |i'm (?:just |still )?(?:thinking|checking|looking)(?! (?:forward|at))
        |i'll (?:just )?(?:check|look|think|have a look|take a look|find)
        |(?:still|just) (?:thinking|looking|checking)|thank(?:s| you) for waiting|please wait""",
    "de": r"""
        lassen sie mich|lass mich|(?:einen |kleinen |noch einen )?(?:moment|augenblick)(?: bitte)?$
        |(?:eine |noch eine )?sekunde(?: bitte)?$|mal (?:sehen|schauen)|schauen wir|sehen wir
        |ich (?:schaue|sehe|uberlege|denke) (?:mal |kurz |noch |da )?(?:nach)?$|da schaue ich
        |(?:das ist eine )?(?:gute|interessante|schone|spannende) frage|daruber muss ich
        |ich denke (?:daruber )?nach|ich uberlege""",
    "fr": r"""
        laissez moi|laisse moi|voyons|(?:un|une|encore un|juste un) (?:petit )?
        (?:instant|moment|seconde)(?: s'il vous plait)?$|je (?:vais )?(?:y )?
        (?:reflechi|cherche|verifie|regarde)\w*|(?:c'est une )?(?:bonne|excellente) question
        |merci de patienter""",
    "es": r"""
        deje(?:me|nme)|dejame|vamos a ver|a ver|veamos|lo pienso|(?:un|solo un) (?:momento
        |momentito|segundo|instante)(?: por favor)?$|(?:buena|excelente|es una buena) pregunta
        |(?:sigo|estoy) (?:pensando|mirando|buscando)|gracias por esperar|deme un""",
    "it": r"""
        mi lasci|lasciami|vediamo|ci penso|(?:un|solo un|ancora un) (?:momento|attimo|secondo)
        (?: per favore)?$|(?:buona|ottima|bella) domanda|sto (?:pensando|guardando|cercando)
        |fammi (?:vedere|pensare)|mi faccia""",
    "pt": r"""
        deixe? (?:eu|me)|vamos ver|vejamos|vou (?:ver|pensar|verificar)
        |(?:um|so um|mais um) (?:moment|minut|segund|instant)\w*(?: por favor)?$
        |(?:boa|otima|excelente) pergunta|estou (?:pensando|procurando|a pensar)""",
    "nl": r"""
        laat (?:me|mij)|even (?:kijken|denken|nadenken)|eens (?:kijken|zien|even)
        |(?:een |nog een )?(?:momentje|ogenblik)(?: graag)?$|goede vraag|daar (?:kijk|moet) ik""",
    "pl": r"""
        niech (?:pomysle|sie|zobacze|sprawdze)|chwileczke|(?:jedna|jeszcze) chwil\w+
        |(?:to )?dobre pytanie|zobaczmy""",
    "ru": r"""
        даите (?:мне )?(?:немного )?(?:об этом )?(?:подумать|посмотреть)|даваите (?:посмотрим
        |подумаем)|одну (?:минуту|секунду)|хорошии вопрос|посмотрим|сеичас посмотрю""",
    "ar": r"دعني|دعنا|لنر|لحظة (?:واحدة|من فضلك)|سؤال جيد|سافكر|سأفكر|سأنظر",
    "hi": r"""
        (?:मुझे|जरा|एक (?:पल|क्षण|मिनट))(?: [^ ]+)* (?:सोचने|देखने|रुकिए|दीजिए)|देखते है|देखती|देखता हू
        |एक (?:पल|क्षण|मिनट)$|अच्छा सवाल|सोचने दीजिए|चलिए देख""",
    "zh": r"""
        让我(?:来)?(?:先)?(?:想|看|查|稍微|仔细)|我(?:来|先|再)?(?:想|看|查)(?:一下|一想|想|看|查)
        |请?稍等|稍候|等一下|请等|这个(?:问题)?(?:嘛|让我|我想)|好问题|(?:这是)?(?:一)?个?好问题
        |还在(?:看|查)|正在(?:看|查|思考)""",
    "ja": r"""
        少々お待|お待ち|少し(?:考え|お待)|考え(?:て|さ)(?:み|せ)|考えます|見て(?:み)?ます|調べ(?:て|ます)
        |確認(?:し|中)|いい質問|良い質問|そうですね|ちょっと(?:待|考)""",
    "ko": r"잠시만|잠깐만|생각해 (?:볼|보)|한번 볼|확인해 (?:볼|보)|찾아 (?:볼|보)|좋은 질문",
}
"""What leads in to an answer, and is no answer."""

_FILLERS = {
    "en": "well|so|hmm|hm|um|uh|now|now then|okay so|well now|alright so|ok so|please",
    "de": "also|nun|tja|hm|hmm|nun ja|na ja|nun also|bitte",
    "fr": "alors|eh bien|euh|hum|bon alors|donc|s'il vous plait",
    "es": "bueno|pues|eh|mmm|hm|bueno pues|pues bien|entonces|por favor",
    "it": "allora|dunque|ehm|mmm|bene allora|ecco|per favore",
    "pt": "bem|entao|hum|pois bem|bom|por favor",
    "nl": "nou|eh|hm|nou ja|tja|alstublieft",
    "pl": "no wiec|a wiec|hm|coz|wiec|prosze",
    "ru": "ну|хм|что ж|так|итак|пожалуйста",
    "ar": "حسنا|إذن|طيب|من فضلك",
    "hi": "तो|अच्छा|हम्म|खैर|अच्छा तो|कृपया",
    "zh": "嗯|那么|呃|这个|那个|请|这个问题|关于这个",
    "ja": "ええと|えっと|うーん|あの|さて|それでは|ええ",
    "ko": "음|자|그럼|글쎄요",
}
"""A clause that is nothing else only fills, or is polite."""

_YES = {
    "en": "yes|yeah|yep|absolutely|definitely|certainly|of course|correct",
    "de": "ja|genau|naturlich|stimmt|richtig|auf jeden fall",
    "fr": "oui|bien sur|absolument|tout a fait|exactement",
    "es": "si|claro|por supuesto|exacto|correcto",
    "it": "si|certo|certamente|esatto",
    "pt": "sim|claro|com certeza|exato",
    "hi": "हां|जी हां|बिल्कुल",
    "zh": "是的|对的?|没错|当然",
    "ja": "はい|もちろん|その通り",
}
_NO = {
    "en": "no(?! (?:problem|worries|doubt))|nope|(?:sadly|i'm afraid) not|not (?:at all|really)",
    "de": "nein|leider nicht|leider nein|keineswegs",
    "fr": "non|pas du tout|malheureusement non",
    "es": "no(?! hay problema)|para nada|lamentablemente no",
    "it": "no(?! problem)|purtroppo no|per niente",
    "pt": "nao(?! ha problema)|infelizmente nao",
    "hi": "नहीं|जी नहीं",
    "zh": "不是?|不对|没有|不行",
    "ja": "いいえ|いえ|残念ながら",
}
"""Yes and no, where they are all of a clause, or its beginning."""

_REFUSES = {
    "en": r"""
        i (?:can't|cannot|can not|couldn't|am unable|am not able|don't have (?:access|the ability))
        |i'm (?:unable|not able|afraid i can)|unfortunately|we can't|that's not possible""",
    "de": r"(?:das )?(?:kann ich|ich kann)(?: [^ ]+){0,4} nicht|leider|das ist nicht moglich",
    "fr": r"je ne peux|je ne suis pas en mesure|malheureusement|ce n'est pas possible",
    "es": r"no puedo|lamentablemente|desafortunadamente|no es posible|no tengo acceso",
    "it": r"non posso|non riesco|purtroppo|non e possibile",
    "pt": r"nao posso|nao consigo|infelizmente|nao e possivel",
    "hi": r"मैं(?: [^ ]+){0,5} नहीं (?:कर )?सक|अफसोस|क्षमा करे",
    "zh": r"我(?:不能|无法|没办法|没法)|很?抱歉|很遗憾",
    "ja": r"(?:申し訳|残念)|(?:私には)?でき(?:ません|かねます)",
}
"""What tells that something cannot be done."""

_DOUBTS = {
    "en": r"i(?:'m| am) not (?:sure|certain)|i (?:really )?(?:don't|do not) know|no idea",
    "de": r"ich weiss (?:es |das )?nicht|(?:da )?bin ich (?:mir )?nicht sicher|keine ahnung",
    "fr": r"je ne sais pas|je ne suis pas (?:sur|certain)\w*|aucune idee",
    "es": r"no (?:lo )?se\b|no estoy segur[oa]|ni idea",
    "it": r"non (?:lo )?so\b|non sono sicur[oa]|nessuna idea",
    "pt": r"nao sei|nao tenho certeza",
    "hi": r"मुझे (?:नहीं पता|पता नहीं)|पता नहीं",
    "zh": r"我?不知道|我?不(?:太)?(?:确定|清楚)",
    "ja": r"わかりません|分かりません|よくわから",
}
"""What tells that the bot does not know."""

_CORRECTS = {
    "en": r"""
        actually|no wait|wait|sorry|i mean|i meant|correction|on second thought|scratch that
        |let me correct|i was wrong|i misspoke|or rather|my mistake""",
    "de": r"eigentlich|moment nein|nein warte\w*|ich meine|ich meinte|korrektur|verzeihung|falsch",
    "fr": r"en fait|non attend\w*|pardon|je voulais dire|je me suis trompe\w*|correction",
    "es": r"en realidad|no espera|perdon|quise decir|mejor dicho|me equivoque|correccion",
    "it": r"in realta|anzi|no aspett\w*|scusa\w*|volevo dire|mi sono sbagliat[oa]",
    "pt": r"na verdade|na realidade|nao espera|desculpe?|quis dizer|quero dizer|me enganei",
    "hi": r"दरअसल|असल में|माफ|नहीं रुकिए|मेरा मतलब",
    "zh": r"其实|不对|等等|抱歉|我是说|更正|应该是|我说错",
    "ja": r"実は|いや|すみません|訂正|間違え|正しくは",
}
"""What takes back what was said before it."""

_GOES_ON = {
    "en": "(?:and|or|but|nor|is|are|was|were|has|of|to|than|which|who|whose|that's)\\b",
    "de": "(?:und|oder|aber|ist|sind|war|waren|hat|haben|als|dass|welche[rs]?)\\b",
    "fr": "(?:et|ou|mais|est|sont|était|du|que|qui|dont)\\b",
    "es": "(?:y|o|pero|es|son|era|del|que)\\b",
    "it": "(?:e|ed|o|ma|è|sono|era|del|che)\\b",
    "pt": "(?:e|ou|mas|é|são|era|do|da|que)\\b",
    "hi": "(?:है|हैं|था|थे|थी|का|की|के|को|में|से|ने)(?= )",
    "zh": "的(?!确|士|话)|了(?!解|不起)|[吗呢吧]",
    "ja": "を|[はがにの](?=[一-鿿ァ-ヶ])",
}
"""With these no sentence of an answer begins; in small letters, where there are any."""

_DANGLES = {
    "en": "a an the of and or but my your their its",
    "de": "ein eine einen und oder aber von mit im",
    "fr": "un une des du de et ou mais pour avec dans",
    "es": "el la los las un una y o pero de del con",
    "it": "il gli un una e ma di del della per con",
    "pt": "os as um uma e ou mas de do da com",
}
"""With these words no clause ends."""

_marks = re.compile(rf"(?:[{re.escape(CLAUSE_MARKS)}—–]|\s-\s)+(?!\d)")


def clauses(text: str) -> list[str]:
    """Cut a text into its clauses, each spelt as the tables are, without a mark."""
    return [spelt for part in _marks.split(text) if (spelt := _spelt(part))]


def leads_in(clause: str, language: str) -> bool:
    """Tell whether a clause leads in to an answer, or waits for it, in so many words."""
    if clause in _lines(language):
        return True
    bare = _without_fillers(clause, language)
    return _begins(_LEAD_INS, clause, language) or _begins(_LEAD_INS, bare, language)


def fills(clause: str, language: str) -> bool:
    """Tell whether a clause is a filler, and nothing else."""
    return clause in _listed(_FILLERS[language], "|") if language in _FILLERS else False


def apologises(text: str, language: str) -> bool:
    """Tell whether a text is the package's own line for an answer that cannot be had."""
    return language in LINES and _spelt(text) == _spelt(LINES[language].apology)


def goes_on(text: str, language: str) -> bool:
    """Tell whether a text begins with what can only go on with something before it."""
    return language in _GOES_ON and re.match(_GOES_ON[language], text) is not None


def dangles(word: str, language: str) -> bool:
    """Tell whether something must follow a word."""
    return word in _listed(_DANGLES.get(language, ""), " ")


def _spelt(text: str) -> str:
    words = plain(fold(text))
    return words.replace(" ", "") if words and is_unspaced(words[0]) else words


def _without_fillers(clause: str, language: str) -> str:
    for filler in sorted(_listed(_FILLERS.get(language, ""), "|"), key=len, reverse=True):
        if clause.startswith(filler) and clause != filler:
            rest = clause[len(filler) :]
            if rest[0] == " " or is_unspaced(rest[0]):
                return rest.strip()
    return clause


@cache
def _lines(language: str) -> frozenset[str]:
    if language not in LINES:
        return frozenset()
    lines = LINES[language]
    every: Iterable[str] = (*lines.sentences, *lines.commas, *lines.waiting)
    return frozenset(_spelt(line) for line in every)


@cache
def _listed(words: str, between: str) -> frozenset[str]:
    return frozenset(_spelt(word) for word in words.split(between))


def _begins(table: Mapping[str, str], clause: str, language: str) -> bool:
    return language in table and _pattern(table[language]).match(clause) is not None


@cache
def _pattern(told: str) -> re.Pattern[str]:
    source = fold("".join(map(str.strip, told.splitlines())))
    return re.compile(rf"(?:{source})(?![a-zà-ÿа-я'])")


says_yes, says_no = partial(_begins, _YES), partial(_begins, _NO)
refuses = partial(_begins, _REFUSES)
doubts = partial(_begins, _DOUBTS)
corrects = partial(_begins, _CORRECTS)
"""Each tells of a clause, and its language, whether it begins as the table says."""
