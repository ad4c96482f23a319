"""Turns that ask for nothing: remarks, news, complaints, told as statements are.

A model of some hundred million parameters picks a line for "they're letting me go" as gladly as for
a question. What asks is told from what states by closed classes of words: a statement begins with
its subject or ends with its verb, and holds none of the words with which people ask, want or
request. Whatever is neither for certain counts as asked, so that a question keeps its opening.
"""

import re
from functools import cache
from typing import NamedTuple

from blastoff_pipecat.relay.scripts import CLAUSE_MARKS, fold, joined

_MOST_CHARACTERS = 2000
"""How much of a turn is looked at."""
_QUESTION_MARKS = frozenset("?？؟¿")


class _Words(NamedTuple):
    """The words of one language, as alternatives of a pattern.

    Attributes:
        leads: What may stand before what a statement begins with.
        states: What a statement begins with; with a ``$``, what it ends with.
        asks: What begins a clause that asks.
        wants: What stands in a request, wherever it does.
    """

    leads: str
    states: str
    asks: str
    wants: str


_SPACED = {
    "en": _Words(
        r"""well|so|and|but|oh|ah|um|uh|then|because|actually|honestly|unfortunately|sadly|anyway|yes
        |yeah|no|okay|ok|hello|hi|hey|listen|look|sorry|yesterday|today|tonight|now|last \w+
        |this (?:morning|week|month|year)""",
        r"""i|i'm|i've|i'll|we|we're|we've|he|he's|she|she's|they|they're|they've|it's|it|this
        |that|that's|there|there's|my|our|his|her|their|your|the|a|an|some|someone|someone's
        |somebody|somebody's|nobody|nothing|everything|everyone|everybody|no one""",
        r"""what|what's|how|how's|which|who|who's|whose|when|when's|where|where's|why|is|are|am|was
        |were|do|does|did|can|could|will|would|should|shall|may|have you|has|tell|show|give|find
        |check|please""",
        r"""want|wanna|need|needs|like to|love to|i'd like|we'd like|would like|wonder\w*
        |looking for|looking to|trying to|hoping to|calling to|calling about|calling for|question
        |know how|know what|know why|know where|know which|know when|know who|know if|know whether
        |understand|can't find|figure out|remember|can you|could you|would you|will you|please
        |help|tell me|show me|let me know|let's|have to|interested in|prefer|i'll have|i'll take
        |curious|suppose|say i""",
    ),
    "de": _Words(
        r"""also|und|aber|oh|ach|ähm?|hm|naja|na|ja|nein|tja|weil|hallo|hi""",
        r"""ich|wir|er|sie|es|das|dies|dieser|diese|dieses|da|mein|meine|unser|unsere|euer|ihr|ihre
        |sein|seine|der|die|ein|eine|jemand|niemand|keiner|nichts|alles|mir|mich|uns|heute|gestern
        |jetzt|gerade|dann|leider|letzte \w+|diese \w+|bei uns""",
        r"""was|wie|wer|wen|wem|wo|woher|wohin|wann|warum|wieso|weshalb|welche\w?|wieviel\w*|ist|sind
        |hat|haben|habt|hast|kann|können|könnt\w*|kannst|gibt|darf|dürfen|soll\w*|muss|müssen|würd\w*
        |sag\w*|zeig\w*|bitte""",
        r"""will|möchte|wollen|möchten|wollte|hätte|brauche|brauchen|bräuchte|suche|suchen|frage
        |fragen|wüsste|wissen|verstehe|bitte|hilfe|helfen|sag mir|kannst du|können sie|könnten sie
        |könntest|würde gern|würden gern|gerne?|interessiere|finde keine?n?|soll ich|sollen wir
        |muss ich|du""",
    ),
    "fr": _Words(
        r"""alors|et|mais|oh|ah|euh|ben|bah|bon|oui|non|malheureusement|parce que|puis|bonjour|allô
        |salut|hier|aujourd'hui|ce (?:matin|soir)|cette \w+|la semaine dernière""",
        r"""je|j'\w+|nous|on|il|elle|ils|elles|c'est|c'était|ce|cela|ça|mon|ma|mes|notre|nos|votre|son
        |sa|ses|leur|le|la|les|l'\w+|un|une|des|quelqu'un|personne|rien|plus|tout|y|hier
        |aujourd'hui|ce matin""",
        r"""que|qu'\w+|quoi|qui|quel\w*|lequel|laquelle|comment|combien|où|quand|pourquoi|est-ce
        |est-ce qu\w*|est ce|peux\w*|pouvez\w*|pourri\w+|avez\w*|as-tu|dis\w*|dites\w*|donne\w*
        |montre\w*|à quel\w*|de quel\w*|dans quel\w*""",
        r"""veux|voudrais|voulons|voudrions|aimerais|aimerions|souhaite|besoin|cherche|cherchons
        |question|demande|savoir|comprends|pouvez-vous|peux-tu|pourriez|pourrais|s'il vous plaît
        |s'il te plaît|svp|aide\w*|dites-moi|est-ce que|combien|comment|pourquoi|faut-il|tu
        |peut-on""",
    ),
    "es": _Words(
        r"""pues|y|pero|oh|ah|eh|bueno|sí|no|desgraciadamente|lamentablemente|porque|entonces|hola
        |oye|mire|mira|ayer|hoy|anoche|esta \w+|la semana pasada""",
        r"""yo|nosotr[oa]s|él|ella|ellos|ellas|mi|mis|nuestr\w+|su|sus|tu|el|la|los|las|un|una|unos|me
        |nos|se|le|les|hay|había|es|está|estoy|estamos|fue|era|alguien|nadie|nada|todo|ya|hoy|ayer
        |esto|eso|llevo|llevamos|he|hemos|han|no|bueno""",
        r"""qué|que|cómo|como|cuál\w*|cual\w*|quién\w*|quien\w*|cuánt\w+|cuant\w+|dónde|donde|cuándo
        |cuando|por qué|por que|puede\w*|podría\w*|puedo|tiene\w*|sabe\w*|dime|dígame|busca\w*""",
        r"""quier\w+|querría|quisiera|queremos|necesit\w+|busc\w+|gustaría|pregunta|saber
        |entiendo|por favor|puede|podría|puedes|podrías|ayud\w+|dime|dígame|cómo|cuánt\w+|cuándo
        |dónde|cuál\w*|qué|hay que|hay algún|hay alguna|tengo que|me puede|me pone""",
    ),
    "it": _Words(
        r"""allora|e|ma|oh|ah|ehm?|beh|sì|no|purtroppo|perché|poi|ciao|pronto|senta|senti|ieri|oggi
        |stamattina|la settimana scorsa""",
        r"""io|noi|lui|lei|loro|mio|mia|miei|nostr\w+|su[oa]|il|lo|la|i|gli|le|l'\w+|un|una|un'\w+|mi
        |ci|si|c'è|c'era|ci sono|è|sono|ho|abbiamo|hanno|qualcuno|nessuno|niente|tutto|oggi|ieri
        |questo|quello|non""",
        r"""che|cosa|come|qual\w*|chi|quant\w+|dove|dov'\w+|quando|quand'\w+|perché|in che|di che
        |può|puoi|potrebbe|potresti|posso|ha|hai|sai|sa|dimmi|mi dica|cerca\w*|a che""",
        r"""vogli\w+|vorre\w+|bisogno|cerco|cerchiamo|piacerebbe|domanda|sapere|capisco|per favore
        |per piacere|può|potrebbe|puoi|potresti|aiut\w+|dimmi|mi dica|quant\w+|perché|devo|mi serve
        |c'è un|c'è qualche|mi dai|mi fai|mi fa|mi dà""",
    ),
    "pt": _Words(
        r"""bom|e|mas|ah|oh|é que|pois|sim|não|infelizmente|porque|então|olá|oi|alô|ontem|hoje
        |esta \w+|a semana passada|semana passada""",
        r"""eu|nós|a gente|ele|ela|eles|elas|meu|minha|meus|minhas|noss\w+|seu|sua|o|a|os|as|um|uma
        |é|está|estou|estamos|foi|tem|há|alguém|ninguém|nada|tudo|hoje|ontem|isto|isso|já|não|me
        |fui|fomos|perdi""",
        r"""que|quê|o que|como|qual|quais|quem|quant\w+|onde|quando|por que|porque|pode\w*|poderia
        |posso|você|tem como|me diga|me conta|me fala|de que|em que|será""",
        r"""quer\w+|gostaria|gostaríamos|precis\w+|procuro|procurando|pergunta|dúvida|saber|entendo
        |por favor|pode|poderia|ajud\w+|me diga|como|quant\w+|qual|por que|onde|tenho que|tem algum
        |há algum|me conta|me fala|você""",
    ),
    "nl": _Words(
        r"""nou|en|maar|oh|ach|eh|ja|nee|omdat|hallo|hoi""",
        r"""ik|wij|we|hij|zij|ze|het|dat|dit|er|mijn|onze|ons|uw|jullie|zijn|haar|hun|de|een|iemand
        |niemand|niets|alles|vandaag|gisteren|dan|helaas|nu|vorige \w+""",
        r"""wat|hoe|wie|waar|wanneer|waarom|welke?|hoeveel|is|kan|kunt|kun|heeft|heb|mag|zou|vertel
        |geef|zoek""",
        r"""wil|willen|zou|graag|nodig|zoek|zoeken|vraag|weten|begrijp|alsjeblieft|alstublieft|help\w*
        |kunt u|kun je|hoe|waarom|wanneer|hoeveel|moet ik|vertel|je""",
    ),
    "pl": _Words(
        r"""no|i|a|ale|oj|ach|tak|nie|niestety|bo|więc|cześć|halo|wczoraj|dzisiaj|dziś|teraz""",
        r"""ja|my|on|ona|oni|one|mój|moja|moje|mam|mieliśmy|nasz\w*|to|jest|był\w*|ktoś|nikt|nic
        |wszystko|dzisiaj|dziś|wczoraj|już|nie""",
        r"""co|jak\w*|kto|kogo|gdzie|kiedy|dlaczego|czemu|ile|czy|któr\w+|czyj\w*|powiedz|podaj|znajdź""",
        r"""chc\w+|chciał\w*|potrzeb\w+|szukam|proszę|pytanie|wiedzieć|rozumiem|może\w*|mógł\w*
        |mogł\w*|pomóż|pomoc\w*|jak|ile|kiedy|dlaczego|powiedz|czy|poproszę|muszę""",
    ),
    "ru": _Words(
        r"""ну|и|но|ой|ах|да|нет|увы|потому что|так|вот|алло|привет|вчера|сегодня|сейчас
        |к сожалению""",
        r"""я|мы|он|она|они|мой|моя|мо[её]|мои|наш\w*|ваш\w*|это|у меня|у нас|меня|мне|нам|нас
        |кто-то|никто|ничего|вс[её]|сегодня|вчера|уже|здесь|тут""",
        r"""что|как\w*|кто|кого|чей|где|куда|откуда|когда|почему|зачем|сколько|можно|можете|можешь
        |есть ли|а|скажи\w*|расскажи\w*|найди\w*|покажи\w*""",
        r"""хочу|хотим|хотел\w*|хочется|нужн\w+|надо|ищу|ищем|вопрос|знать|узнать|понимаю
        |пожалуйста|можно|могли|можете|помо\w+|скажите|подскаж\w+|как|сколько|почему|ли""",
    ),
    "ar": _Words(
        r"""و|لكن|آه|نعم|لا|للأسف|لأن|مرحبا|أمس|اليوم|الآن""",
        r"""أنا|نحن|هو|هي|هم|هذا|هذه|ذلك|لدي|عندي|لقد|كان|كانت|زوجي|زوجتي|ابني|ابنتي|أبي|أمي|بيتي
        |منزلنا|لا شيء|كل شيء|اليوم|أمس""",
        r"ما|ماذا|من|متى|أين|كيف|كم|لماذا|هل|أي|أية",
        r"""أريد|نريد|أود|أرغب|أحتاج|نحتاج|أبحث|سؤال|أعرف|أفهم|من فضلك|لو سمحت|هل|ممكن|يمكن\w*
        |ساعد\w*|أخبر\w*|كيف|كم|متى|لماذا|أين""",
    ),
}
"""Languages that separate words and begin a statement with its subject."""

_UNSPACED = {
    "hi": _Words(
        "",
        r"(?:ह[ैू]|हैं|हूँ|हूं|थ[ाीे]|थीं|ग[याईए]+|दिया|दी|लिया|ली|चुक[ाीे]|रह[ाीे]|होगा|होगी|लगता|लगती)$",
        r"क्या|कौन|कितन|कहाँ|कहां|कब|कैस|क्यों|किस|किन",
        r"""चाहिए|चाहत|चाहूँ|चाहूं|बता|दीजिए|कीजिए|दो$|करो|कर दें|कृपया|प्लीज|सुना|सकत|सवाल|मदद
        |ज़रूरत|जरूरत""",
    ),
    "zh": _Words(
        "",
        r"^(?:我|他|她|它|咱|你们|您们|这|那|今天|昨天|有人|家里|没人|什么都|一切|爸|妈|孩子)",
        r"吗|呢|什么(?!都)|谁|哪|几|多少|怎|为何|多[久长远高大]|是不是|有没有|能不能|可不可以|对不对",
        r"想(?!死)|要(?!死)|需要|请|帮|麻烦|可以|能否|查|告诉|推荐|给我|^把|让我|问|预订|订|知道",
    ),
    "ja": _Words(
        "",
        r"(?:た|です|ます|だ|ない|ません|る|ね|よ|な|ました|だよ|の)$",
        r"か$|か |何|誰|どこ|どちら|どっち|いつ|いくつ|いくら|どう|どの|どれ|どんな|なぜ|なんで",
        r"ください|下さい|たいです|たいの|たい$|ほしい|欲しい|願い|教えて|もらえ|いただけ|くれ$|質問",
    ),
    "ko": _Words(
        "",
        r"(?:다|요|어|아|네|지|음|죠)$",
        r"까|나요|가요|뭐|무엇|누구|어디|언제|얼마|몇|왜|어떻|무슨|어느|어떤",
        r"주세요|줘|주실|싶|원해|원합|부탁|알려|필요|궁금|질문|할게요|하려고|해라",
    ),
}
"""Languages whose words no space parts, or whose statements end with their verb."""

_marks = re.compile(f'[{re.escape(CLAUSE_MARKS)}"“”„«»()]+')


def is_remark(text: str, language: str | None) -> bool:
    """Tell whether a turn states something and asks for nothing.

    Args:
        text: What the user said.
        language: Its language. Of one that is not known here, and of None, nothing is told.
    """
    if language not in _SPACED and language not in _UNSPACED:
        return False
    said = text[:_MOST_CHARACTERS]
    if not _QUESTION_MARKS.isdisjoint(said):
        return False
    clauses = [" ".join(each.split()) for each in _marks.split(fold(said))]
    states, asks = _patterns(language)
    found = [each for each in clauses if each]
    return any(states.search(each) for each in found) and not any(map(asks.search, found))


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what a clause that states holds, and one that asks."""
    if words := _SPACED.get(language):
        leads, states, asks, wants = map(joined, words)
        begins = rf"^(?:(?:{leads}) )*"
        return (
            re.compile(rf"{begins}(?:{states})(?!\w)"),
            re.compile(rf"{begins}(?:{asks})(?!\w)|\b(?:{wants})(?!\w)"),
        )
    _, states, asks, wants = map(joined, _UNSPACED[language])
    return re.compile(states), re.compile(f"{asks}|{wants}")
