"""What a bot tells the page, as RTVI messages."""

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
    gap: float | None = None,
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
            "continuation": continuation,
            "times": {name: times.get(name) for name in TIMES},
            "gap": gap,
            "metrics": None,
        }
    )


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
