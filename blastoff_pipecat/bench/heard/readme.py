"""The README's figures of what is heard, from the measurements committed beside this file.

`blastoff bench heard --json blastoff_pipecat/bench/heard/measured.json` measures anew;
`python -m blastoff_pipecat.bench.heard.readme` prints the table.
"""

import json
from pathlib import Path
from typing import Any

from blastoff_pipecat.bench.report import markdown

MEASURED = Path(__file__).with_name("measured.json")
_OURS = ("beside", "prefix")


def table() -> str:
    """Write the figures as a Markdown table, with how they were measured under it."""
    measured: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    cells = {(cell["ttft"], cell["contestant"]): cell for cell in measured["cells"]}
    head = ("large model's first token", "alone", *(f"two models, {name}" for name in _OURS))
    rows = [
        (
            f"{ttft:g} s",
            f"{cells[ttft, 'stock']['answer']:.2f}",
            *(_told(cells[ttft, name]) for name in _OURS),
        )
        for ttft in sorted({ttft for ttft, _ in cells})
    ]
    about = measured["about"]
    return markdown(head, rows) + (
        "\nSeconds from the question to the answer's first sound, medians of "
        f"{min(len(cell['replies']) for cell in cells.values())} replies after "
        f"{about['replies_learnt_from']} to learn from; in brackets the opening's first sound and "
        "the longest silence behind it. Real pipelines played in real time (pipecat-ai "
        f"{about['pipecat-ai']}, a voice {about['voice_latency_secs']:g} s late), scripted models: "
        f"the small one {about['small_ttft_secs']:g} s late, the large one at "
        f"{1 / about['token_secs']:.0f} tokens a second with a first sentence of "
        f"{about['first_sentence_tokens']}. `blastoff bench heard` measures it on yours.\n"
    )


def _told(cell: dict[str, Any]) -> str:
    """Tell when the answer is heard, and what is heard before it."""
    if not cell["opened"]:
        return f"{cell['answer']:.2f}"
    waiting = cell["waiting_lines"]
    lines = "a waiting line" if waiting == 1 else f"{waiting:g} waiting lines"
    more = f", {lines}" if waiting else ""
    return f"{cell['answer']:.2f} ({cell['first_sound']:.2f}, {cell['silence']:.2f}{more})"


if __name__ == "__main__":
    print(table(), end="")
