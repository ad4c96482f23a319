"""The declarations: `.env.example` is written from them, and nobody reads past them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blastoff_pipecat.environment import MisconfiguredEnvironment, Variables, read_variables
from blastoff_pipecat.environment.example import example
from blastoff_pipecat.environment.variable import Variable
from blastoff_pipecat.environment.variables import VARIABLES

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "blastoff_pipecat"
OURS = {spelling for each in VARIABLES for spelling in (each.name, each.older) if spelling}

OTHERS = {
    "CI": "whether a robot runs us, which sees no browser",
    "HF_ENDPOINT": "the hub's client reads it; we tell where that was",
    "LD_LIBRARY_PATH": "the loader's, to which a folder is added for a child",
    "PROMETHEUS_MULTIPROC_DIR": "prometheus-client's, set for worker processes",
    "PYTHON_DOTENV_DISABLED": "python-dotenv's, set while the runner is imported",
    "XDG_CACHE_HOME": "every program's cache",
}
"""Variables of others that the package looks at or sets, and why."""


def modules() -> list[Path]:
    """The package and the bots, without the room that reads the environment."""
    found = [*PACKAGE.rglob("*.py"), *(ROOT / "bots").glob("*.py")]
    return [path for path in found if PACKAGE / "environment" not in path.parents]


def reads_of(source: str) -> Iterator[tuple[int, str]]:
    """Yield what a module reads of the environment: the line, and the name or how it is read."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in (
            "dotenv",
            "os",
        ):
            names = {alias.name for alias in node.names} & {"environ", "environb", "getenv", "*"}
            if node.module != "os" or names:
                yield node.lineno, f"from {node.module} import"
        elif isinstance(node, ast.Import):
            if any(alias.name == "dotenv" for alias in node.names):
                yield node.lineno, "import dotenv"
        elif isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"):
            if not isinstance(node.value, ast.Name) or node.value.id != "os":
                continue
            around = parents[node]
            match around, parents.get(around):
                case ast.Subscript(ctx=ast.Store() | ast.Del()), _:
                    continue  # is set for a child
                case ast.Attribute(attr="pop"), _:
                    continue  # likewise
                case ast.Attribute(attr="get"), ast.Call(args=[ast.Constant(value=str(name)), *_]):
                    yield node.lineno, name
                case ast.Dict(keys=keys, values=values), _ if keys[values.index(node)] is None:
                    continue  # a child's own environment
                case _:
                    yield node.lineno, "os." + node.attr


def names_in(source: str) -> Iterator[tuple[int, str]]:
    """Yield every text of a module but the keys of a dictionary, which a child may be given."""
    tree = ast.parse(source)
    keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys:
            yield node.lineno, node.value


def test_the_example_is_written_from_the_declarations() -> None:
    """`.env.example` is what `python -m blastoff_pipecat.environment.example` prints."""
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == example()
    listed = re.findall(r"^(?:# )?([A-Z_]+)=$", written, re.MULTILINE)
    assert sorted(listed) == sorted(OURS - {each.name for each in VARIABLES if not each.doc})
    assert max(map(len, written.splitlines())) <= 100


def test_every_declaration_is_used() -> None:
    """No variable is offered that nothing reads, but for Daily's key, which Pipecat reads."""
    read = {Variables.DAILY_API_KEY.name}
    for module in [*modules(), PACKAGE / "environment" / "models.py"]:
        read |= set(re.findall(r"\bVariables\.([A-Z_]+)", module.read_text(encoding="utf-8")))
    assert read == {each.name for each in VARIABLES}


def test_a_variable_is_read_through_its_declaration_alone() -> None:
    """No module looks a variable of ours up itself, nor reads `.env` in a way of its own.

    But for the bot that is Pipecat's own with one line swapped.
    """
    for module in set(modules()) - {ROOT / "bots" / "minimal_bot.py"}:
        source = module.read_text(encoding="utf-8")
        for line, read in reads_of(source):
            assert read in OTHERS, f"{module.relative_to(ROOT)}:{line} reads {read}"
        for line, name in names_in(source):
            assert name not in OURS, f"{module.relative_to(ROOT)}:{line} spells {name} out"


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ('import os\nos.environ.get("PORT", "1")', "PORT"),
        ('import os\nos.environ["PORT"]', "os.environ"),
        ('import os\nos.getenv("PORT")', "os.getenv"),
        ('import os\n"PORT" in os.environ', "os.environ"),
        ("import os\nread(os.environ)", "os.environ"),
        ("import os\nname = 'PORT'\nos.environ.get(name)", "os.environ"),
        ("from os import environ", "from os import"),
        ("from os import getenv as g", "from os import"),
        ("from dotenv import load_dotenv", "from dotenv import"),
        ("import dotenv", "import dotenv"),
        ('import os\nos.environ["PORT"] = "1"', None),
        ('import os\ndel os.environ["PORT"]', None),
        ("import os\nrun(env={**os.environ, 'A': 'b'})", None),
        ("from os import path", None),
    ],
)
def test_a_read_is_found_however_it_is_written(code: str, read: str | None) -> None:
    """The test above can fail."""
    assert [found for _, found in reads_of(code)] == ([read] if read else [])


def test_a_name_is_found_where_it_is_looked_up() -> None:
    """And not where a child's environment is written."""
    assert dict(names_in("run(values.get('PORT'),\n{'HOST': 'x'})")) == {1: "PORT", 2: "x"}


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda each: each.name)
def test_a_value_that_is_not_set_is_the_default(variable: Variable[object]) -> None:
    """An empty one counts as not set, quoted or not."""
    for environ in ({}, {variable.name: ""}, {variable.name: ' "" '}):
        assert variable.read(read_variables(environ, dotenv=False)) == variable.default


def test_a_malformed_value_is_noted_where_others_are_looked_at_too() -> None:
    """With a place for faults none is raised, and the default stands in."""
    faults = dict[str, str]()
    assert Variables.PHONE_MAX_CALLS.read({"PHONE_MAX_CALLS": "many"}, faults) == 100
    assert list(faults) == ["PHONE_MAX_CALLS"]
    assert "'many'" in faults["PHONE_MAX_CALLS"]
    with pytest.raises(MisconfiguredEnvironment, match="PHONE_MAX_CALLS is 'many'"):
        Variables.PHONE_MAX_CALLS.read({"PHONE_MAX_CALLS": "many"})


def test_a_key_in_the_wrong_variable_is_not_shown() -> None:
    """Whichever secret it is: what another variable holds is scrubbed from the message."""
    values = {"TWILIO_AUTH_TOKEN": "0123456789abcdef", "PORT": "0123456789abcdef"}
    with pytest.raises(MisconfiguredEnvironment) as caught:
        Variables.PORT.read(values)
    assert "0123456789abcdef" not in str(caught.value)
