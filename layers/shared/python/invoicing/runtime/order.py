"""One call of the service operator's command: what was asked for, the parts that do it, and how answers are shown."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from invoicing.runtime.bootstrap import Bootstrap


class RefusedError(Exception):
    """The command was understood and cannot be carried out; says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One call of the command: what was asked for, and the parts that do it."""

    asked: argparse.Namespace
    parts: Bootstrap
    stack_name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    def show(self, rows: Sequence[Mapping[str, Any]], *, nothing: str) -> None:
        """Prints rows as a table, or as JSON where that was asked for."""
        if self.asked.json:
            print(json.dumps(rows, indent=2, ensure_ascii=False))
        elif not rows:
            print(nothing)
        else:
            print(table_of(rows))


def shown_time(moment: datetime) -> str:
    """UTC, to the second."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def fields_of(facts: Mapping[str, Any]) -> str:
    """A line each."""
    width = max(map(len, facts))
    return "\n".join(f"{name:<{width}}  {printable(str(value))}".rstrip() for name, value in facts.items())


def table_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Columns as wide as their widest value; the last one may be of any length."""
    if not rows:
        return "(nothing)"
    names = list(rows[0])
    lines = [names, *([printable(str(row[name])) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    return "\n".join(
        "  ".join(f"{value:<{width}}" for value, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def printable(text: str) -> str:
    """Names come from outside; none of them may steer the operator's terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
