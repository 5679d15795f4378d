"""Waits until nothing that was begun can still send a mail, so that whoever counts mails would see one too many."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.domain.notice import Notice, NoticeKind

from local.stack import Mail, Stack

MARKER_DOMAIN = "drained.example"
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_AT_MOST_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.1


class NotDrainedError(Exception):
    """Something is still under way after a minute; says what."""


def mails_in_the_end(stack: Stack, integration_id: str) -> list[Mail]:
    """Every mail that was sent, oldest first, once no other can come of what has happened. Raises NotDrainedError.

    First no run may wait or be under way. Then a marker is put into the outbox: its records are taken up one after the
    other, so that everything before the marker has been sent when the marker's mail has.
    """
    client = stack.client("sqs")
    _wait_until(
        "the queues of syncs are empty",
        lambda: (
            not any(
                int(count)
                for queue in ("SyncQueue", "SlowSyncQueue")
                for count in client.get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=list(_COUNTS))[
                    "Attributes"
                ].values()
            )
        ),
    )
    name = secrets.token_hex(8)
    address = f"{name}@{MARKER_DOMAIN}"
    DynamoNotices(stack.client("dynamodb"), stack.outputs["NoticesTable"]).put_once(
        Notice(
            id=f"marker#{name}",
            integration_id=integration_id,
            kind=NoticeKind.VERIFY_ADDRESS,
            created_at=datetime.now(UTC),
            params={"address": address},
        )
    )
    _wait_until("the outbox is sent", lambda: any(address in mail.to for mail in stack.mails()))
    return [mail for mail in stack.mails() if not any(to.endswith(f"@{MARKER_DOMAIN}") for to in mail.to)]


def _wait_until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _AT_MOST_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise NotDrainedError(f"after {_AT_MOST_SECONDS:.0f} seconds it does not hold that {what}")
        time.sleep(_LOOK_AGAIN_SECONDS)
