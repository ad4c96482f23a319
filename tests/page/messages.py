"""What a bot tells the page, as RTVI messages."""

from collections.abc import Sequence
from typing import Any

TIMES = (
    "turn_ended",
    "opening_text",
    "opening_heard",
    "opening_over",
    "continuation_text",
    "continuation_heard",
    "over",
)


def reply(
    number: int,
    opening: str = "",
    continuation: str = "",
    *,
    mode: str = "two models",
    done: bool = True,
    interrupted: bool = False,
    waiting_lines: Sequence[dict[str, Any]] = (),
    gap: float | None = None,
    metrics: dict[str, Any] | None = None,
    **times: float,
) -> dict[str, Any]:
    """One reply's timeline; times that are not named have not been reached."""
    assert set(times) <= set(TIMES)
    return server_message(
        {
            "type": "blastoff-timeline",
            "reply": number,
            "mode": mode,
            "done": done,
            "interrupted": interrupted,
            "opening": opening,
            "waiting_lines": list(waiting_lines),
            "continuation": continuation,
            "times": {name: times.get(name) for name in TIMES},
            "gap": gap,
            "metrics": metrics,
        }
    )


def line(
    words: str, left: float, heard: float | None = None, over: float | None = None
) -> dict[str, Any]:
    """A waiting line of a reply's."""
    return {"words": words, "left": left, "heard": heard, "over": over}


def waited(number: int, **changes: Any) -> dict[str, Any]:
    """A reply by two models whose large model is late, with two waiting lines."""
    lines = [line(" Still looking.", 2.7, 2.85, 3.6), line(" One moment.", 4.1, 4.25, 4.9)]
    whole: dict[str, Any] = {
        "opening": "Let me see.",
        "continuation": " It is four light years away.",
        "waiting_lines": lines,
        "opening_over": 1.8,
        "continuation_text": 5.0,
        "continuation_heard": 5.25,
        "over": 9.0,
        "gap": 0.35,
    }
    return relayed(number, heard=1.1, **(whole | changes))


def relayed(number: int, heard: float = 0.4, gap: float = 0.1, **changes: Any) -> dict[str, Any]:
    """A reply by two models as it should be, first heard after `heard` seconds."""
    over = heard + 1.2
    whole: dict[str, Any] = {
        "opening": "Good question, let me think,",
        "continuation": " the sky is blue because of the air.",
        "turn_ended": 0.2,
        "opening_text": heard - 0.1,
        "opening_heard": heard,
        "opening_over": over,
        "continuation_text": heard + 0.6,
        "continuation_heard": over + gap,
        "over": over + gap + 3.0,
        "gap": gap,
    }
    return reply(number, **(whole | changes))


def alone(number: int, heard: float = 1.4) -> dict[str, Any]:
    """A reply by the large model alone."""
    return reply(
        number,
        continuation="The sky is blue because of the air.",
        mode="large alone",
        turn_ended=0.2,
        continuation_text=heard - 0.2,
        continuation_heard=heard,
        over=heard + 3.0,
    )


def server_message(data: Any) -> dict[str, Any]:
    return {"type": "server-message", "data": data}


def user(text: str, *, final: bool = True) -> dict[str, Any]:
    return {"type": "user-transcription", "data": {"text": text, "final": final}}


def spoken(text: str, segment: int) -> dict[str, Any]:
    """What the bot's voice says, in a reply or not."""
    return {"type": "bot-output", "data": {"text": text, "segment_id": segment}}


def error(text: str) -> dict[str, Any]:
    return {"type": "error", "data": {"error": text}}
