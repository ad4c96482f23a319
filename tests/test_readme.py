"""The README and the pages of the rooms are true.

Their code runs, their tables list what there is, their numbers are measured.
"""

import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from importlib.metadata import version
from typing import Any

import pytest
from pipecat.services.openai.llm import OpenAILLMService

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.bench.beside.readme import table as beside_table
from blastoff_pipecat.bench.cover.readme import PLOT, drawn
from blastoff_pipecat.bench.cover.readme import table as agreement
from blastoff_pipecat.bench.heard.readme import table as heard_table
from blastoff_pipecat.bench.overhead.readme import crowd, table
from blastoff_pipecat.bench.seam.readme import PLOT as SEAM_PLOT
from blastoff_pipecat.bench.seam.readme import STYLES as SEAM_STYLES
from blastoff_pipecat.bench.seam.readme import drawn as seam_drawn
from blastoff_pipecat.bench.seam.readme import sentence as seam_sentence
from blastoff_pipecat.bench.seam.readme import table as seam_table
from blastoff_pipecat.conductor.report import Figures
from blastoff_pipecat.demo.readme import told as told_of_sounds
from blastoff_pipecat.prompts import OPENINGS
from blastoff_pipecat.service.settings import complete_settings
from tests.clients import table as clients
from tests.kit import provider_table
from tests.kit.pages import EVERYTHING, PAGES, PYTHON_BLOCKS, ROOT
from tests.service.inner.readme import services

README, SERVICE = PAGES["README.md"], PAGES["blastoff_pipecat/service/README.md"]
MOST_LINES = 150


def between(mark: str) -> str:
    found = re.findall(rf"<!-- {mark}:[^>]*-->\n(.*?)<!-- /{mark} -->", EVERYTHING, re.DOTALL)
    assert len(found) == 1, f"{len(found)} parts of the pages are marked {mark}"
    return found[0]


def test_a_stranger_decides_within_a_minute() -> None:
    """The README is short, and leads to every other page."""
    assert len(README.splitlines()) <= MOST_LINES
    assert [page for page in PAGES if page != "README.md" and f"]({page})" not in README] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    """What a page refers to in the repository is there, and so is the heading."""
    for target in re.findall(r"\]\((?!https?:)([^)#]*)", PAGES[page]):
        assert (ROOT / page).parent.joinpath(target).exists(), target
    for target in re.findall(r'\b(?:src|srcset)="([^"]+)"', PAGES[page]):
        assert (ROOT / page).parent.joinpath(target).exists(), target
    for target, heading in re.findall(r"\]\((?!https?:)([^)#]+)#([^)]+)\)", PAGES[page]):
        text = (ROOT / page).parent.joinpath(target).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert heading in [title.lower().replace(" ", "-") for title in titles], heading


@pytest.mark.parametrize(("page", "code"), PYTHON_BLOCKS)
def test_every_python_block_runs(page: str, code: str) -> None:
    """What a newcomer pastes into a file runs, beside what its page speaks of."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=(ROOT / page).parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_it_was_tested_with_what_it_says() -> None:
    """The release of Pipecat that is named is pinned, and runs here; so are the Pythons."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^pipecat-ai==(\S+)$", lock, re.MULTILINE)
    assert pinned == [version("pipecat-ai")]
    told = re.search(r"Tested with Pipecat v(\S+), on Python 3\.(\d+) to 3\.(\d+);", README)
    assert told, "the README says no more with what it was tested"
    assert [told[1]] == pinned
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = [
        int(name.rpartition(".")[2])
        for name in project["classifiers"]
        if name.startswith("Programming Language :: Python :: 3.")
    ]
    assert promised == list(range(int(told[2]), int(told[3]) + 1))
    assert project["requires-python"] == f">=3.{told[2]}"


@pytest.mark.parametrize("sign", "-+")
def test_the_line_that_is_swapped_is_code(sign: str) -> None:
    """Before and after, with what the README leaves out in its place, it makes a service."""
    (diff,) = re.findall(r"```diff\n(.*?)```", README, re.DOTALL)
    (line,) = [line[1:] for line in diff.splitlines() if line[0] == sign]
    endpoint = 'ChatEndpoint(base_url="http://localhost:1/v1", model="a-model")'
    line = line.replace("ChatEndpoint(…)", endpoint).replace("api_key=…", 'api_key="…"')
    names: dict[str, Any] = {
        each.__name__: each for each in (OpenAILLMService, DualLLMService, ChatEndpoint)
    }
    exec(line, names)
    assert type(names["llm"]) is (OpenAILLMService if sign == "-" else DualLLMService)


def test_what_the_sounds_hold_is_what_was_measured_in_them() -> None:
    """Every silence that is told comes from data that was written with the sounds."""
    assert between("sounds") == told_of_sounds()


def test_what_is_heard_is_the_committed_measurement() -> None:
    """Every number of the table comes from data that `blastoff bench heard` wrote."""
    assert between("heard").strip() == heard_table().strip()


def test_what_is_simulated_is_the_committed_measurement() -> None:
    """The plot is drawn from data that `blastoff bench cover` wrote, the table simulated anew."""
    assert f"]({PLOT.relative_to(ROOT)})" in README
    assert PLOT.read_text(encoding="utf-8") == drawn()
    assert between("agreement").strip() == agreement().strip()


def test_the_seam_is_the_committed_measurement() -> None:
    """Every number of it is counted from what `blastoff bench seam` wrote, judged anew."""
    page = "blastoff_pipecat/bench/README.md"
    assert f"]({SEAM_PLOT.relative_to((ROOT / page).parent)})" in PAGES[page]
    assert SEAM_PLOT.read_text(encoding="utf-8") == seam_drawn()
    assert between("seam") == seam_table()
    assert between("styles") == seam_table(SEAM_STYLES)
    assert between("kept") == seam_sentence()


def test_costs_are_the_committed_measurements() -> None:
    """Every number of the cost table comes from data that a script wrote."""
    assert between("bench") == table()
    assert between("crowd") == crowd()
    assert between("beside") == beside_table()


def test_the_table_of_providers_is_written_from_the_tests() -> None:
    """Each row of PROVIDERS.md is a host that a reply is tried through."""
    found = provider_table.PART.search(provider_table.PAGE.read_text(encoding="utf-8"))
    assert found
    assert found[0] == f"{found[1]}{provider_table.table()}{found[2]}"
    assert "](PROVIDERS.md)" in README


def test_services_are_those_that_the_tests_hold_to_it() -> None:
    """Every Pipecat service that is named is one that the tests run with, and with that release."""
    assert between("services") == services()


def test_settings_table_lists_every_setting_with_its_default() -> None:
    """The table has each setting of ours and no other, and its defaults are the code's."""
    table = SERVICE.partition("\n## Settings\n")[2].partition("\n## ")[0]
    listed = dict[str, str]()
    for names, defaults in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", table, re.MULTILINE):
        cells = re.findall(r"`(\w+)`", names)
        listed |= dict(zip(cells, [each.strip() for each in defaults.split(", ")], strict=True))
    complete = complete_settings("large", None)
    inherited = {each.name for each in fields(DualLLMService.Settings.__mro__[1])}
    assert set(listed) == {each.name for each in fields(DualLLMService.Settings)} - inherited
    for name, shown in listed.items():
        if name == "openings" or name.endswith("_instruction"):
            continue  # texts, which are told in words
        default = getattr(complete, name)
        if isinstance(default, str):
            assert shown == f'`"{default}"`', name
        else:
            assert shown.strip("`") == str(default), name


def test_every_figure_is_explained() -> None:
    """The table of metrics has each figure of a reply and no other."""
    table = SERVICE.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {
        each.name for each in fields(Figures)
    }


def test_languages_are_counted_right() -> None:
    """As many languages have opening lines as the pages say."""
    counted = set(re.findall(r"(\d+) languages", EVERYTHING))
    assert counted == {str(len(OPENINGS))}


def test_the_table_of_clients_is_what_the_tests_hold() -> None:
    """Every row is written from the list of tests, and each of its tests is there."""
    assert between("clients") == clients.table()
    for row in clients.ROWS:
        for each in row.tests:
            path, _, name = each.partition("::")
            source = (clients.ROOT / "tests" / path).read_text(encoding="utf-8")
            assert f"async def {name}(" in source, each
