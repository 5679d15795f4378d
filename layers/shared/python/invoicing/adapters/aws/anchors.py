"""Anchors in the journal's bucket: empty objects that are written once, and whose names say all.

Keys: `anchors/{integration}/{day}/{number}-{hash}`. So one listing reads a thousand of them; and where the bucket has
object lock, nobody takes one away before its time.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from invoicing.adapters.aws.errors import code_of, translate, translated
from invoicing.domain.checkpoint import Anchor

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ANCHORS = "anchors"


class S3Anchors:
    """The port Anchors on S3."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keep(self, integration_id: str, anchor: Anchor) -> None:
        """Keeps what is there already."""
        key = f"{ANCHORS}/{integration_id}/{anchor.day.isoformat()}/{anchor.number}-{anchor.hash.hex()}"
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=b"", IfNoneMatch="*")
        except (ClientError, BotoCoreError) as error:
            if not isinstance(error, ClientError) or code_of(error) != "PreconditionFailed":
                raise translate(error, f"S3 PutObject in {self._bucket}/{key}") from None

    def all(self, integration_id: str) -> Sequence[Anchor]:
        """What is not named like an anchor is not one."""
        return sorted(self._found(f"{ANCHORS}/{integration_id}/"))

    def _found(self, prefix: str) -> Iterator[Anchor]:
        pages = self._client.get_paginator("list_objects_v2")
        with translated(f"S3 ListObjectsV2 in {self._bucket}/{prefix}"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for one in page.get("Contents", []):
                    day, _, name = one["Key"].removeprefix(prefix).partition("/")
                    number, _, hash_ = name.partition("-")
                    try:
                        yield Anchor(day=date.fromisoformat(day), number=int(number), hash=bytes.fromhex(hash_))
                    except ValueError:
                        continue
