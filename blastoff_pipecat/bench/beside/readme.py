"""The page's figures, from the measurements that are committed beside this file.

`make beside ARGS='--json blastoff_pipecat/bench/beside/measured.json'` measures anew;
`python -m blastoff_pipecat.bench.beside.readme` prints the table.
"""

import json
from pathlib import Path
from typing import Any

from blastoff_pipecat.bench.beside.report import HEAD, rows

MEASURED = Path(__file__).with_name("measured.json")


def table() -> str:
    """Write the figures as a Markdown table, with how they were measured under it."""
    measured: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    lines = [f"| {' | '.join(row)} |" for row in (HEAD, ("---",) * len(HEAD))]
    lines += [f"| {' | '.join(row)} |" for row in rows(measured["figures"])]
    about = measured["about"]
    rounds = len(measured["figures"][0]["samples"]["ours"])
    lines += [
        "",
        f"Medians of {rounds} interleaved rounds on {about['cores']} cores that the models and the "
        f"clients share ({about['system']}, Python {about['python']}, LiteLLM {about['litellm']}, "
        f"nginx {about['nginx']}), each with one worker. Tokens come at 50 a second, the small "
        "model's first word after 0.1 s, the large one's after 0.5 s.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
