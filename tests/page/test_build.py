"""The committed bundle is what its sources make."""

import re
import subprocess
from pathlib import Path

from blastoff_pipecat.page import STATIC
from tests.page.conftest import WEB


def test_the_bundle_is_rebuilt_byte_for_byte(web: Path, tmp_path: Path) -> None:
    """`npm run build` on another computer, in another folder, gives what is committed."""
    subprocess.run(["npm", "run", "build", "--", "--out", str(tmp_path)], cwd=web, check=True)
    rebuilt = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in STATIC.iterdir()}
    assert rebuilt.keys() == committed.keys()
    changed = [name for name in rebuilt if rebuilt[name] != committed[name]]
    assert changed == [], "run `npm ci && npm run build` in blastoff_pipecat/page/web and commit"


def test_the_sources_are_typed(web: Path) -> None:
    """The TypeScript compiler finds nothing to say."""
    checked = subprocess.run(["npm", "run", "check"], cwd=web, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_versions_are_pinned_and_their_source_is_the_readers_registry() -> None:
    """Exact versions, and a lock file with hashes but without download addresses."""
    package = (WEB / "package.json").read_text()
    assert not re.search(r'": "[\^~*]', package)
    lock = (WEB / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') >= 20
