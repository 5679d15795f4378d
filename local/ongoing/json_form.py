"""Turns the simulator's frozen values into JSON and back, by their type hints."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints


class NotThatValueError(ValueError):
    """The JSON does not describe the value; the message names the member."""


def to_json(value: Any, *, with_passwords: bool = False) -> Any:
    """What `json.dumps` takes: decimals and dates as text; passwords only where they are asked for."""
    if dataclasses.is_dataclass(value):
        return {
            member.name: to_json(getattr(value, member.name), with_passwords=with_passwords)
            for member in dataclasses.fields(value)
            if with_passwords or member.name != "password"
        }
    if isinstance(value, Mapping):
        return {str(key): to_json(item, with_passwords=with_passwords) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item, with_passwords=with_passwords) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


def from_json[T](kind: type[T], value: object) -> T:
    """The dataclass that a whole JSON object describes. Raises NotThatValueError."""
    named = members(kind, value)
    for member in dataclasses.fields(kind):  # type: ignore[arg-type]  # only dataclasses come here
        has_default = (member.default, member.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
        if member.name not in named and not has_default:
            raise NotThatValueError(f"{kind.__name__} needs {member.name}")
    return kind(**named)


def members(kind: type[Any], value: object) -> dict[str, Any]:
    """Those members of a dataclass that a JSON object names, in their types. Raises NotThatValueError."""
    if not isinstance(value, dict):
        raise NotThatValueError(f"{kind.__name__} must be an object")
    hints = get_type_hints(kind)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise NotThatValueError(f"{kind.__name__} has no {', '.join(unknown)}")
    return {name: _read(hints[name], item, f"{kind.__name__}.{name}") for name, item in value.items()}


_READERS: Mapping[Any, Callable[[str], Any]] = {
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    float: float,
}


def _read(hint: Any, value: object, where: str) -> Any:
    if isinstance(hint, UnionType):  # only `X | None` occurs
        if value is None:
            return None
        hint = next(kind for kind in get_args(hint) if kind is not NoneType)
    try:
        if get_origin(hint) is tuple and isinstance(value, list):
            return tuple(_read(get_args(hint)[0], item, where) for item in value)
        if get_origin(hint) is Mapping and isinstance(value, dict):
            return dict(value)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return from_json(hint, value)
        return _simple(hint, value)
    except NotThatValueError:
        raise
    except (ValueError, ArithmeticError):
        raise NotThatValueError(f"{where} cannot be {value!r}") from None


def _simple(hint: Any, value: object) -> Any:
    if hint in _READERS and isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        return _READERS[hint](str(value))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(str(value))
    if type(value) is hint:
        return value
    raise ValueError
