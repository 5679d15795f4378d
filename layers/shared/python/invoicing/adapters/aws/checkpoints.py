"""Checkpoints in the table of exports, beside the records whose histories they name: each is written once."""

import json
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from invoicing.adapters.aws.items import SCHEMA_ATTRIBUTE, Item, attribute, attributes, read
from invoicing.adapters.aws.table import ConditionFailedError, Table
from invoicing.domain.checkpoint import Checkpoint, Head, LastCheckpoint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CHECKPOINT = "checkpoint#"
_IN_KEY_OR_PACKED = frozenset({"number", "heads"})


class DynamoCheckpoints:
    """The port Checkpoints on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def last(self, integration_id: str) -> LastCheckpoint | None:
        """Read consistently."""
        for checkpoint in self._query(integration_id, newest_first=True, page=1):
            return checkpoint.mark
        return None

    def add(self, integration_id: str, checkpoint: Checkpoint) -> bool:
        """A repeat is recognised by its hash."""
        key = {"integration_id": attribute(integration_id), "record": attribute(record_of(checkpoint.number))}
        put = {
            **attributes(checkpoint, without=_IN_KEY_OR_PACKED),
            "heads": attribute(_packed(checkpoint.heads)),
            **SCHEMA_ATTRIBUTE,
        }
        try:
            self._table.update(key, put=put, condition="attribute_not_exists(#record)")
        except ConditionFailedError as error:
            return error.found is not None and error.found["hash"]["B"] == checkpoint.hash
        return True

    def all(self, integration_id: str) -> Iterator[Checkpoint]:
        """Read consistently, as many at a time as fit into an answer."""
        return self._query(integration_id)

    def _query(
        self, integration_id: str, *, newest_first: bool = False, page: int | None = None
    ) -> Iterator[Checkpoint]:
        items = self._table.query(
            "#integration_id = :integration AND #record BETWEEN :first AND :last",
            {
                "integration": attribute(integration_id),
                "first": attribute(CHECKPOINT),
                "last": attribute(f"{CHECKPOINT}~"),
            },
            newest_first=newest_first,
            page=page,
        )
        return map(_checkpoint_in, items)


def record_of(number: int) -> str:
    """Padded, so that the order of the texts is the order of the numbers."""
    return f"{CHECKPOINT}{number:09d}"


def _checkpoint_in(item: Item) -> Checkpoint:
    number = int(item["record"]["S"].removeprefix(CHECKPOINT))
    return read(Checkpoint, item, number=number, heads=_unpacked(bytes(item["heads"]["B"])))


def _packed(heads: tuple[Head, ...]) -> bytes:
    """Compressed: a hash in hexadecimal letters comes to as many bytes as it has."""
    rows = [[one.invoice_id, one.version, one.count, one.hash.hex(), one.facts.hex()] for one in heads]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode())


def _unpacked(packed: bytes) -> tuple[Head, ...]:
    return tuple(
        Head(
            invoice_id=invoice_id,
            version=version,
            count=count,
            hash=bytes.fromhex(hash_),
            facts=bytes.fromhex(facts),
        )
        for invoice_id, version, count, hash_, facts in json.loads(zlib.decompress(packed))
    )
