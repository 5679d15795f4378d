"""Every hour: whether integrations get their runs, so that what breaks anywhere rings within hours."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing.application.watch_service import LEFT_AFTER, SILENT_AFTER, watch_service
from invoicing.domain.integration import Integration, IntegrationStatus, RunSummary, UnreadableIntegration
from invoicing.domain.issue import Issue, IssueCode

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import START, FakeIntegrations
from tests.support.world import World

RUN = RunSummary(started_at=START, finished_at=START, seen=0, waiting=0, sent=0, updated=0, held=0, failed=0)
HOUR = timedelta(hours=1)


def watched(*found: Integration | UnreadableIntegration) -> tuple[Mapping[str, str | int], list[str]]:
    """What is told of them all, and which are named."""
    told: list[tuple[str, Mapping[str, str | int]]] = []
    integrations = FakeIntegrations()
    integrations.all = lambda: iter(found)  # type: ignore[method-assign, arg-type]
    watch_service(integrations, now=START, report=lambda event, fields: told.append((event, fields)))
    (summary,) = [fields for event, fields in told if event == "service_watched"]
    return summary, [str(fields["integration"]) for event, fields in told if event != "service_watched"]


def one(world: World, *, run: RunSummary | None = RUN, **changed: object) -> Integration:
    """A connected integration as changed."""
    long_ago = START - 100 * LEFT_AFTER
    return replace(stored(world), last_run=run, connected_at=long_ago, status_since=long_ago, **changed)  # type: ignore[arg-type]


def stored(world: World) -> Integration:
    """The connected integration."""
    found = world.integrations.get(WAREHOUSE)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def world() -> World:
    """Connected, with settings."""
    world = World()
    world.connect()
    return world


def test_all_that_run_are_well(world: World) -> None:
    """Paused ones, drafts and disconnected ones run nowhere, and nobody expects it."""
    resting = [
        one(world, run=None, status=status)
        for status in (IntegrationStatus.PAUSED, IntegrationStatus.DRAFT, IntegrationStatus.DISCONNECTED)
    ]
    summary, named = watched(one(world), *resting)

    assert (summary, named) == (
        {"looked_at": 4, "silent": 0, "silent_hours": 0, "left": 0, "left_hours": 0},
        [],
    )


@pytest.mark.parametrize("code", [IssueCode.WMS_NOT_ANSWERING, IssueCode.FORTNOX_NOT_ANSWERING, None])
def test_without_a_good_run_for_hours_it_is_silent(world: World, code: IssueCode | None) -> None:
    """Also while runs come and find the other side down; what began is counted from the last good one."""
    long_ago = START - SILENT_AFTER - 2 * HOUR
    run = (
        replace(RUN, finished_at=long_ago) if code is None else replace(RUN, problem=Issue(code=code), good_at=long_ago)
    )
    summary, named = watched(one(world), one(world, id="silent", run=run))

    assert (summary["silent"], summary["silent_hours"], summary["left"], named) == (1, 8, 0, ["silent"])


def test_one_that_never_ran_is_silent_from_when_it_was_connected(world: World) -> None:
    """The index of what runs may have lost it."""
    summary, named = watched(one(world, run=None))

    assert (summary["silent"], named) == (1, [WAREHOUSE])


def test_what_only_the_warehouse_can_mend_is_told_to_us_after_a_week(world: World) -> None:
    """A wrong password, dead keys: it had its mails, and perhaps nobody reads them."""
    refused = Issue(code=IssueCode.WMS_LOGIN_REFUSED, params={"system": WAREHOUSE, "username": "u"})
    new = replace(RUN, problem=refused, good_at=START - LEFT_AFTER)
    old = replace(RUN, problem=refused, good_at=START - LEFT_AFTER - HOUR)
    summary, named = watched(
        one(world, run=new),
        one(world, id="password", run=old),
        one(world, id="keys", broken_since=START - LEFT_AFTER - 3 * HOUR),
        one(world, id="new-keys", broken_since=START - HOUR),
    )

    assert (summary["silent"], summary["left"], summary["left_hours"]) == (0, 2, 171)
    assert named == ["keys", "password"]


def test_a_problem_of_the_warehouse_is_told_to_nobody_when_runs_stop(world: World) -> None:
    """Then it is ours."""
    long_ago = START - SILENT_AFTER - HOUR
    refused = Issue(code=IssueCode.WMS_LOGIN_REFUSED, params={"system": WAREHOUSE, "username": "u"})
    summary, _ = watched(one(world, run=replace(RUN, finished_at=long_ago, problem=refused, good_at=long_ago)))

    assert (summary["silent"], summary["left"]) == (1, 0)


def test_a_record_that_cannot_be_read_is_silent(world: World) -> None:
    """It is named with what is wrong, and hides no other."""
    summary, named = watched(UnreadableIntegration(id="garbled", why="attribute status"), one(world))

    assert (summary["looked_at"], summary["silent"], named) == (2, 1, ["garbled"])


def test_a_run_with_a_problem_remembers_the_last_good_one() -> None:
    """However many such runs come, and a good one ends it."""
    world = World()
    world.connect()
    world.run()
    good = stored(world).good_at
    world.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=503, times=None))
    for _ in range(3):
        world.clock.advance(HOUR)
        world.run()
        assert stored(world).good_at == good
    world.ongoing.clear_faults()
    world.run()

    assert stored(world).good_at == world.clock()


def test_a_run_in_which_an_invoice_fails_is_no_good_one() -> None:
    """One invoice that Fortnox does not answer for is too few to stop a run, and must not be forgotten for that."""
    world = World()
    world.connect()
    good = stored(world).good_at
    for _ in range(3):
        world.clock.advance(HOUR)
        world.fortnox.add_faults(
            [{"match": {"path_regex": "^/3/invoices"}, "effect": "status", "status": 503, "times": 1}]
        )
        world.run()
    run = stored(world).last_run

    assert run is not None
    assert (run.problem, run.failed, stored(world).good_at) == (None, 1, good)
    world.fortnox.clear_faults()
    world.run()
    assert stored(world).good_at == world.clock()
