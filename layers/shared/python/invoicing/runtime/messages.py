"""Events that functions are invoked with, besides browsers' requests: read into values, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AliasPath, Field

from invoicing.runtime.beside_each_other import QueueMessage
from invoicing.wire import Key, Message, Text, read


class _Tick(Message):
    time: Text = ""
    id: Text = ""


def schedule_slot(event: Mapping[str, Any]) -> str:
    """The moment that a schedule fired: the same for a repeated delivery of the same event.

    Raises UpstreamContractError.
    """
    tick = read(_Tick, event, what="an event of the schedule")
    return tick.time or tick.id


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTrouble:
    """SES could not deliver one of our mails."""

    kind: str  # Bounce, Complaint, Reject …
    lasting: str  # of a bounce: Permanent (SES sends there no more), Transient (a full mailbox, say) or Undetermined
    integration_id: str
    notice: str  # the kind of notice that the mail was about


class _MailEvent(Message):
    """Of SES. What it lacks is empty: that a mail did not arrive must be told in any case."""

    kind: Text = Field(default="", validation_alias=AliasPath("detail", "eventType"))
    lasting: Text = Field(default="", validation_alias=AliasPath("detail", "bounce", "bounceType"))
    integration: Text = Field(default="", validation_alias=AliasPath("detail", "mail", "tags", "integration", 0))
    notice: Text = Field(default="", validation_alias=AliasPath("detail", "mail", "tags", "kind", 0))


def read_mail_trouble(event: Mapping[str, Any]) -> MailTrouble:
    """An event of SES about a mail that we sent; the mail's tags say what it was about.

    Raises UpstreamContractError.
    """
    got = read(_MailEvent, event, what="an event of SES")
    return MailTrouble(kind=got.kind, lasting=got.lasting, integration_id=got.integration, notice=got.notice)


class _Record(Message):
    """One message as SQS gives it to Lambda."""

    id: Key = Field(alias="messageId")
    group: Key = Field(validation_alias=AliasPath("attributes", "MessageGroupId"))
    body: Any  # read by whoever works it off: a strange one stops only itself
    queue: Key = Field(alias="eventSourceARN")
    receipt: Key = Field(alias="receiptHandle")
    deliveries: int = Field(validation_alias=AliasPath("attributes", "ApproximateReceiveCount"))


class _Batch(Message):
    records: list[_Record] = Field(alias="Records")


def read_batch(event: Mapping[str, Any]) -> list[QueueMessage]:
    """The messages that SQS gave Lambda, in their order. Raises UpstreamContractError."""
    return [
        QueueMessage(
            id=one.id,
            group=one.group,
            body=str(one.body),
            queue=one.queue.rpartition(":")[2],
            receipt=one.receipt,
            deliveries=one.deliveries,
        )
        for one in read(_Batch, event, what="an event of SQS").records
    ]
