"""Alarms: each says what to do, reaches the topic, and no function is without."""

import re

import pytest

from tests.infrastructure.template import ROOT, functions, properties, resources, target

RUNBOOK = re.compile(r"See docs/runbooks/([a-z-]+)\.md$")
alarms = pytest.mark.parametrize("name", sorted(resources("AWS::CloudWatch::Alarm")))


@alarms
def test_an_alarm_names_a_runbook_that_mentions_it(name: str) -> None:
    """Who is woken at night follows the runbook, so it must exist and be about this alarm."""
    found = RUNBOOK.search(properties(name)["AlarmDescription"])
    assert found is not None

    text = (ROOT / "docs" / "runbooks" / f"{found[1]}.md").read_text()

    kind = re.sub(r"^\w+?(Errors|Throttles)Alarm$", r"<Function>\1Alarm", name)
    assert name in text or kind in text


@alarms
def test_an_alarm_tells_when_it_begins_and_when_it_is_over(name: str) -> None:
    """An alarm without an action is a colour on a screen that nobody looks at."""
    assert properties(name)["AlarmActions"] == properties(name)["OKActions"] == [{"Ref": "AlarmTopic"}]


def test_every_runbook_belongs_to_an_alarm() -> None:
    """A runbook without an alarm is read by nobody; operators' how-tos stand elsewhere."""
    named = {
        found[1]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if (found := RUNBOOK.search(alarm["Properties"]["AlarmDescription"]))
    }

    assert named == {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_errors_and_throttles_of_every_function_are_alarms(metric: str) -> None:
    """A function that fails without a sound is found by its users."""
    watched = {
        target(dimension["Value"])
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"].get("Dimensions", [])
        if alarm["Properties"]["MetricName"] == metric
    }

    assert watched == {function.name for function in functions()}


@pytest.mark.parametrize("name", ["DispatchMissingAlarm", "KeepTokensMissingAlarm"])
def test_silence_is_an_alarm_where_something_must_happen_by_itself(name: str) -> None:
    """A schedule that stops gives no error and no data."""
    assert properties(name)["TreatMissingData"] == "breaching"
