"""The fields of a request body: names, types and lengths, from Fortnox's OpenAPI file and page on formats.

Reading a body refuses what Fortnox refuses: unknown names, wrong types, too long texts, characters outside
its list. What is left is a mapping of the values that were really sent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from local.fortnox import refusals
from local.fortnox.options import Options
from local.fortnox.refusals import Refusal

type Fields = dict[str, Any]
"""One entity in Fortnox's JSON form: numbers are int or Decimal, dates are texts."""


def copied[Value](value: Value) -> Value:
    """The same in dicts and lists of its own. What else stands in an entity nobody can change."""
    made: Any = value
    if isinstance(value, dict):
        made = {name: copied(inner) for name, inner in value.items()}
    elif isinstance(value, list):
        made = [copied(inner) for inner in value]
    return made  # type: ignore[no-any-return] # of the same type


API_BLANK: Final = "API_BLANK"
"""The text that clears a field; an empty text keeps what is there (recorded)."""


class Cleared(Enum):
    """The mark of a field that `API_BLANK` was sent for."""

    FIELD = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of at most `longest` characters: what is longer is refused with `code`, or is `cut` in silence.

    In a text that is `one_line`, line breaks vanish (measured). One that `has_number` may say `{no}` for it.
    """

    longest: int = 1024
    code: int = refusals.TOO_LONG
    cut: bool = False
    one_line: bool = False
    has_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A decimal number of at most `digits` digits, as a JSON number; `text` allows a numeric text too."""

    digits: int = 12
    text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number; null is `null` where that is known."""

    null: int | None = None
    least: int = -(2**31)
    most: int = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Day:
    """A date, YYYY-MM-DD; null is refused, not taken for "default" (reported by users)."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few texts."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """An object with fields of its own."""

    fields: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of objects with the same fields."""

    fields: Mapping[str, Kind]


type Kind = Text | Number | Whole | Flag | Day | OneOf | Group | Rows

_NUMERIC_TEXT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_ALLOWED_SIGNS: Final = frozenset(" \n\r\u00a0’\\–:.`´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u0308\u030a")


def refused_character(text: str, *, apostrophe_allowed: bool) -> str | None:
    """The first character that Fortnox does not take in texts; None when all are fine.

    Fortnox's page on formats: any letter, digits, blank, line ends and a list of signs.
    """
    for character in text:
        if character in _ALLOWED_SIGNS or (character.isascii() and character.isalnum()):
            continue
        if character == "'" and apostrophe_allowed:
            continue
        if not unicodedata.category(character).startswith("L"):
            return character
    return None


def read_fields(sent: object, kinds: Mapping[str, Kind], *, options: Options) -> Fields:
    """The fields that were sent, checked and converted; "" is left out, and so is what shall keep its value.

    `API_BLANK` and null are `Cleared` where they clear. Raises Refusal as Fortnox would.
    """
    if not isinstance(sent, dict):
        raise Refusal(refusals.BODY_MISSING, "Felaktigt innehåll i anropet.")
    fields: Fields = {}
    for name, value in sent.items():
        kind = kinds.get(name)
        if kind is None:
            raise Refusal(refusals.UNKNOWN_FIELD, f"Felaktigt fältnamn. ({name})")
        if value is None:
            if isinstance(kind, Day):
                raise Refusal(refusals.DATE_INVALID, f"Ogiltigt datum. ({name})")
            if isinstance(kind, Whole) and kind.null is not None:
                fields[name] = kind.null
            elif options.null == "clears":
                fields[name] = Cleared.FIELD
            continue
        if value == "":
            continue
        if value == API_BLANK and options.api_blank != "is_stored":
            if options.api_blank == "is_refused":
                raise Refusal(refusals.VALUE_NOT_ALLOWED, f"Ogiltigt värde. ({name})")
            if options.api_blank == "clears":
                fields[name] = Cleared.FIELD
            continue
        fields[name] = _read_value(name, value, kind, options=options)
    return fields


def _read_value(name: str, value: object, kind: Kind, *, options: Options) -> Any:
    match kind:
        case Text():
            return _read_text(name, value, kind, options=options)
        case Number():
            return _read_number(name, value, kind)
        case Whole():
            if not isinstance(value, int) or isinstance(value, bool) or not kind.least <= value <= kind.most:
                raise Refusal(refusals.NOT_NUMERIC, f"Värdet måste vara numeriskt. ({name})")
            return value
        case Flag():
            if not isinstance(value, bool):
                raise Refusal(refusals.NOT_BOOLEAN, f"Värdet måste vara av typen boolean. ({name})")
            return value
        case Day():
            return _read_day(name, value)
        case OneOf():
            if value not in kind.values:
                raise Refusal(refusals.VALUE_NOT_ALLOWED, f"Ogiltigt värde. ({name})")
            return value
        case Group():
            return read_fields(value, kind.fields, options=options)
        case Rows():
            if not isinstance(value, list):
                raise Refusal(refusals.BODY_MISSING, f"Felaktigt innehåll i anropet. ({name})")
            return [read_fields(row, kind.fields, options=options) for row in value]


def _read_text(name: str, value: object, kind: Text, *, options: Options) -> str:
    if not isinstance(value, str):
        raise Refusal(refusals.NOT_ALPHANUMERIC, f"Värdet måste vara alfanumeriskt. ({name})")
    if len(value) > kind.longest and not kind.cut:
        raise Refusal(kind.code, f"Värdet är för långt, max {kind.longest} tecken. ({name})")
    written = value.replace("{no}", "") if kind.has_number and options.mail_number_allowed else value
    if refused_character(written, apostrophe_allowed=options.apostrophe_allowed) is not None:
        raise Refusal(refusals.ILLEGAL_CHARACTERS, f"Värdet innehåller ogiltiga tecken. ({name})")
    if kind.one_line:
        value = value.replace("\r", "").replace("\n", "")
    return value[: kind.longest]


def _read_number(name: str, value: object, kind: Number) -> Decimal:
    numeric = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not numeric and not (kind.text and isinstance(value, str)):
        raise Refusal(refusals.NOT_NUMERIC, f"Värdet måste vara numeriskt. ({name})")
    if isinstance(value, str) and not _NUMERIC_TEXT.fullmatch(value):
        raise Refusal(refusals.NOT_NUMERIC, f"Värdet måste vara numeriskt. ({name})")
    number = Decimal(str(value))
    if number.adjusted() + 1 > kind.digits - 2:
        raise Refusal(refusals.TOO_LONG, f"Värdet är för långt. ({name})")
    return number


def _read_day(name: str, value: object) -> str:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        day = None
    if day is None:
        raise Refusal(refusals.DATE_INVALID, f"Ogiltigt datum. ({name})")
    return day.isoformat()
