"""The table of tokens, which only the token engine writes.

Beside the items of integrations there is one for each hour in which Fortnox refused all keys of somebody.
Attributes beside those of TokenItem: `due_queue` (with `due_at`, the sparse index TokensDue) and `saved_by`,
the attempt that wrote the current version, by which a repeat of its write is recognised.
Use it with `client_config.TOKEN_STORES`: repeats are made here, and their number is known.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from invoicing.adapters.aws.bounded_retry import BoundedRetry
from invoicing.adapters.aws.due_queue import due_attributes, due_keys
from invoicing.adapters.aws.items import (
    NOT_NEWER,
    SCHEMA_ATTRIBUTE,
    Item,
    absent,
    attribute,
    attributes,
    epoch,
    read,
)
from invoicing.adapters.aws.table import ConditionFailedError, Table
from invoicing.application.ports import Report
from invoicing.domain.tokens import Intent, TokenItem, TokenStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_INDEX = "TokensDue"
_LEASE = ("lease_owner", "lease_until")
_ONE = attribute(1)
_REFUSED_KNOWN = 100  # integrations of one hour that are worth telling apart


class DynamoTokenStore:
    """The port TokenStore on DynamoDB. Each call ends within the bounds of `retry`.

    `report` is told of each write whose condition failed because the write had been carried out already.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table_name: str,
        *,
        retry: BoundedRetry | None = None,
        report: Report | None = None,
    ) -> None:
        self._table = Table(client, table_name)
        self._retry = retry or BoundedRetry()
        self._report = report

    def get(self, integration_id: str) -> TokenItem | None:
        """Read consistently."""
        item = self._retry(lambda: self._table.get(_key(integration_id)))
        return None if item is None else read(TokenItem, item)

    def start_chain(self, item: TokenItem) -> None:
        """Replaces whatever is there. The epoch becomes one more than the stored one, which fences old holders."""
        put = attributes(item, without={"integration_id", "epoch", "due_at", "lease_until"})
        drop = absent(item, without={"due_at"}) | {"saved_by"}
        if item.lease_until is not None:
            put["lease_until"] = epoch(item.lease_until)
        due, not_due = due_attributes(item.due_at)
        try:
            self._update(
                item.integration_id,
                put=put | due | SCHEMA_ATTRIBUTE,
                computed=("#epoch = if_not_exists(#epoch, :before) + :one",),
                drop=drop | set(not_due),
                condition="attribute_not_exists(#chain_id) OR #chain_id <> :chain_id",
                values={"before": attribute(item.epoch - 1), "one": _ONE},
            )
        except ConditionFailedError:
            return  # this chain is there already: the answer to our own write was lost

    def claim(
        self,
        integration_id: str,
        *,
        chain_id: str,
        ver: int,
        intent: Intent,
        owner: str,
        lease_until: datetime,
        now: datetime,
    ) -> TokenItem:
        """Also makes the item due when the lease ends, so that an attempt that died is found."""
        due, _ = due_attributes(lease_until)
        try:
            item = self._update(
                integration_id,
                put={
                    "intent": attribute(intent),
                    "lease_owner": attribute(owner),
                    "lease_until": epoch(lease_until),
                    **due,
                },
                computed=("#epoch = if_not_exists(#epoch, :zero) + :one",),
                condition="#chain_id = :chain_id AND #ver = :ver AND attribute_not_exists(#intent)"
                " AND (attribute_not_exists(#lease_until) OR #lease_until <= :now)"
                f" AND NOT #status IN (:broken, :revoked) AND {NOT_NEWER}",
                values={
                    "chain_id": attribute(chain_id),
                    "ver": attribute(ver),
                    "now": epoch(now),
                    "broken": attribute(TokenStatus.BROKEN),
                    "revoked": attribute(TokenStatus.REVOKED),
                    "zero": attribute(0),
                    "one": _ONE,
                    **SCHEMA_ATTRIBUTE,
                },
            )
        except ConditionFailedError as error:
            if error.found is None:
                raise
            stored = read(TokenItem, error.found)
            mine = stored.chain_id == chain_id and stored.ver == ver and stored.intent == intent
            if not mine or stored.lease_owner != owner:
                raise
            self._found_own_write(integration_id, "claim")
            return stored
        return read(TokenItem, item)

    def save_rotation(
        self,
        integration_id: str,
        *,
        chain_id: str,
        ver: int,
        attempt_id: str,
        blob: bytes,
        blob_at: datetime,
        due_at: datetime,
    ) -> TokenItem:
        """Whatever else the item says, even a newer schema: a received token is stored."""
        due, _ = due_attributes(due_at)
        try:
            item = self._update(
                integration_id,
                put={
                    "blob": attribute(blob),
                    "blob_at": attribute(blob_at),
                    "status": attribute(TokenStatus.ACTIVE),
                    "saved_by": attribute(attempt_id),
                    **due,
                },
                computed=("#ver = #ver + :one",),
                drop=("intent", *_LEASE),
                condition="#chain_id = :chain_id AND #ver = :from",
                values={"chain_id": attribute(chain_id), "from": attribute(ver), "one": _ONE},
            )
        except ConditionFailedError as error:
            written = {
                "chain_id": attribute(chain_id),
                "ver": attribute(ver + 1),
                "saved_by": attribute(attempt_id),
            }
            if error.found is None or any(error.found.get(name) != value for name, value in written.items()):
                raise
            self._found_own_write(integration_id, "save_rotation")
            item = error.found
        return read(TokenItem, item)

    def save_client_credentials(self, integration_id: str, *, chain_id: str, blob: bytes, blob_at: datetime) -> None:
        """A disconnected item takes no more tokens."""
        self._update(
            integration_id,
            put={"cc_blob": attribute(blob), "cc_blob_at": attribute(blob_at)},
            condition="#chain_id = :chain_id AND #status <> :revoked",
            values={"chain_id": attribute(chain_id), "revoked": attribute(TokenStatus.REVOKED)},
        )

    def release(self, integration_id: str, *, owner: str, epoch: int, ver: int, due_at: datetime | None) -> None:
        """`due_at` None: nobody needs to look at the item any more."""
        due, not_due = due_attributes(due_at)
        try:
            self._update(
                integration_id,
                put=due,
                drop=("intent", *_LEASE, *not_due),
                condition="#lease_owner = :owner AND #epoch = :epoch AND #ver = :ver",
                values={"owner": attribute(owner), "epoch": attribute(epoch), "ver": attribute(ver)},
            )
        except ConditionFailedError:
            return  # a loser changes nothing

    def mark(
        self,
        integration_id: str,
        status: TokenStatus,
        *,
        chain_id: str,
        ver: int,
        epoch: int,
        due_at: datetime | None,
        refused_at: datetime | None,
        drop_intent: bool = False,
    ) -> bool:
        """Dropping the intent ends its lease too. `due_at` None: nobody needs to look at the item any more."""
        due, not_due = due_attributes(due_at)
        refused: Item = {} if refused_at is None else {"refused_at": attribute(refused_at)}
        not_refused = ("refused_at",) if refused_at is None else ()
        try:
            self._update(
                integration_id,
                put={"status": attribute(status), **due, **refused},
                drop=(*not_due, *not_refused, *(("intent", *_LEASE) if drop_intent else ())),
                condition="#chain_id = :chain_id AND #ver = :ver AND #epoch = :epoch",
                values={
                    "chain_id": attribute(chain_id),
                    "ver": attribute(ver),
                    "epoch": attribute(epoch),
                },
            )
        except ConditionFailedError:
            return False
        return True

    def count_refused(self, integration_id: str, *, now: datetime) -> int:
        """A set for each hour, which never grows large: once it is a mass event, more adds nothing."""
        this, before = (_refused_key(now - age) for age in (timedelta(), timedelta(hours=1)))
        earlier = _refused_in(self._retry(lambda: self._table.get(before)))
        known = _refused_in(self._retry(lambda: self._table.get(this)))
        if integration_id not in known and len(known) < _REFUSED_KNOWN:
            item = self._retry(
                lambda: self._table.update(
                    this, add={"refused": {"SS": [integration_id]}}, condition="attribute_not_exists(#chain_id)"
                )
            )
            known = _refused_in(item)
        return len(earlier | known | {integration_id})

    def forget(self, integration_id: str) -> None:
        """Version and epoch grow, so that no write that is still on its way brings a token back."""
        _, not_due = due_attributes(None)
        try:
            self._update(
                integration_id,
                put={"status": attribute(TokenStatus.REVOKED), "tenant_id": attribute("")},
                computed=("#ver = #ver + :one", "#epoch = if_not_exists(#epoch, :zero) + :one"),
                drop=("blob", "cc_blob", "cc_blob_at", "intent", *_LEASE, *not_due),
                condition="attribute_exists(#chain_id)",
                values={"zero": attribute(0), "one": _ONE},
            )
        except ConditionFailedError:
            return  # there is nothing to forget

    def due(self, now: datetime) -> Iterator[str]:
        """Oldest first (eventually consistent)."""
        return due_keys(self._table, _INDEX, "integration_id", now)

    def _found_own_write(self, integration_id: str, write: str) -> None:
        # Harmless each time; many of them say that DynamoDB's answers do not reach us.
        if self._report is not None:
            self._report("token_write_repeated", {"integration": integration_id, "write": write})

    def _update(
        self,
        integration_id: str,
        *,
        put: Item,
        condition: str,
        values: Item,
        computed: tuple[str, ...] = (),
        drop: tuple[str, ...] | frozenset[str] = (),
    ) -> Item:
        return self._retry(
            lambda: self._table.update(
                _key(integration_id),
                put=put,
                computed=computed,
                drop=drop,
                condition=condition,
                values=values,
            )
        )


def _refused_key(moment: datetime) -> Item:
    # "#" is in no id of an integration.
    return _key(f"refused#{moment.astimezone(UTC):%Y-%m-%dT%H}")


def _refused_in(item: Item | None) -> set[str]:
    return set() if item is None else set(item.get("refused", {}).get("SS", ()))


def _key(integration_id: str) -> Item:
    return {"integration_id": {"S": integration_id}}
