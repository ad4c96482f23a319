"""An examination as a person reads it, and as JSON."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from blastoff_pipecat.doctor.examination import Examination

_MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "fault": ("✗", "bold red")}


def show(found: Examination, console: Console) -> None:
    """Print what was found."""
    for finding in found.findings:
        mark, style = _MARKS[finding.level]
        console.print(f"{mark} {finding.about}: {finding.said}", style=style, soft_wrap=True)
        if finding.do:
            console.print(f"    {finding.do}", soft_wrap=True)
    for seen in found.models:
        for tried in seen.tried:
            console.print(f"  {tried.way}: {tried.verdict}", style="dim", soft_wrap=True)
    for role, settings in found.settings.items():
        for name, value in settings.items():
            console.print(f"Set for the {role} model: {name}={value}", soft_wrap=True)
    if found.ready:
        console.print("ready", style="bold green")
    else:
        faults = sum(finding.level == "fault" for finding in found.findings)
        console.print(f"not ready: {faults} at fault", style="bold red")


def as_json(found: Examination) -> dict[str, Any]:
    """Return what was found as a JSON object."""
    return {
        "ready": found.ready,
        "findings": [asdict(finding) for finding in found.findings],
        "models": {
            seen.role: {
                "model": seen.endpoint.model,
                "host": seen.endpoint.host,
                **seen.figures(),
                "ways": {tried.way: tried.verdict for tried in seen.tried},
            }
            for seen in found.models
        },
        "outlook": asdict(found.outlook) if found.outlook else None,
        "settings": found.settings,
    }
