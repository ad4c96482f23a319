"""Mutants of a room: each is one function of it with one small mistake, as mutmut makes them.

mutmut's own runner is not used. It leaves out every decorated function, which here are all the
properties and all that is cached, and it needs several seconds for each mutant: pytest collects the
tests anew. Here the mistakes are put into a function that is imported already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import libcst as cst
from libcst.matchers import Call, Name, matches
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_ROOT = Path(__file__).parent.parent.parent
_NEVER_MUTATED = Call(func=Name("isinstance") | Name("len"))  # as mutmut has it


@dataclass(frozen=True)
class Mutant:
    """One mutant.

    Attributes:
        path: The module's file, from the root of the repository.
        function: The function's name, behind its class's.
        line: Where the mistake is.
        whole: The module as it is.
        node: What of it is replaced,
        instead: and by what.
    """

    path: str
    function: str
    line: int
    whole: cst.Module
    node: cst.CSTNode
    instead: cst.CSTNode

    @property
    def where(self) -> str:
        """The function."""
        return f"{self.path} {self.function}"

    @cached_property
    def change(self) -> tuple[str, str]:
        """The lines of the function that are changed, as they were and as they are."""
        told = list(ndiff(self.whole.code.splitlines(), self._source.splitlines()))
        was, now = ([each[2:].strip() for each in told if each[0] == sign] for sign in "-+")
        return " ".join(was), " ".join(now)

    @property
    def _source(self) -> str:
        changed = self.whole.deep_replace(self.node, self.instead)
        assert isinstance(changed, cst.Module)
        return changed.code

    def put_in(self) -> None:
        """Put the mistake into the function, for as long as this process lives.

        Raises:
            ValueError: Python does not let the function be changed so.
        """
        module = import_module(self.path.removesuffix(".py").replace("/", "."))
        found: Any = module
        for name in self.function.split("."):
            found = vars(found)[name]
        code = compile(self._source, str(_ROOT / self.path), "exec", dont_inherit=True)
        function_of(found).__code__ = _inside(code, self.function)


def function_of(found: Any) -> FunctionType:
    """Return the function behind a property, a class method or a cache."""
    while not isinstance(found, FunctionType):
        inner = ("fget", "func", "__func__", "__wrapped__")
        found = next(getattr(found, name) for name in inner if hasattr(found, name))
    return found


def _inside(code: CodeType, name: str) -> CodeType:
    """Return the code of a function of a module, the last of that name."""
    found = [each for each in code.co_consts if isinstance(each, CodeType)]
    of_name = [each for each in found if each.co_qualname == name]
    return of_name[-1] if of_name else next(_inside(c, name) for c in found if _leads(c, name))


def _leads(code: CodeType, name: str) -> bool:
    return name.startswith(f"{code.co_qualname}.")


def mutants_of(room: Path) -> Iterator[Mutant]:
    """Yield the mutants of a room of the package, file by file."""
    for file in sorted(room.glob("*.py")):
        wrapper = MetadataWrapper(cst.parse_module(file.read_text(encoding="utf-8")))
        visitor = _Mistakes(str(file.relative_to(_ROOT)), wrapper.module)
        wrapper.visit(visitor)
        yield from visitor.found


class _Mistakes(cst.CSTVisitor):
    """Finds the mistakes that can be made in the bodies of a module's functions."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, path: str, whole: cst.Module) -> None:
        super().__init__()
        self.found: list[Mutant] = []
        self._path, self._whole = path, whole
        self._names: list[str] = []
        self._inside = False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self._names.append(node.name.value)
        return True

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._names.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        if self._inside:
            return True
        self._inside = True
        self._names.append(node.name.value)
        node.body.visit(self)
        self._names.pop()
        self._inside = False
        return False

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation):
            return False
        if matches(node, _NEVER_MUTATED):
            return False
        if self._inside:
            for kind, operator in mutation_operators:
                if isinstance(node, kind):
                    made = (self._mutant(node, instead) for instead in operator(node))
                    self.found += filter(self._is_mistake, made)
        return super().on_visit(node)

    def _is_mistake(self, mutant: Mutant) -> bool:
        """Leave out None in place of False, which nobody here tells apart."""
        was, now = map(self._whole.code_for_node, (mutant.node, mutant.instead))
        return was.replace("False", "None") != now

    def _mutant(self, node: cst.CSTNode, instead: cst.CSTNode) -> Mutant:
        line = self.get_metadata(PositionProvider, node).start.line
        return Mutant(self._path, ".".join(self._names), line, self._whole, node, instead)
