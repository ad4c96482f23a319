"""The lines that come with the package: what may be said while an answer is awaited.

All but the apologies are contentless: no feeling, no promise, no claim, no praise, no number,
neither yes nor no, since a tiny model picks lines with feeling for the wrong questions. They are in
the polite register that suits a bot, and leave open who is spoken to and who speaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

RECENT_REPLIES = 3
"""How many replies back a line counts as used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines of one language, each kind from short to long, no two of the same words.

    Attributes:
        sentences: Openings of two to six words that end a sentence: the answer begins its own.
        commas: Openings of two to six words that end in a comma: the answer goes on from them.
        waiting: Lines of two to four words for when the answer is still not there.
        apology: What is said where the answer cannot be had at all.
    """

    sentences: tuple[str, ...]
    commas: tuple[str, ...]
    waiting: tuple[str, ...]
    apology: str


@dataclass(frozen=True)
class Stock:
    """Lines of one kind; which of them are left is looked for when one is needed.

    Attributes:
        lines: All of them.
        replies: What the last replies have said, newest first.
    """

    lines: tuple[str, ...] = ()
    replies: Sequence[str] = ()

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """Those that none of the replies held; all, where that is none."""
        return tuple(line for line in self.lines if not self._was_said(line)) or self.lines

    @cached_property
    def used(self) -> tuple[str, ...]:
        """Those that a reply before the last held, and the last did not, while there is another."""
        lines = Stock(self.lines, self.replies[:1]).unused
        return tuple(line for line in lines if self._was_said(line))

    def _was_said(self, line: str) -> bool:
        return any(line in reply for reply in self.replies)


NO_LINES = Stock()


def _lines(sentences: str, commas: str, waiting: str, apology: str) -> Lines:
    """Take each kind as one string, the lines between slashes."""
    kinds = {"sentences": sentences, "commas": commas, "waiting": waiting}
    split = {kind: tuple(map(str.strip, lines.split("/"))) for kind, lines in kinds.items()}
    return Lines(**split, apology=apology)


LINES: Mapping[str, Lines] = MappingProxyType(
    {
        "en": _lines(
            "One moment. / One second. / Let's see. / Let me see. / Let me think. / "
            "Just a moment, please. / Let me think about that. / Let me have a quick look.",
            "Well, now, / Hmm, so, / Hmm, well, / Well, let's see, / Well, let me see, / "
            "Well, let me see now, / Well, let me think about that,",
            "Still thinking. / Still looking. / Another moment. / Just a second. / Bear with me. / "
            "Thank you for waiting.",
            "I'm sorry, I can't find that out just now.",
        ),
        "de": _lines(
            "Einen Moment. / Moment, bitte. / Mal sehen. / Schauen wir mal. / "
            "Da schaue ich nach. / Lassen Sie mich überlegen. / Lassen Sie mich kurz überlegen. / "
            "Darüber muss ich einen Moment nachdenken.",
            "Hm, also, / Nun also, / Kurz gesagt, / Also, mal schauen, / Also, warten Sie mal, / "
            "Also, lassen Sie mich überlegen, / Nun, lassen Sie mich kurz nachdenken,",
            "Augenblick, bitte. / Sekunde noch. / Kleinen Moment. / Noch einen Moment. / "
            "Ich schaue noch. / Ich überlege noch.",
            "Es tut mir leid, das kann ich gerade nicht herausfinden.",
        ),
        "fr": _lines(
            "Un instant. / Voyons voir. / J'y réfléchis. / Laissez-moi voir. / "
            "Je vais y réfléchir. / Laissez-moi réfléchir un instant. / "
            "Laissez-moi y réfléchir un instant.",
            "Eh bien, / Alors, voyons, / Voyons donc, / Alors, voyons voir, / "
            "Alors, laissez-moi réfléchir, / Alors, voyons un peu cela, / "
            "Alors, laissez-moi réfléchir un instant,",
            "Une seconde. / Un moment. / Je cherche. / Encore un instant. / Je cherche encore. / "
            "Merci de patienter.",
            "Excusez-moi, je ne peux pas trouver cela pour le moment.",
        ),
        "es": _lines(
            "Un momento. / Un segundo. / Lo pienso. / Vamos a ver. / Déjeme pensar un poco. / "
            "Déjeme pensarlo por un momento. / Déjeme pensar en eso un momento.",
            "A ver, / Bueno, veamos, / Pues bien, / Bueno, a ver, / Pues vamos a ver, / "
            "Bueno, pues vamos a ver, / A ver, déjeme pensar un momento,",
            "Un momentito. / Sigo mirando. / Sigo pensando. / Un momento más. / "
            "Deme un segundo. / Gracias por esperar.",
            "Lo siento, ahora mismo no puedo averiguarlo.",
        ),
        "it": _lines(
            "Un momento. / Un attimo. / Ci penso. / Vediamo un attimo. / Mi lasci pensare. / "
            "Ci penso un attimo. / Mi lasci pensare un attimo. / Mi lasci pensare solo un momento.",
            "Allora, vediamo, / Dunque, allora, / Ecco, dunque, / Dunque, vediamo insieme, / "
            "Allora, vediamo un attimo, / Dunque, mi lasci pensare bene, / "
            "Allora, mi lasci pensare un attimo,",
            "Un secondo. / Sto guardando. / Sto pensando. / Solo un attimo. / Ancora un attimo.",
            "Mi dispiace, in questo momento non riesco a trovarlo.",
        ),
        "pt": _lines(
            "Um momento. / Um instante. / Vamos ver. / Deixe-me ver. / Vou pensar um pouco. / "
            "Deixe-me pensar um pouco. / Deixe-me pensar nisso um pouco.",
            "Bem, vejamos, / Então, vejamos, / Pois bem, / Então, vamos ver, / "
            "Bem, deixe-me ver, / Bem, deixe-me ver isso, / Então, deixe-me pensar um pouco,",
            "Um segundo. / Um momentinho. / Um minutinho. / Só um momento. / Mais um instante. / "
            "Continuo à procura.",
            "Desculpe, não consigo descobrir isso agora.",
        ),
        "nl": _lines(
            "Een momentje. / Even kijken. / Even nadenken. / Eens even kijken. / "
            "Laat me even nadenken. / Daar kijk ik even naar. / Daar moet ik even over nadenken.",
            "Eens zien, / Even denken, / Nou, kijk, / Nou, even zien, / Nou, eens even kijken, / "
            "Nou, laat me even denken, / Eens kijken, laat me even nadenken,",
            "Nog even. / Ogenblikje nog. / Eén moment. / Ik kijk nog. / Nog een momentje. / "
            "Bedankt voor uw geduld.",
            "Sorry, dat kan ik nu helaas niet vinden.",
        ),
        "pl": _lines(
            "Jedną chwilę. / Chwileczkę, proszę. / Niech pomyślę. / Niech się zastanowię. / "
            "Niech chwilę się zastanowię. / Niech się nad tym zastanowię. / "
            "Niech się chwilę nad tym zastanowię.",
            "No więc, / A więc, / Hm, zobaczmy, / No to zobaczmy, / A więc, niech zobaczę, / "
            "No więc, niech chwilę pomyślę, / A więc, niech się chwilę zastanowię,",
            "Jeszcze chwilkę. / Jeszcze sekundę. / Wciąż szukam. / Proszę jeszcze chwilę. / "
            "Dziękuję za cierpliwość.",
            "Przepraszam, w tej chwili nie mogę tego ustalić.",
        ),
        "ru": _lines(
            "Одну минуту. / Дайте подумать. / Давайте посмотрим. / Одну минуту, пожалуйста. / "
            "Дайте мне немного подумать. / Дайте мне об этом подумать. / "
            "Мне нужно немного об этом подумать.",
            "Что ж, / Так, посмотрим, / Ну, смотрите, / Что ж, посмотрим, / "
            "Так, дайте мне подумать, / Что ж, давайте вместе посмотрим, / "
            "Что ж, дайте мне немного подумать,",
            "Ещё минуту. / Ещё секунду. / Секунду, пожалуйста. / Всё ещё ищу. / "
            "Спасибо за ожидание.",
            "Простите, сейчас я не могу это узнать.",
        ),
        "ar": _lines(
            "لحظة واحدة. / لنرَ معًا. / سأفكر قليلًا. / لحظة من فضلك. / سأفكر في ذلك قليلًا. / "
            "سأنظر في هذا الأمر الآن. / أحتاج إلى لحظة للتفكير في ذلك.",
            "حسنًا، لنرَ، / إذن، لنرَ، / والآن، لنفكر، / حسنًا، لنرَ معًا، / إذن، لنفكر في ذلك، / "
            "حسنًا، لنفكر في ذلك قليلًا، / إذن، لنفكر معًا في ذلك قليلًا،",
            "لحظة أخرى. / ثانية واحدة. / دقيقة واحدة. / ما زلت أبحث. / شكرًا على الانتظار.",
            "عذرًا، لا يمكنني معرفة ذلك الآن.",
        ),
        "hi": _lines(
            "एक पल। / एक क्षण। / देखते हैं। / मुझे सोचने दीजिए। / मुझे ज़रा सोचने दीजिए। / "
            "मुझे एक पल सोचने दीजिए। / मुझे इस पर ज़रा सोचने दीजिए।",
            "तो देखिए, / अच्छा, तो, / चलिए देखें, / अच्छा, देखते हैं, / तो, चलिए देखते हैं, / "
            "तो, मुझे ज़रा देखने दीजिए, / अच्छा, मुझे एक पल सोचने दीजिए,",
            "एक मिनट। / ज़रा रुकिए। / थोड़ा रुकिए। / बस एक पल। / अभी देखते हैं।",
            "माफ़ कीजिए, यह जानकारी अभी नहीं मिल पा रही है।",
        ),
        "zh": _lines(
            "我想想。 / 让我看看。 / 稍等一下。 / 让我想一想。 / 请让我稍微想一下。 / "
            "这个问题我先想一想。 / 这个问题，请让我先想一想。",
            "我看看， / 这个嘛， / 嗯，这个， / 嗯，我看一下， / 嗯，让我来想一想， / "
            "关于这个，我来想一想， / 嗯，这个问题让我来看一下，",
            "请稍候。 / 还在看。 / 再等一下。 / 还在查询。 / 请再等一会儿。",
            "抱歉，我现在查不到这个。",
        ),
        "ja": _lines(
            "お待ちを。 / 考えます。 / 見ますね。 / 少々お待ちを。 / 少し考えますね。 / "
            "少々お待ちください。 / 少し考えさせてください。",
            "ええと、 / うーん、 / それでは、 / そうですね、 / ええと、そうですね、 / "
            "ええと、考えてみますと、 / そうですね、考えてみると、",
            "もう少々。 / あと少々。 / もう少し。 / 確認中です。 / 考え中です。 / "
            "もう少しお待ちを。",
            "申し訳ございません、ただいまお調べできません。",
        ),
        "ko": _lines(
            "한번 볼게요. / 생각해 볼게요. / 잠시만 기다리세요. / 잠시만 기다려 주세요. / "
            "제가 잠시 생각해 볼게요. / 그건 제가 잠시 생각해 볼게요. / "
            "그 부분은 제가 잠시 생각해 볼게요.",
            "자, 그럼, / 음, 그러니까, / 어디 봅시다, / 음, 어디 볼까요, / 자, 그럼 어디 볼까요, / "
            "음, 그건 잠시 생각해 보면, / 음, 그 부분은 잠시 생각해 보면,",
            "찾고 있어요. / 잠시만 더요. / 조금만 더요. / 아직 보고 있어요. / "
            "잠깐만 기다려 주세요.",
            "죄송하지만 지금은 알아볼 수 없습니다.",
        ),
    }
)
"""The lines by language code."""
