"""Dead letters on SQS: looked at without being taken, given back without being lost."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from invoicing.adapters.aws.dead_letters import SqsDeadLetters, back_to_function, back_to_queue
from invoicing.adapters.aws.stack_outputs import describe_stack
from invoicing.application.ports import DeadLetter
from invoicing.domain.errors import ConfigurationError, RetryLaterError
from moto import mock_aws

from tests.support.aws import Aws
from tests.support.fakes import START


@pytest.fixture
def aws() -> Iterator[Aws]:
    """moto, empty."""
    with mock_aws():
        yield Aws()


def bury(aws: Aws, queue_url: str, *bodies: str) -> None:
    """Puts messages into a FIFO queue, each in a group of its own."""
    for body in bodies:
        aws.sqs.send_message(QueueUrl=queue_url, MessageBody=body, MessageGroupId=body, MessageDeduplicationId=body)


def bodies(aws: Aws, queue_url: str) -> list[str]:
    """What a worker would receive."""
    answer = aws.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [message["Body"] for message in answer.get("Messages", [])]


def letters(aws: Aws, queue_url: str, source_url: str) -> SqsDeadLetters:
    """The queue as the command uses it, without waiting."""
    return SqsDeadLetters(aws.sqs, queue_url, give_back=back_to_queue(aws.sqs, source_url), wait_seconds=0)


def test_looking_at_dead_letters_takes_none(aws: Aws) -> None:
    """Two people who look one after the other see the same."""
    queue = aws.queue()
    bury(aws, queue, "one", "two")
    dead = letters(aws, queue, aws.queue())
    looks = [[letter.body for letter in dead.show(limit=10)] for _ in range(2)]

    assert [sorted(look) for look in looks] == [["one", "two"], ["one", "two"]]
    assert dead.count() == 2


def test_a_redriven_letter_is_back_in_its_queue_and_its_group(aws: Aws) -> None:
    """So that it still waits its turn behind other runs of the same integration."""
    queue, source = aws.queue(), aws.queue()
    bury(aws, queue, *(f"run-{number:02}" for number in range(23)))
    dead = letters(aws, queue, source)

    assert dead.redrive(limit=100) == 23
    assert dead.count() == 0
    received = aws.sqs.receive_message(
        QueueUrl=source, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    )["Messages"]
    assert {message["Body"] == message["Attributes"]["MessageGroupId"] for message in received} == {True}


def test_a_letter_that_cannot_be_given_back_stays(aws: Aws) -> None:
    """And so do those behind it; what was given back before is gone from here."""
    queue = aws.queue()
    bury(aws, queue, "one", "two", "three")
    given: list[str] = []

    def give_back(letter: DeadLetter) -> None:
        if given:
            raise RetryLaterError("the queue does not answer")
        given.append(letter.body)

    dead = SqsDeadLetters(aws.sqs, queue, give_back=give_back, wait_seconds=0)
    with pytest.raises(RetryLaterError):
        dead.redrive(limit=10)

    assert sorted([*given, *bodies(aws, queue)]) == ["one", "three", "two"]


def test_a_letter_that_is_given_back_twice_is_queued_once(aws: Aws) -> None:
    """A crash between giving back and removing makes the next redrive do it again."""
    source = aws.queue()
    letter = DeadLetter(id="m-1", body="run", group="lagret", sent_at=START)
    give_back = back_to_queue(aws.sqs, source)
    give_back(letter)
    give_back(letter)

    assert bodies(aws, source) == ["run"]


class Recorded:
    """A Lambda client that only remembers."""

    def __init__(self) -> None:
        self.invocations: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> None:
        self.invocations.append(request)


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"requestPayload": {"source": "aws.ses", "detail": {}}}, {"source": "aws.ses", "detail": {}}),
        ({"DDBStreamBatchInfo": {"shardId": "s"}}, {"source": "invoicing", "detail-type": "Redrive"}),
        ({"requestPayload": None}, {"source": "invoicing", "detail-type": "Redrive"}),
        ([], {"source": "invoicing", "detail-type": "Redrive"}),
    ],
)
def test_the_function_gets_the_event_that_failed_or_is_asked_for_what_is_due(body: object, event: object) -> None:
    """The letter of a stream holds only where its records were."""
    client = Recorded()
    letter = DeadLetter(id="m-1", body=json.dumps(body), group="", sent_at=START)
    back_to_function(cast("Any", client), "notify")(letter)

    assert [(one["FunctionName"], one["InvocationType"]) for one in client.invocations] == [("notify", "Event")]
    assert json.loads(client.invocations[0]["Payload"]) == event


def test_a_stack_that_does_not_exist_is_named_with_its_region() -> None:
    """The usual mistake is another region or another account."""
    refusal = {
        "Error": {"Code": "ValidationError", "Message": "Stack with id prod does not exist"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }

    class Client:
        class meta:  # noqa: N801 - as botocore calls it
            region_name = "eu-north-1"

        def describe_stacks(self, **_: Any) -> Any:
            from botocore.exceptions import ClientError

            raise ClientError(cast("Any", refusal), "DescribeStacks")

    with pytest.raises(ConfigurationError, match="no stack prod in region eu-north-1"):
        describe_stack(cast("Any", Client()), "prod")
