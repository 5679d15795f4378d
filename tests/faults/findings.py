"""What the fault tests found, as a table to read and as build/faults.json."""

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.token_promises import INCURABLE

if TYPE_CHECKING:
    from tests.faults.token_faults import Fault
    from tests.faults.token_promises import Fate
    from tests.faults.token_story import Story
    from tests.faults.wires import Strike


@dataclass(slots=True)
class Findings:
    """Counted while the tests run."""

    single: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    pairs: dict[str, Counter[str]] = field(default_factory=dict)
    engines: dict[str, Counter[str]] = field(default_factory=dict)
    strikes: list[dict[str, Any]] = field(default_factory=list)
    guards: dict[str, str] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    year: dict[str, Any] = field(default_factory=dict)

    def count(self, setup: str, fault: "Fault", story: "Story") -> None:
        """One run with one fault."""
        self.single.setdefault((setup, str(fault)), Counter()).update(result_of(story))

    def count_on(self, engine: str, setup: str, story: "Story") -> None:
        """One run with one fault and a table on an emulated DynamoDB."""
        self.engines.setdefault(f"{setup}, on {engine}", Counter()).update(result_of(story))

    def count_strike(self, scene: str, strike: "Strike", *, needs_a_human: bool, fate: "Fate | None") -> None:
        """One strike at the deployed functions, and how the connection came out of it."""
        outcome = "a human is needed" if needs_a_human else "no human needed"
        lost = f"lost: {fate}" if fate else ""
        self.strikes.append(
            {
                "scene": scene,
                "call": strike.call,
                "nth": strike.nth,
                "blow": strike.blow,
                "outcome": outcome,
                "lost": lost,
            }
        )

    def add(self, other: "Findings") -> None:
        """What was counted elsewhere, of other tests."""
        for setup_and_fault, counts in other.single.items():
            self.single.setdefault(setup_and_fault, Counter()).update(counts)
        for story, counts in other.engines.items():
            self.engines.setdefault(story, Counter()).update(counts)
        self.strikes += other.strikes
        for mine, theirs in (
            (self.pairs, other.pairs),
            (self.guards, other.guards),
            (self.models, other.models),
            (self.year, other.year),
        ):
            mine.update(theirs)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        return any(getattr(self, kind.name) for kind in fields(self))

    def write(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {
            "single": [{"story": setup, "fault": fault, **counts} for (setup, fault), counts in self.single.items()],
            "pairs": [{"story": setup, **counts} for setup, counts in self.pairs.items()],
            "engines": [{"story": story, **counts} for story, counts in self.engines.items()],
            "deployed": self.strikes,
            "guards": self.guards,
            "models": self.models,
            "year": self.year,
        }
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")

    def lines(self) -> list[str]:
        """As a table."""
        lines: list[str] = []
        if self.single or self.pairs:
            lines += [
                "Each run is checked for I1 to I8 at every call. A broken promise, such as a working key that is",
                "called broken, fails its test: a green run has none.",
                "lost: runs in which a new pair reached nobody, or died before it could be written: no client can",
                "keep it. In service mode it is the spare's; client credentials go on, and nobody notices.",
                "human: an administrator must approve again. In service mode only where the consent was revoked.",
                "",
            ]
        if self.single:
            lines += ["One fault at every call", _HEAD.format("fault"), *_rows_by_story(self.single)]
        if self.pairs:
            lines += ["", "Two faults at every pair of calls", _HEAD.format("story")]
            lines += [_row(setup, counts) for setup, counts in self.pairs.items()]
        if self.engines:
            lines += ["", "One fault at every call, with a real table", _HEAD.format("story")]
            lines += [_row(story, counts) for story, counts in self.engines.items()]
        if self.strikes:
            lines += ["", "On the deployed stack, one strike at every boundary", _HEAD.format("strike")]
            lines += _rows_by_story(_by_scene_and_blow(self.strikes))
        if self.guards:
            lines += ["", "Without a guard, the promise that breaks first"]
            lines += [f"  {guard:<58} {promise}" for guard, promise in self.guards.items()]
        if self.models:
            lines += ["", "Model: every interleaving"]
            lines += [
                f"  {name:<58} {'loses' if model['loses'] else 'loses nothing':<14} {model['states']:>8} states"
                for name, model in self.models.items()
            ]
        if self.year:
            lines += ["", "A simulated year"]
            lines += [f"  {name:<58} {value}" for name, value in self.year.items()]
        return lines


_COLUMNS = {
    "runs": "runs",
    "no human needed": "no human",
    "a human is needed": "human",
    "lost: crash before any durable write": "lost:crash",
    "lost: reply lost": "lost:reply",
    "lost: client gave up, request still travelled": "lost:late",
    "lost otherwise": "lost:other",
    "healed by journal": "journal",
    "healed by client_credentials": "credentials",
    "healed by probe": "probed",
}
_HEAD = "  {:<62}" + "".join(f"{name:>12}" for name in _COLUMNS.values())


def _row(name: str, counts: Counter[str]) -> str:
    return f"  {name:<62}" + "".join(f"{counts[column]:>12}" for column in _COLUMNS)


def _rows_by_story(single: dict[tuple[str, str], Counter[str]]) -> list[str]:
    lines: list[str] = []
    for setup in dict.fromkeys(setup for setup, _ in single):
        lines.append(f"  {setup}")
        lines += [_row(f"  {fault}", counts) for (of, fault), counts in single.items() if of == setup]
    return lines


def _by_scene_and_blow(strikes: list[dict[str, Any]]) -> dict[tuple[str, str], Counter[str]]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for strike in strikes:
        row = counts.setdefault((strike["scene"], strike["blow"]), Counter())
        row.update(name for name in ("runs", strike["outcome"], strike["lost"]) if name)
    return counts


def result_of(story: "Story") -> dict[str, int]:
    """What one run counts as."""
    promises = story.promises
    healed = {f"healed by {by}": 1 for by in promises.healed_by}
    lost = {f"lost: {fate}" if fate in INCURABLE else "lost otherwise": 1 for fate in promises.lost}
    return {"runs": 1, promises.outcome: 1, **healed, **lost}
