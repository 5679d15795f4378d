"""A dead-letter queue, for the service operator: looked at without taking anything, and given back."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from pydantic import Field

from invoicing.adapters.aws.errors import translated
from invoicing.application.ports import DeadLetter
from invoicing.domain.errors import UpstreamContractError
from invoicing.wire import Message, NotJsonError, parse_json, read

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

type GiveBack = Callable[[DeadLetter], None]

_BATCH = 10  # SQS's limit
_HIDDEN_SECONDS = 120  # long enough to read or give back what was received, short enough after a crash
# What notify_operators does each hour: it sends every notice that is due and not sent yet.
_SEND_WHAT_IS_DUE: Mapping[str, Any] = {"source": "invoicing", "detail-type": "Redrive"}


class SqsDeadLetters:
    """The port DeadLetters on SQS.

    `give_back` must be safe to repeat: after a crash a letter is given back twice rather than never.
    `wait_seconds` is how long an empty answer is awaited: SQS asks only some of its servers unless it may wait.
    """

    def __init__(self, client: "SQSClient", queue_url: str, *, give_back: GiveBack, wait_seconds: int = 1) -> None:
        self._client = client
        self._queue_url = queue_url
        self._give_back = give_back
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
        """Of one FIFO group SQS shows ten at most."""
        messages: list[MessageTypeDef] = []
        try:
            while len(messages) < limit and (batch := self._receive(limit - len(messages))):
                messages += batch
        finally:
            self._release(messages)
        return [_letter(message) for message in messages]

    def redrive(self, *, limit: int) -> int:
        """A letter is removed only after it was given back. What `give_back` raises ends it; the others stay."""
        done = 0
        while done < limit and (batch := self._receive(limit - done)):
            for position, message in enumerate(batch):
                try:
                    self._give_back(_letter(message))
                except Exception:
                    self._release(batch[position:])
                    raise
                with translated(self._what("DeleteMessage")):
                    self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
                done += 1
        return done

    def _receive(self, number: int) -> list["MessageTypeDef"]:
        with translated(self._what("ReceiveMessage")):
            answer = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=min(_BATCH, number),
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=self._wait_seconds,
                MessageSystemAttributeNames=["SentTimestamp", "MessageGroupId"],
            )
        return answer.get("Messages", [])

    def _release(self, messages: Sequence["MessageTypeDef"]) -> None:
        """Makes them visible again at once, instead of when their time is over."""
        for batch in batched(messages, _BATCH, strict=False):
            with translated(self._what("ChangeMessageVisibilityBatch")):
                self._client.change_message_visibility_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                        for position, message in enumerate(batch)
                    ],
                )

    def _what(self, operation: str) -> str:
        return f"SQS {operation} on {self._queue_url.rpartition('/')[2]}"


def back_to_queue(client: "SQSClient", queue_url: str) -> GiveBack:
    """To the FIFO queue that the letter came from; the same letter twice within 5 minutes is queued once."""

    def give_back(letter: DeadLetter) -> None:
        with translated(f"SQS SendMessage to {queue_url.rpartition('/')[2]}"):
            client.send_message(
                QueueUrl=queue_url,
                MessageBody=letter.body,
                MessageGroupId=letter.group,
                # Not the message's first one: SQS would swallow it, had that been used a moment ago.
                MessageDeduplicationId=f"redrive-{letter.id}",
            )

    return give_back


def back_to_function(client: "LambdaClient", name: str) -> GiveBack:
    """To the function that failed, with the event that it failed on.

    The letter of a stream has no event but the place of the records in the stream, which forgets them after a
    day; then the function is asked to send whatever is due.
    """

    def give_back(letter: DeadLetter) -> None:
        with translated(f"Lambda Invoke of {name}"):
            client.invoke(
                FunctionName=name, InvocationType="Event", Payload=json.dumps(_failed_event(letter.body)).encode()
            )

    return give_back


class _Failure(Message):
    """What Lambda writes of an invocation that failed for good."""

    event: dict[str, Any] = Field(alias="requestPayload")


def _failed_event(body: str) -> Mapping[str, Any]:
    try:
        return read(_Failure, parse_json(body), what="a dead letter").event
    except (NotJsonError, UpstreamContractError):
        return _SEND_WHAT_IS_DUE


def _letter(message: "MessageTypeDef") -> DeadLetter:
    attributes = message.get("Attributes", {})
    milliseconds = int(attributes.get("SentTimestamp", "0"))
    return DeadLetter(
        id=message.get("MessageId", ""),
        body=message.get("Body", ""),
        group=attributes.get("MessageGroupId", ""),
        sent_at=datetime.fromtimestamp(milliseconds / 1000, UTC),
    )
