"""The commands of a page: found in its shell blocks and in its prose, and taken apart."""

import re
import shlex
from collections.abc import Iterator

PROGRAMS = ("ARGS", "blastoff", "cd", "docker", "make", "pip", "pipecat", "python", "uv")
"""What the commands of the pages begin with; `ARGS=…` is short for one of make's."""

_FENCED = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page that are in one language."""
    return [block for named, block in _FENCED.findall(page) if named == language]


def commands(page: str) -> Iterator[list[str]]:
    """The commands of a page's shell blocks, word by word."""
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            yield from _taken_apart(line)


def named(page: str) -> Iterator[list[str]]:
    """What begins with one of `PROGRAMS` among that which stands in backticks in the prose."""
    for code in re.findall(r"`([^`]+)`", _FENCED.sub("", page)):
        if re.match(rf"(?:{'|'.join(PROGRAMS)})[ =]", code):
            yield from _taken_apart(code)


def _taken_apart(line: str) -> Iterator[list[str]]:
    words: list[str] = []
    for word in [*shlex.split(line, comments=True), "&&"]:
        if word != "&&":
            words.append(word)
        elif words:
            yield words
            words = []
