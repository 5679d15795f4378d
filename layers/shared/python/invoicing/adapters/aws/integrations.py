"""The table of integrations. The directory of customer ids lies beside them, under keys of its own.

The attribute `active` exists exactly while `Integration.runs`: the sparse index ActiveIntegrations is made
of it.
"""

from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from invoicing.adapters.aws.items import (
    NOT_NEWER,
    SCHEMA_ATTRIBUTE,
    Attribute,
    Item,
    NewerSchemaError,
    UnreadableRecordError,
    absent,
    attribute,
    attributes,
    moment_of,
    read,
    refuse_newer,
)
from invoicing.adapters.aws.older_records import with_todays_last_run
from invoicing.adapters.aws.table import ConditionFailedError, Table
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.integration import Integration, RunSummary, RunUnderWay, UnreadableIntegration
from invoicing.domain.integration_settings import PriceMeaning

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_INDEX = "ActiveIntegrations"
_ACTIVE: Attribute = {"S": "active"}
_KEPT_APART = frozenset(
    {"id", "asked", "sync_asked_at", "unfinished", "marked", "under_way", "last_run"}
)  # not written by `put`
_SERVICE = "service#"
_DIRECTORY = "customer-id#"  # "#" is in no warehouse name, so it meets no integration
_EXISTS = "attribute_exists(#integration_id)"
_ROUNDS = 10  # of one write against others that change `asked` at the same moment


class DynamoIntegrations:
    """The port Integrations on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def get(self, integration_id: str) -> Integration | None:
        """Read consistently."""
        item = self._table.get(_key(integration_id))
        return None if item is None else _integration(item)

    def put(self, integration: Integration) -> None:
        """Attributes that this code does not know are kept."""
        first = integration.version == 1
        condition = "attribute_not_exists(#integration_id)" if first else f"#version = :before AND {NOT_NEWER}"
        values: Item = {} if first else {"before": attribute(integration.version - 1)}
        put = attributes(integration, without=_KEPT_APART) | SCHEMA_ATTRIBUTE
        drop = set(absent(integration, without=_KEPT_APART))
        if integration.runs:
            put["active"] = _ACTIVE
        else:
            drop.add("active")
        try:
            self._table.update(_key(integration.id), put=put, drop=drop, condition=condition, values=values, sign=True)
        except ConditionFailedError as error:
            _refuse_newer(error)
            raise

    def save_run(
        self,
        integration_id: str,
        run: RunSummary,
        *,
        done: Set[int],
        unfinished: Set[int],
        marked: Set[int] = frozenset(),
        detected: PriceMeaning,
    ) -> None:
        """Repeats itself while people ask for invoices at the same moment.

        Raises ChangedMeanwhileError if there is no such integration.
        """
        put = {"last_run": attribute(run), "detected_price_meaning": attribute(detected)}
        sets = {"unfinished": unfinished, "marked": marked}
        asked: frozenset[int] = frozenset()  # what is believed to be stored; mostly nothing is asked for
        for _ in range(_ROUNDS):
            try:
                self._write_run(integration_id, put, {"asked": asked - done, **sets}, before=asked)
            except ConditionFailedError as error:
                if error.found is None:
                    raise
                asked = _integration(error.found).asked
            else:
                return
        raise RetryLaterError(f"integration {integration_id}: too many writers. It is tried again.")

    def _write_run(
        self,
        integration_id: str,
        put: Item,
        sets: Mapping[str, Set[int]],
        *,
        before: frozenset[int],
    ) -> None:
        # DynamoDB cannot add to a set and delete from it in one update, so `asked` is replaced as a whole, on condition
        # that it is still the one that was read.
        self._table.update(
            _key(integration_id),
            put={**put, **{name: attribute(members) for name, members in sets.items() if members}},
            drop=["under_way", *(name for name, members in sets.items() if not members)],
            condition=f"{_EXISTS} AND {NOT_NEWER} AND "
            + ("#asked = :before" if before else "attribute_not_exists(#asked)"),
            values={**SCHEMA_ATTRIBUTE, **({"before": attribute(before)} if before else {})},
        )

    def begin_run(self, integration_id: str, run: RunUnderWay, *, unfinished: Set[int]) -> None:
        """Raises ChangedMeanwhileError if there is no such integration."""
        self._table.update(
            _key(integration_id),
            put={"under_way": attribute(run)} | ({"unfinished": attribute(unfinished)} if unfinished else {}),
            drop=() if unfinished else ("unfinished",),
            condition=f"{_EXISTS} AND {NOT_NEWER}",
            values=SCHEMA_ATTRIBUTE,
        )

    def ask_for(self, integration_id: str, invoice_ids: Set[int]) -> None:
        """Raises ChangedMeanwhileError if there is no such integration."""
        if invoice_ids:
            self._table.update(
                _key(integration_id),
                add={"asked": attribute(frozenset(invoice_ids))},
                condition=f"{_EXISTS} AND {NOT_NEWER}",
                values=SCHEMA_ATTRIBUTE,
            )

    def ask_for_run(self, integration_id: str, *, at: datetime, before: datetime | None) -> bool:
        """False if somebody else asked meanwhile, or if there is no such integration."""
        as_before = "#sync_asked_at = :before" if before else "attribute_not_exists(#sync_asked_at)"
        try:
            self._table.update(
                _key(integration_id),
                put={"sync_asked_at": attribute(at)},
                condition=f"{_EXISTS} AND {NOT_NEWER} AND {as_before}",
                values={**SCHEMA_ATTRIBUTE, **({"before": attribute(before)} if before else {})},
            )
        except ConditionFailedError as error:
            _refuse_newer(error)
            return False
        return True

    def mark_broken(self, integration_id: str, *, at: datetime, version: int | None = None) -> bool:
        """False if it is marked already, has another version or does not exist."""
        seen = "" if version is None else " AND #version = :seen"
        try:
            self._table.update(
                _key(integration_id),
                put={"broken_since": attribute(at)},
                add={"version": attribute(1)},
                drop=("active",),
                condition=f"{_EXISTS} AND attribute_not_exists(#broken_since) AND {NOT_NEWER}{seen}",
                values={**SCHEMA_ATTRIBUTE, **({} if version is None else {"seen": attribute(version)})},
                sign=True,
            )
        except ConditionFailedError as error:
            _refuse_newer(error)
            return False
        return True

    def confirm_address(self, integration_id: str, address: str, *, address_set: int | None = None) -> bool:
        """False if the problem address is another one by now, or was written anew."""
        written = "" if address_set is None else " AND (attribute_not_exists(#address_set) OR #address_set = :written)"
        try:
            self._table.update(
                _key(integration_id),
                put={"address_confirmed": attribute(True), "confirmed_address": attribute(address)},
                add={"version": attribute(1)},
                condition=f"#settings.#problem_address = :address AND {NOT_NEWER}{written}",
                values={
                    "address": attribute(address),
                    **SCHEMA_ATTRIBUTE,
                    **({} if address_set is None else {"written": attribute(address_set)}),
                },
            )
        except ConditionFailedError as error:
            _refuse_newer(error)
            return False
        return True

    def active_ids(self) -> Iterator[str]:
        """From the sparse index (eventually consistent)."""
        for item in self._table.query("#active = :active", {"active": _ACTIVE}, index=_INDEX):
            yield item["integration_id"]["S"]

    def all(self) -> Iterator[Integration | UnreadableIntegration]:
        """Reads the whole table. One record that cannot be read hides no other."""
        for item in self._table.scan("attribute_exists(#integration_id) AND attribute_not_exists(#warehouse)"):
            integration_id = item["integration_id"].get("S", "")
            if "#" in integration_id:
                continue  # a note beside the integrations
            try:
                yield _integration(item)
            except (UnreadableRecordError, NewerSchemaError) as error:
                yield UnreadableIntegration(id=integration_id, why=str(error))

    def stopped_since(self) -> datetime | None:
        """Read consistently."""
        item = self._table.get(_key(_SERVICE))
        return None if item is None else moment_of(item["stopped_since"])

    def stop(self, *, at: datetime) -> None:
        """Keeps the first moment."""
        with suppress(ConditionFailedError):
            self._table.update(
                _key(_SERVICE),
                put={"stopped_since": attribute(at)},
                condition="attribute_not_exists(#stopped_since)",
            )

    def go_on(self) -> None:
        """Whether it was stopped or not."""
        self._table.delete(_key(_SERVICE))

    def warehouse_of(self, customer_id: str) -> str | None:
        """The directory's answer for a customer id."""
        item = self._table.get(_key(_DIRECTORY + customer_id))
        return None if item is None else item["warehouse"]["S"]

    def set_customer_id(self, customer_id: str, warehouse: str) -> None:
        """Adds to or corrects the directory."""
        self._table.put({**_key(_DIRECTORY + customer_id), "warehouse": attribute(warehouse)})

    def remove_customer_id(self, customer_id: str) -> bool:
        """Says whether it was in the directory."""
        return self._table.delete(_key(_DIRECTORY + customer_id)) is not None

    def customer_ids(self) -> Iterator[tuple[str, str]]:
        """Customer id and warehouse. Reads the whole table."""
        for item in self._table.scan("attribute_exists(#warehouse)"):
            yield item["integration_id"]["S"].removeprefix(_DIRECTORY), item["warehouse"]["S"]


def _refuse_newer(error: ConditionFailedError) -> None:
    if error.found is not None:
        refuse_newer(error.found, Integration.__name__)


def _key(integration_id: str) -> Item:
    return {"integration_id": {"S": integration_id}}


def _integration(item: Item) -> Integration:
    return read(Integration, with_todays_last_run(item), id=item["integration_id"]["S"])
