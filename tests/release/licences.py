"""The licence of each installed package, as its metadata names it, held to a short list.

```sh
python -m tests.release.licences
```

prints who is under which, and ends with 1 where one is not on the list. Every licence that a
package names must be on it, those that it leaves the choice of too.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions

PERMISSIVE = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD",  # of two or three clauses: a classifier does not say
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""They ask for no more than to be named."""

LIBRARIES = frozenset({"LGPL", "LGPL-2.1-or-later", "MPL-2.0"})
"""They ask for changes to themselves: what is installed unchanged, and imported, owes none."""

_SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""What is no SPDX identifier, in classifiers and free text, and which one is meant."""


def licences_of(package: Distribution) -> set[str]:
    """Return each licence that a package's metadata names; none where it names none."""
    about = package.metadata
    found = about.get_all("License-Expression") or [
        classifier.rpartition(" :: ")[2]
        for classifier in about.get_all("Classifier") or ()
        if classifier.startswith("License :: ")
    ]
    found = found or (about.get("License") or "").strip().splitlines()[:1]
    named = {
        part.strip()
        for each in found
        for part in ([each] if each in _SPELLINGS else re.split(r" AND | OR |[()]", each))
    }
    return {_SPELLINGS.get(name, name) for name in named - {""}}


def unlisted(packages: Iterable[Distribution]) -> dict[str, set[str]]:
    """Return the packages with a licence that is not on the list, or with none, and which."""
    found: dict[str, set[str]] = {}
    for package in packages:
        licences = licences_of(package)
        if not licences or licences - PERMISSIVE - LIBRARIES:
            found[package.name] = licences
    return found


def main() -> int:
    """Print who is under which licence; return the exit status."""
    installed = sorted(distributions(), key=lambda each: each.name.lower())
    under: defaultdict[str, list[str]] = defaultdict(list)
    for package in installed:
        under[" and ".join(sorted(licences_of(package))) or "none named"].append(package.name)
    for licence, names in sorted(under.items()):
        print(f"{licence} ({len(names)}): {', '.join(names)}")
    faults = unlisted(installed)
    for name, licences in faults.items():
        named = " and ".join(sorted(licences)) or "no licence"
        print(
            f"{name} names {named}, which is not on the list of {__file__}: "
            "read it, then add it there, or do without the package.",
            file=sys.stderr,
        )
    print(f"{len(installed)} packages, {len(faults)} with a licence that is not on the list")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
