"""What is right, and what is wrong, with one reply; each a pure function of an item and a reply.

No model is asked and nothing is drawn, so that the same reply is always judged the same. The checks
do not run the relay's filters again, which its own replies could never fail: they look at what was
said as a listener hears it, by narrower phrases and by labels that were given by hand.
"""

import re
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import TypeAlias

from pydantic import ConfigDict, TypeAdapter

from blastoff_pipecat.bench.cover.figures import IN_TIME_SECS
from blastoff_pipecat.bench.seam import phrases
from blastoff_pipecat.bench.seam.answers import is_held, numbers_in
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.sets import Call, Item, UserTurn
from blastoff_pipecat.conductor.styles import STYLES
from blastoff_pipecat.relay.commitments import commits
from blastoff_pipecat.relay.language import language_of, script_of
from blastoff_pipecat.relay.lead_in import leads_in
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.relay.scripts import (
    CLAUSE_MARKS,
    SENTENCE_MARKS,
    count_words,
    fold,
    is_never_spaced,
    is_unspaced,
    plain,
)

Check: TypeAlias = Callable[[Item, SeamReply], bool]

_BEGINNING_WORDS = 4  # words of an answer behind the length of what was said before it
_LIKE_BEFORE = 0.6  # share of what was said before an answer that its beginning may not say again
_CERTAIN_REPEAT_WORDS = 4
_LEAST_REPEAT_WORDS = 2
_STEM_LETTERS = 5
_SENTENCE_WORDS = 5  # of fewer words no sentence is taken for another language's
_FITTING_WORDS = 2
_TOPIC_WORDS = 2

_arguments_of = TypeAdapter(dict[str, str], config=ConfigDict(coerce_numbers_to_str=True))
_marks = re.escape(CLAUSE_MARKS)
_markup = re.compile(
    r"[<>{}*_#|\[\]`\\]|^\W*(?:assistant|user|ai|bot|opening|lead[ -]?in|answer)\s*:", re.IGNORECASE
)
_ends_sentence = re.compile(rf"[{re.escape(SENTENCE_MARKS)}][\"'”’»)」』]*$")
_bad_marks = re.compile(
    rf"(?<![.…])[{_marks}]\s*(?![.…])[,;:.!?，。、；：！？](?![.\d])|\s[,.;:!?](?![.\d])"
)
_sentences = re.compile(rf"(?<=[{re.escape(SENTENCE_MARKS)}])[\s]*(?=\S)")


def is_right(item: Item, reply: SeamReply) -> bool | None:
    """Tell whether a reply holds what was asked for; None where nothing can be checked.

    Where a tool should be called, it must be, with the arguments that matter; what is accepted then
    must be in what is said of its result. Of what the user cut short nothing can be checked, but
    that a tool was called.
    """
    call = item.call if isinstance(item, UserTurn) else None
    called = None if call is None else is_called(call, reply)
    if reply.interrupted:
        return called or None
    if called is False or not item.accepted or (called and not reply.answer.strip()):
        return called
    return is_held(item.accepted, _answered(reply), reply.language)


def is_called(call: Call, reply: SeamReply) -> bool:
    """Tell whether a reply makes a call, with every argument that matters."""
    return any(
        name == call.name
        and all(
            is_held(words, arguments.get(argument, ""), reply.language)
            for argument, words in call.arguments.items()
        )
        for name, given in reply.calls
        for arguments in (_arguments(given),)
    )


def is_misfit(item: Item, reply: SeamReply) -> bool:
    """Tell whether an opening is out of place, or holds what no opening should.

    Out of place it is where none may be said; of style ``answer``, whose opening begins the answer,
    only where it leads in. It should hold no markup and no label; a neutral one no claim, no
    promise, no feeling and no number that the user did not say.
    """
    opening, language = reply.before, reply.language
    if not opening:
        return False
    answers = _opening_answers(reply)
    parts = phrases.clauses(opening)
    if item.opening == "never" and not (
        answers and not any(phrases.leads_in(part, language) for part in parts)
    ):
        return True
    if _markup.search(opening) or not parts:
        return True
    return not answers and (
        commits(opening)
        or bool(_numbers_claimed(opening, reply))
        or not all(_fits(part, reply) for part in parts)
    )


def is_needless(item: Item, reply: SeamReply) -> bool:
    """Tell whether something was said before an answer that would not have been waited for.

    Where it is not known when the large model alone would have been heard, nothing is needless.
    """
    return bool(reply.before) and (
        reply.alone_heard is not None and reply.alone_heard <= IN_TIME_SECS
    )


def has_repeat(item: Item, reply: SeamReply) -> bool:
    """Tell whether the answer begins with what was said before it, word by word or nearly."""
    before, answer = _stems(reply.before), _stems(reply.answer)
    if not before or not answer:
        return False
    if before[-1] == answer[0] and not is_unspaced(answer[0]):
        return not _ends_sentence.search(reply.before.rstrip())
    beginning = answer[: len(before) + _BEGINNING_WORDS]
    blocks = SequenceMatcher(None, before, beginning, autojunk=False).get_matching_blocks()
    runs = [(each.b, " ".join(before[each.a : each.a + each.size])) for each in blocks if each.size]
    if not runs or runs[0][0] > 1:
        return False
    again = count_words(" ".join(words for _, words in runs))
    return count_words(runs[0][1]) >= _CERTAIN_REPEAT_WORDS or (
        again >= max(_LEAST_REPEAT_WORDS, _LIKE_BEFORE * count_words(reply.before))
    )


def has_double_lead_in(item: Item, reply: SeamReply) -> bool:
    """Tell whether the answer leads in once more, after an opening or a waiting line."""
    parts = phrases.clauses(reply.answer)
    if not reply.before or not parts:
        return False
    first, *rest = parts
    if phrases.leads_in(first, reply.language):
        return True
    return phrases.fills(first, reply.language) or bool(
        rest and count_words(first) <= _FITTING_WORDS and phrases.leads_in(rest[0], reply.language)
    )


def has_break(item: Item, reply: SeamReply) -> bool:
    """Tell whether the grammar breaks where the answer begins.

    It does where a mark or a space is wrong, a clause dangles, a bracket stays open, or an answer
    begins in the middle of a sentence that nobody has begun.
    """
    before, answer, language = reply.before.rstrip(), reply.answer.strip(), reply.language
    if not before or not answer:
        return False
    if _bad_marks.search(f"{before[-1]}{_between(reply)}{answer[:2]}"):
        return True
    if _between(reply) == "" and not is_never_spaced(before[-1]) and answer[0].isalnum():
        return True
    if any(before.count(opened) > before.count(closed) for opened, closed in ("()", "«»", "“”")):
        return True
    last = (_words(before) or [""])[-1]
    if phrases.dangles(last, language) and (before[-1] in CLAUSE_MARKS or answer[0].isupper()):
        return True
    if not _ends_sentence.search(before):
        # Where letters have no case, a comma is no help either.
        return is_unspaced(answer[0]) and phrases.goes_on(answer, language)
    if phrases.goes_on(answer, language):
        return True
    return answer[0].islower() and any(map(str.isupper, answer)) and not _is_name(answer)


def has_other_language(item: Item, reply: SeamReply) -> bool:
    """Tell whether something was said in another language than the user's.

    An opening is judged as a whole; of an answer every sentence that is long enough, since a word
    of another language may be what was asked for. Another script than the user's is no word.
    """
    said = [reply.opening, *reply.waiting]
    said += [
        each for each in _sentences.split(reply.answer) if count_words(each) >= _SENTENCE_WORDS
    ]
    return any(_is_foreign(each, reply) for each in said if each) or (
        count_words(reply.answer) > 1 and _is_in_another_script(reply.answer, reply)
    )


def has_contradiction(item: Item, reply: SeamReply) -> bool:
    """Tell whether the answer takes back, or denies, what was said before it.

    It does where one says yes and the other no; where a deed is promised and then refused; where
    ignorance is followed by knowledge; where a claim is corrected, or its number is another.
    """
    language = reply.language
    before, answer = phrases.clauses(reply.before), phrases.clauses(reply.answer)
    if not before or not answer:
        return False
    yes = any(phrases.says_yes(part, language) for part in before)
    no = any(phrases.says_no(part, language) for part in before)
    if (yes and phrases.says_no(answer[0], language)) or (
        no and phrases.says_yes(answer[0], language)
    ):
        return True
    refused = any(phrases.refuses(part, language) for part in answer[:2])
    if commits(reply.before) and not no and refused:
        return True
    doubted = any(phrases.doubts(part, language) for part in before)
    if doubted and not refused and not any(phrases.doubts(part, language) for part in answer):
        return True
    claims = any(not _leads(part, language) for part in before)
    if claims and phrases.corrects(answer[0], language):
        return True
    claimed = _numbers_claimed(reply.before, reply)
    answered = numbers_in(reply.answer, language) - numbers_in(reply.asked, language)
    return bool(claimed and answered and not claimed & answered)


def is_empty(item: Item, reply: SeamReply) -> bool:
    """Tell whether nothing answers: no word, another lead-in, or a line that it cannot be had.

    A call is an answer, and so is an opening that begins one; what the user cut short is none.
    """
    if reply.calls or reply.interrupted:
        return False
    answer = _answered(reply)
    parts = phrases.clauses(answer)
    return phrases.apologises(answer, reply.language) or all(
        _leads(part, reply.language) for part in parts
    )


FAULTS: Mapping[str, Check] = {
    "misfit": is_misfit,
    "needless": is_needless,
    "repeat": has_repeat,
    "double_lead_in": has_double_lead_in,
    "grammar_break": has_break,
    "language": has_other_language,
    "contradiction": has_contradiction,
    "empty": is_empty,
}
"""What can be wrong with a reply, by name."""


def faults(item: Item, reply: SeamReply) -> tuple[str, ...]:
    """List the names of what is wrong with a reply."""
    return tuple(name for name, check in FAULTS.items() if check(item, reply))


def _opening_answers(reply: SeamReply) -> bool:
    """Tell whether an opening is to begin the answer."""
    return reply.style is not None and STYLES[reply.style].answers


def _answered(reply: SeamReply) -> str:
    """Return what is to answer: the number in "one moment" does not."""
    return reply.spoken if _opening_answers(reply) else reply.answer


def _arguments(given: str) -> dict[str, str]:
    """Read the arguments of a call; none where they are no JSON object."""
    try:
        return _arguments_of.validate_json(given)
    except ValueError:
        return {}


def _leads(clause: str, language: str) -> bool:
    return phrases.leads_in(clause, language) or phrases.fills(clause, language)


def _fits(clause: str, reply: SeamReply) -> bool:
    """Tell whether a clause of a neutral opening claims nothing."""
    language = reply.language
    if _leads(clause, language) or leads_in(clause, language):
        return True
    words, asked = set(_words(clause)), set(_words(reply.asked))
    # The topic, in the user's words: "The red wine stain,", "Your dog,".
    return words <= asked or (len(words) <= _TOPIC_WORDS and len(words - asked) < len(words))


def _numbers_claimed(text: str, reply: SeamReply) -> set[str]:
    """List the numbers of a text that are not the user's, nor part of "one moment"."""
    claims = " ".join(part for part in phrases.clauses(text) if not _leads(part, reply.language))
    return numbers_in(claims, reply.language) - numbers_in(reply.asked, reply.language)


def _is_foreign(text: str, reply: SeamReply) -> bool:
    found = language_of(text)
    if found is not None:
        return found != reply.language
    parts = phrases.clauses(text)
    spoken = {each for each in LINES for part in parts if phrases.leads_in(part, each)}
    if spoken and reply.language not in spoken:
        return True
    return _is_in_another_script(text, reply)


def _is_in_another_script(text: str, reply: SeamReply) -> bool:
    scripts = script_of(text), script_of(reply.asked)
    # Japanese may be written in either; so many a name.
    return None not in scripts and scripts[0] != scripts[1] and not {*scripts} <= {"han", "kana"}


def _words(text: str) -> list[str]:
    return plain(fold(text)).split()


def _stems(text: str) -> list[str]:
    """List the words of a text without most of their endings: "think", "thinking"."""
    return [word[:_STEM_LETTERS] for word in _words(text)]


def _between(reply: SeamReply) -> str:
    """Return the white space between the answer and what was said before it."""
    spoken, answer = reply.spoken.rstrip(), reply.answer.strip()
    said = spoken.removesuffix(answer)
    return said[len(said.rstrip()) :] if spoken.endswith(answer) else " "


def _is_name(text: str) -> bool:
    """Tell whether a text begins with a name such as "iPhone" or "pH"."""
    return any(map(str.isupper, text.split(None, 1)[0]))
