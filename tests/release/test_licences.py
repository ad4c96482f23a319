"""What is installed beside the package is under licences that were read."""

from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.release.licences import licences_of, main, unlisted

MIT = "Classifier: License :: OSI Approved :: MIT License"


def install(folder: Path, name: str, *about: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    lines = ("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *about)
    (info / "METADATA").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("about", "licences"),
    [
        (["License-Expression: MIT"], {"MIT"}),
        (["License-Expression: MPL-2.0 AND (Apache-2.0 OR MIT)"], {"MPL-2.0", "Apache-2.0", "MIT"}),
        (
            ["License-Expression: MIT AND Apache-2.0 WITH LLVM-exception"],
            {"MIT", "Apache-2.0 WITH LLVM-exception"},
        ),
        ([MIT], {"MIT"}),
        ([MIT, "Classifier: License :: OSI Approved :: BSD License"], {"MIT", "BSD"}),
        (["License: BSD 2-Clause License"], {"BSD-2-Clause"}),
        (["License: GPL-3.0", MIT], {"MIT"}),  # the free text is often a whole licence
        (["License-Expression: GPL-3.0-only", MIT], {"GPL-3.0-only"}),
        (["Classifier: Framework :: AsyncIO"], set()),
    ],
)
def test_licences_are_those_of_the_metadata(
    about: list[str], licences: set[str], tmp_path: Path
) -> None:
    """The expression counts where there is one, then classifiers, then what is written freely."""
    install(tmp_path, "one", *about)
    (package,) = distributions(path=[str(tmp_path)])
    assert licences_of(package) == licences


def test_what_is_not_on_the_list_is_found(tmp_path: Path) -> None:
    """A licence that nobody has read, and none at all."""
    install(tmp_path, "fine", "License-Expression: MIT")
    install(tmp_path, "strict", "License-Expression: MIT OR AGPL-3.0-only")
    install(tmp_path, "silent")
    found = unlisted(distributions(path=[str(tmp_path)]))
    assert found == {"strict": {"MIT", "AGPL-3.0-only"}, "silent": set()}


def test_all_that_is_installed_here_is_on_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """What the extras bring can be used where this package can."""
    assert main() == 0
    assert "pipecat-ai" in capsys.readouterr().out
