"""The port SyncQueue: what its fake and its real adapter both promise."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from invoicing.adapters.aws.sync_message import read_sync_request
from invoicing.adapters.aws.sync_queue import SqsSyncQueue
from invoicing.application.ports import SyncQueue, SyncRequest
from invoicing.domain.errors import InvoicingError

from tests.support.aws import Aws
from tests.support.fakes import FakeSyncQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue, and what its workers are given."""

    port: SyncQueue
    received: Callable[[], list[SyncRequest]]


@pytest.fixture
def queue(aws: Aws | None) -> Queue:
    """An empty queue."""
    if aws is None:
        fake = FakeSyncQueue()
        return Queue(port=fake, received=lambda: list(fake.requests))
    sqs, url = aws.sqs, aws.queue()

    def received() -> list[SyncRequest]:
        requests: list[SyncRequest] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                requests.append(read_sync_request(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return requests

    return Queue(port=SqsSyncQueue(sqs, url), received=received)


def requests_of(count: int, slot: str = "2026-03-02T08:00") -> list[SyncRequest]:
    """One request for each of `count` integrations."""
    return [SyncRequest(integration_id=f"lager-{n}", by="schedule", slot=slot) for n in range(count)]


def test_where_a_continuation_goes_on_arrives(queue: Queue) -> None:
    """Otherwise it would begin at the beginning, for ever."""
    sent = SyncRequest(integration_id="lagret", by="schedule", slot="continue-1", after=7012, hops=3)

    queue.port.send([sent])

    assert queue.received() == [sent]


def test_every_request_arrives(queue: Queue) -> None:
    """More than one batch, as it was sent, and counted."""
    sent = requests_of(23)

    count = queue.port.send(iter(sent))

    assert count == 23
    assert sorted(queue.received(), key=repr) == sorted(sent, key=repr)


@pytest.mark.parametrize("seconds", [0, 300])
def test_a_message_is_hidden_for_as_long_as_it_is_worked_on(aws: Aws | None, seconds: int) -> None:
    """Only SQS hides anything; what a fake holds is never taken by two."""
    if aws is None:
        pytest.skip("the fake has no receipts")
    url = aws.queue()
    queue = SqsSyncQueue(aws.sqs, url)
    queue.send(requests_of(2))
    taken = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    queue.hide([message["ReceiptHandle"] for message in taken], seconds=seconds)
    again = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])

    assert len(taken) == 2
    assert len(again) == (0 if seconds else 2)


def test_what_is_removed_does_not_come_again(aws: Aws | None) -> None:
    """Though its invocation is killed later."""
    if aws is None:
        pytest.skip("the fake has no receipts")
    url = aws.queue()
    queue = SqsSyncQueue(aws.sqs, url)
    queue.send(requests_of(2))
    taken = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    queue.remove([taken[0]["ReceiptHandle"]])
    queue.hide([taken[1]["ReceiptHandle"]], seconds=0)
    again = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    assert [message["Body"] for message in again] == [taken[1]["Body"]]


def test_a_message_that_is_no_longer_ours_is_not_hidden_and_that_is_said(aws: Aws | None) -> None:
    """Somebody else has it, or it is gone."""
    if aws is None:
        pytest.skip("the fake has no receipts")
    queue = SqsSyncQueue(aws.sqs, aws.queue())

    with pytest.raises(InvoicingError):
        queue.hide(["no such receipt"], seconds=300)


def test_nothing_can_be_sent(queue: Queue) -> None:
    """An empty schedule is no error."""
    assert queue.port.send([]) == 0
    assert queue.received() == []


def test_a_slot_is_queued_once(queue: Queue) -> None:
    """A schedule that fires twice asks for one run; a person's own slot is another one."""
    by_hand = SyncRequest(integration_id="lager-0", by="Åsa", slot="asked-1")

    queue.port.send(requests_of(2))
    queue.port.send([*requests_of(2), by_hand])

    assert sorted(queue.received(), key=repr) == sorted([*requests_of(2), by_hand], key=repr)
