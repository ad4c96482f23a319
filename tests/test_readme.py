"""The README is true: its code runs, its tables list what there is, its diagram is the relay's."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.bench.overhead.readme import crowd, table
from blastoff_pipecat.prompts import OPENINGS
from blastoff_pipecat.relay.diagram import mermaid
from blastoff_pipecat.service.settings import complete_settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def between(mark: str) -> str:
    found = re.search(rf"<!-- {mark}:[^>]*-->\n(.*?)<!-- /{mark} -->", README, re.DOTALL)
    assert found, f"README.md has no part marked {mark}"
    return found[1]


@pytest.mark.parametrize("code", PYTHON_BLOCKS)
def test_every_python_block_runs(code: str) -> None:
    """What a newcomer pastes into a file runs."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_diagram_is_drawn_from_the_table() -> None:
    """The README's diagram is what the relay's table draws now."""
    assert between("relay").strip() == f"```mermaid\n{mermaid()}```"


def test_costs_are_the_committed_measurements() -> None:
    """Every number of the cost table comes from data that a script wrote."""
    assert between("bench") == table()
    assert between("crowd") == crowd()


def test_settings_table_lists_every_setting_with_its_default() -> None:
    """No setting is missing from the table, and its defaults are the code's."""
    rows = re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", README, re.MULTILINE)
    listed = dict[str, str]()
    for names, defaults in rows:
        cells = re.findall(r"`(\w+)`", names)
        listed |= dict(zip(cells, [each.strip() for each in defaults.split(", ")], strict=False))
    complete = complete_settings("large", None)
    inherited = {each.name for each in fields(DualLLMService.Settings.__mro__[1])}
    ours = {each.name for each in fields(DualLLMService.Settings)} - inherited
    assert ours <= set(listed)
    for name in ours - {"openings", "opening_instruction", "continuation_instruction"}:
        default = getattr(complete, name)
        shown = f'`"{default}"`' if isinstance(default, str) else str(default)
        assert listed[name] == shown, name


def test_languages_are_counted_right() -> None:
    """As many languages have opening lines as the README says."""
    assert f"{len(OPENINGS)} languages" in README


def test_make_targets_exist() -> None:
    """Every `make` command of the README is a target of the Makefile."""
    makefile = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
