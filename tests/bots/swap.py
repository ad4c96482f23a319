"""The diff that the bots' page shows, applied to a bot or taken back."""

import re
from collections.abc import Iterator

from tests.kit.served import ROOT

PAGE = ROOT / "bots" / "README.md"


def swapped(source: str, *, back: bool = False) -> str:
    """Apply each part of the diff to a bot's source; `back` makes a stock bot of one of ours.

    Raises:
        ValueError: A part fits nowhere, or at more than one place.
    """
    for old, new in _parts():
        before, after = (new, old) if back else (old, new)
        if (found := source.count(before)) != 1:
            raise ValueError(f"found {found} times:\n{before}")
        source = source.replace(before, after)
    return source


def _parts() -> Iterator[tuple[str, str]]:
    """What each part of the diff replaces, and with what."""
    (diff,) = re.findall(r"```diff\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for part in diff.split("@@\n"):
        lines = part.splitlines(keepends=True)
        yield (
            "".join(line[1:] for line in lines if line[0] in " -"),
            "".join(line[1:] for line in lines if line[0] in " +"),
        )
