"""A version is published with what it brings."""

import tomllib

import pytest

from tests.kit.pages import ROOT
from tests.release.changelog import fault

HEAD = "# Changelog\n\nSome words.\n\n"
EMPTY = f"{HEAD}## [Unreleased]\n\n"
NEWS = "### Added\n\n- A thing.\n\n"
FIRST = f"## [1.0.0] - 2026-01-31\n\n{NEWS}"
SECOND = f"## [1.1.0] - 2026-02-28\n\n{NEWS}"


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.0.0", EMPTY + FIRST),
        ("1.1.0", EMPTY + SECOND + FIRST),
        ("1.0.0.dev0", EMPTY + NEWS),
        ("1.1.0.dev0", EMPTY + NEWS + FIRST),
        ("1.1.0rc1", f"{EMPTY}## [1.1.0rc1] - 2026-02-01\n\n{NEWS}{FIRST}"),
    ],
)
def test_a_version_that_is_told_of_is_fine(version: str, text: str) -> None:
    """A release has a dated section of its own; between releases, *Unreleased* tells."""
    assert fault(version, text) is None


@pytest.mark.parametrize(
    ("version", "text", "advice"),
    [
        ("1.1.0", EMPTY + FIRST, "## [1.1.0] - (the day)"),  # no entry
        ("1.1.0", EMPTY + NEWS + FIRST, "## [1.1.0] - (the day)"),
        ("1.0.0", EMPTY + SECOND + FIRST, "## [1.0.0] - (the day)"),
        ("1.1.0", f"{EMPTY}## [1.1.0] - 2026-02-28\n\n{FIRST}", "say what 1.1.0 brings"),
        ("1.1.0.dev0", EMPTY + FIRST, "say what 1.1.0.dev0 brings"),
        ("1.0.0", EMPTY + NEWS + FIRST, "'Unreleased' down to 1.0.0"),
        ("1.0.0.dev0", EMPTY + NEWS + FIRST, "name a later version"),
        ("1.0.0", HEAD + FIRST, "## [Unreleased]"),
        ("1.0.0", FIRST + EMPTY, "## [Unreleased]"),
        ("1.0.0", HEAD, "## [Unreleased]"),
        ("1.0.0", "", "## [Unreleased]"),
        ("1.0.0", f"{EMPTY}## [1.0.0]\n\n{NEWS}", "'## [1.0.0]' as"),
        ("1.0.0", f"{EMPTY}## [1.0.0] - 2026-02-30\n\n{NEWS}", "2026-02-30' as"),
        ("1.0.0", f"{EMPTY}## [first] - 2026-01-31\n\n{NEWS}", "[first] - 2026-01-31' as"),
        ("1.1.0", EMPTY + FIRST + SECOND, "the newest first"),
        ("1.0.0", EMPTY + FIRST + FIRST, "one section"),
    ],
)
def test_anything_else_is_said_with_what_to_do(version: str, text: str, advice: str) -> None:
    """Each fault names the section that is to be written, or the version."""
    assert advice in str(fault(version, text))


def test_this_version_is_told_of() -> None:
    """The repository can be released as it is, or says what is new since it was."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert fault(project["version"], (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) is None
