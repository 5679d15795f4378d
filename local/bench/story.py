"""Calls per step of the story that `make demo` plays, read from its report."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """One step of the demo, and what it asked of the two systems."""

    name: str
    held: bool
    fortnox_calls: int
    ongoing_calls: int


def read_story(report: Path) -> list[StoryStep]:
    """The steps of a demo's report; empty if there is none, or none that can be read."""
    try:
        steps = json.loads(report.read_text())["steps"]
        return [
            StoryStep(
                name=str(step["name"]),
                held=bool(step["ok"]),
                fortnox_calls=int(step["fortnox_calls"]),
                ongoing_calls=int(step["ongoing_calls"]),
            )
            for step in steps
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
