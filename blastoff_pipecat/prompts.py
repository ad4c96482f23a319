"""The words for models: what each of the two is told, and the lines that may be chosen from.

Small models follow worked examples better than instructions, so an opening is asked for with
examples as turns. It may be declined, with `DECLINE`, since a line before "You're welcome" is worse
than none. All of it can be replaced by a bot's owner.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from blastoff_pipecat.relay.decline import DECLINE
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.scripts import ended

# What the small model is told.

_NO_LEAD_IN = (
    f'Answer exactly "{DECLINE}" where no lead-in is needed: to greetings, thanks and goodbyes, to '
    "yes and no, to numbers and short remarks, and always to bad news, distress and emergencies."
)

_ACKNOWLEDGE = (
    "You are the first voice of a spoken assistant. A second voice gives the answer right after "
    "you. To a question or a request say one short natural lead-in of two to six words that fits "
    "it, in the user's language and in the assistant's manner, and end it with {ending}. A lead-in "
    "tells of looking or thinking, never of the answer: no fact, name, number, promise or feeling, "
    f"no praise, no yes or no. {_NO_LEAD_IN}"
)

ACKNOWLEDGE = _ACKNOWLEDGE.replace("{ending}", "a full stop")
"""Default `opening_instruction` for style ``acknowledge``, where the answer begins a sentence."""

ACKNOWLEDGE_PREFIX = _ACKNOWLEDGE.replace("{ending}", "a comma")
"""Likewise, where the answer goes on from the lead-in."""

ACKNOWLEDGE_EXAMPLES: tuple[tuple[str, str], ...] = (
    ("What is the best way to clean a leather sofa?", "Let me think about that."),
    ("Good evening!", DECLINE),
    ("Wann fährt der nächste Bus nach Bremen?", "Da schaue ich kurz nach."),
    ("My cat was run over this morning.", DECLINE),
    ("Can you move my appointment to Friday?", "Let me check the calendar."),
    ("Vielen Dank, tschüss!", DECLINE),
    ("¿Qué puedo cocinar con calabacín?", "A ver qué se puede hacer."),
    ("yes", DECLINE),
    ("Pourquoi la mer est-elle salée ?", "Voyons un peu cela."),
    ("It's 4 7 2 9.", DECLINE),
    ("帮我推荐一本书。", "让我想想看。"),
    ("Help, I can't breathe!", DECLINE),
    ("What did the Romans eat?", "Let me see."),
    ("Okay, got it.", DECLINE),
)
"""What a user says, and the opening for it, where the answer begins a sentence of its own."""

ACKNOWLEDGE_PREFIX_EXAMPLES = tuple(
    (asked, said if said == DECLINE else ended(said, sentence=False))
    for asked, said in ACKNOWLEDGE_EXAMPLES
)
"""Likewise, where the answer goes on from the lead-in."""

ANSWER = (
    "You are the first voice of the spoken assistant that is described below; a second voice goes "
    "on from you. Begin the answer at once with one short sentence or clause, in the user's "
    "language: the beginning that the answer must have whatever follows. Say nothing you are not "
    f'sure of; where there is nothing such, answer exactly "{DECLINE}".'
)
"""Default `opening_instruction` for style ``answer``."""

CHOOSE = (
    "You are the first voice of a spoken assistant. Reply with the one line of this list that best "
    f"leads in to an answer, word for word, and nothing else. {_NO_LEAD_IN}\n{{openings}}"
)
"""Default `opening_instruction` for style ``choose``; ``{openings}`` becomes the list, one of whose
lines is `DECLINE`."""

CHOOSE_EXAMPLES = (
    "How do vaccines work?",
    "What should I cook tonight?",
    "Can you tell me about the Roman Empire?",
    "Please book a table for Friday.",
    "How do I learn to swim?",
    "Why is the sky blue?",
    "What's the capital of Canada?",
    "Tell me a story.",
)
"""What a user says; a list's lines are dealt out as answers in their order."""

CHOOSE_DECLINES = ("Hello!", "Thank you, goodbye.")
"""What a user says, and `DECLINE` is the answer. With three of them among ten examples, a model of
135 million parameters declines nearly everything."""

MANNER = (
    "This is who the assistant is, for your manner and language only; do not answer from it:\n"
    "{instruction}"
)
"""Added to the small model's instruction; ``{instruction}`` becomes the start of the bot's own."""

USED = "Do not say these again: {used}"
"""Likewise; ``{used}`` becomes the last openings."""

WAITING = (
    "You are the voice of a spoken assistant, and the answer is not there yet. Say one short line "
    "of two to four words in the user's language, so that nobody thinks the line is dead: nothing "
    "about the answer, no promise, no feeling. Where you are told what is being looked up, you may "
    "name it, in two to seven words, but neither what will be found nor that anything will be."
)
"""Default `waiting_instruction`."""

WAITING_TOOL = "(Being looked up: {tool} {arguments})"
"""A user's turn for `WAITING` while a tool runs: its name, and its arguments as JSON."""

WAITING_EXAMPLES: tuple[tuple[str, str], ...] = (
    ("What should I see in Rome?", "Still thinking."),
    (
        'How is the weather in Paris?\n(Being looked up: get_weather {"city": "Paris"})',
        "Let me check the weather in Paris.",
    ),
    ("Wie lange dauert das?", "Einen kleinen Moment."),
    (
        "¿Dónde está mi pedido?\n(Being looked up: find_order {})",
        "Estoy buscando su pedido.",
    ),
)
"""What a user said, and the waiting line for it."""

# What the large model is told.

SPOKEN = (
    "Your replies are spoken aloud. A short lead-in may already have been said for you, before "
    "your reply. Where your reply has been begun, go on from exactly there, in the same sentence "
    "where it is open, without saying those words again; if they were wrong, correct them aloud. "
    "Else begin with the answer itself, in a sentence of its own, and greet only where you are "
    "greeted. Call tools as you would otherwise."
)
"""Default `spoken_instruction`, added to the large model's system message. It is the same in every
turn, however the opening is handed over, so that what a server has read of a prompt stays read; and
without it a model takes up the openings that it sees in its earlier replies."""

SPOKEN_BESIDE = (
    "Your replies are spoken aloud. A short lead-in may already have been said for you, before "
    "your reply. Begin with the answer itself, in a sentence of its own, and greet only where you "
    "are greeted. Call tools as you would otherwise."
)
"""Likewise, for a model that is never handed an opening. It names no lead-in: a model of 1.5
billion parameters that reads one there begins its answers with it."""

APOLOGIZE = (
    "You are the voice of a spoken assistant that cannot get the answer just now. Say only that, "
    "in one short sentence in the user's language, and nothing else: no answer, no promise, no "
    "reason. {apology}"
)
"""What the small model is told where the large one is lost and tools were offered; ``{apology}``
becomes such a sentence, where there is one in the user's language."""

CONTINUATION = (
    "You have already said aloud: {said} Go on from there: the next words of the same reply, or "
    "the calls of tools that it needs, and nothing else. Do not repeat or rephrase what was said, "
    "do not start over, do not mention this message."
)
"""Default `continuation_instruction`: the user message after an opening where a server cannot
continue an assistant message; ``{said}`` becomes the end of what was said, as a JSON string."""

# What is said as it stands.

OPENINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {language: lines.sentences + lines.commas for language, lines in LINES.items()}
)
"""Neutral opening lines by language code: first those that end a sentence, which suit an answer
that begins its own, then those that end in a comma, which suit an answer that goes on from them;
each from short to long. `relay.lines.LINES` has them apart."""

WAITING_LINES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {language: lines.waiting for language, lines in LINES.items()}
)
"""Contentless lines by language code, for when the answer is still not there, short to long."""

APOLOGIES: Mapping[str, str] = MappingProxyType(
    {language: lines.apology for language, lines in LINES.items()}
)
"""By language code, what is said where the answer cannot be had and the small model may not give
one."""


def choose_examples(lines: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Deal out lines as worked examples for style ``choose``, with a few that decline among them.

    Args:
        lines: The lines to choose from; where `DECLINE` is among them, it is not dealt out.
    """
    dealt = [line for line in lines if line != DECLINE]
    pairs = [(asked, dealt[index % len(dealt)]) for index, asked in enumerate(CHOOSE_EXAMPLES)]
    every = len(pairs) / (len(CHOOSE_DECLINES) + 1)
    for index, asked in reversed([*enumerate(CHOOSE_DECLINES, start=1)]):
        pairs.insert(int(index * every), (asked, DECLINE))
    return tuple(pairs)
