"""What pip-audit reports is told as it is, above all that it could not ask."""

from typing import Any

from tests.release.audit import verdict

FINE: dict[str, Any] = {"name": "fine", "version": "1.0", "vulns": []}
FAULTY: dict[str, Any] = {
    "name": "faulty",
    "version": "2.0",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["2.1", "3.0"], "aliases": [], "description": "…"},
        {"id": "PYSEC-2", "fix_versions": [], "aliases": [], "description": "…"},
    ],
}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def test_every_pin_was_looked_up_and_is_fine() -> None:
    """Only then is the exit status 0."""
    assert verdict([FINE, FINE]) == (0, "2 pins were audited")


def test_a_vulnerability_comes_with_what_mends_it() -> None:
    """Each of a package's; the exit status is 1, whatever else there is to say."""
    status, said = verdict([FINE, FAULTY, UNKNOWN])
    assert status == 1
    assert "faulty 2.0: PYSEC-1, mended in 2.1, 3.0\n" in said
    assert "faulty 2.0: PYSEC-2, not mended\n" in said
    assert "Pin what mends it" in said
    assert said.endswith("do not have them: unknown")


def test_an_audit_that_did_not_take_place_is_no_good_news() -> None:
    """Where nothing, or not all, could be looked up, the exit status is 2."""
    assert verdict([UNKNOWN, UNKNOWN]) == (
        2,
        "Nothing was audited: PyPI's advisories cannot be reached from here.",
    )
    assert verdict([FINE, UNKNOWN])[0] == 2
