"""Records when a large model's answers come, and reads what was recorded."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blastoff_pipecat.bench.cover.answer import Answer, cut
from blastoff_pipecat.bench.questions import QUESTIONS, WARM_UP, messages
from blastoff_pipecat.bench.report import machine

if TYPE_CHECKING:
    from blastoff_pipecat.endpoints import ChatClient

ANSWER_SECS = 60.0
"""How long one answer's first sentence may take."""


async def record(
    client: "ChatClient", questions: int, tell: Callable[[], None]
) -> tuple[list[Answer], list[str]]:
    """Ask questions one after the other, no further than to the first sentence of each answer.

    Args:
        client: The large model.
        questions: How many are asked, the list's again and again.
        tell: Told of every question asked.

    Returns:
        The answers, and why others failed. The first, to warm up with, is not among them.
    """
    answers, failures = list[Answer](), list[str]()
    await client.warm()
    for number in range(-1, questions):
        question = WARM_UP if number < 0 else QUESTIONS[number % len(QUESTIONS)]
        answer = await _ask(client, question)
        if isinstance(answer, str):
            failures.append(answer)
            if number < 0:
                break  # nor will it answer the others
        elif number >= 0:
            answers.append(answer)
        if number >= 0:
            tell()
    return answers, failures


async def _ask(client: "ChatClient", question: str) -> Answer | str:
    """Ask, and return the answer as it came, or why there is none."""
    from blastoff_pipecat.endpoints import EndpointError, TextDelta
    from blastoff_pipecat.relay.first_sentence import FirstSentence

    clock = asyncio.get_running_loop().time
    asked, first, texts = clock(), FirstSentence(), list[tuple[float, str]]()
    body: dict[str, Any] = {"messages": messages(question)}
    try:
        async with asyncio.timeout(ANSWER_SECS), aclosing(client.stream(body)) as stream:
            async for deltas in stream:
                text = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
                if text:
                    texts.append((round(clock() - asked, 6), text))
                    first.feed(text)
                if first.is_whole:
                    break
    except EndpointError as error:
        return str(error)
    except TimeoutError:
        return f"no sentence within {ANSWER_SECS:g} s"
    return cut(texts) or "no text"


def as_data(where: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return answers as plain data, as `read` takes them; times are seconds since the request."""
    return {
        "about": machine(),
        "asked": where,
        "answers": [answer.as_data() for answer in answers],
    }


def read(path: Path) -> tuple[Answer, ...]:
    """Read recorded answers.

    Raises:
        ValueError: The file cannot be read, or holds something else; the message names it.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        answers = tuple(Answer.from_data(each) for each in data["answers"])
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, UnicodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} holds no recorded answers: make it with --record") from error
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error
    if not answers:
        raise ValueError(f"{path} holds no answer")
    return answers
