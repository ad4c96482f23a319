"""Which language a user speaks, as far as a few words tell.

A writing system often settles it. Where several languages share one, the words that hold sentences
together do: articles, pronouns, prepositions, question words. A wrong language is worse than none,
so nothing is said of a name, of "ok", of a word that two languages share, or of a text that may as
well be in a neighbouring language that the package has no lines for.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from blastoff_pipecat.relay.scripts import tokens

_MOST_WORDS = 120
"""How many words are looked at."""

# What Unicode calls a character -> its script, where that is not the first word of its name.
_SCRIPTS = {
    "cjk": "han",
    "ideographic": "han",
    "hiragana": "kana",
    "katakana": "kana",
    "katakana-hiragana": "kana",
}
_OF_ONE_LANGUAGE = {"hangul": "ko", "kana": "ja", "thai": "th", "greek": "el", "hebrew": "he"}

_WORDS = {
    # Latin.
    "en": """
        the a an and or but if so because of to in on at for from with about into over by as is are
        was were be been am do does did don't doesn't didn't can could can't would will won't should
        have has had i you your my me we our us it they them their he she his her this that these
        those there here what when where who why which how not any some much many all more new one
        two ten please thank thanks hello hi bye good morning yes yeah need want know think tell let
        get give find show set turn open play book explain call make say see just like time now up
        out then very really today tomorrow yesterday 's 'll 've 're 'm 'd no sorry mean
        meant anybody anyone anything somebody someone something everybody everyone nobody""",
    "de": """
        der die das den dem des ein eine einen einem einer und oder aber wenn weil dass ob ist sind
        war waren bin bist sein wird werden wurde habe hast hat haben hatte kann kannst können
        könnte könnten soll sollte muss möchte will ich du er sie es wir ihr mir mich dir dich uns
        ihnen mein meine meinen meiner dein deine ihre nicht kein keine auf für mit von vom zu zum
        zur im in am an bei nach aus um über unter was wer wie wo wann warum welche welcher welches
        alle bitte danke ja nein heute morgen gestern gibt mal noch auch nur schon hier dort hallo
        sehr guten so ach jetzt mach zeig sag erzähl""",
    "fr": """
        le la les un une des du de au aux et ou mais si parce que qui quoi quel quelle quels quelles
        est es suis sont était être ai as a avez ont avoir peux peut pouvez voudrais veux voulez je
        tu il elle on nous vous ils elles me te se moi mon ma mes ton ta tes son sa ses votre vos
        notre ce cette ces cet ça ne pas plus sur dans avec pour par chez sans en y à tous toute
        comment où quand pourquoi combien merci bonjour oui non aujourd'hui demain hier fait faire
        très aussi bonne vois c' j' qu' n' l' m'""",
    "es": """
        el la los las un una uno unos unas y o pero si porque que qué quién cuál cuáles cómo cuándo
        dónde cuánto cuánta cuántos es son era soy eres está están estoy estaba ser hay he has ha
        han puedo puede puedes podría quiero quiere quisiera necesito yo tú él ella nosotros usted
        ustedes me te se le lo mi mis tu tus su sus este esta esto ese esa eso no del al a de en con
        por para desde hasta sobre sin más muy también todos todas dos tres gracias hola buenos
        buenas sí hoy mañana ayer favor pon dime dame""",
    "it": """
        il lo la i gli le un una uno e o ma se perché che chi cosa quale quali come quando dove
        quanto quanta quanti è sono era sei siamo essere ho hai ha abbiamo hanno posso può puoi
        potrebbe vorrei voglio vuole io tu lui lei noi voi mi ti si ci mio mia tuo tua suo sua
        questo questa quello quella non no del della dei delle dello al alla alle nel nella sul
        sulla dal dalla con per di da in a più anche tutti tutte grazie ciao buongiorno sì oggi
        domani ieri molto dimmi l' un' c' dell' all' nell' cos' com' dov' po'""",
    "pt": """
        o a os as um uma uns umas e ou mas se porque que quê quem qual quais como quando onde quanto
        quanta quantos é são era sou está estão estou ser há tem tenho temos posso pode você vocês
        poderia quero queria gostaria preciso eu tu ele ela nós me te lhe meu minha meus minhas teu
        tua seu sua este esta isto esse essa isso aquele não do da dos das no na nos nas num numa ao
        à de em com por para pelo pela desde até sobre sem mais muito também todos todas obrigado
        obrigada olá sim hoje amanhã ontem bom""",
    "nl": """
        de het een en of maar als omdat dat die dit deze is zijn was waren ben bent wordt worden heb
        heeft hebben had kan kunt kunnen kun zou zal moet moeten wil wilt ik jij je u hij zij ze wij
        we jullie mij me mijn jouw uw hun haar niet geen op voor met van naar uit bij over onder in
        om te tot aan wat wie hoe waar wanneer waarom welke welk hoeveel alle graag dank dankjewel
        hallo ja nee vandaag morgen gisteren er nog ook wel hier daar zo dan zet doe laat even nou
        open up deur""",
    "pl": """
        i a ale albo lub czy że bo żeby jest są był była było być jestem jesteś mam masz ma mamy
        mogę może możesz można chcę chce chciałbym chciałabym ja ty on ona ono my wy oni mnie mi
        mój moja moje moją mojego twój się nie tak do na w we z ze o od po za przez przy dla pod nad
        co kto jak gdzie kiedy dlaczego który która które jaki jaka jakie jaką ile ten ta to tego
        tej tym tych proszę dziękuję dzień dobry cześć dziś dzisiaj jutro wczoraj już jeszcze bardzo
        tylko też no więc""",
    # Cyrillic.
    "ru": """
        и а но или если что чтобы как где когда почему зачем кто какой какая какие какое сколько это
        этот эта эти есть был была было были быть я ты он она оно мы вы они мне меня тебя вас нас
        его её их мой моя мои мою твой ваш наш не нет да у в во на с со из к по за от до для о об
        при можно нужно надо могу может можете хочу хотел хотела пожалуйста спасибо большое привет
        здравствуйте сегодня завтра вчера сейчас уже ещё еще очень больше только тоже расскажи скажи
        всё все""",
    # Arabic.
    "ar": """
        في من على إلى الى عن مع هل ما ماذا متى أين اين كيف لماذا كم هذا هذه ذلك تلك هو هي أنا انا
        أنت انت نحن التي الذي أن إن لا لم لن ليس كان كانت أريد اريد أود يمكن يمكنني يمكنك شكرا شكرًا
        مرحبا أهلا السلام عليكم اليوم غدا أمس نعم كل بعد قبل عند لي لك ال""",
    # Devanagari.
    "hi": """
        है हैं था थी थे हूँ हूं हो का की के को में से पर और या लेकिन अगर कि क्या कैसे कैसा कब कहाँ कहां क्यों
        कौन कितना कितने कितनी मैं मुझे मेरा मेरी मेरे हम हमें आप आपका तुम यह ये वह वो इस उस नहीं मत ने
        लिए करना करो करें कीजिए दीजिए चाहिए चाहता चाहती सकते सकता सकती रहा रही गया गई बहुत नमस्ते
        धन्यवाद आज कल अभी भी तो ही हाँ हां अच्छा ठीक""",
}
"""The words that hold sentences together, of the languages that share a writing system."""

_NEIGHBOURS = {
    # Latin.
    "sv": """
        och att det är jag du på som inte en ett av för med till den har om vad hur när var vi kan
        ska hej tack i in min mitt de alla alle sätt tänd stäng upp ner""",
    "da": """
        og at det er jeg du på som ikke en et af for med til den har om hvad hvordan hvor når kan
        skal hej tak i min mit de der hva her alle nogen noget over hvilke time slå skru av tænd""",
    "ca": """
        el la els les un una i o que què és són amb per a de del al com quan on quin quina no hi ha
        en tens pots vull si us plau gràcies hola bon dia aquest meva meu posa l' d' s' m' n' t' qu'
        ho tot""",
    "gl": "unha quen cal onde teño podes non ao coa máis moito grazas ola canto cantos á isto",
    "ro": """
        și sau că să este sunt e în la de pe cu din un o nu ce cum când unde cine ai am are poate
        vreau mulțumesc bună te rog da al a care mai pentru""",
    "slavic": """
        je su i u na se da ne za od do s v z a ale nebo že to jsem jsi jsou si co jak kde kdy kdo
        proč prosím děkuji ahoj ako čo kedy kto sú som mi je li koliko gdje kako što tko jesam molim
        hvala kaj kje kdaj ali sem bi lahko prosim vo sa pri ste sve so vse vsi po ta tu už
        aká kam""",
    "lt": "ir yra kas kur kada kaip aš tu prašau ačiū į iš su iki ar visi",
    "tr": """
        ve bir bu ne nasıl nerede zaman kim neden mi mı mu mü var yok için ile de da ben sen benim
        çok lütfen teşekkürler merhaba evet hayır değil olarak kaç""",
    "id": """
        dan di ke dari yang ini itu apa bagaimana kapan mana siapa mengapa ada tidak untuk dengan
        saya anda kamu bisa tolong terima kasih halo ya adalah dalam pada semua""",
    "vi": """
        và là của có không cho tôi bạn này gì đâu nào khi thế ở trong một các những được xin cảm ơn
        chào hãy bao nhiêu tắt bật""",
    "fi": """
        ja on ei se että mitä missä milloin kuka miksi miten minä sinä voi kiitos hei kun olen oli
        ovat tai mutta nyt kaikki laita""",
    "hu": """
        a az és egy nem is hogy mit hol mikor miért van volt kérem köszönöm szia meg mennyi be ki
        fel""",
    "af": "nie ek jou jy asseblief gaan sal",
    "lb": "den d' an ass sinn wéi wat wou net ech du mat fir op vun zum am eng all",
    # Cyrillic.
    "uk": """
        і та але чи якщо що щоб як де коли чому хто який яка скільки це цей є був я ти він вона ми
        ви мені мій моя мої не ні так в у на з із до для про можна треба хочу будь дякую привіт""",
    "bg": """
        и а но или ако какво кой коя къде кога защо колко как това този е са съм си сме бях аз ти
        той тя ние вие ми ме моя не да в във на с със от за към по до може искам моля благодаря
        здравей всички се""",
    "sr": """
        и а али или ако шта ко где када зашто колико како ово овај је су сам си смо ја ти он она ми
        ви моја не да у на с са од за до може хоћу молим хвала здраво""",
    # Arabic.
    "fa": "و در به از که این آن را است هست چه چی کجا چرا چطور من تو شما ما نیست می سلام لطفا ممنون",
    # Devanagari.
    "mr": "आहे आहेत आणि मला तू मी तुम्ही काय कसे कुठे केव्हा नाही चा ची चे मध्ये हे ते करा कर",
    "ne": "छ छन् हो र मलाई म तिमी तपाईं के कसरी कहाँ कहिले छैन को मा लाई गर गर्नुहोस् बाट",
}
"""Likewise for neighbours that there are no lines for: what is theirs is none of the others'."""

_LETTERS = {
    "de": "ß",
    "es": "¿¡ñ",
    "pt": "ãõ",
    "pl": "ęłśźż",
    "sv": "å",
    "da": "øæå",
    "gl": "ñ",
    "ro": "șțăşţ",
    "slavic": "čďěňřšťůžđľ",
    "lt": "ėįųūąęčšž",
    "lv": "āēīūķļņģ",
    "tr": "ğış",
    "vi": "ơưđạảấầẩẫậắằẳẵặẹẻẽếềểễệịỉọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
    "hu": "őű",
    "et": "õ",
    "is": "þð",
    "ru": "ыэё",
    "uk": "іїєґ",
    "be": "ў",
    "sr": "ђћљњџј",
    "mn": "өүқғңұһә",
    "fa": "پچژگکی",
    "ur": "ٹڈڑںےہھ",
    "ar": "ةىإأ",
}
"""Letters that stand for a language as a word of it does."""

_ENOUGH_SHARE = 0.25
"""So many of the words must be of a language,"""
_SECOND_SHARE = 0.8
"""and of these at most so many of another's as well."""
_SHORTEST_ALONE = 4
"""A word that stands alone has at least so many letters: "Ben" may be anybody."""

_CHINESE = frozenset("你您嗎吧呢們這麼說給讓誰")
_HALF_CHINESE = frozenset("的了我是在有不要想好吃哪和把個幾請")
_CANTONESE = frozenset("嘅咗喺唔佢嗰哋冇乜啲嚟係依")
"""Characters of which one makes a text Mandarin, or two do, or one makes it Cantonese."""


def _languages_of(*tables: Mapping[str, list[str]]) -> Mapping[str, frozenset[str]]:
    languages: dict[str, set[str]] = {}
    for table in tables:
        for language, signs in table.items():
            for sign in signs:
                languages.setdefault(sign, set()).add(language)
    return {sign: frozenset(found) for sign, found in languages.items()}


_languages_of_word = _languages_of(
    {language: words.split() for language, words in (_WORDS | _NEIGHBOURS).items()}
)
_languages_of_letter = _languages_of(
    {language: list(letters) for language, letters in _LETTERS.items()}
)
_letters = re.compile(f"[{''.join(_languages_of_letter)}]")


@lru_cache(maxsize=64)  # a call's last turns, and the few lines that are said
def language_of(text: str) -> str | None:
    """Tell which language a text is in; None where it cannot be told.

    Returns:
        A code such as "en" of those that there are lines for, or "th", "el" or "he".
    """
    words = _words(text)
    script = _script(words)
    if script == "han":
        return "zh" if _is_chinese(words) else None
    if script is None or script in _OF_ONE_LANGUAGE:
        return _OF_ONE_LANGUAGE.get(script or "")
    counts = _counts(text, words)
    best = max(_WORDS, key=lambda language: counts[language])
    count = counts.pop(best, 0)
    second = max(counts.values(), default=0)
    enough = count >= max(1, _ENOUGH_SHARE * len(words)) and second <= _SECOND_SHARE * count
    alone = len(words) == 1 and len(min(words)) < _SHORTEST_ALONE
    return best if enough and not alone else None


def script_of(text: str) -> str | None:
    """Tell which writing system most words of a text are in; None where it has no letters.

    Returns:
        "latin", "cyrillic", "arabic", "devanagari", "hangul", "han" (without kana), "kana", ….
    """
    return _script(_words(text))


def same_script(line: str, words: str) -> bool:
    """Tell whether a line is written as a user's words are; not where either has no letters."""
    script = script_of(line)
    return script is not None and script == script_of(words)


def _words(text: str) -> set[str]:
    """List the different words of a text that hold a letter, in lower case."""
    found = (token[0].lower().replace("’", "'") for token in tokens(text, most=_MOST_WORDS))
    return {word for word in found if any(map(str.isalpha, word))}


def _script(words: set[str]) -> str | None:
    counts: Counter[str] = Counter()
    for word in words:
        letter = next(filter(str.isalpha, word))
        name = unicodedata.name(letter, "?").lower().removeprefix("fullwidth ")
        first = name.removeprefix("halfwidth ").partition(" ")[0]
        counts[_SCRIPTS.get(first, first)] += 1
    if counts["kana"]:
        counts["kana"] += counts.pop("han", 0)
    return max(sorted(counts), key=lambda script: counts[script]) if words else None


def _is_chinese(characters: set[str]) -> bool:
    """Tell whether Han characters are Mandarin: Japanese names and words have them too."""
    if characters & _CANTONESE:
        return False
    if characters & _CHINESE or len(characters & _HALF_CHINESE) > 1:
        return True
    return any(map(_is_unknown_in_japan, characters))


def _is_unknown_in_japan(character: str) -> bool:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return True
    return False


def _counts(text: str, words: set[str]) -> Counter[str]:
    """Count for each language how many of the words, and letters, are its."""
    counts: Counter[str] = Counter()
    for word in words:
        found: set[str] = set()
        for part in _parts(word):
            found |= _languages_of_word.get(part, frozenset())
        counts.update(found)
    for letter in set(_letters.findall(text.lower())):
        counts.update(_languages_of_letter[letter])
    return counts


def _parts(word: str) -> Iterator[str]:
    """Yield a word, its article, and what stands before and behind its apostrophe."""
    yield word
    if word.startswith("ال"):
        yield "ال"
    if "'" in word:
        before, _, behind = word.partition("'")
        yield from (f"{before}'", f"'{behind}", behind)
