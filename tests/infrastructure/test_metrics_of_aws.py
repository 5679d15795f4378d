"""Alarms on what AWS itself counts ring in no test: each asks for what AWS publishes, of something that is there.

The table is from AWS's documentation: the developer guides of Lambda, SQS and API Gateway (REST APIs), and the user
guide of EventBridge. A wrong name, unit or dimension is no error for CloudWatch: the alarm would wait for ever.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.infrastructure.template import functions, properties, resources, target, template

DAY, WEEK = 86_400, 7 * 86_400  # seconds


class Published(NamedTuple):
    """A metric of AWS: by what it is kept apart, what of it tells something, and how many of its units a second is."""

    dimensions: tuple[frozenset[str], ...]
    statistics: frozenset[str]
    per_second: int | None = None  # None: a count


OF_FUNCTION = (frozenset({"FunctionName"}), frozenset({"FunctionName", "Resource"}))
OF_QUEUE = (frozenset({"QueueName"}),)
OF_RULE = (frozenset({"RuleName"}), frozenset({"RuleName", "EventBusName"}))  # without a bus: those of the default one
OF_API = (frozenset({"ApiName"}), frozenset({"ApiName", "Stage"}))
COUNTED, MEASURED = frozenset({"Sum"}), frozenset({"Maximum"})
PUBLISHED: Mapping[tuple[str, str], Published] = {
    ("AWS/Lambda", "Invocations"): Published(OF_FUNCTION, COUNTED),
    ("AWS/Lambda", "Errors"): Published(OF_FUNCTION, COUNTED),
    ("AWS/Lambda", "Throttles"): Published(OF_FUNCTION, COUNTED),
    ("AWS/Lambda", "RecursiveInvocationsDropped"): Published(OF_FUNCTION, COUNTED),
    ("AWS/Lambda", "IteratorAge"): Published(OF_FUNCTION, MEASURED, per_second=1000),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): Published(OF_QUEUE, MEASURED),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): Published(OF_QUEUE, MEASURED, per_second=1),
    ("AWS/Events", "MatchedEvents"): Published(OF_RULE, COUNTED),
    ("AWS/ApiGateway", "5XXError"): Published(OF_API, COUNTED),
}
# What a dimension holds: the kind of resource, and which of its attributes is that name.
NAMED: Mapping[str, tuple[str, str]] = {
    "FunctionName": ("AWS::Serverless::Function", "Ref"),
    "QueueName": ("AWS::SQS::Queue", "QueueName"),  # its Ref is a URL
    "RuleName": ("AWS::Events::Rule", "Ref"),
}
SECONDS = {"minutes": 60, "minute": 60, "hours": 3600, "hour": 3600}

ALL = {name: one["Properties"] for name, one in resources("AWS::CloudWatch::Alarm").items()}
OF_AWS = {name: alarm for name, alarm in ALL.items() if str(alarm["Namespace"]).startswith("AWS/")}
of_aws = pytest.mark.parametrize("name", sorted(OF_AWS))


def published(alarm: Mapping[str, Any]) -> Published:
    """What AWS says of its metric."""
    return PUBLISHED[alarm["Namespace"], alarm["MetricName"]]


def dimensions(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """By name."""
    return {one["Name"]: one["Value"] for one in alarm["Dimensions"]}


def chosen(value: Any) -> Iterator[Any]:
    """A value, or each that a condition may choose."""
    yield from value["Fn::If"][1:] if isinstance(value, dict) else (value,)


@of_aws
def test_aws_publishes_what_the_alarm_asks_for(name: str) -> None:
    """Under that name, kept apart by exactly these dimensions, and the statistic says something of it."""
    found = published(OF_AWS[name])

    assert {*dimensions(OF_AWS[name])} in found.dimensions
    assert OF_AWS[name]["Statistic"] in found.statistics
    assert "Unit" not in OF_AWS[name]  # another unit than the published one would find nothing


@of_aws
def test_what_the_alarm_watches_is_in_the_stack(name: str) -> None:
    """By the name that AWS knows it by."""
    for dimension, value in dimensions(OF_AWS[name]).items():
        if dimension in NAMED:
            kind, attribute = NAMED[dimension]
            assert template()["Resources"][target(value)]["Type"] == kind
            of = value.get("Fn::GetAtt", "")
            assert (of if isinstance(of, list) else of.split("."))[-1] == ("" if attribute == "Ref" else attribute)
        else:
            assert value == properties("Api")[{"ApiName": "Name", "Stage": "StageName"}[dimension]]


@of_aws
def test_a_rule_that_an_alarm_watches_is_of_the_default_bus(name: str) -> None:
    """Else AWS keeps its events apart by the bus, too."""
    rules = [target(value) for dimension, value in dimensions(OF_AWS[name]).items() if dimension == "RuleName"]

    assert [rule for rule in rules if "EventBusName" in properties(rule)] == []


@of_aws
def test_a_time_is_in_the_unit_of_its_metric(name: str) -> None:
    """What the alarm says of minutes is its threshold: ages of streams are in milliseconds, of queues in seconds."""
    per_second = published(OF_AWS[name]).per_second
    found = re.search(r"more than (\d+|an?) (minutes?|hours?)", OF_AWS[name]["AlarmDescription"])

    assert (found is not None) is (per_second is not None)
    if found is not None and per_second is not None:
        count = int(found[1]) if found[1].isdigit() else 1
        assert OF_AWS[name]["Threshold"] == count * SECONDS[found[2]] * per_second


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_data_means_what_it_is(name: str) -> None:
    """What is there only when something happens is well without it; what must happen by itself is not."""
    alarm = ALL[name]
    awaited = alarm["ComparisonOperator"].startswith("LessThan")

    assert alarm["TreatMissingData"] == ("missing" if awaited else "notBreaching")
    assert ("InsufficientDataActions" in alarm) is awaited
    assert alarm["Threshold"] > 0  # zero, which idle functions and queues publish, rings nothing


@pytest.mark.parametrize("name", sorted(ALL))
def test_cloudwatch_takes_the_time_that_an_alarm_looks_at(name: str) -> None:
    """A day at most; a week with periods of an hour. Longer ones fail the deployment."""
    alarm = ALL[name]
    for period, count in zip(chosen(alarm["Period"]), chosen(alarm["EvaluationPeriods"]), strict=True):
        assert period % 60 == 0
        assert period * count <= (WEEK if period >= 3600 else DAY)
        assert alarm.get("DatapointsToAlarm", count) <= count


def watched(metric: str) -> set[str]:
    """What alarms watch by this metric of AWS."""
    return {
        target(value)
        for alarm in OF_AWS.values()
        if alarm["MetricName"] == metric
        for value in dimensions(alarm).values()
        if isinstance(value, dict) and value.keys() <= {"Ref", "Fn::GetAtt"}
    }


def test_every_queue_is_watched_by_what_tells_of_it() -> None:
    """What is read, by the age of what waits; where what failed is put aside, by whether anything is there."""
    set_aside = {
        target(one["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        for one in resources("AWS::SQS::Queue").values()
        if "RedrivePolicy" in one["Properties"]
    }
    read = {
        target(event["Properties"]["Queue"])
        for function in functions()
        for event in function.events.values()
        if event["Type"] == "SQS"
    }
    given_up = {name for name in resources("AWS::SQS::Queue") if name not in read}

    assert set_aside <= given_up
    assert watched("ApproximateAgeOfOldestMessage") == read
    assert watched("ApproximateNumberOfMessagesVisible") == given_up


def test_every_stream_is_watched_by_the_age_of_what_was_read_last() -> None:
    """One record that fails holds those behind it."""
    reading = {
        function.name
        for function in functions()
        for event in function.events.values()
        if event["Type"] in {"DynamoDB", "Kinesis"}
    }

    assert reading
    assert watched("IteratorAge") == reading


def test_what_a_function_sends_itself_may_be_taken_for_a_loop() -> None:
    """Whatever reads a queue into which it writes."""
    looping = {
        function.name
        for function in functions()
        for event in function.events.values()
        if event["Type"] == "SQS"
        and any(
            "sqs:SendMessage" in statement["Action"] and target(event["Properties"]["Queue"]) in str(statement)
            for statement in function.statements
        )
    }

    assert watched("RecursiveInvocationsDropped") == looping
