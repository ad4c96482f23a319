"""A run as JSON and back: every reply as it was, so that it can be judged anew."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from blastoff_pipecat.bench.report import machine
from blastoff_pipecat.bench.seam import sets
from blastoff_pipecat.bench.seam.judge import Verdict
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.run import Run, Sample
from blastoff_pipecat.bench.seam.way import Way

_replies = TypeAdapter(list[SeamReply])


def as_data(run: Run) -> dict[str, Any]:
    """Return a run as plain data; times are seconds."""
    sample = run.sample
    return {
        "about": run.about or machine(),
        "asked": run.where,
        "params": run.params,
        "judge": run.judge,
        "seed": run.seed,
        "sample": {
            "questions": [each.id for each in sample.questions],
            "turns": [each.id for each in sample.turns],
            "conversations": [each.id for each in sample.conversations],
        },
        "ways": [
            {
                "way": asdict(way),
                "failures": run.failures.get(way, []),
                "replies": [_brief(reply) for reply in run.replies.get(way, [])],
                "verdicts": {id: asdict(each) for id, each in run.verdicts.get(way, {}).items()},
            }
            for way in run.ways
        ],
    }


def read(path: Path) -> Run:
    """Read a run that was written.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds something else, or a run with other sets.
    """
    try:
        return _from_data(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no run of this bench with these sets: {error!r}") from error


def _from_data(data: Mapping[str, Any]) -> Run:
    sample = data["sample"]
    run = Run(
        seed=int(data["seed"]),
        where=str(data["asked"]),
        params=dict(data["params"]),
        sample=Sample(
            _found(sets.questions(), sample["questions"]),
            _found(sets.turns(), sample["turns"]),
            _found(sets.conversations(), sample["conversations"]),
        ),
        judge=str(data["judge"]),
        ways=tuple(Way(**each["way"]) for each in data["ways"]),
        about=dict(data["about"]),
    )
    items = run.sample.items
    for way, each in zip(run.ways, data["ways"], strict=True):
        run.failures[way] = list(each["failures"])
        run.replies[way] = _replies.validate_python(each["replies"])
        run.verdicts[way] = {id: Verdict(**said) for id, said in each["verdicts"].items()}
        for reply in run.replies[way]:
            items[reply.id]  # whatever is judged is known
    return run


def _brief(reply: SeamReply) -> dict[str, Any]:
    """Return a reply without what is as by default."""
    return {
        each.name: value
        for each in fields(reply)
        if (value := getattr(reply, each.name)) != each.default
    }


def _found(items: Iterable[sets.Drawn], ids: Iterable[str]) -> tuple[sets.Drawn, ...]:
    by_id = {each.id: each for each in items}
    return tuple(by_id[id] for id in ids)
