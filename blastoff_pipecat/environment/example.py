"""The declarations as `.env.example`.

``python -m blastoff_pipecat.environment.example > .env.example`` writes it.
"""

import textwrap

from blastoff_pipecat.environment.variables import VARIABLES

_ABOUT = """\
Copy to .env and fill in; the real environment wins over .env. With every *_MODEL_* variable left \
empty, `blastoff demo` runs on its own embedded models and needs no key. `blastoff doctor` tries \
what is set here. A value may be quoted. Keep .env out of version control."""


_UNBROKEN = "\N{NO-BREAK SPACE}"


def example() -> str:
    """Write a line for each variable, under what it does; the older spellings come last."""
    lines = _comment(_ABOUT)
    for each in VARIABLES:
        if each.doc:
            default = f" (default:{_UNBROKEN}{each.default})" if each.default else ""
            lines += [*_comment(each.doc + default), f"{each.name}="]
    lines += _comment("\nOlder spellings, still read where the ones above are not set.")
    lines += [f"# {each.older}=" for each in VARIABLES if each.older]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    lines = [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(paragraph, 98, break_on_hyphens=False) or [""]
    ]
    return [f"# {line}".replace(_UNBROKEN, " ") if line else "" for line in lines]


if __name__ == "__main__":
    print(example(), end="")
