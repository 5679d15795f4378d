"""How one thing that happened is chained to all that happened before it: docs/decisions/0022.

A hash is that of what came before and of the next thing, written in one way whatever stored it. What is not known or
does not apply is left out, so that a field that is added later changes no hash of what is there.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

NOTHING = b""  # before the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The end of the history of one record when the record had this version: `count` events, and the hash of them."""

    version: int
    count: int
    hash: bytes


def linked(before: bytes, happened: Any) -> bytes:
    """The hash of everything up to what happened. Raises TypeError for what has no written form."""
    return hashlib.sha256(before + written(happened)).digest()


def written(value: Any) -> bytes:
    """One way to write a value: JSON with sorted names, in ASCII."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":")).encode("ascii")


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str():  # enums of text too
            return str(value)
        case Decimal():
            return _amount(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case tuple():
            return [_plain(member) for member in value]
        case Mapping():
            return {key: _plain(member) for key, member in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(member)
            for field in fields(value)
            if field.default is MISSING or getattr(value, field.name) != field.default
            for member in (getattr(value, field.name),)
        }
    raise TypeError(f"{type(value).__name__} has no written form")


def _amount(value: Decimal) -> str:
    """DynamoDB drops zeros at the end, and knows no negative zero."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
