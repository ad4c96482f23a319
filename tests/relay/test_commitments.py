"""What commits a bot, and what only sounds so."""

import pytest
from hypothesis import given

from blastoff_pipecat.relay.commitments import affirms, answers, commits, may_commit
from tests.relay.texts import any_text

COMMITS = """
    Of course. / Certainly, let me see, / Sure. / Sure, I'll cancel that, / Absolutely,
    Definitely, / I've transferred the money, / I'll book that for you,
    I’ll go ahead and cancel it, / Done. / All done, / Let me cancel that for you, / No problem.
    No problem, I'll refund that, / I'm sorry to hear that. / Well, of course, / Happy to help,
    Your order has been cancelled, / I'm transferring you now, / Yes, / Natürlich.
    Ich storniere das, / Das storniere ich gleich, / Ich habe den Termin gebucht, / Gerne,
    Ich werde das für Sie überweisen, / Kein Problem, / Erledigt. / Es tut mir leid, / Nein,
    Bien sûr, / J'ai annulé la commande, / Je vais annuler votre commande, / Avec plaisir,
    C'est fait, / Je suis désolé, / Je m'en occupe, / Claro, / Por supuesto, vamos a ver,
    He cancelado su pedido, / Voy a cancelar eso, / Lo cancelo ahora, / Listo. / Lo siento,
    Certo, / Ho prenotato il tavolo, / Lo annullo subito, / Mi dispiace, / Ci penso io,
    Com certeza, / Vou cancelar o pedido, / Já cancelei, / Sinto muito, / Pode deixar,
    Natuurlijk, / Ik annuleer dat, / Dat regel ik, / Het spijt me, / Oczywiście, / Anuluję to,
    Zarezerwowałem stolik, / Gotowe. / Przykro mi, / Конечно, / Я отменю заказ, / Готово.
    Мне очень жаль, / Я забронировал столик, / بالتأكيد، / سألغي الحجز، / تم إلغاء الطلب. / آسف،
    ज़रूर, / मैं रद्द कर रहा हूँ, / हो गया। / मुझे खेद है, / 当然， / 没问题， / 我来帮您取消，
    已经为您取消了， / 抱歉， / もちろんです、 / かしこまりました、 / キャンセルいたします、
    予約しました、 / 申し訳ございません、 / 물론이죠, / 취소해 드릴게요, / 예약했습니다,
    죄송합니다,"""

COMMITS_TO_NOTHING = """
    Let me check, / I'll have a look, / I'm looking into that, / Let me make sure,
    I'm not sure, let me see, / Sure, let me look at that. / Sure, one moment.
    No problem, let me look. / Okay, let me see, / About your order, / Regarding the refund,
    Let me see how to cancel that, / Let me check your booking, / Let me walk you through that,
    Let me check the weather in Paris. / Let me put it this way, / Let me see what changed,
    Well, when it comes to booking, / Da schaue ich mal nach, / Mal sehen, ob das geht,
    Zu Ihrer Buchung, / Ich prüfe das kurz, / Alles klar, ich schaue nach, / Je regarde ça,
    Concernant votre commande, / Voyons comment annuler ça, / D'accord, voyons,
    Déjeme revisar eso, / Sobre su pedido, / Vale, a ver, / Vediamo un po',
    Riguardo alla prenotazione, / Deixe-me verificar, / Ik kijk het even na, / Over uw boeking,
    Już sprawdzam, / No to zobaczmy, / No więc, zobaczmy, / Сейчас посмотрю,
    Что касается заказа, / دعني أتحقق، / मैं देख रहा हूँ, / मुझे देखने दीजिए, / 让我查一下，
    关于您的订单， / 好的，让我看一下。 / 確認します、 / ご注文について、 / 확인해 볼게요,
    주문에 대해서,"""


def listed(lines: str) -> list[str]:
    return [line.strip() for row in lines.splitlines() for line in row.split(" / ") if line.strip()]


@pytest.mark.parametrize("line", listed(COMMITS))
def test_what_agrees_promises_or_feels_commits(line: str) -> None:
    """In every language, whichever the conversation is in."""
    assert commits(line)
    assert commits(line.upper())


@pytest.mark.parametrize("line", listed(COMMITS_TO_NOTHING))
def test_looking_and_thinking_commits_to_nothing(line: str) -> None:
    """Nor does naming what it is about."""
    assert not commits(line)


@pytest.mark.parametrize(
    ("beginning", "may"),
    [
        ("I'll", True),
        ("Let me see, I'll just", True),
        ("let me", True),
        ("Sure,", True),
        ("ich habe", True),
        ("Let me look at", False),
        ("Now then", False),
    ],
)
def test_what_may_become_a_promise_is_known(beginning: str, may: bool) -> None:
    """Until the verb is there, it is open what it becomes."""
    assert may_commit(beginning) is may


def test_a_growing_word_is_no_answer_yet() -> None:
    """What begins "no" may become "no problem"."""
    assert answers("no", whole=True)
    assert not answers("no", whole=False)
    assert answers("no,", whole=False)
    assert not answers("no problem", whole=True)
    assert commits("no")


def test_a_yes_that_ends_a_text_may_grow_yet() -> None:
    """It counts once nothing comes behind it: "yes" may become "yesterday"."""
    assert affirms("I would say yes", whole=True)
    assert not affirms("I would say yes", whole=False)
    assert affirms("I would say yes,", whole=False)
    assert not affirms("Since yesterday,", whole=True)
    assert commits("I would say yes")


@given(any_text)
def test_any_text_commits_or_not(text: str) -> None:
    """Whatever a small model writes, and in whichever case."""
    assert commits(text) in (True, False)
    assert may_commit(text) in (True, False)
