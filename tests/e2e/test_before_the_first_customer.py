"""`invoicing check stack` on the real template: it passes, once somebody has subscribed to the alarms."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from invoicing.runtime import command

from local import deployment
from local.stack import Stack

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


def test_a_deployed_stack_is_right_once_the_alarms_are_heard(stack: Stack, lines: Any) -> None:
    """Nothing else is missing; before that, one line says what to do."""
    before, found = lines()
    queue = stack.client("sqs").create_queue(QueueName="alarms-heard")["QueueUrl"]
    arn = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    stack.client("sns").subscribe(TopicArn=stack.outputs["AlarmTopic"], Protocol="sqs", Endpoint=arn)
    after, mended = lines()

    assert [what for what, line in found.items() if line[""] != "ok"] == ["Somebody gets the alarms"]
    assert "aws sns subscribe" in found["Somebody gets the alarms"]["mend"]
    assert {what: line for what, line in mended.items() if line[""] != "ok"} == {}
    assert (before, after) == (1, 0)
