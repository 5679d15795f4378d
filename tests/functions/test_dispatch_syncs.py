"""functions/dispatch_syncs: every quarter of an hour, one request for each integration that runs."""

from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import Browser, Deployed, event

SCHEDULE = "dispatch_syncs__schedule"


def test_each_running_integration_is_asked_for_once(operator: Browser) -> None:
    """With the moment of the schedule, so that a run can be told from the one before."""
    answer = operator.deployed.invoke("dispatch_syncs", event(SCHEDULE))

    assert answer == {"dispatched": 1}
    assert operator.deployed.queued() == [
        {"integration_id": WAREHOUSE, "by": "schedule", "slot": "2026-03-02T08:00:00Z", "after": 0, "hops": 0}
    ]


def test_a_schedule_that_is_delivered_twice_queues_nothing_twice(operator: Browser) -> None:
    """EventBridge delivers at least once."""
    for _ in range(2):
        operator.deployed.invoke("dispatch_syncs", event(SCHEDULE))
    first = operator.deployed.queued()
    operator.deployed.invoke("dispatch_syncs", event(SCHEDULE) | {"time": "2026-03-02T08:15:00Z"})

    assert len(first) == 1
    assert [one["slot"] for one in operator.deployed.queued()] == ["2026-03-02T08:15:00Z"]


def test_what_does_not_run_is_left_alone(operator: Browser) -> None:
    """Paused, broken and not yet created ones."""
    operator.press("/pause")

    assert operator.deployed.invoke("dispatch_syncs", event(SCHEDULE)) == {"dispatched": 0}


def test_without_any_integration_there_is_nothing_to_do(deployed: Deployed) -> None:
    """The first day of an installation."""
    assert deployed.invoke("dispatch_syncs", event(SCHEDULE)) == {"dispatched": 0}
    assert deployed.queued() == []
