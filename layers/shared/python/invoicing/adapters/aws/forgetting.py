"""Forgets one integration, table by table. Each step may be repeated, so that what broke off is begun again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from invoicing.adapters.aws.checkpoints import DynamoCheckpoints, record_of
from invoicing.adapters.aws.errors import translated
from invoicing.adapters.aws.exports import Archive
from invoicing.adapters.aws.items import SCHEMA_ATTRIBUTE, absent, attribute, attributes, read
from invoicing.adapters.aws.older_records import with_todays_history
from invoicing.adapters.aws.table import Table
from invoicing.domain.export import Export
from invoicing.domain.forgotten import event_without_names, without_names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 1000  # objects that S3 removes in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Where things of integrations are: names of tables and of the journal's bucket."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    integrations: str
    tokens: str
    exports: str
    notices: str
    journal: str

    def records(self, integration_id: str, *, now: datetime) -> int:
        """Takes names out of the records of invoices, and removes what is remembered of customers; how many stay.

        Of the checkpoints, which prove histories as they were with names, one stays that goes on from the others.
        Anchors stay: numbers and hashes of hashes, where nothing is removed.
        """
        checkpoints = DynamoCheckpoints(self.dynamodb, self.exports)
        last = next(iter([*checkpoints.all(integration_id)][-1:]), None)
        if last is not None and not last.forgotten:
            last = last.forgotten_at(now)
            checkpoints.add(integration_id, last)
        stays = record_of(last.number) if last else ""
        table, kept = Table(self.dynamodb, self.exports), 0
        condition = "#integration_id = :integration"
        for item in table.query(condition, {"integration": attribute(integration_id)}):
            key = {"integration_id": item["integration_id"], "record": item["record"]}
            record = item["record"]["S"]
            if record.startswith("invoice#"):
                export = without_names(read(Export, with_todays_history(item)))
                left_out = frozenset({"integration_id"})
                put = attributes(export, without=left_out) | SCHEMA_ATTRIBUTE
                table.update(key, put=put, drop=absent(export, without=left_out), condition="attribute_exists(#record)")
                kept += 1
            elif record.startswith("history#"):
                events = read(Archive, with_todays_history(item)).history
                put = {"history": attribute(tuple(map(event_without_names, events)))}
                table.update(key, put=put, condition="attribute_exists(#record)")
            elif record != stays:
                table.delete(key)
        return kept

    def mails(self, integration_id: str) -> int:
        """Removes the notices, with the addresses in them. Reads the whole table."""
        table, gone = Table(self.dynamodb, self.notices), 0
        for item in table.scan("attribute_exists(#integration_id)"):
            if item["integration_id"] == attribute(integration_id):
                table.delete({"notice_id": item["notice_id"]})
                gone += 1
        return gone

    def sealed_answers(self, integration_id: str) -> int:
        """Removes the journal's objects, in all their versions."""
        gone = 0
        for prefix in (f"journal/{integration_id}/", f"intents/{integration_id}/"):
            for some in batched(self._versions(prefix), _AT_ONCE, strict=False):
                with translated(f"S3 DeleteObjects in {self.journal}/{prefix}"):
                    self.s3.delete_objects(Bucket=self.journal, Delete={"Objects": list(some), "Quiet": True})
                gone += len(some)
        return gone

    def integration(self, integration_id: str) -> None:
        """Removes keys, what is known of its system, its customer ids, and at last itself."""
        Table(self.dynamodb, self.tokens).delete({"integration_id": attribute(integration_id)})
        table = Table(self.dynamodb, self.integrations)
        for item in table.scan("attribute_exists(#warehouse)"):
            if item["warehouse"] == attribute(integration_id):
                table.delete({"integration_id": item["integration_id"]})
        for name in (f"wms#{integration_id}", integration_id):
            table.delete({"integration_id": attribute(name)})

    def _versions(self, prefix: str) -> Iterator[Any]:
        pages = self.s3.get_paginator("list_object_versions")
        with translated(f"S3 ListObjectVersions in {self.journal}/{prefix}"):
            for page in pages.paginate(Bucket=self.journal, Prefix=prefix):
                for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    yield {"Key": one["Key"], "VersionId": one["VersionId"]}
