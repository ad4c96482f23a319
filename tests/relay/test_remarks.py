"""What asks for something, and what only states something."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.bench.seam.sets import questions, turns
from blastoff_pipecat.prompts import OPENINGS
from blastoff_pipecat.relay.occasions import needs_none
from blastoff_pipecat.relay.remarks import is_remark
from tests.relay.texts import any_text

ASKED = {
    "en": """
        i wanna talk to somebody about my bill
        I'd like the same room as last time.
        My card was declined. What do I do now
        I have a question about the warranty
        I was wondering if the pool is heated
        we're looking for something near the beach
        The train is late, can I still get my connection
        I can't find my booking
        Turn the volume down a bit.
        I don't understand how the points work
        it would help me to know the total
        This one please.
        I forgot my password, could you reset it
        Dim the lights and play something quiet.
        read me the news
        so what does it cost then
        and can i bring my kids
        well how do i get there
        I'll take the blue one, how long does it take to arrive""",
    "de": """
        ich bräuchte noch ein zusatzbett
        Meine Karte geht nicht, was mache ich jetzt
        Ich wollte fragen ob der Pool beheizt ist
        Wir suchen etwas in Strandnähe
        Das verstehe ich nicht, erklär es noch mal
        Ich hätte gern das blaue
        Mach das Licht im Flur aus.
        und was kostet das dann
        ja kann ich da auch mit Karte zahlen
        Spiel etwas Ruhiges
        mir wäre wichtig zu wissen was das kostet
        Der Zug hat Verspätung, kann ich noch umsteigen""",
    "fr": """
        je voudrais parler à quelqu'un
        Ma carte est refusée, que dois-je faire
        On cherche un hôtel près de la plage
        Baisse un peu le son.
        j'ai une question sur la garantie
        Je ne comprends pas le tarif
        Le bleu, s'il vous plaît.
        Mets de la musique douce
        et combien ça coûte alors
        J'aimerais savoir si la piscine est chauffée""",
    "es": """
        necesito hablar con alguien
        Mi tarjeta no pasa, qué hago
        Estamos buscando un hotel cerca de la playa
        Baja un poco el volumen.
        y cuánto cuesta entonces
        tengo una pregunta sobre la garantía
        No entiendo la tarifa
        El azul, por favor.
        Me gustaría saber si la piscina está climatizada
        Me pone un café con leche""",
    "it": """
        vorrei parlare con qualcuno
        La mia carta non va, cosa faccio
        Abbassa un po' il volume.
        ho una domanda sulla garanzia
        Mi serve un taxi alle otto
        Non capisco la tariffa
        Il blu, per favore.""",
    "pt": """
        queria falar com alguém
        O meu cartão não passa, o que eu faço
        Abaixa um pouco o som.
        tenho uma dúvida sobre a garantia
        Estou procurando um hotel perto da praia
        Não entendo a tarifa""",
    "nl": """
        ik wil iemand spreken
        Mijn kaart werkt niet, wat nu
        Zet het geluid wat zachter.
        ik heb een vraag over de garantie
        Ik snap de prijs niet, leg het uit alsjeblieft""",
    "pl": """
        chcę z kimś porozmawiać
        Moja karta nie działa, co robić
        Ścisz trochę muzykę.
        mam pytanie o gwarancję
        Nie rozumiem tej ceny""",
    "ru": """
        я хочу поговорить с оператором
        Моя карта не работает, что делать
        Сделай потише.
        у меня вопрос по гарантии
        Я не понимаю этот тариф""",
    "ar": """
        أريد التحدث مع شخص ما
        بطاقتي لا تعمل، ماذا أفعل
        لدي سؤال عن الضمان""",
    "hi": """
        मुझे किसी से बात करनी है, कृपया
        मेरा कार्ड नहीं चल रहा, क्या करूँ
        आवाज़ थोड़ी कम करो
        वारंटी के बारे में एक सवाल है""",
    "zh": """
        我想找人工客服
        我的卡刷不了怎么办
        声音小一点
        我需要一辆出租车
        放点轻音乐""",
    "ja": """
        担当の方と話したいです
        カードが使えません、どうすればいいですか
        音量を少し下げて
        保証について質問があります""",
    "ko": """
        상담원과 통화하고 싶어요
        카드가 안 되는데 어떻게 해요
        소리 좀 줄여 줘
        보증에 대해 궁금한 게 있어요""",
}
"""Questions and requests of each language, none with its mark, some told as statements are."""

TOLD = {
    "en": """
        They shut our office down last week.
        My sister isn't speaking to me any more.
        The vet says it's her last summer.
        i didn't get the job
        He walked out on us.
        Our cat never came home.
        There was a break-in at my parents' place.
        Nobody came to my birthday.
        I passed the exam!
        well i lost it all at the casino
        Last week they told us to leave.
        hello this is doctor patel speaking
        and then he just hung up on me
        The kids are back at school.""",
    "de": """
        Meine Schwester redet nicht mehr mit mir.
        Ich habe die Stelle nicht bekommen.
        Unsere Katze ist nie wieder heimgekommen.
        Er ist einfach gegangen.
        ja und dann hat er aufgelegt
        gestern ist uns der Keller vollgelaufen
        Bei uns wurde alles überschwemmt, das ganze Haus ist hin.""",
    "fr": """
        Ma sœur ne me parle plus.
        Je n'ai pas eu le poste.
        Notre chat n'est jamais rentré.
        ben il est parti sans un mot
        hier on a tout perdu""",
    "es": """
        Mi hermana ya no me habla.
        No me dieron el puesto.
        Nuestro gato no volvió.
        Se fue sin decir nada.""",
    "it": """
        Mia sorella non mi parla più.
        Non ho avuto il posto.
        Il nostro gatto non è tornato.""",
    "pt": """
        Minha irmã não fala mais comigo.
        Não consegui a vaga.
        Nosso gato nunca voltou.""",
    "nl": """
        Mijn zus praat niet meer met me.
        Ik heb de baan niet gekregen.""",
    "pl": """
        Moja siostra już ze mną nie rozmawia.
        Nie dostałem tej pracy.""",
    "ru": """
        Моя сестра со мной больше не разговаривает.
        Мне отказали в работе.""",
    "ar": """
        أختي لا تتحدث معي. أنا وحيد
        لقد خسرت كل شيء""",
    "hi": """
        मेरी बहन अब मुझसे बात नहीं करती है।
        मुझे नौकरी नहीं मिली, सब ख़त्म हो गया।""",
    "zh": """
        我妹妹不跟我说话了。
        我没被录取。
        这场火把家都烧没了。""",
    "ja": """
        妹が口をきいてくれません。
        面接に落ちました。
        うちの猫が帰ってきません。""",
    "ko": """
        동생이 저랑 말을 안 해요.
        면접에서 떨어졌어요.""",
}
"""News of each language, good and bad."""


def _each(said: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (language, line.strip())
        for language, lines in said.items()
        for line in lines.split("\n")[1:]
    ]


@pytest.mark.parametrize(("language", "text"), _each(ASKED))
def test_what_asks_is_no_remark(language: str, text: str) -> None:
    """Neither a question without its mark nor a request in the form of a statement."""
    assert not is_remark(text, language)


@pytest.mark.parametrize(("language", "text"), _each(TOLD))
def test_news_is_a_remark(language: str, text: str) -> None:
    """Of whatever kind it is: what hurts is not told from what does not."""
    assert is_remark(text, language)


def test_nothing_that_is_asked_is_taken_for_a_remark() -> None:
    """Of the bench's questions and requests; nor where a recogniser leaves out the marks."""
    asking = [*questions(), *(turn for turn in turns() if turn.opening == "should")]
    bare = [(re.sub("[?¿？؟]", "", turn.text), turn.language) for turn in asking]
    assert [turn for turn in bare if is_remark(*turn)] == []


def test_nearly_all_bad_news_is_known_together_with_the_tables() -> None:
    """The tables alone know three of four, since there are more ways to say it than fit in one."""
    kinds = ("bad_news", "distress", "emergency")
    told = [turn for turn in turns() if turn.kind in kinds]
    missed = [
        turn
        for turn in told
        if not needs_none(turn.text, turn.language) and not is_remark(turn.text, turn.language)
    ]
    assert len(missed) <= 0.02 * len(told), missed


@pytest.mark.parametrize("language", [*OPENINGS, None, "tlh"])
def test_a_question_mark_asks_in_every_language(language: str | None) -> None:
    """Whatever stands before it."""
    for mark in "?？؟":
        assert not is_remark(f"my dog has been gone since monday{mark}", language)


def test_of_unknown_languages_nothing_is_told() -> None:
    """A statement in one may be a question, for all that is known here."""
    assert not is_remark("my dog has been gone since monday", "tlh")
    assert not is_remark("my dog has been gone since monday", None)


def test_every_language_with_lines_is_known() -> None:
    """What has openings has its remarks told from questions."""
    assert set(ASKED) == set(TOLD) == set(OPENINGS)


@given(any_text, st.sampled_from([*OPENINGS, None]))
def test_any_text_is_read(text: str, language: str | None) -> None:
    """Whatever a recogniser writes."""
    assert is_remark(text, language) in (True, False)
