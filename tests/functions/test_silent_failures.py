"""What once failed in silence: which alarm rings, after how many minutes, over what was really written.

The clock is moved and the schedules come. docs/operate.md has the same minutes.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest
from invoicing.adapters.aws.exports import DynamoExports
from invoicing.domain.errors import RetryLaterError

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import WAREHOUSE
from tests.functions import troubles
from tests.functions.operating import Operator
from tests.functions.ringing import rings
from tests.infrastructure.template import ROOT, properties

type Begin = Callable[[Operator, pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How it begins, what rings, and how long it may take. `every` is how many minutes one step of the clock is."""

    begins: Begin
    alarm: str
    every: int = 60
    runs: bool = True  # whether runs come
    sent_before: bool = True  # else an invoice waits to be sent, without which nobody needs Fortnox
    most: int = 60 * 24 * 9


def wrong_stage(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Of one function."""
    troubles.another_stage(on_duty, "staging")


def ongoing_down(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Or its address is wrong."""
    on_duty.deployed.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=503, times=None))


def fortnox_down(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """API and token endpoint."""
    on_duty.deployed.fortnox.add_faults([{"match": {}, "effect": "status", "status": 503, "times": None}])


def throttled(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    """DynamoDB refuses what each run reads."""

    def refuse(*_: object, **__: object) -> None:
        raise RetryLaterError("DynamoDB is busy")

    patch.setattr(DynamoExports, "get_many", refuse)


def lost_from_the_index(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Its attribute `active` is gone; nobody asks for its runs."""
    on_duty.deployed.aws.dynamodb.update_item(
        TableName=on_duty.outputs["IntegrationsTable"],
        Key={"integration_id": {"S": WAREHOUSE}},
        UpdateExpression="REMOVE active",
    )


def password_changed(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """In Ongoing, and nobody reads the mails."""
    warehouse = on_duty.deployed.ongoing.warehouse(WAREHOUSE)
    users = tuple(replace(user, password="a-new-one") for user in warehouse.users)
    on_duty.deployed.ongoing.put_warehouse(replace(warehouse, users=users))


FAILURES: Mapping[str, Failure] = {
    "what is sealed does not open": Failure(begins=wrong_stage, alarm="OurDefectAlarm", every=15),
    "Ongoing is down": Failure(begins=ongoing_down, alarm="SilentIntegrationsAlarm"),
    "Fortnox is down": Failure(begins=fortnox_down, alarm="SilentIntegrationsAlarm", sent_before=False),
    "DynamoDB throttles runs": Failure(begins=throttled, alarm="SilentIntegrationsAlarm"),
    "the index lost an integration": Failure(begins=lost_from_the_index, alarm="SilentIntegrationsAlarm", runs=False),
    "a warehouse's password is wrong": Failure(begins=password_changed, alarm="LeftIntegrationsAlarm", every=6 * 60),
}


def minutes_until_it_rings(on_duty: Operator, failure: Failure) -> int:
    """On the clock, with the schedules that still come."""
    began = on_duty.deployed.clock()
    while not rings(on_duty.deployed, failure.alarm):
        troubles.later(on_duty, minutes=failure.every)
        if failure.runs:
            troubles.run(on_duty)
        on_duty.type("start notify-operators")
        passed = int((on_duty.deployed.clock() - began).total_seconds()) // 60
        assert passed <= failure.most, "nothing rings"
    return passed


def documented() -> dict[str, tuple[str, int]]:
    """The table of docs/operate.md: by failure, the alarm and the minutes."""
    text = (ROOT / "docs" / "operate.md").read_text()
    rows = re.findall(r"(?m)^\| ([^|]+) \| `(\w+)` \| ([\d ]+) \|", text)
    return {what.strip(): (alarm, int(minutes.replace(" ", ""))) for what, alarm, minutes in rows}


@pytest.mark.parametrize("what", FAILURES)
def test_it_rings_within_the_minutes_that_are_documented(
    on_duty: Operator, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """And not before it has begun."""
    failure = FAILURES[what]
    if failure.sent_before:
        troubles.run(on_duty)
    assert not rings(on_duty.deployed, failure.alarm)
    failure.begins(on_duty, monkeypatch)
    passed = minutes_until_it_rings(on_duty, failure)
    alarm, minutes = documented()[what]

    assert alarm == failure.alarm
    # CloudWatch looks once a minute at periods that have begun; a step of the clock may be as late as it is long.
    assert minutes - failure.every <= passed <= minutes


def test_an_hourly_pass_that_does_not_come_rings(on_duty: Operator) -> None:
    """Though the same function sends mails and hears of bounces meanwhile."""
    on_duty.type("start notify-operators")
    assert not rings(on_duty.deployed, "NotifyOperatorsMissingAlarm")
    watched = properties("NotifyOperatorsMissingAlarm")
    on_duty.deployed.forget_logs()
    troubles.mail_bounces(on_duty, pytest.MonkeyPatch())

    assert on_duty.deployed.log_of("notify_operators")
    assert rings(on_duty.deployed, "NotifyOperatorsMissingAlarm")
    assert documented()["the hourly pass is switched off"] == (
        "NotifyOperatorsMissingAlarm",
        watched["Period"] * watched["EvaluationPeriods"] // 60,
    )


def test_a_page_that_breaks_for_few_rings() -> None:
    """One visitor an hour is enough."""
    watched = properties("ApiServerErrorsAgainAlarm")

    assert (watched["Threshold"], watched["Statistic"]) == (1, "Sum")
    assert documented()["a page breaks for one visitor an hour"] == (
        "ApiServerErrorsAgainAlarm",
        watched["Period"] * watched["DatapointsToAlarm"] // 60,
    )


def test_alarms_that_nobody_hears_are_the_first_thing_that_status_says(on_duty: Operator) -> None:
    """No alarm can tell it. tests/functions/test_operate.py has it from AWS's own answer."""
    text = (ROOT / "docs" / "operate.md").read_text()

    assert "| nobody subscribes to the alarms | `status`, `check stack` | 0 |" in text
