"""The OpenMP library, which llama.cpp's wheel for Linux takes from the system.

A system without a compiler often lacks it (`python:3.12-slim`, a minimal Debian). There the copy is
taken that another wheel brought for itself, such as CTranslate2's, of the same extra.
"""

import ctypes
import functools
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

LIBRARY = "libgomp.so.1"

WAY_OUT = "install OpenMP's library (Debian and Ubuntu: apt install libgomp1; Fedora: libgomp)"
"""What a user can do where neither the system nor a wheel has it."""


def find_openmp() -> dict[str, str]:
    """The variables of the environment with which a child process finds the library.

    Returns:
        None of them where the system has the library, or nobody has it.
    """
    if sys.platform != "linux" or _the_system_has_it():
        return {}
    return borrow_openmp()


def borrow_openmp() -> dict[str, str]:
    """The variables with which a child finds another wheel's copy; none where there is no copy."""
    spec = importlib.util.find_spec("ctranslate2")
    if spec is None or spec.origin is None:
        return {}
    copy = next(Path(spec.origin).parent.parent.glob("*.libs/libgomp-*.so*"), None)
    if copy is None:
        return {}
    # The copy has a name of its own, and the loader goes by names.
    folder = Path(_folder().name)
    if not (folder / LIBRARY).is_symlink():
        (folder / LIBRARY).symlink_to(copy)
    asked = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": f"{asked}:{folder}" if asked else str(folder)}


def _the_system_has_it() -> bool:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder for as long as this process lives."""
    return tempfile.TemporaryDirectory(prefix="blastoff-openmp-")
