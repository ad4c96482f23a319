"""Writes PROVIDERS.md's table from the hosts that the tests have a reply by.

```sh
python -m tests.kit.provider_table
```
"""

import re
from pathlib import Path

from blastoff_pipecat.endpoints import ChatEndpoint, ways_for
from blastoff_pipecat.endpoints.continuation import thinking_off
from blastoff_pipecat.endpoints.providers import provider_of
from blastoff_pipecat.endpoints.wire_json import dumps
from blastoff_pipecat.testing import HOSTS, Host

PAGE = Path(__file__).parent.parent.parent / "PROVIDERS.md"
PART = re.compile(r"(<!-- providers:[^>]*-->\n).*?(<!-- /providers -->)", re.DOTALL)


def table() -> str:
    """Return the table, a row for each host."""
    lines = [
        "| host | model | the opening | thinking is switched off by | source |",
        "|---|---|---|---|---|",
        *(_row(name, host) for name, host in HOSTS.items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, host: Host) -> str:
    endpoint = ChatEndpoint(
        base_url=host.base_url,
        model=host.model,
        api_key="a-key",
        continuation=host.continuation,
        extra=host.extra,
    )
    way = ways_for(endpoint)[0]
    opening = "beside" if way.name == "history" else f"prefix: `{way.name}`"
    if way.name not in ("history", *host.takes):
        opening += ", begun anew and trimmed"
    if host.continuation != "auto":
        opening += ", to be named"
    if host.extra:
        opening += f", with `extra` naming the {', '.join(host.extra)}"
    if host.habits.get("echo"):
        opening += "; its echo is cut off"
    off = dumps(dict(thinking_off(endpoint))).decode()
    thinking = "" if off == "{}" else f"`{off[1:-1]}`"
    if host.thinks_aloud:
        thinking = "nothing; what it thinks aloud is cut out"
    provider = provider_of(endpoint)
    source = provider.source if provider else host.source
    return f"| {name} | `{host.model}` | {opening} | {thinking} | {source} |"


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(PART.sub(lambda m: f"{m[1]}{table()}{m[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
