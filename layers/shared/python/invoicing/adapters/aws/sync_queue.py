"""The FIFO queue of sync requests: one message group per integration, so its runs never overlap."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import batched
from typing import TYPE_CHECKING

from invoicing.adapters.aws.errors import translated
from invoicing.application.ports import SyncRequest
from invoicing.domain.errors import RetryLaterError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH = 10  # SQS's limit


class SqsSyncQueue:
    """The port SyncQueue on SQS."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self.url = queue_url

    def send(self, requests: Iterable[SyncRequest]) -> int:
        """What SQS refuses is sent once more after all the others."""
        count = 0
        refused: list[SyncRequest] = []
        for batch in batched(requests, _BATCH, strict=False):
            count += len(batch)
            refused += self._send(batch)
        for batch in batched(refused, _BATCH, strict=False):
            if still_refused := self._send(batch):
                raise RetryLaterError(
                    f"SQS refused {len(still_refused)} of {count} sync requests twice, the first for "
                    f"integration {still_refused[0].integration_id}. They are sent again by the next schedule."
                )
        return count

    def hide(self, receipts: Sequence[str], *, seconds: int) -> None:
        """Nobody else is given these messages for so long, at most ten of them; then they come again unless deleted.

        Raises RetryLaterError if that is not so of one of them.
        """
        with translated("SQS ChangeMessageVisibilityBatch on the sync queue"):
            answer = self._client.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(position), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                    for position, receipt in enumerate(receipts)
                ],
            )
        if refused := answer.get("Failed"):
            raise RetryLaterError(f"SQS hid {len(refused)} of {len(receipts)} messages not: {refused[0]['Code']}")

    def remove(self, receipts: Sequence[str]) -> None:
        """These messages, at most ten, do not come again. Raises RetryLaterError if that is not so of one of them."""
        with translated("SQS DeleteMessageBatch on the sync queue"):
            answer = self._client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(position), "ReceiptHandle": receipt} for position, receipt in enumerate(receipts)],
            )
        if refused := answer.get("Failed"):
            raise RetryLaterError(f"SQS removed {len(refused)} of {len(receipts)} messages not: {refused[0]['Code']}")

    def waiting(self) -> int:
        """About how many messages nobody works on yet."""
        with translated("SQS GetQueueAttributes of the sync queue"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def _send(self, batch: Sequence[SyncRequest]) -> list[SyncRequest]:
        """Gives those that SQS refused."""
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {
                "Id": str(position),
                "MessageBody": json.dumps(asdict(request)),
                "MessageGroupId": request.integration_id,
                "MessageDeduplicationId": _deduplication_id(request),
            }
            for position, request in enumerate(batch)
        ]
        with translated("SQS SendMessageBatch to the sync queue"):
            answer = self._client.send_message_batch(QueueUrl=self.url, Entries=entries)
        return [batch[int(failure["Id"])] for failure in answer.get("Failed", [])]


def _deduplication_id(request: SyncRequest) -> str:
    return hashlib.sha256(f"{request.integration_id}\n{request.slot}".encode()).hexdigest()
