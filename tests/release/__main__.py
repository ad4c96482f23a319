"""What would be published: built, checked, installed where nothing else is, and tried.

```sh
make release-check
```

stops at the first step that fails, and says what to do. Nothing is published.
"""

import sys
import tempfile
import tomllib
from pathlib import Path

from tests.kit.pages import PYTHON_BLOCKS, ROOT
from tests.release import changelog
from tests.release.bare import Bare
from tests.release.fault import Fault, run

MOST_KB = 3000
"""How large a wheel may be."""


def main() -> int:
    """Take each step; return the exit status."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            _told()
            _try(_built(Path(folder)), Path(folder))
    except Fault as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 1
    print("== ready")
    return 0


def _told() -> None:
    """Look at the changelog, and for changes that are in no commit."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    print(f"== {project['version']}")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if fault := changelog.fault(project["version"], changes):
        raise Fault(fault)
    status = ("git", "status", "--porcelain")
    if changed := run(
        *status, cwd=ROOT, otherwise="Check it in a clone: git has to know the files."
    ):
        raise Fault(f"{changed}\nCommit these or take them away: what is published has a commit.")


def _built(folder: Path) -> Path:
    """Build and check what would be published; return the wheel."""
    print("== building", flush=True)
    run(
        *(sys.executable, "-m", "build", "--outdir", folder, ROOT),
        cwd=folder,
        otherwise="Mend pyproject.toml until it builds.",
    )
    built = sorted(folder.iterdir())
    for each in built:
        print(f"{each.name}: {each.stat().st_size / 1000:.0f} kB")
    (wheel,) = (each for each in built if each.suffix == ".whl")
    if wheel.stat().st_size > MOST_KB * 1000:
        raise Fault(
            f"Let pyproject.toml `exclude` what is not run: a wheel has {MOST_KB} kB at most."
        )
    run(
        *(sys.executable, "-m", "twine", "check", "--strict", *built),
        cwd=folder,
        otherwise="Mend the README or pyproject.toml until twine has nothing to say.",
    )
    return wheel


def _try(wheel: Path, folder: Path) -> None:
    """Use the wheel as its users would."""
    print("== installing it where nothing else is", flush=True)
    bare = Bare(folder / "bare", wheel)
    print(bare.size())
    blocks = [code for page, code in PYTHON_BLOCKS if not page.startswith("bots/")]
    print(f"== running {len(blocks)} blocks of Python of the pages", flush=True)
    for block in blocks:
        bare.try_block(block)
    bare.try_command()
    print("== starting, beside a stock service", flush=True)
    print(bare.start())


if __name__ == "__main__":
    sys.exit(main())
