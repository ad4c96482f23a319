"""The house: which room may lean on which, how large a file gets, and that its map is true."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from blastoff_pipecat.relay.diagram import mermaid

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "blastoff_pipecat"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
MAP = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

MOST_LINES = 400
MOST_LOOSE_MODULES = 6

LEANS_ON: Mapping[str, set[str]] = {
    "relay": set(),
    "endpoints": set(),
    "testing": set(),
    "prompts": {"relay"},
    "environment": {"endpoints"},
    "conductor": {"relay", "endpoints", "prompts"},
    "service": {"conductor", "relay", "endpoints", "environment"},
    "server": {"conductor", "relay", "endpoints", "environment", "address", "local"},
    "timeline": {"service"},
    "doctor": {"conductor", "relay", "endpoints", "environment", "calls", "phone"},
}
"""What of ours each part of the house may import: the arrows, which go one way."""

WITHOUT_PIPECAT = ("relay", "endpoints", "testing", "conductor", "server")
"""The rooms that work where no bot runs."""


def imports_of(module: Path) -> Iterator[tuple[int, str]]:
    """Yield what a module imports, wherever it does so, as whole names with their lines."""
    package = ".".join(module.parent.relative_to(ROOT).parts)
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            name = ".".join(filter(None, (above, node.module)))
            for alias in node.names:  # each may be a module: `from blastoff_pipecat import prompts`
                yield node.lineno, f"{name}.{alias.name}"


def modules_of(part: str) -> list[Path]:
    """Return the modules of a room, or the one loose module of that name."""
    modules = sorted((PACKAGE / part).rglob("*.py")) or [PACKAGE / f"{part}.py"]
    assert modules[0].exists(), part
    return modules


def run_child(code: str) -> str:
    """Run code in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestSize:
    """What is read in one sitting stays so."""

    def test_no_file_is_longer_than_one_sitting(self) -> None:
        """No module of the package, nor of its page, has more than 400 lines."""
        sources = [*PACKAGE.rglob("*.py"), *PACKAGE.glob("page/web/src/*.ts")]
        lengths = {
            str(each.relative_to(ROOT)): len(each.read_text().splitlines()) for each in sources
        }
        assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES}

    def test_few_modules_lie_loose(self) -> None:
        """At most six modules stand in no room of the package."""
        loose = [path.name for path in PACKAGE.glob("*.py")]
        assert len(loose) <= MOST_LOOSE_MODULES, loose


class TestArrows:
    """Imports go one way."""

    @pytest.mark.parametrize("part", LEANS_ON)
    def test_each_part_leans_only_on_what_is_below_it(self, part: str) -> None:
        """Nothing is imported against an arrow, not even inside a function."""
        allowed = {"__init__", part, *LEANS_ON[part]}
        for module in modules_of(part):
            for line, name in imports_of(module):
                first, *rest = name.split(".")
                if first == PACKAGE.name:
                    assert rest[0] in allowed, f"{module.relative_to(ROOT)}:{line} imports {name}"

    @pytest.mark.parametrize("room", WITHOUT_PIPECAT)
    def test_it_names_nothing_of_pipecat(self, room: str) -> None:
        """These rooms import Pipecat nowhere."""
        for module in modules_of(room):
            for line, name in imports_of(module):
                where = f"{module.relative_to(ROOT)}:{line}"
                assert name.partition(".")[0] != "pipecat", f"{where} imports {name}"

    def test_a_reply_is_served_without_pipecat(self) -> None:
        """A process that imports these rooms whole and serves a reply never imports Pipecat.

        Nor does one that serves the embedded models.
        """
        said = run_child(
            f"""if True:
            import asyncio
            import json
            import os
            import pkgutil
            import sys
            from importlib import import_module

            import httpx

            for room in {WITHOUT_PIPECAT!r}:
                package = import_module(f"blastoff_pipecat.{{room}}")
                for each in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
                    if not each.name.endswith("__main__"):
                        import_module(each.name)

            from blastoff_pipecat.conductor.policy import Policy
            from blastoff_pipecat.endpoints import ChatEndpoint
            from blastoff_pipecat.environment import Environment, Variables
            from blastoff_pipecat.server.app import ServerOptions, create_app
            from blastoff_pipecat.server.run import options_from_env
            from blastoff_pipecat.testing import ScriptedEndpoint

            async def ask():
                async with ScriptedEndpoint() as models:
                    models.play("small", "Let me see.")
                    models.play("large", "The museum opens at nine.")
                    small, large = (
                        ChatEndpoint(base_url=models.url, model=name) for name in ("small", "large")
                    )
                    policy = Policy(opening="always")
                    app = create_app(ServerOptions(small=small, large=large, policy=policy))
                    body = {{"messages": [{{"role": "user", "content": "When does it open?"}}]}}
                    async with app.router.lifespan_context(app), httpx.AsyncClient(
                        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
                    ) as client:
                        answer = await client.post("/v1/chat/completions", json=body)
                return answer.json()["choices"][0]["message"]["content"]

            print(asyncio.run(ask()))
            found = dict(base_url="http://localhost:1/v1", model="embedded")
            name = Variables.BLASTOFF_EMBEDDED_MODELS.name
            os.environ[name] = json.dumps(dict(small=found, large=found))
            print(options_from_env(Environment()).policy.style)
            print(sorted(name for name in sys.modules if name.partition(".")[0] == "pipecat"))
            """
        )
        assert said == "Let me see. The museum opens at nine.\nchoose\n[]\n"


class TestTheRelayIsPure:
    """The decision-maker of a reply runs without clock, network or Pipecat."""

    def test_it_imports_the_standard_library_and_itself_alone(self) -> None:
        """No module of the relay names anybody else's package, or another room of ours."""
        modules = modules_of("relay")
        assert PACKAGE / "relay" / "relay.py" in modules
        for module in modules:
            for line, name in imports_of(module):
                first = name.partition(".")[0]
                assert first in sys.stdlib_module_names or name.startswith(
                    "blastoff_pipecat.relay."
                ), f"{module.name}:{line} imports {name}"

    def test_it_has_no_event_loop_clock_or_chance(self) -> None:
        """Time and chance are arguments: nothing in the relay can wait, or differ between runs."""
        impure = {"asyncio", "threading", "time", "random", "secrets", "socket", "datetime"}
        for module in modules_of("relay"):
            assert not impure & {name.partition(".")[0] for _, name in imports_of(module)}, module

    def test_it_runs_where_nothing_else_is_installed(self) -> None:
        """Importing the relay imports no installed package, Pipecat and httpx least of all."""
        run_child(
            """if True:
            import sys

            class NothingInstalled:
                def find_spec(self, name, path=None, target=None):
                    first = name.partition(".")[0]
                    if first not in sys.stdlib_module_names and first != "blastoff_pipecat":
                        raise ModuleNotFoundError(f"the relay imported {name}")

            sys.meta_path.insert(0, NothingInstalled())
            import blastoff_pipecat.relay.relay
            """
        )

    def test_it_is_imported_in_no_time(self) -> None:
        """Importing the relay takes less than 150 ms of CPU, the best of three."""
        code = (
            "import time; start = time.process_time(); import blastoff_pipecat.relay.relay;"
            "print(time.process_time() - start)"
        )
        assert min(float(run_child(code)) for _ in range(3)) < 0.150


class TestTheServiceIsImportedSoon:
    """A bot starts no later for having this service in a stock one's place."""

    def test_it_adds_little_to_what_pipecat_imports_for_any_llm_service(self) -> None:
        """What is heavy waits for its use: OpenAI's library, and httpx while no host wants it."""
        added, made = run_child(
            """if True:
            import sys
            from pipecat.services.llm_service import LLMService
            before = set(sys.modules)
            from blastoff_pipecat import ChatEndpoint, DualLLMService
            assert issubclass(DualLLMService, LLMService)
            print(*{name.partition(".")[0] for name in set(sys.modules) - before})
            one = ChatEndpoint(base_url="http://localhost:1/v1", model="one")
            DualLLMService(small=one, large=one)
            print("httpx" in sys.modules)
            """
        ).splitlines()
        ours = {"blastoff_pipecat", "pipecat"}
        # To read `.env`; faster JSON; and what Pipecat's tracing takes, where it is installed.
        assert set(added.split()) - sys.stdlib_module_names - ours <= {
            "dotenv",
            "orjson",
            "opentelemetry",
        }
        assert made == "False"


class TestTheMap:
    """ARCHITECTURE.md is true."""

    def test_every_path_in_it_exists(self) -> None:
        """A file or room that it names is where it says, in the package or at the top."""
        linked = re.findall(r"\]\(([^)#:]+)\)", MAP)
        named = re.findall(r"`([\w.]+(?:/[\w.]*)+|[\w.]*\.(?:py|md|example))`", MAP)
        assert len(named) > 30
        for path in {*linked, *named}:
            assert (ROOT / path).exists() or (PACKAGE / path).exists(), path

    def test_it_names_every_room(self) -> None:
        """No room of the package is missing from it."""
        assert {f"`{room}/`" for room in ROOMS} <= set(re.findall(r"`\w+/`", MAP))

    def test_its_diagram_is_drawn_from_the_table(self) -> None:
        """The diagram is what the relay's table draws now."""
        found = re.search(r"<!-- relay:[^>]*-->\n(.*?)<!-- /relay -->", MAP, re.DOTALL)
        assert found
        assert found[1] == f"```mermaid\n{mermaid()}```\n"

    def test_the_readme_leads_to_it(self) -> None:
        """Whoever reads the README finds the map."""
        assert "](ARCHITECTURE.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
