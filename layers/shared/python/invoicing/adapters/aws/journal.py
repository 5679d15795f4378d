"""The token journal in S3: write-once objects of sealed answers, apart from the main table.

Keys: `journal/{integration}/{chain}/{version}/{attempt}` for answers and `intents/…` alike for the proofs
before a POST. Use it with `client_config.TOKEN_STORES`: repeats are made here, and their number is known.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from invoicing.adapters.aws.bounded_retry import BoundedRetry
from invoicing.adapters.aws.errors import code_of, translate, translated
from invoicing.application.ports import JournalEntry

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ANSWERS = "journal"
_INTENTS = "intents"
_RECEIVED_AT = "received-at"  # metadata of an answer, ISO time


class S3TokenJournal:
    """The port TokenJournal on S3."""

    def __init__(self, client: "S3Client", bucket: str, *, retry: BoundedRetry | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._retry = retry or BoundedRetry()

    def record_intent(self, integration_id: str, chain_id: str, ver: int, attempt_id: str) -> None:
        """Proves that the journal takes writes."""
        key = f"{_INTENTS}/{integration_id}/{chain_id}/{ver}/{attempt_id}"
        self._retry(lambda: self._write_once(key, b"", {}))

    def record(self, integration_id: str, chain_id: str, ver: int, entry: JournalEntry) -> None:
        """Keeps what is there already if this attempt was recorded before."""
        key = f"{_ANSWERS}/{integration_id}/{chain_id}/{ver}/{entry.attempt_id}"
        metadata = {_RECEIVED_AT: entry.received_at.isoformat()}
        self._retry(lambda: self._write_once(key, entry.blob, metadata))

    def find(self, integration_id: str, chain_id: str, ver: int) -> Sequence[JournalEntry]:
        """Oldest first."""
        prefix = f"{_ANSWERS}/{integration_id}/{chain_id}/{ver}/"
        entries = self._retry(lambda: [self._read(key) for key in self._keys(prefix)])
        return sorted(entries, key=lambda entry: entry.received_at)

    def _write_once(self, key: str, content: bytes, metadata: dict[str, str]) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                Metadata=metadata,
                ContentType="application/octet-stream",
                IfNoneMatch="*",
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and code_of(error) == "PreconditionFailed":
                return  # written before; only this attempt writes under its id
            raise translate(error, f"S3 PutObject in {self._bucket}/{key}") from None

    def _keys(self, prefix: str) -> list[str]:
        # One version has a handful of attempts, far below the thousand of one listing.
        with translated(f"S3 ListObjectsV2 in {self._bucket}/{prefix}"):
            listing = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        return [entry["Key"] for entry in listing.get("Contents", [])]

    def _read(self, key: str) -> JournalEntry:
        with translated(f"S3 GetObject in {self._bucket}/{key}"):
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            blob = answer["Body"].read()
        received_at = answer["Metadata"].get(_RECEIVED_AT)
        return JournalEntry(
            attempt_id=key.rpartition("/")[2],
            blob=blob,
            received_at=datetime.fromisoformat(received_at) if received_at else answer["LastModified"],
        )
