"""Months in the table of exports, beside the records that they are made of.

The lines of a month are in up to PARTS items, by the last digits of their invoices' ids: a run rewrites no more than
what it touched, and 400 kB, the limit of an item, hold more invoices than a month has. One item says what each month
came to.
"""

import json
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from invoicing.adapters.aws.items import NOT_NEWER, SCHEMA_ATTRIBUTE, Item, attribute, moment_of, refuse_newer
from invoicing.adapters.aws.table import Table
from invoicing.domain.month import LINES, Apart, MonthIndex, MonthLine, MonthSums, Stage, StoredMonth

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARTS = 16
_MONTH = "month#"
_INDEX = "months"
_COUNTS = frozenset({"invoices", "followed"})
_BY_REASON = frozenset({"apart", "apart_count"})


class _Part(NamedTuple):
    """Some of a month's lines, as the key of their item names them."""

    month: str
    number: int  # below PARTS

    @property
    def record(self) -> str:
        return f"{_MONTH}{self.month}#{self.number:02d}"

    @classmethod
    def of(cls, item: Item) -> Self:
        month, number = item["record"]["S"].removeprefix(_MONTH).split("#")
        return cls(month, int(number))


class DynamoMonths:
    """The port Months on DynamoDB."""

    def __init__(
        self, client: "DynamoDBClient", table_name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table_name)
        self._sleep = sleep

    def index(self, integration_id: str) -> MonthIndex | None:
        """Read consistently."""
        item = self._table.get(_key(integration_id, _INDEX))
        if item is None:
            return None
        refuse_newer(item, MonthIndex.__name__)
        empty = MonthIndex(revision=_revision(item))
        if item.get("lines_made") != attribute(LINES):
            return empty
        after = item.get("goes_on_after")
        return replace(
            empty,
            sums={
                month: {currency: _sums_in(sums) for currency, sums in by_currency.items()}
                for month, by_currency in _unpacked(item["sums"]["B"]).items()
            },
            rebuilt_at=moment_of(item["rebuilt_at"]) if "rebuilt_at" in item else None,
            began_at=moment_of(item["began_at"]) if "began_at" in item else None,
            goes_on_after=int(after["N"]) if after else None,
        )

    def save_index(self, integration_id: str, index: MonthIndex) -> MonthIndex:
        """A repeat of a write whose answer was lost succeeds."""
        packed = {
            month: {currency: _sums_out(sums) for currency, sums in by_currency.items()}
            for month, by_currency in index.sums.items()
        }
        known = {name: getattr(index, name) for name in ("rebuilt_at", "began_at", "goes_on_after")}
        put = {name: attribute(value) for name, value in known.items() if value is not None}
        drop = [name for name, value in known.items() if value is None]
        self._replace(_key(integration_id, _INDEX), index.revision, put | {"sums": _packed(packed)}, drop=drop)
        return replace(index, revision=index.revision + 1)

    def month(self, integration_id: str, month: str) -> StoredMonth:
        """Read consistently."""
        lines: dict[int, MonthLine] = {}
        revisions: dict[int, int] = {}
        for item in self._query(integration_id, f"{_MONTH}{month}#"):
            refuse_newer(item, StoredMonth.__name__)
            revisions[_Part.of(item).number] = _revision(item)
            if item.get("lines_made") == attribute(LINES):
                for packed in _unpacked(item["lines"]["B"]):
                    line = _line_in(month, packed)
                    lines[line.invoice_id] = line
        return StoredMonth(month=month, lines=lines, revisions=revisions)

    def save_month(self, integration_id: str, before: StoredMonth, lines: Mapping[int, MonthLine]) -> None:
        """Parts that do not differ are not written. One that is left without lines stays, for its revision."""
        old, new = _in_parts(before.lines.values()), _in_parts(lines.values())
        for part in sorted(old.keys() | new.keys()):
            theirs = new.get(part, [])
            if theirs != old.get(part, []):
                key = _key(integration_id, _Part(before.month, part).record)
                put = {"lines": _packed([_line_out(line) for line in theirs])}
                self._replace(key, before.revisions.get(part, 0), put)

    def holding(self, integration_id: str, invoice_ids: Set[int], months: Set[str]) -> Sequence[str]:
        """Reads of each month the parts in which they would be, 100 in one call."""
        parts = sorted({one % PARTS for one in invoice_ids})
        keys = [_key(integration_id, _Part(month, part).record) for month in sorted(months) for part in parts]
        found = set()
        for item in self._table.get_many(keys, attributes=("record", "lines", "lines_made"), sleep=self._sleep):
            month = _Part.of(item).month
            theirs = _unpacked(item["lines"]["B"]) if item.get("lines_made") == attribute(LINES) else ()
            if any(_line_in(month, one).invoice_id in invoice_ids for one in theirs):
                found.add(month)
        return sorted(found)

    def stored(self, integration_id: str) -> Sequence[str]:
        """One query over all of them."""
        items = self._query(integration_id, _MONTH, attributes=("record",))
        return sorted({_Part.of(item).month for item in items})

    def _query(self, integration_id: str, beginning: str, *, attributes: Sequence[str] = ()) -> Iterable[Item]:
        return self._table.query(
            "#integration_id = :integration AND #record BETWEEN :first AND :last",
            {
                "integration": attribute(integration_id),
                "first": attribute(beginning),
                "last": attribute(f"{beginning}~"),
            },
            attributes=attributes,
        )

    def _replace(self, key: Item, revision: int, put: Item, *, drop: Iterable[str] = ()) -> None:
        first = revision == 0
        condition = "attribute_not_exists(#record)" if first else f"#revision = :before AND {NOT_NEWER}"
        self._table.update(
            key,
            put={**put, "revision": attribute(revision + 1), "lines_made": attribute(LINES), **SCHEMA_ATTRIBUTE},
            drop=drop,
            condition=condition,
            values={} if first else {"before": attribute(revision)},
            sign=True,
        )


def _key(integration_id: str, record: str) -> Item:
    return {"integration_id": {"S": integration_id}, "record": {"S": record}}


def _revision(item: Item) -> int:
    return int(item["revision"]["N"])


def _in_parts(lines: Iterable[MonthLine]) -> Mapping[int, list[MonthLine]]:
    parts: dict[int, list[MonthLine]] = {}
    for line in sorted(lines, key=lambda one: one.invoice_id):
        parts.setdefault(line.invoice_id % PARTS, []).append(line)
    return parts


def _packed(value: Any) -> Any:
    return attribute(zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()))


def _unpacked(stored: Any) -> Any:
    return json.loads(zlib.decompress(bytes(stored)))


def _line_out(line: MonthLine) -> list[Any]:
    """In the order of `_line_in`; a change of it needs another LINES."""
    return [
        line.invoice_id,
        line.day.isoformat() if line.day else None,
        line.number,
        line.goods_owner,
        line.customer_number,
        line.currency,
        str(line.amount),
        line.stage,
        line.fortnox_number,
        _number_out(line.net),
        str(line.fees) if line.fees else 0,
        _number_out(line.to_pay),
        line.apart,
    ]


def _line_in(month: str, packed: list[Any]) -> MonthLine:
    id_, day, number, owner, customer, currency, amount, stage, there, net, fees, to_pay, apart = packed
    return MonthLine(
        invoice_id=id_,
        month=month,
        day=date.fromisoformat(day) if day else None,
        number=number,
        goods_owner=owner,
        customer_number=customer,
        currency=currency,
        amount=Decimal(amount),
        stage=Stage(stage),
        fortnox_number=there,
        net=_number_in(net),
        fees=Decimal(fees),
        to_pay=_number_in(to_pay),
        apart=Apart(apart) if apart else None,
    )


def _number_out(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _number_in(packed: str | None) -> Decimal | None:
    return None if packed is None else Decimal(packed)


def _sums_out(sums: MonthSums) -> dict[str, Any]:
    """By name: one that is added later is 0 in what was stored before."""
    found: dict[str, Any] = {}
    for field in fields(sums):
        value = getattr(sums, field.name)
        if field.name in _BY_REASON:
            found[field.name] = {str(reason): str(part) for reason, part in value.items()}
        elif value:
            found[field.name] = value if field.name in _COUNTS else str(value)
    return found


def _sums_in(packed: Mapping[str, Any]) -> MonthSums:
    apart = {Apart(reason): Decimal(part) for reason, part in packed["apart"].items()}
    counts = {Apart(reason): int(part) for reason, part in packed["apart_count"].items()}
    plain: dict[str, Any] = {
        name: value if name in _COUNTS else Decimal(value) for name, value in packed.items() if name not in _BY_REASON
    }
    return MonthSums(**plain, apart=apart, apart_count=counts)
