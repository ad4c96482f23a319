"""Whether CHANGELOG.md tells of the version that pyproject.toml names.

Between releases the version ends in `.dev0`, and what is new stands under `Unreleased`. A version
without that ending is being released: it has a dated section of its own, and `Unreleased` is empty.
"""

import re
from datetime import date

from packaging.version import InvalidVersion, Version

_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
_DATED = re.compile(r"\[(.+)\] - (.+)")
_ENTRY = re.compile(r"^- \S", re.MULTILINE)


def fault(version: str, changelog: str) -> str | None:
    """Return what is wrong with the changelog for this version and what to do, or None."""
    _, *parts = _HEADING.split(changelog)
    sections = list(zip(parts[::2], parts[1::2], strict=True))
    if not sections or sections[0][0] != "[Unreleased]":
        return "CHANGELOG.md: begin it with a section '## [Unreleased]'."
    (_, unreleased), *dated = sections
    released: list[Version] = []
    for heading, _ in dated:
        found = _release(heading)
        if found is None:
            return f"CHANGELOG.md: write '## {heading}' as '## [1.2.3] - 2026-01-31'."
        released.append(found)
    if released != sorted(set(released), reverse=True):
        return "CHANGELOG.md: give each version one section, the newest first."
    asked = Version(version)
    if asked.is_devrelease:
        if released and asked <= released[0]:
            return f"pyproject.toml: {released[0]} is released; name a later version, with .dev0."
        told = unreleased
    elif released[:1] != [asked]:
        return f"CHANGELOG.md: let the first dated section be '## [{version}] - (the day)'."
    elif _ENTRY.search(unreleased):
        return f"CHANGELOG.md: move what stands under 'Unreleased' down to {version}."
    else:
        told = dated[0][1]
    if not _ENTRY.search(told):
        return f"CHANGELOG.md: say what {version} brings, in lines that begin with '- '."
    return None


def _release(heading: str) -> Version | None:
    """Return the version of a dated section, or None where the heading is not one's."""
    found = _DATED.fullmatch(heading)
    try:
        date.fromisoformat(found[2] if found else "")
        return Version(found[1] if found else "")
    except (ValueError, InvalidVersion):
        return None
