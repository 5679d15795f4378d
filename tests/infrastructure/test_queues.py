"""Queues: no second run beside a slow one, and nothing set aside without somebody hearing of it."""

import pytest

from tests.infrastructure.template import functions, properties, resources, target

TIMES = 6  # what Lambda's page on SQS event sources asks for


def test_a_message_stays_hidden_for_six_times_the_timeout_of_its_function() -> None:
    """A message that comes back while it is worked on would start a second run."""
    sources = [
        (function, target(event["Properties"]["Queue"]))
        for function in functions()
        for event in function.events.values()
        if event["Type"] == "SQS"
    ]

    assert [queue for _, queue in sources] == ["SyncQueue", "SlowSyncQueue"]
    for function, queue in sources:
        assert properties(queue)["VisibilityTimeout"] >= TIMES * function.timeout


def test_a_message_is_tried_as_often_as_lambda_asks() -> None:
    """A throttled invocation counts as a try, so fewer would set good messages aside."""
    redriven = [
        one["Properties"] for one in resources("AWS::SQS::Queue").values() if "RedrivePolicy" in one["Properties"]
    ]

    assert [one["RedrivePolicy"]["maxReceiveCount"] for one in redriven] == [5, 5]


def set_aside() -> set[str]:
    """Every queue that something is moved to when it fails."""
    redriven = {
        target(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        for queue in resources("AWS::SQS::Queue").values()
        if "RedrivePolicy" in queue["Properties"]
    }
    failed = [
        holder["DestinationConfig"]["OnFailure"]["Destination"]
        for function in functions()
        for holder in (
            function.properties.get("EventInvokeConfig", {}),
            *(event["Properties"] for event in function.events.values()),
        )
        if "DestinationConfig" in holder
    ]
    return redriven | {target(destination) for destination in failed}


def test_one_message_set_aside_is_an_alarm() -> None:
    """A dead letter is somebody's invoice or somebody's mail: one is enough."""
    watched = {
        target(dimension["Value"]): alarm["Properties"]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"].get("Dimensions", [])
        if alarm["Properties"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }

    assert set(watched) == set_aside()
    for alarm in watched.values():
        assert alarm["Threshold"] == 1


def test_every_queue_either_sets_aside_or_is_where_things_are_set_aside() -> None:
    """A queue without that would try a poisoned message for ever."""
    queues = resources("AWS::SQS::Queue")
    redriving = {name for name in queues if "RedrivePolicy" in properties(name)}

    assert redriving | set_aside() == set(queues)


@pytest.mark.parametrize("name", sorted(resources("AWS::SQS::Queue")))
def test_dead_letters_are_kept_as_long_as_sqs_can(name: str) -> None:
    """Two weeks: longer than a holiday of whoever mends it."""
    assert properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600
