"""The pages of the repository, and the Python that stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = {
    page: (ROOT / page).read_text(encoding="utf-8")
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "blastoff_pipecat/bench/README.md",
        "blastoff_pipecat/server/README.md",
        "blastoff_pipecat/service/README.md",
        "bots/README.md",
    )
}
EVERYTHING = "\n".join(PAGES.values())
PYTHON_BLOCKS = [
    (page, code)
    for page, text in PAGES.items()
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
]
"""Each runs without a key where its page stands; but for the bots', with the base install."""
