"""Values of the domain as DynamoDB items, and back.

A field becomes an attribute of the same name. None and empty sets are absent attributes. Reading ignores
attributes that it does not know and takes a field's default when its attribute is missing, so a field can
be added without a migration. A change that older code must not touch raises SCHEMA.
"""

import re
from collections.abc import Mapping, Set
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

from invoicing.domain.errors import ConfigurationError, UpstreamContractError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Attribute = AttributeValueTypeDef
type Item = Mapping[str, AttributeValueTypeDef]

SCHEMA = 1  # of the records that this code writes
SCHEMA_ATTRIBUTE: dict[str, Attribute] = {"schema": {"N": str(SCHEMA)}}
NOT_NEWER = "(attribute_not_exists(#schema) OR #schema <= :schema)"  # condition of every careful write

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class NewerSchemaError(ConfigurationError):
    """The record was written by a newer version of this product, which this code must not overwrite."""


class UnreadableRecordError(UpstreamContractError):
    """A stored record lacks or garbles something that we cannot do without. Never quotes a value."""


def attribute(value: Any) -> Attribute:
    """One value as an attribute. Datetimes must be aware; they become ISO-8601 text in UTC.

    Raises TypeError for a value that has no stored form.
    """
    match value:
        case bool():
            return {"BOOL": value}
        case str():  # enums of text too
            return {"S": str(value)}
        case int():
            return {"N": str(value)}
        case Decimal():
            return {"N": f"{value:f}"}
        case datetime():
            return {"S": _utc(value).isoformat(timespec="microseconds")}
        case date():
            return {"S": value.isoformat()}
        case bytes():
            return {"B": value}
        case tuple():
            return {"L": [attribute(member) for member in value]}
        case frozenset() | set():
            return {"NS": [str(member) for member in sorted(value)]}
        case Mapping():
            return {"M": {key: attribute(member) for key, member in value.items()}}
    if is_dataclass(value) and not isinstance(value, type):
        return {"M": attributes(value)}
    raise TypeError(f"{type(value).__name__} has no stored form")


def attributes(value: "DataclassInstance", *, without: Set[str] = frozenset()) -> dict[str, Attribute]:
    """The attributes of a value; absent ones and those named in `without` are left out."""
    return {
        name: attribute(member)
        for name, member in _members(value).items()
        if name not in without and not _is_absent(member)
    }


def absent(value: "DataclassInstance", *, without: Set[str] = frozenset()) -> frozenset[str]:
    """Names of the attributes that a stored record must lose to become this value."""
    return frozenset(name for name, member in _members(value).items() if name not in without and _is_absent(member))


def epoch(moment: datetime) -> Attribute:
    """A moment as seconds since 1970, to the microsecond: for index keys and conditions."""
    micros = (_utc(moment) - _EPOCH) // _MICROSECOND
    return {"N": f"{Decimal(micros).scaleb(-6):f}"}


def whole_epoch(moment: datetime) -> Attribute:
    """The first whole second that is not before a moment: for DynamoDB's time to live."""
    return {"N": str(-((_EPOCH - _utc(moment)) // timedelta(seconds=1)))}


def moment_of(stored: Attribute) -> datetime:
    """Reads what `epoch` or `attribute` made of a moment. Raises KeyError or ValueError."""
    if "N" in stored:
        return _EPOCH + int(Decimal(stored["N"]).scaleb(6)) * _MICROSECOND
    moment = datetime.fromisoformat(stored["S"])
    if moment.tzinfo is None:
        raise ValueError("not aware")
    return moment.astimezone(UTC)


def read[T: DataclassInstance](kind: type[T], item: Item, **known: object) -> T:
    """Reads a value. `known` are fields that are not stored under their own name.

    Raises NewerSchemaError, or UnreadableRecordError naming the record's kind and attribute.
    """
    refuse_newer(item, kind.__name__)
    found: dict[str, object] = dict(known)
    for field in fields(kind):
        if field.name in known:
            continue
        stored = item.get(field.name)
        try:
            if stored is not None:
                found[field.name] = _read_attribute(field.type, stored)
            elif _has_no_default(field):
                found[field.name] = _nothing(field.type)
        except (KeyError, ValueError, TypeError, ArithmeticError):
            raise UnreadableRecordError(
                f"stored {kind.__name__}: attribute {field.name} is missing or garbled. "
                "Its record must be corrected by the service operator, or its reader by us."
            ) from None
    return kind(**found)


def refuse_newer(item: Item, what: str) -> None:
    """Raises NewerSchemaError if a newer version of this product wrote the record."""
    schema = int(item.get("schema", {}).get("N", "0"))
    if schema > SCHEMA:
        raise NewerSchemaError(
            f"stored {what} has schema {schema}, this code knows {SCHEMA}. "
            "The service operator finishes the deployment or deploys the newer version again."
        )


def placeholders(*expressions: str) -> dict[str, str]:
    """ExpressionAttributeNames for expressions that write each attribute as `#name`."""
    return {f"#{name}": name for text in expressions for name in re.findall(r"#(\w+)", text)}


def _members(value: "DataclassInstance") -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _is_absent(member: object) -> bool:
    # DynamoDB has no empty sets.
    return member is None or (isinstance(member, frozenset) and not member)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise TypeError("a naive datetime has no stored form")
    return moment.astimezone(UTC)


def _has_no_default(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _nothing(kind: Any) -> object:
    if isinstance(kind, UnionType) and type(None) in get_args(kind):
        return None
    if get_origin(kind) is frozenset:
        return frozenset()
    raise KeyError


def _read_attribute(kind: Any, stored: Attribute) -> object:
    if isinstance(kind, UnionType):
        (kind,) = (member for member in get_args(kind) if member is not type(None))
    origin = get_origin(kind)
    if origin is tuple:
        return tuple(_read_attribute(get_args(kind)[0], cast("Attribute", member)) for member in stored["L"])
    if origin is frozenset:
        return frozenset(int(member) for member in stored["NS"])
    if origin is Mapping:
        return {key: _read_attribute(get_args(kind)[1], member) for key, member in stored["M"].items()}
    if kind is bool:
        return stored["BOOL"]
    if kind is int:
        return int(stored["N"])
    if kind is Decimal:
        return Decimal(stored["N"])
    if kind is datetime:
        return moment_of(stored)
    if kind is date:
        return date.fromisoformat(stored["S"])
    if kind is bytes:
        return bytes(stored["B"])
    if is_dataclass(kind):
        return read(cast("type[DataclassInstance]", kind), stored["M"])
    if issubclass(kind, StrEnum):
        return kind(stored["S"])
    return stored["S"]
