"""What commits a bot: words that a neutral opening must not say.

An opening is said before anybody has thought, so it may tell of looking and thinking ("Let me
check,") and of nothing that the answer could have to take back: no yes or no, no agreement
("of course"), no deed ("I'll cancel that", "done"), no feeling ("I'm sorry"), which to the wrong
question hurts. Better a harmless line refused than one of these said: another stands
in. The words are looked for in all languages at once.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from blastoff_pipecat.relay.scripts import CLAUSE_MARKS, COMBINING, fold, joined

# Yes and no, as the first word of an opening.
_yes_or_no = re.compile(
    r"\W*+(?:(?:yes|yeah|yep|yup|no|nope|nah|absolutely|definitely|correct|indeed"
    r"|ja|jawohl|jo|nein|doch|oui|ouais|non|sí|sì|sim|não|nee|nej|tak|nie|да|нет|ні"
    r"|ναι|όχι|evet|hayır|kyllä|vâng|không|כן|לא|نعم|لا|بله|نه|हाँ|हां|नहीं|ใช่(?:ค่ะ|ครับ)?|ไม่(?:ค่ะ|ครับ|ใช่)?)"
    rf"(?![\w{COMBINING}])"
    # These mean something else as well, unless they stand alone.
    rf"|(?:si|da|nu|ano|ne|igen|nem|ei|ya|tidak|не|是|对|對|不|有|没有|沒有)(?=[{CLAUSE_MARKS}])"
    rf"|(?:네|예|아니요|아니오)(?![\w{COMBINING}])"
    r"|是的|不是|对的|對的|不对|不對|はい|いいえ)",
    re.IGNORECASE,
)
_yes_anywhere = re.compile(r"\b(?:yes|oui|sì)\b", re.IGNORECASE)
# "No problem, …" says neither yes nor no; nor does the Polish "no więc, …", which is "well then".
_EXCUSES = (" problem", " worries", " problema", " więc", " to ", " dobrze")

# In the patterns `~` stands for adverbs and the like, and `…` for up to five words of any kind.
_ADVERBS = (
    "just|quickly|now|gladly|happily|also|then|personally|already|go ahead and|to|be able to|been"
    "|get that|have that|successfully|right away|help you|try to|try and"
)

_AGREED = {
    "en": r"""
        certainly|absolutely|definitely|of course|exactly|agreed|right you are|will do|you bet
        |my pleasure|with pleasure|gladly|happy to|glad to|that's (?:right|correct|true)
        |all set|(?:all )?done|(?:sure|no problem
        |no worries)(?: thing)?(?![^\w]+(?:just )?(?:one|an?|let me(?:$| ~(?:look|see|check
        |think|have|take|find|explain|ask|go|tell|walk))|let's (?:look|see|check|think)
        |i'll ~(?:look|see|check|think|have|take|find))\b)""",
    "de": r"""
        natürlich|selbstverständlich|klar|sicher|gerne?|auf jeden fall|absolut|genau
        |kein problem|stimmt|einverstanden|mach ich|mache ich|wird gemacht|erledigt|fertig
        |geht klar|richtig""",
    "fr": r"""
        bien sûr|certainement|absolument|tout à fait|évidemment|volontiers|avec plaisir
        |exactement|pas de (?:problème|souci)|aucun (?:problème|souci)|c'est (?:fait|réglé|vrai
        |exact)|entendu""",
    "es": r"""
        claro|por supuesto|desde luego|con (?:mucho )?gusto|sin (?:ningún )?problema|sin duda
        |seguro|exacto|exactamente|así es|cómo no|encantad[oa]|listo|hecho|ya está
        |no hay problema""",
    "it": r"""
        certo|certamente|assolutamente|sicuro|sicuramente|volentieri|con piacere
        |nessun problema|esatto|esattamente|naturalmente|ovviamente|(?:ecco )?fatto
        |tutto (?:fatto|a posto)|non c'è problema""",
    "pt": r"""
        claro|é claro|com certeza|certamente|sem dúvida|com (?:muito )?(?:prazer|gosto)
        |sem problemas?|pode deixar|exato|exatamente|isso mesmo|absolutamente|pronto|prontinho
        |feito|tudo certo""",
    "nl": r"""
        natuurlijk|zeker|vanzelfsprekend|uiteraard|absoluut|graag gedaan|met plezier
        |geen probleem|precies|klopt|dat klopt|komt goed|doe ik|gedaan|geregeld|klaar""",
    "pl": r"""
        oczywiście|jasne|pewnie|naturalnie|z przyjemnością|nie ma (?:problemu|sprawy)|dokładnie
        |zgadza się|absolutnie|zdecydowanie|chętnie|gotowe|zrobione|załatwione""",
    "ru": r"""
        конечно|разумеется|безусловно|непременно|обязательно|с удовольствием|без проблем|точно
        |именно|верно|договорились|естественно|готово|сделано""",
    "ar": r"بالتأكيد|طبعا|بالطبع|أكيد|بكل سرور|لا مشكلة|حاضر|صحيح",
}
"""What agrees, or tells that something is done, where it begins a clause."""

_PROMISED = {
    "en": r"""
        (?:i(?:'ll|'ve|'m| will| have| am| can|'m going to)|we(?:'ll|'ve| will| have)|let me
        |allow me to|(?:it|that)(?:'s| is| has)|(?:your|the) \w+ (?:is|has|was)) ~(?:cancel
        |book|reserv|send|sent|transferr?|refund|order|charg|chang|updat|delet|remov|adding
        |added|add that|add it|add you|schedul|reschedul|arrang|sav(?:e|ed|ing)|submit|activat
        |deactivat|block|unlock|reset|pay|paid|buy|bought|purchas|call|email|connect|forward
        |confirm|process|fix|resolv|turn(?:ed|ing)? (?:it|that|the|on|off|up|down)
        |set(?:ting)? (?:a|an|it|that|up|your)|creat|made|issu|approv|waiv|extend|renew|enroll
        |register|sign|upgrad|install|ship|deliver|handl|tak(?:e|ing|en) care|sort
        |do(?:ing)? (?:that|it|so))\w*|consider it done|leave it (?:with|to) me|i promise""",
    "de": r"""
        (?:habe?|haben|werde|werden|wird|wurde|kann|ist)… (?:stornier|gebucht|buchen|reservier
        |überw[ei]+sen|(?:ge|ver)?schickt?(?:en)?|(?:ge)?send(?:et|en)|bestell|(?:ge)?lösch
        |(?:ge)?änder|(?:ge)?kündig|erstatte|verbunden|verbinden|weiter(?:ge)?leite|aktivier
        |(?:ge)?sperr|ein(?:ge)?trag|erledig|veranlass|vereinbar|(?:ge)?speicher|verschieb
        |verschoben|eingeschaltet|ausgeschaltet|darum kümmer|bezahl)\w*|(?:storniere|buche
        |reserviere|überweise|schicke|sende|bestelle|lösche|ändere|kündige|verbinde|aktiviere
        |sperre|trage|erledige|veranlasse|vereinbare|verschiebe|kümmere|bezahle|erstatte
        |versprech\w*)""",
    "fr": r"""
        (?:j'ai|je (?:vais|peux|viens de)|nous (?:avons|allons)|(?:c'est|est|a été))… (?:annul
        |réserv|envoy|transfér|rembours|command|modifi|chang|supprim|ajout|activ|désactiv|bloqu
        |pay|programm|confirm|enregistr|résili|mettre en relation)(?:ées?|és?|er)|(?:j'
        |je (?:vous |le |la |les |l')?)(?:annule|réserve|envoie|transfère|rembourse|commande
        |modifie|change|supprime|ajoute|active|bloque|programme|passe|confirme)
        |je m'en (?:occupe|charge)|je vous promets""",
    "es": r"""
        (?:he|hemos|ha sido|queda|quedó|voy a|vamos a|puedo|acabo de)… (?:cancel|reserv|envi
        |mand|transfer|reembols|ped|cambi|modific|elimin|borr|añad|agreg|activ|bloque|pag
        |program|confirm|agend)(?:ad[oa]s?|id[oa]s?|[aei]r)(?:l[aeo]s?)?|(?:se )?(?:l[aeo]s?
        |te) (?:cancelo|reservo|envío|mando|transfiero|reembolso|cambio|modifico|elimino|borro
        |añado|agrego|activo|bloqueo|pago|programo|confirmo|agendo)|(?:cancel|reserv|envi|mand
        |transferir|reembols|cambi|elimin|confirm|agend)a?ré|me (?:encargo|ocupo)|(?:te
        |le) (?:prometo|aseguro)""",
    "it": r"""
        (?:ho|abbiamo|è stat[oa]|posso)… (?:annull|cancell|prenot|invi|mand|trasfer|rimbors
        |ordin|modific|cambi|elimin|aggiun|attiv|blocc|pag|programm|conferm|sped)(?:at[oa]
        |it[oa]|to|t[oa]|[aei]r\w+)|(?:l[aeo]|gliel[oa]|ti|vi) (?:annullo|cancello|prenoto
        |invio|mando|trasferisco|rimborso|ordino|modifico|cambio|elimino|aggiungo|attivo|blocco
        |confermo|prometto)|(?:annull|cancell|prenot|invi|mand|rimbors|modific|cambi|elimin
        |conferm)er[òo]|me ne occupo|ci penso io""",
    "pt": r"""
        (?:vou|vamos|posso|acabei de)… (?:cancelar|reservar|enviar|transferir|reembolsar|pedir
        |alterar|mudar|apagar|adicionar|ativar|bloquear|pagar|agendar|marcar|remarcar|confirmar
        |mandar)\w*|(?:cancelei|reservei|enviei|transferi|reembolsei|alterei|mudei|apaguei
        |adicionei|ativei|bloqueei|paguei|agendei|marquei|remarquei|confirmei|mandei)
        |(?:cancela|reserva|envia|altera|confirma|agenda)rei|foi (?:cancelad|reservad|enviad
        |alterad|agendad|confirmad)[oa]|cuido disso|prometo""",
    "nl": r"""
        (?:heb|ga|zal|kan|wordt|is)… (?:ge)?(?:annuleerd?|annuleren|boekt?|boeken|reserveerd?
        |reserveren|verstuurd|versturen|stuurd?|sturen|overgemaakt|overmaken|terugbetaald
        |terugbetalen|besteld|bestellen|wijzigd|wijzigen|veranderd|veranderen|verwijderd
        |verwijderen|toegevoegd|toevoegen|activeerd|activeren|blokkeerd|blokkeren|betaald
        |betalen|ingepland|inplannen|doorverbonden|doorverbinden|verzet|verzetten|afgezegd
        |afzeggen|regeld|regelen)|ik (?:annuleer|boek|reserveer|stuur|verstuur|bestel|wijzig
        |verander|verwijder|activeer|blokkeer|betaal|verbind|verzet|regel|beloof)|(?:annuleer
        |boek|reserveer|stuur|verstuur|bestel|wijzig|verwijder|regel) ik""",
    "pl": r"""
        (?:anulowa|odwoła|zarezerwowa|wysła|przela|przesła|zwróci|zamówi|zmieni|doda|aktywowa
        |zablokowa|zapłaci|umówi|przełoży|potwierdzi|połączy|przełączy)ł[ea]m|usun(?:ą|ę)łam
        |anuluję|odwołam|zarezerwuję|wyślę|przeleję|prześlę|zwrócę|zamówię|zmienię|usunę|dodam
        |aktywuję|zablokuję|zapłacę|umówię|przełożę|potwierdzę|połączę|przełączę|załatwię
        |zajmę się|obiecuję""",
    "ru": r"""
        (?:отмени|заброниро|отправи|перев[её]|верну|заказа|измени|удали|добави|активирова
        |заблокирова|оплати|записа|подтверди|включи|выключи|переключи|оформи)(?:ва)?ла?|отменю
        |забронирую|отправлю|переведу|верну|закажу|изменю|удалю|добавлю|активирую|заблокирую
        |оплачу|запишу|подтвержу|включу|выключу|соединю|переключу|оформлю|вышлю|займусь|обещаю""",
    "ar": r"""
        تم|لقد تم|قمت ب\w*|سأقوم ب\w*|ألغيت|حجزت|أرسلت|حولت|سأ?لغي|سألغي|سأحجز|سأرسل|سأحول
        |سأطلب|سأغير|سأحذف|سأضيف|سأدفع|أعدك""",
}
"""What tells of a deed, done or promised."""

_FELT = r"""
    sorry|(?:so|very|really) sad|congratulations|congrats|condolences|unfortunately
    |apologi[sz]e|apologies|glad|happy|how (?:sad|awful|terrible|wonderful)|tut mir leid
    |entschuldig\w*|mein beileid|freut mich|glückwunsch|schade|leider|désolée?|excusez-moi
    |navrée?|ravie?|félicitations|condoléances|dommage|malheureusement|lo siento|lamento
    |siento (?:mucho|oír)|condolencias|felicidades|enhorabuena|me alegr[ao]|qué pena|lástima
    |lamentablemente|desgraciadamente|mi dispiace|condoglianze|congratulazioni|complimenti
    |purtroppo|che peccato|sinto muito|pêsames|parabéns|que pena|infelizmente|desculpe
    |het spijt me|gecondoleerd|gefeliciteerd|jammer|helaas|przykro|współczuję|przepraszam
    |gratuluję|niestety|сожале\w*|соболезну\w*|извин\w*|прост(?:ите|и)|поздравля\w*|жаль|увы
    |آسف\w*|أعتذر|عذرا|للأسف|يؤسفني|تعازي|مبروك|تهاني\w*"""
"""What feels or regrets."""

_ANYWHERE = {
    "hi": r"""
        ज़रूर|बिल्कुल|बिलकुल|बेशक|अवश्य|कोई बात नहीं|कोई समस्या नहीं|हो गया|हो गई|कर दिया
        |कर दी(?!जिए)|कर चुक|हो चुक|दूँग|करूँग|देता हूँ|देती हूँ|कर रहा हूँ|कर रही हूँ|माफ़|क्षमा
        |खेद|दुख|दुःख|अफ़सोस|बधाई|खुशी""",
    "zh": r"""
        当然|當然|没问题|沒問題|没错|沒錯|肯定|绝对|絕對|可以的|乐意|樂意|搞定|完成了|办好了
        |辦好了|已经.*了|已經.*了|抱歉|对不起|對不起|不好意思|遗憾|遺憾|恭喜|难过|難過|节哀
        |節哀|高兴|高興|我保证|我保證|(?:[为帮给為幫給][您你]|我(?:来|來|会|會|去|这就|這就
        |马上|馬上))(?:取消|预订|預訂|预定|預定|订|訂|定|发|發|转|轉|退|改|更改|修改|删|刪|下单
        |下單|付|安排|办|辦|处理|處理|开|開|关|關|打电话|打電話|打开|打開|设|設|买|買)""",
    "ja": r"""
        もちろん|かしこまりました|承知|了解|喜んで|問題ありません|大丈夫|その通り|そのとおり
        |おっしゃる通り|確かに|わかりました|分かりました|完了|しておきま|申し訳|すみません
        |すいません|ごめん|残念|お悔やみ|おめでとう|愁傷|嬉しい|うれしい|お約束|おつなぎ|お送り
        |お取りし|(?:キャンセル|予約|手配|送信|変更|削除|注文|返金|設定|登録|確保|転送|振込
        |購入)(?:を)?(?:いた|し|させて)""",
    "ko": r"""
        물론|당연|그럼요|알겠습니다|그렇게 할게요|문제 ?없|기꺼이|맞습니다|맞아요|확실히|완료
        |죄송|미안|유감|안타깝|축하|기쁘|삼가|약속|(?:취소|예약|전송|발송|송금|환불|주문|변경
        |삭제|설정|등록|결제|연결|처리)(?:을|를)? ?(?:했|해 ?드리|해 ?드릴|할게|하겠|해 ?놓
        |되었|됐)""",
}
"""The same of the languages whose words are not told apart by spaces, or by letters alone."""

_LEADS = "well|ok|okay|oh|ah|ja|nun|also|bueno|pues|alors|allora|bem|nou|no|ну"
_BEGUN = r"""
    sure|no problem|no worries|let me|i|we|i'll|i've|i'm|i will|i have|i can|i'm going to|habe?
    |werde|wird|kann|ist|j'ai|je(?: vais| peux| vous)?|he|hemos|voy a|puedo|l[aeo]s?|te|ho
    |posso|vou|vamos|heb|ga|zal|ik|is"""


def _pattern(source: str) -> str:
    """Put a pattern together, with adverbs where it may hold some."""
    return joined(source.replace("~", f"(?:(?:{_ADVERBS}) ){{0,3}}"))


def _any_of(sources: Iterable[str]) -> str:
    return "|".join(map(_pattern, sources))


_marks = re.escape(CLAUSE_MARKS)
_begins_clause = rf"(?:^[^\w]*|[{_marks}–—-] *|\b(?:{_pattern(_LEADS)}) )"
_commitment = re.compile(
    rf"{_begins_clause}(?:{_any_of(_AGREED.values())})(?!\w)"
    rf"|\b(?:{_any_of([*_PROMISED.values(), _FELT])})(?!\w)"
    rf"|{_any_of(_ANYWHERE.values())}"
)
_unfinished = re.compile(rf"\b(?:{_pattern(_BEGUN)})(?: (?:{_ADVERBS}))*[^\w]*$")


@lru_cache(maxsize=128)  # small models say the same few lines
def answers(beginning: str, *, whole: bool) -> bool:
    """Tell whether an opening begins with yes or no.

    Args:
        beginning: The opening so far.
        whole: Whether its last word cannot grow any more.
    """
    found = _yes_or_no.match(beginning)
    if found is None:
        return False
    rest = beginning[found.end() :].casefold()
    if any(rest.startswith(excuse) for excuse in _EXCUSES):
        return False
    # A word that is still growing ("no" of "no problem") is judged when it is whole.
    return whole or not any(excuse.startswith(rest) for excuse in _EXCUSES)


@lru_cache(maxsize=128)  # small models say the same few lines
def affirms(text: str, *, whole: bool) -> bool:
    """Tell whether a text says yes anywhere; see `answers` for the arguments."""
    return any(whole or yes.end() < len(text) for yes in _yes_anywhere.finditer(text))


@lru_cache(maxsize=128)  # small models say the same few lines
def commits(text: str) -> bool:
    """Tell whether a text commits the bot: to a yes or no, to a deed, to a feeling."""
    if answers(text, whole=True) or affirms(text, whole=True):
        return True
    return _commitment.search(" ".join(fold(text).split())) is not None


def may_commit(text: str) -> bool:
    """Tell whether a text ends in the beginning of what could become a commitment: "I'll"."""
    return _unfinished.search(" ".join(fold(text).split())) is not None
