"""What must hold for every turn, whatever its models and its user do."""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, takewhile

from pipecat.frames.frames import LLMFullResponseEndFrame, LLMFullResponseStartFrame, LLMTextFrame

from blastoff_pipecat import OpeningTextFrame
from blastoff_pipecat.conductor.policy import HANDOVER_SECS
from blastoff_pipecat.relay.lines import LINES
from blastoff_pipecat.service.frames import SpokenTextFrame
from tests.soak.plan import CLAIM, RESCUE_LINE, TOOL_LINE, UNSPOKEN, marks_of
from tests.soak.turn import Spoken, Turn, squash

SLACK_SECS = 1.0
"""How late anything may be, besides what the computer is late."""

_VOICE_SECS = 0.15
"""How long a voice of the soak may take to be given a text, likewise."""

_NEAR_TURNS = 40
"""So many turns before and after are looked at for another's words: of each of eight bots, five."""

_LISTS = [
    line
    for each in LINES.values()
    for line in (*each.sentences, *each.commas, *each.waiting, each.apology)
]


def broken_laws(turn: Turn) -> Iterator[str]:
    """Yield what did not hold, in words; nothing for a turn as it should be."""
    yield from _frames(turn)
    yield from _words(turn)
    yield from _silence(turn)
    yield from _failures(turn)
    yield from _requests(turn)
    for reply in turn.replies:
        yield from _answer(turn, reply)
        yield from _opening(turn, reply)


def _frames(turn: Turn) -> Iterator[str]:
    """One start and one end for each reply; after plain text there is only plain text."""
    withdrawn = turn.plan.way == "eager, withdrawn"
    heard = 0 if withdrawn else turn.contexts
    # One that was cut off before it began, or while it was held back, may have left nothing.
    if len(turn.replies) != heard and not (turn.interrupted and len(turn.replies) < heard):
        yield f"{len(turn.replies)} replies for {heard} requests"
    for reply in turn.replies:
        kinds = [type(frame) for frame, _ in reply.frames]
        if kinds[0] is not LLMFullResponseStartFrame or kinds[-1] is not LLMFullResponseEndFrame:
            yield f"a reply from {kinds[0]} to {kinds[-1]}"
        if (kinds.count(LLMFullResponseStartFrame), kinds.count(LLMFullResponseEndFrame)) != (1, 1):
            yield f"not one start and one end: {kinds}"
        texts = [frame for frame, _ in reply.frames[1:-1] if getattr(frame, "text", "").strip()]
        plain = next((at for at, f in enumerate(texts) if type(f) is LLMTextFrame), len(texts))
        if any(isinstance(frame, SpokenTextFrame) for frame in texts[plain:]):
            yield f"a spoken frame behind plain text: {texts}"
    if len(turn.reports) != turn.contexts and not turn.interrupted:
        yield f"{len(turn.reports)} reports for {turn.contexts} requests"


def _words(turn: Turn) -> Iterator[str]:
    """Nothing is heard that is not for the ear, nor anything of another turn."""
    heard = " ".join([*(text for text, _ in turn.said), *(reply.text for reply in turn.replies)])
    for what in UNSPOKEN:
        if what in heard:
            yield f"{what!r} was said: {heard}"
    if found := re.search(r"[<>{}\[\]|]", heard):
        yield f"{found[0]!r} was said: {heard}"
    number = turn.plan.number
    others = {*range(max(0, number - _NEAR_TURNS), number + _NEAR_TURNS)} - {number}
    if old := [mark for other in others for mark in marks_of(other) if mark in heard]:
        yield f"words of another turn were said: {old}: {heard}"


def _silence(turn: Turn) -> Iterator[str]:
    """An interruption ends it; what is withdrawn is never heard."""
    if turn.after_silence and not turn.results:  # a result that was there before is answered
        yield f"after the interruption: {turn.after_silence}"
    if turn.silenced_in > SLACK_SECS + turn.late:
        yield f"the interruption took {turn.silenced_in:.2f} s"
    if turn.plan.way == "eager, withdrawn" and (turn.said or turn.replies):
        yield f"withdrawn, and heard: {turn.said}"


def _failures(turn: Turn) -> Iterator[str]:
    """At most one error a reply, which names a model; without one something was heard."""
    if len(turn.errors) > max(turn.contexts, 1):
        yield f"{len(turn.errors)} errors for {turn.contexts} replies: {turn.errors}"
    for error in turn.errors:
        if not re.search(r"(small|large) model", error.error):
            yield f"an error that names no model: {error.error}"
    for report in turn.reports:
        if report.outcome == "failed" and not turn.errors:
            yield "failed, and nothing was told"
        if report.outcome == "failed" and turn.settings.rescue == "small":
            told = " ".join(error.error for error in turn.errors)
            if "small model" not in told or "large model" not in told:
                yield f"one model's failure ended a reply: {told}"
        settled = report.outcome in ("relayed", "large_only", "small_only")
        if not settled or report.continuation_chars or turn.calls:
            continue
        if not report.opening_chars:
            yield f"a reply without a word: {report}"
        said = squash(" ".join(reply.text for reply in turn.replies))
        # An opening ends as a sentence, though the answer that is just the same may not.
        answers = [squash(text).rstrip(".,") for text in turn.plan.answers]
        if turn.settings.style != "answer" and not any(text and text in said for text in answers):
            yield f"an opening and no answer: {report}"


def _requests(turn: Turn) -> Iterator[str]:
    """The large model is asked in time, and what was not wanted any more was hung up on."""
    large = [request for request in turn.requests if request.model.startswith("large")]
    if large and large[0].started - turn.asked_at > HANDOVER_SECS + SLACK_SECS + turn.late:
        yield f"the large model was asked after {large[0].started - turn.asked_at:.2f} s"
    for request in turn.requests:
        if not (request.completed or request.disconnected or request.ended):
            yield f"a request that goes on: {request}"
        last = request.body["messages"][-1]
        if request in large and last["role"] == "assistant" and request.prefill is None:
            yield f"a request that ends in the bot's words: {last}"


def _answer(turn: Turn, reply: Spoken) -> Iterator[str]:
    """Each character once and in order: lines, and behind them the answer, whole or cut off."""
    said = squash(reply.text)
    opening = squash("".join(text for text, is_opening in reply.texts if is_opening))
    lines = {squash(line) for line in (*turn.plan.lines, *_LISTS, RESCUE_LINE, TOOL_LINE)}
    # An opening ends after `max_words`; a stream, in the middle of a label.
    lines |= {*map(squash, _parts_of(turn.plan.lines)), *accumulate("Assistant")}
    answers = [squash(text) for text in turn.plan.answers if squash(text)]
    if not said.startswith(opening) or not _are_lines(opening, lines):
        yield f"no opening: {reply.texts}"
    if squash(CLAIM) in opening and turn.settings.style != "answer":
        yield f"an opening that claims: {reply.texts}"
    for end in range(len(opening), len(said) + 1):
        if _are_lines(said[:end], lines) and _is_answer(said[end:], answers, lines):
            return
    yield f"neither of {answers} nor lines: {reply.texts}"


def _opening(turn: Turn, reply: Spoken) -> Iterator[str]:
    """The voice has the opening before the answer comes."""
    texts = [(f, at) for f, at in reply.frames if getattr(f, "text", "").strip()]
    openings = [(frame.text, at) for frame, at in texts if isinstance(frame, OpeningTextFrame)]
    answer_at = next((at for f, at in texts if not isinstance(f, OpeningTextFrame)), None)
    if answer_at is None:
        return
    for text, at in openings:
        voiced = [when for said, when in turn.said if squash(said) == squash(text)]
        if answer_at - at > _VOICE_SECS + turn.late and not any(
            when < answer_at for when in voiced
        ):
            yield f"{text!r} waited for the answer: {voiced}, {answer_at}"


def _are_lines(text: str, lines: set[str]) -> bool:
    """Tell whether a text is whole lines, the last of which may be cut off."""
    if any(line.startswith(text) for line in lines):
        return True
    bare = (line.rstrip(".,") for line in lines)
    return any(
        line and text.startswith(line) and _are_lines(text[len(line) :].lstrip(".,"), lines)
        for line in bare
    )


def _parts_of(lines: Iterable[str]) -> Iterator[str]:
    """Yield the beginnings of lines, and what is left where the first clause had been said."""
    for line in lines:
        words = line.split()
        yield from (" ".join(words[:count]) for count in range(2, len(words)))
        yield line.partition(", ")[2]


def _is_answer(text: str, answers: list[str], lines: set[str]) -> bool:
    """Tell whether a text is an answer, or the beginning of one and whoever rescued it.

    Where the answer's first clause had been said before, it is left out.
    """
    if "Assistant".startswith(text):  # nothing, or a label that was cut off: it might be a word
        return True
    for answer in answers:
        for start in (0, *(mark.end() for mark in re.finditer(r"[.,!?:]", answer))):
            shared = _shared(text, answer[start:])
            if shared and _are_lines(text[shared:], lines):
                return True
    return False


def _shared(one: str, other: str) -> int:
    """Return with how many equal characters two texts begin."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))
