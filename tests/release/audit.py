"""Known vulnerabilities of what requirements.lock pins, asked of PyPI's advisories by pip-audit.

```sh
make audit
```

ends with 0 where each pin was looked up and has none, 1 where one has, and 2 where not every pin
could be looked up, as behind a mirror that has packages only. pip-audit itself ends with 0 then.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.kit.pages import ROOT

_NOTHING = "Nothing was audited: PyPI's advisories cannot be reached from here."


def verdict(asked: Sequence[dict[str, Any]]) -> tuple[int, str]:
    """Read pip-audit's report.

    Args:
        asked: Its ``dependencies``.

    Returns:
        The exit status, and what there is to say.
    """
    lines = [
        f"{each['name']} {each['version']}: {fault['id']}, "
        + (f"mended in {', '.join(mended)}" if (mended := fault["fix_versions"]) else "not mended")
        for each in asked
        for fault in each.get("vulns", ())
    ]
    unasked = [each["name"] for each in asked if "skip_reason" in each]
    if lines:
        lines.append("Pin what mends it in requirements.lock, and raise bounds in pyproject.toml.")
    if unasked and len(unasked) == len(asked):
        lines.append(_NOTHING)
    elif unasked:
        lines.append(f"Not audited, since PyPI's advisories do not have them: {', '.join(unasked)}")
    else:
        lines.append(f"{len(asked)} pins were audited")
    status = 1 if any(each.get("vulns") for each in asked) else 2 if unasked else 0
    return status, "\n".join(lines)


def main() -> int:
    """Ask; return the exit status."""
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "requirements.lock"
    done = subprocess.run(
        [
            Path(sys.executable).with_name("pip-audit"),
            *("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"),
            *("--requirement", lock),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        status, said = verdict(json.loads(done.stdout)["dependencies"])
    except ValueError:  # no report
        why = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        status, said = 2, f"{why}\n{_NOTHING}"
    print(said)
    return status


if __name__ == "__main__":
    sys.exit(main())
