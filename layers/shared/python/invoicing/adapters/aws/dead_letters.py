"""A dead-letter queue, for the service operator: looked at without taking anything, and given back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING

from invoicing.adapters.aws.errors import translated
from invoicing.application.ports import DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_BATCH = 10  # SQS's limit
_HIDDEN_SECONDS = 120  # long enough to read or give back what was received, short enough after a crash


class SqsDeadLetters:
    """Dead letters on SQS. `wait_seconds` is how long an empty answer is awaited.

    SQS asks only some of its servers unless it may wait, so 0 can overlook messages.
    """

    def __init__(self, client: "SQSClient", queue_url: str, *, wait_seconds: int = 1) -> None:
        self._client = client
        self._queue_url = queue_url
        self._wait_seconds = wait_seconds

    def count(self) -> int:
        """About how many there are, with those that somebody else is just looking at."""
        with translated(self._what("GetQueueAttributes")):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._queue_url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )
        return sum(int(number) for number in answer["Attributes"].values())

    def show(self, *, limit: int) -> Sequence[DeadLetter]:
        """Up to `limit` letters, which stay where they are. Of one FIFO group SQS shows ten at most."""
        with self._received(limit) as messages:
            return [_letter(message) for message in messages]

    def redrive(self, give_back: Callable[[DeadLetter], None], *, limit: int) -> int:
        """Gives back up to `limit` letters, each removed here only afterwards; says how many.

        After a crash between the two a letter is given back twice: giving back must be safe to repeat. What
        `give_back` raises ends it; the letters that are left stay.
        """
        done = 0
        with self._received(limit) as messages:
            for message in messages:
                give_back(_letter(message))
                with translated(self._what("DeleteMessage")):
                    self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
                done += 1
        return done

    @contextmanager
    def _received(self, limit: int) -> Iterator[list["MessageTypeDef"]]:
        """Receives without deleting; whatever is still there afterwards is visible again at once."""
        messages: list[MessageTypeDef] = []
        try:
            while len(messages) < limit:
                batch = self._receive(min(_BATCH, limit - len(messages)))
                if not batch:
                    break
                messages += batch
            yield messages
        finally:
            self._release(messages)

    def _receive(self, number: int) -> list["MessageTypeDef"]:
        with translated(self._what("ReceiveMessage")):
            answer = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=number,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=self._wait_seconds,
                MessageSystemAttributeNames=["SentTimestamp", "MessageGroupId"],
            )
        return answer.get("Messages", [])

    def _release(self, messages: Sequence["MessageTypeDef"]) -> None:
        for batch in batched(messages, _BATCH, strict=False):
            with translated(self._what("ChangeMessageVisibilityBatch")):
                # SQS names those that were deleted meanwhile among the failed; they need nothing.
                self._client.change_message_visibility_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                        for position, message in enumerate(batch)
                    ],
                )

    def _what(self, operation: str) -> str:
        return f"SQS {operation} on {self._queue_url.rpartition('/')[2]}"


def give_back_to_queue(client: "SQSClient", queue_url: str) -> Callable[[DeadLetter], None]:
    """Sends a letter to the FIFO queue that it came from. The same letter twice within 5 minutes is sent once."""

    def give_back(letter: DeadLetter) -> None:
        with translated("SQS SendMessage to the sync queue"):
            client.send_message(
                QueueUrl=queue_url,
                MessageBody=letter.body,
                MessageGroupId=letter.group,
                # Not the first one: SQS would swallow the message if that was used a moment ago.
                MessageDeduplicationId=f"redrive-{letter.id}",
            )

    return give_back


def _letter(message: "MessageTypeDef") -> DeadLetter:
    attributes = message.get("Attributes", {})
    milliseconds = int(attributes.get("SentTimestamp", "0"))
    return DeadLetter(
        id=message.get("MessageId", ""),
        body=message.get("Body", ""),
        group=attributes.get("MessageGroupId", ""),
        sent_at=datetime.fromtimestamp(milliseconds / 1000, UTC),
    )
