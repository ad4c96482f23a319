"""The instructions given to the two models, and the opening lines that may be chosen from.

Small models follow worked examples better than instructions, so an opening is asked for with
examples as turns. The lines of `OPENINGS` are neutral: no feeling, no promise, no claim, since a
tiny model picks lines with feeling for the wrong questions. They end in a comma, because a large
model goes on after a comma nearly always, and after a full stop it may add nothing.
"""

from collections.abc import Mapping

ACKNOWLEDGE = (
    "You are the first voice of a spoken assistant. Another voice gives the answer right after "
    "you, in the same breath. Say one short natural lead-in of three to eight words that fits what "
    "the user said, in the user's language, and end it with a comma. Never answer. No facts, "
    "names, numbers, promises, and no yes or no."
)
"""Default `opening_instruction` for style ``acknowledge``."""

ACKNOWLEDGE_EXAMPLES = (
    ("How do I get a red wine stain out of a carpet?", "That's a tricky one to catch in time,"),
    ("Is it safe to eat raw eggs?", "That's worth being careful about,"),
    ("Wie wird das Wetter morgen?", "Da schaue ich gleich mal nach,"),
    ("What is the tallest mountain in the world?", "Let me think about that for a second,"),
    ("¿Me recomiendas una película?", "Vamos a ver qué te podría gustar,"),
    ("I can't sleep lately.", "Let's look at what might help,"),
    ("今天有什么新闻？", "让我来看一看，"),
)
"""What a user says, and the opening for it."""

ANSWER = (
    "You are a spoken assistant. Begin your answer at once with one short sentence or clause, in "
    "the user's language: the beginning that the answer must have whatever follows. Say nothing "
    "you are not sure of."
)
"""Default `opening_instruction` for style ``answer``."""

CHOOSE = (
    "You are the first voice of a spoken assistant. Reply with the one line of this list that best "
    "leads in to an answer, word for word, and nothing else:\n{openings}"
)
"""Default `opening_instruction` for style ``choose``; ``{openings}`` becomes the list."""

CHOOSE_EXAMPLES = (
    "How do vaccines work?",
    "What should I cook tonight?",
    "Can you tell me about the Roman Empire?",
    "Why is the sky blue?",
    "How do I learn to swim?",
    "Who wrote that song?",
)
"""What a user says; a list's lines are dealt out as answers in their order."""

SPOKEN = (
    "Your replies are spoken aloud: plain sentences, never a list, no markup. The first words of "
    "a reply may already have been said for you. Then go on from exactly there, in the same "
    "sentence where it is open, without greeting and without saying those words again. If they "
    "were wrong, correct them aloud."
)
"""Added to the large model's system message."""

CONTINUATION = (
    "You have already said aloud: {said} Go on from there: the next words of the same reply, and "
    "nothing else. Do not repeat or rephrase what was said, do not start over, do not mention this "
    "message."
)
"""Default `continuation_instruction`: the user message after an opening where a server cannot
continue an assistant message; ``{said}`` becomes the end of what was said, as a JSON string."""

OPENINGS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "Let me think for a moment, well, in short,",
        "Good question, let me see,",
        "Okay, so in short,",
        "Right, here is what I can tell you,",
        "Well, let me put it this way,",
        "Alright, let me explain,",
        "So, to answer that,",
        "Here's what comes to mind,",
    ),
    "de": (
        "Lassen Sie mich kurz überlegen,",
        "Gute Frage, also,",
        "Nun, kurz gesagt,",
        "Dazu kann ich Folgendes sagen,",
        "Also, das erkläre ich gern,",
        "Schauen wir mal,",
    ),
    "fr": (
        "Laissez-moi réfléchir un instant,",
        "Bonne question, alors,",
        "Eh bien, en quelques mots,",
        "Voici ce que je peux vous dire,",
        "Alors, pour vous répondre,",
        "Voyons un peu,",
    ),
    "es": (
        "Déjame pensar un momento,",
        "Buena pregunta, a ver,",
        "Bueno, en pocas palabras,",
        "Esto es lo que puedo decirte,",
        "Pues, para responderte,",
        "Vamos a ver,",
    ),
    "it": (
        "Mi lasci pensare un attimo,",
        "Bella domanda, allora,",
        "Dunque, in breve,",
        "Ecco cosa posso dirle,",
        "Allora, per risponderle,",
        "Vediamo un po',",
    ),
    "pt": (
        "Deixe-me pensar um momento,",
        "Boa pergunta, vejamos,",
        "Bem, em poucas palavras,",
        "Eis o que posso dizer,",
        "Então, para responder,",
        "Vamos lá ver,",
    ),
    "nl": (
        "Laat me even nadenken,",
        "Goede vraag, even kijken,",
        "Nou, in het kort,",
        "Dit kan ik erover zeggen,",
        "Goed, ik leg het uit,",
        "Eens even zien,",
    ),
    "pl": (
        "Niech się chwilę zastanowię,",
        "Dobre pytanie, zobaczmy,",
        "A więc, w skrócie,",
        "Oto co mogę powiedzieć,",
        "Dobrze, już wyjaśniam,",
    ),
    "ru": (
        "Дайте мне немного подумать,",
        "Хороший вопрос, давайте посмотрим,",
        "Итак, если коротко,",
        "Вот что я могу сказать,",
        "Что ж, давайте разберёмся,",
    ),
    "ar": (
        "دعني أفكر في ذلك قليلًا،",
        "سؤال جيد، لنرَ،",
        "حسنًا، باختصار،",
        "إليك ما يمكنني قوله،",
    ),
    "hi": (
        "मुझे एक पल सोचने दीजिए,",
        "अच्छा सवाल है, देखते हैं,",
        "तो, संक्षेप में,",
        "इस बारे में मैं यह कह सकता हूँ,",
    ),
    "zh": (
        "让我想一想，",
        "好问题，我来看看，",
        "简单来说，",
        "关于这个问题，",
        "我来解释一下，",
    ),
    "ja": (
        "少し考えさせてください、",
        "いい質問ですね、",
        "そうですね、簡単に言うと、",
        "それについては、",
        "ご説明しますと、",
    ),
    "ko": (
        "잠시 생각해 볼게요,",
        "좋은 질문이네요,",
        "음, 간단히 말하면,",
        "그것에 대해서는요,",
        "자, 설명해 드리자면,",
    ),
}
"""Neutral opening lines by language code; the first of each list fits everything."""

EMBEDDED_OPENINGS = (
    "Okay, let me think for a moment, well, in short,",
    "Right, let me think about that, well, in short,",
    "Alright, let me think, to keep it short,",
    "Well, let me see, to keep it short,",
    "Well, let me think about it, so, in short,",
)
"""Opening lines for the embedded models, which need about two seconds of cover on two processors.

Where a line could be a sentence of its own ("Let me think about that,"), a model of 1.5 billion
parameters goes on "and then I'll tell you" and never tells. After "in short," only the answer fits,
and it is short, so that its first sentence can be spoken soon.
"""
