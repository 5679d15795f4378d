"""The shape of answers: names, types, counts and lengths, and never a value. Safe to send to anybody."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

_LONGEST_NAME = 60
_MOST_NAMES = 2_000


@dataclass(slots=True)
class _Place:
    types: Counter[str] = field(default_factory=Counter)
    shortest: int | None = None
    longest: int | None = None


@dataclass(slots=True)
class Shape:
    """What was seen so far, by place: `Invoice.InvoiceRows[].Price`."""

    _places: dict[str, _Place] = field(default_factory=dict)

    def add(self, place: str, value: object) -> None:
        """Adds one value and everything in it."""
        if len(self._places) >= _MOST_NAMES and place not in self._places:
            return
        seen = self._places.setdefault(place, _Place())
        seen.types[_type_of(value)] += 1
        if isinstance(value, str | list):
            seen.shortest = min(len(value), len(value) if seen.shortest is None else seen.shortest)
            seen.longest = max(len(value), seen.longest or 0)
        if isinstance(value, Mapping):
            for name, part in value.items():
                self.add(f"{place}.{str(name)[:_LONGEST_NAME]}", part)
        elif isinstance(value, list):
            for part in value:
                self.add(f"{place}[]", part)

    def report(self) -> dict[str, dict[str, Any]]:
        """By place: how often each type was there, and the least and the greatest length."""
        return {
            place: {
                "types": dict(sorted(seen.types.items())),
                **({} if seen.longest is None else {"lengths": [seen.shortest, seen.longest]}),
            }
            for place, seen in sorted(self._places.items())
        }


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "whole number"
        case Decimal() | float():
            return "decimal number"
        case Mapping():
            return "object"
        case list():
            return "list"
        case str():
            return _type_of_text(value)
    return "other"


def _type_of_text(text: str) -> str:
    """What kind of text it is, as far as that tells nothing of what stands in it."""
    if not text:
        return "empty text"
    if text in {"true", "false"}:
        return "text: true or false"
    if text.lstrip("-").replace(".", "", 1).isdecimal():
        return "text: number"
    try:
        date.fromisoformat(text)
    except ValueError:
        return "text"
    return "text: date"
