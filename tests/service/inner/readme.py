"""What the README says of the Pipecat services that are held to be models, from the tests.

`python -m tests.service.inner.readme` prints it. A service stands in it as long as it stands
among those that every test here runs with; the release of Pipecat is the one that is pinned.
"""

import re
from pathlib import Path

from tests.service.inner.stands import STANDS

LOCK = Path(__file__).parents[3] / "requirements.lock"


def services() -> str:
    """Return the paragraph."""
    *most, last = sorted(stand.title for stand in STANDS.values())
    pinned = re.search(r"^pipecat-ai==(\S+)$", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned
    return (
        f"Held to it, each as its real class before a stand-in of its provider, with pipecat-ai "
        f"{pinned[1]}: {', '.join(most)} and {last}.\n"
    )


if __name__ == "__main__":
    print(services(), end="")
