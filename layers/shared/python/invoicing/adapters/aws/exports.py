"""The table of exports: one item per WMS invoice, and one per integration for the register.

An item may not grow without end (400 kB are the limit, and every write is paid by size). So when an invoice has had
another EVENTS_PER_ITEM versions, its history so far moves to an item of its own, which is never changed again, and
`archived` on the record says up to which version.
"""

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from invoicing.adapters.aws.items import (
    NOT_NEWER,
    SCHEMA_ATTRIBUTE,
    Item,
    UnreadableRecordError,
    absent,
    attribute,
    attributes,
    read,
)
from invoicing.adapters.aws.older_records import with_todays_history
from invoicing.adapters.aws.table import ConditionFailedError, Table
from invoicing.domain.agreement import Agreement
from invoicing.domain.chain import chained
from invoicing.domain.export import Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import Customer, Register
from invoicing.domain.outlook import Outlook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVENTS_PER_ITEM = 25
_KEPT_APART = frozenset({"integration_id", "history"})  # the key, and what only ever grows
_WITHOUT_HISTORY = (*(field.name for field in fields(Export) if field.name != "history"), "schema")
_REGISTER = "register"
_AGREEMENT = "agreement#"
_OPEN = "open"
_OUTLOOK = "outlook"
_LATEST = 999_999_999  # no version is later
_FILTERED_PAGE = 200  # records that one call looks at when only some of them fit


class DynamoExports:
    """The port Exports on DynamoDB."""

    def __init__(
        self, client: "DynamoDBClient", table_name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table_name)
        self._sleep = sleep

    def get(self, integration_id: str, invoice_id: int) -> Export | None:
        """Read consistently, with its whole history."""
        item = self._table.get(_key(integration_id, _record(invoice_id)))
        if item is None:
            return None
        export = read(Export, with_todays_history(item))
        archived = _archived(item)
        if not archived:
            return export
        older = self._table.query(
            "#integration_id = :integration AND #record BETWEEN :first AND :last",
            {
                "integration": attribute(integration_id),
                "first": attribute(_Aside(invoice_id, 0).record),
                "last": attribute(_Aside(invoice_id, archived).record),
            },
        )
        history = tuple(event for archive in older for event in read(Archive, with_todays_history(archive)).history)
        return replace(export, history=history + export.history)

    def get_many(self, integration_id: str, invoice_ids: Sequence[int]) -> Mapping[int, Export]:
        """Read consistently, 100 in one call. Histories are left out."""
        keys = [_key(integration_id, _record(invoice_id)) for invoice_id in dict.fromkeys(invoice_ids)]
        items = self._table.get_many(keys, attributes=_WITHOUT_HISTORY, sleep=self._sleep)
        exports = (read(Export, with_todays_history(item)) for item in items)
        return {export.invoice_id: export for export in exports}

    def save(self, export: Export, *, event: HistoryEvent | None) -> Export:
        """A repeat is recognised by its version, content and chain, which differ between writers by what they tell."""
        key = _key(export.integration_id, _record(export.invoice_id))
        export = chained(export, event, lambda: self._history_before(export))
        first = export.version == 1
        condition = "attribute_not_exists(#record)" if first else f"#version = :before AND {NOT_NEWER}"
        computed, values = [], {}
        if event is not None:
            computed = ["#history = list_append(if_not_exists(#history, :none), :event)"]
            values = {"none": attribute(()), "event": attribute((event,))}
        if not first:
            values["before"] = attribute(export.version - 1)
        put = attributes(export, without=_KEPT_APART) | SCHEMA_ATTRIBUTE
        try:
            if export.version % EVENTS_PER_ITEM == 0:
                self._archive_history(export)
                put |= {"archived": attribute(export.version), "history": attribute((event,) if event else ())}
                computed, values = [], {"before": values["before"]}
            self._table.update(
                key,
                put=put,
                computed=computed,
                drop=absent(export, without=_KEPT_APART),
                condition=condition,
                values=values,
            )
        except ConditionFailedError as error:
            if error.found is None:
                raise
            found = read(Export, with_todays_history(error.found))
            if found.chain != export.chain or replace(found, history=export.history) != export:
                raise
        return export

    def _history_before(self, export: Export) -> Sequence[HistoryEvent]:
        """That of the version before. Raises ConditionFailedError if this is not the stored one."""
        stored = self.get(export.integration_id, export.invoice_id)
        if stored is None or stored.version != export.version - 1:
            raise ConditionFailedError(f"export {export.invoice_id} of {export.integration_id} has changed", None)
        return stored.history

    def _archive_history(self, export: Export) -> None:
        """Copies what the version before has; whoever tries to write the same version copies the same.

        Raises ConditionFailedError if the version before is not the stored one.
        """
        stored = self._table.get(_key(export.integration_id, _record(export.invoice_id)))
        if stored is None or read(Export, with_todays_history(stored)).version != export.version - 1:
            raise ConditionFailedError(f"export {export.invoice_id} of {export.integration_id}", stored)
        archive = _key(export.integration_id, _Aside(export.invoice_id, export.version).record)
        put = {"history": stored.get("history", attribute(())), **SCHEMA_ATTRIBUTE}
        self._table.update(archive, put=put, condition=NOT_NEWER)

    def page(
        self, integration_id: str, *, limit: int, after: int | None = None, state: ExportState | None = None
    ) -> tuple[Sequence[Export], int | None]:
        """Newest invoice ids first, read consistently. Histories are left out."""
        values = {
            "integration": attribute(integration_id),
            "oldest": attribute(_record(0)),
            "newest": attribute("invoice#~" if after is None else _record(after)),
        }
        if state is not None:
            values["state"] = attribute(state)
        items = self._table.query(
            "#integration_id = :integration AND #record BETWEEN :oldest AND :newest",
            values,
            only=None if state is None else "#state = :state",
            attributes=_WITHOUT_HISTORY,
            newest_first=True,
            page=limit + 2 if state is None else _FILTERED_PAGE,
        )
        found: list[Export] = []
        for item in items:
            export = read(Export, with_todays_history(item))
            if export.invoice_id == after:
                continue
            if len(found) == limit:
                return found, found[-1].invoice_id
            found.append(export)
        return found, None

    def histories(
        self, integration_id: str, *, limit: int, after: int | None = None, oldest_first: bool = False
    ) -> tuple[Sequence[Export], int | None]:
        """Two queries: the records, and what was put aside of them, which stands in the same order."""
        items = self._table.query(
            "#integration_id = :integration AND #record BETWEEN :oldest AND :newest",
            {
                "integration": attribute(integration_id),
                "oldest": attribute(_record(after + 1 if oldest_first and after is not None else 0)),
                "newest": attribute("invoice#~" if oldest_first or after is None else _record(after - 1)),
            },
            newest_first=not oldest_first,
            page=limit + 1,
        )
        found: list[Item] = []
        for item in items:
            if len(found) == limit:
                whole = self._whole(integration_id, found)
                return whole, whole[-1].invoice_id
            found.append(item)
        return self._whole(integration_id, found), None

    def _whole(self, integration_id: str, items: Sequence[Item]) -> Sequence[Export]:
        """With what had been put aside of their histories when they were read."""
        exports = [read(Export, with_todays_history(item)) for item in items]
        if not exports:
            return exports
        ids = [one.invoice_id for one in exports]
        put_aside = {one.invoice_id: _archived(item) for one, item in zip(exports, items, strict=True)}
        aside = self._table.query(
            "#integration_id = :integration AND #record BETWEEN :first AND :last",
            {
                "integration": attribute(integration_id),
                "first": attribute(_Aside(min(ids), 0).record),
                "last": attribute(_Aside(max(ids), _LATEST).record),
            },
        )
        older: dict[int, tuple[HistoryEvent, ...]] = {}
        for item in aside:
            part = _Aside.of(item)
            if part.version <= put_aside.get(part.invoice_id, 0):
                history = read(Archive, with_todays_history(item)).history
                older[part.invoice_id] = older.get(part.invoice_id, ()) + history
        return [replace(one, history=older.get(one.invoice_id, ()) + one.history) for one in exports]

    def register(self, integration_id: str) -> Register:
        """Empty if nothing is stored, or nothing that we can read: losing it only costs calls."""
        item = self._table.get(_key(integration_id, _REGISTER))
        try:
            stored = json.loads(zlib.decompress((item or {})["known"]["B"]))
            return Register(
                customers={
                    number: (Customer(**facts), until) for number, (facts, until) in stored["customers"].items()
                },
                articles=dict(stored["articles"]),
                units=dict(stored["units"]),
                without_vat_until=stored["without_vat_until"],
            )
        except (KeyError, ValueError, TypeError, AttributeError, zlib.error):
            return Register()

    def save_register(self, integration_id: str, register: Register) -> None:
        """Stored compressed: thousands of articles would otherwise outgrow an item and cost as many units."""
        known = zlib.compress(json.dumps(asdict(register), ensure_ascii=False).encode())
        self._table.put({**_key(integration_id, _REGISTER), "known": attribute(known), **SCHEMA_ATTRIBUTE})

    def open_invoices(self, integration_id: str) -> frozenset[int]:
        """One item for all of them."""
        item = self._table.get(_key(integration_id, _OPEN))
        return frozenset() if item is None else frozenset(json.loads(zlib.decompress(item["ids"]["B"])))

    def save_open_invoices(self, integration_id: str, ids: Set[int]) -> None:
        """Stored compressed: ten thousand of them are some ten kilobytes."""
        packed = zlib.compress(json.dumps(sorted(ids), separators=(",", ":")).encode())
        self._table.put({**_key(integration_id, _OPEN), "ids": attribute(packed), **SCHEMA_ATTRIBUTE})

    def outlook(self, integration_id: str) -> Outlook | None:
        """One item; what an older version left there and cannot be read is as good as none."""
        item = self._table.get(_key(integration_id, _OUTLOOK))
        try:
            return None if item is None else read(Outlook, item)
        except UnreadableRecordError:
            return None

    def save_outlook(self, integration_id: str, outlook: Outlook) -> None:
        """Replaces it."""
        self._table.put({**_key(integration_id, _OUTLOOK), **attributes(outlook), **SCHEMA_ATTRIBUTE})

    def agreements(self, integration_id: str) -> Sequence[Agreement]:
        """One item for each goods owner and customer number, read consistently."""
        items = self._table.query(
            "#integration_id = :integration AND #record BETWEEN :first AND :last",
            {
                "integration": attribute(integration_id),
                "first": attribute(_AGREEMENT),
                "last": attribute(f"{_AGREEMENT}~"),
            },
        )
        return [read(Agreement, item) for item in items]

    def agree(self, integration_id: str, agreement: Agreement) -> None:
        """Replaces what was agreed for this goods owner and customer number."""
        pair = hashlib.sha256(f"{agreement.customer_number}\n{agreement.goods_owner}".encode()).hexdigest()
        key = _key(integration_id, f"{_AGREEMENT}{pair}")
        self._table.put({**key, **attributes(agreement), **SCHEMA_ATTRIBUTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Part of a history."""

    history: tuple[HistoryEvent, ...] = ()


class _Aside(NamedTuple):
    """A part of a history that was put aside, as the key of its item names it."""

    invoice_id: int
    version: int  # of the record when it was put aside

    @property
    def record(self) -> str:
        return f"history#{self.invoice_id:012d}#{self.version:09d}"

    @classmethod
    def of(cls, item: Item) -> Self:
        _, invoice_id, version = item["record"]["S"].split("#")
        return cls(int(invoice_id), int(version))


def _key(integration_id: str, record: str) -> Item:
    return {"integration_id": {"S": integration_id}, "record": {"S": record}}


def _archived(item: Item) -> int:
    """The version up to which its history was put aside."""
    return int(item.get("archived", {}).get("N", "0"))


def _record(invoice_id: int) -> str:
    # Padded, so that the order of the texts is the order of the numbers.
    return f"invoice#{invoice_id:012d}"
