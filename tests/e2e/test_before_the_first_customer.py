"""`invoicing check stack` on the real template: only what a person must do is missing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from invoicing.runtime import command

from local import deployment
from local.stack import SENDER_ADDRESS, Stack

DOMAIN = SENDER_ADDRESS.partition("@")[2]
type Lines = dict[str, dict[str, Any]]


@pytest.fixture
def lines(stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Calls the command as an operator would; gives its exit code and its lines by subject."""
    for name, value in stack.aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION", raising=False)

    def call() -> tuple[int, Lines]:
        capsys.readouterr()
        code = command.main(["--stack-name", deployment.STACK_NAME, "check", "stack", "--json"])
        return code, {line["what"]: line for line in json.loads(capsys.readouterr().out)}

    yield call
    sns, topic = stack.client("sns"), stack.outputs["AlarmTopic"]
    for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


def test_of_a_deployed_stack_only_what_a_person_must_do_is_missing(stack: Stack, lines: Any) -> None:
    """Alarms must be heard and mails be signed. The emulated SES never sees DNS, so the second stays open here."""
    before, found = lines()
    sqs = stack.client("sqs")
    queue = sqs.create_queue(QueueName="alarms-heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stack.client("sns").subscribe(TopicArn=stack.outputs["AlarmTopic"], Protocol="sqs", Endpoint=arn)
    after, mended = lines()

    assert [what for what, line in found.items() if line[""] != "ok"] == [
        "Mails are signed (DKIM)",
        "Somebody gets the alarms",
    ]
    assert DOMAIN in found["Mails are signed (DKIM)"]["mend"]
    assert "aws sns subscribe" in found["Somebody gets the alarms"]["mend"]
    assert [what for what, line in mended.items() if line[""] != "ok"] == ["Mails are signed (DKIM)"]
    assert (before, after) == (1, 1)
