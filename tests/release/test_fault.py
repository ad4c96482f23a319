"""A step of the release check that fails says what to do."""

import sys
from pathlib import Path

import pytest

from tests.release.fault import Fault, run


def test_what_a_step_prints_is_returned(tmp_path: Path) -> None:
    """And it runs where it is told to."""
    said = run(sys.executable, "-c", "import os; print(os.getcwd())", cwd=tmp_path, otherwise="")
    assert Path(said.strip()) == tmp_path.resolve()


def test_a_failure_is_told_with_its_own_words_and_a_way_out(tmp_path: Path) -> None:
    """All that the command said, then what to do."""
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    with pytest.raises(Fault, match=r"one\ntwo\n\nMend it\."):
        run(sys.executable, "-c", code, cwd=tmp_path, otherwise="Mend it.")
