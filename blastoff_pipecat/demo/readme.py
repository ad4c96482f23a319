"""The README's sounds, the question included, and what was measured in them.

`python -m blastoff_pipecat.demo.readme --record` asks the embedded models, as
`blastoff demo --headless` does, and writes the two sounds and `heard.json` beside this file.
Without `--record` it prints what the README says of them.
"""

import argparse
import asyncio
import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import av
import numpy as np
from loguru import logger
from rich.console import Console

from blastoff_pipecat.demo.call import Turn
from blastoff_pipecat.demo.chart import Timeline
from blastoff_pipecat.demo.question import BUNDLED_QUESTION, SAMPLE_RATE, Question
from blastoff_pipecat.demo.recording import Recording, Recordings
from blastoff_pipecat.demo.run import run
from blastoff_pipecat.local.pair import LANGUAGE_MODELS

MEASURED = Path(__file__).with_name("heard.json")
SOUNDS = {
    "alone": MEASURED.with_name("large-alone.mp3"),
    "both": MEASURED.with_name("two-models.mp3"),
}
_BITS_PER_SECOND = 48_000
_ROOT = MEASURED.parents[2]


async def record() -> None:
    """Ask, and write the sounds and what was measured."""
    question = await Question.speak(BUNDLED_QUESTION)
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "question.wav"
        Recording(bytearray(question.pcm), SAMPLE_RATE).write(asked)
        both, alone = await run(asked, Recordings(Path(folder) / "reply.wav"), Console())
    turns = {"alone": alone, "both": both}
    for name, turn in turns.items():
        _write(SOUNDS[name], question, turn)
    measured = {
        "question": BUNDLED_QUESTION,
        "question_secs": round(question.secs, 3),
        "models": [model.name for model in LANGUAGE_MODELS],
        "cores": os.cpu_count(),
        "pipecat-ai": version("pipecat-ai"),
        "replies": {name: _figures(turn) for name, turn in turns.items()},
    }
    MEASURED.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _figures(turn: Turn) -> dict[str, Any]:
    told = Timeline("", turn.reply.told)
    return {
        "opening": turn.reply.opening.strip(),
        "continuation": turn.reply.continuation.strip(),
        **{title: at if at is None else round(at, 3) for title, at in told.figures.items()},
    }


def _write(path: Path, question: Question, turn: Turn) -> None:
    """Write the question, the silence after it and the reply as one MP3 file, mono."""
    recording = turn.reply.recording
    assert recording.started is not None
    rate = recording.sample_rate
    asked = np.frombuffer(question.pcm, "<i2").astype(np.float64)
    at = np.arange(round(question.secs * rate)) * SAMPLE_RATE / rate
    silence = np.zeros(round(recording.started * rate))
    reply = np.frombuffer(bytes(recording.pcm), "<i2")
    samples = np.concatenate([np.interp(at, np.arange(len(asked)), asked), silence, reply])
    container: Any  # typed in part
    with av.open(str(path), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=rate, layout="mono")
        stream.bit_rate = _BITS_PER_SECOND
        frame = av.AudioFrame.from_ndarray(
            samples.astype("<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        for each in (frame, None):
            container.mux(stream.encode(each))


def told() -> str:
    """Say what is heard in the sounds, as the README does."""
    measured: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    alone, both = measured["replies"]["alone"], measured["replies"]["both"]
    sounds = {name: path.relative_to(_ROOT).as_posix() for name, path in SOUNDS.items()}
    first = "the bot is first heard"
    asked, cores = measured["question"], measured["cores"]
    return (
        f"**Hear it**: “{asked}”, asked of the embedded models on {cores} cores. "
        f"[The large model alone]({sounds['alone']}) is silent for {alone[first]:.1f} s; "
        f"[two models]({sounds['both']}) are for {both[first]:.1f} s, "
        f"say “{both['opening']}”, and answer after {both['continuation heard']:.1f} s.\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="ask anew")
    if parser.parse_args().record:
        logger.remove()  # what is said of the calls is no part of what is shown
        asyncio.run(record())
    print(told(), end="")
