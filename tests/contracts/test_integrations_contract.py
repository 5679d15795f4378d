"""The port Integrations: what its fake and its real adapter both promise."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.application.ports import ChangedMeanwhileError, Integrations
from invoicing.domain.integration import Company, Integration, IntegrationStatus, RunSummary, RunUnderWay
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.look import Look
from invoicing.domain.sent_work import SentWork
from invoicing.domain.settlement import Following
from invoicing.domain.work import Work

from tests.support.aws import Aws
from tests.support.fakes import START, FakeIntegrations
from tests.support.together import together

COMPANY = Company(tenant_id="1234567", name="Lager & Son AB", organisation_number="556000-0000")
DRAFT = Integration(
    id="lagret",
    status=IntegrationStatus.DRAFT,
    company=COMPANY,
    wms_username="anna",
    wms_password=b"\x00sealed\xff",
    settings=None,
    connected_at=START + timedelta(microseconds=1),
)
ACTIVE = replace(
    DRAFT,
    status=IntegrationStatus.ACTIVE,
    settings=IntegrationSettings(from_date=date(2026, 3, 1), problem_address="ekonomi@lagret.example"),
    status_since=START,
    status_by="anna",
)
BEGUN = RunUnderWay(started_at=START + timedelta(minutes=15), invoices=frozenset({1, 2}), ended=50)
RUN = RunSummary(
    started_at=START,
    finished_at=START + timedelta(seconds=20),
    seen=3,
    waiting=1,
    sent=1,
    updated=0,
    held=1,
    failed=0,
    problem=Issue(code=IssueCode.LICENCE_MISSING, params={"message": "Licens saknas för åtkomst"}),
    slow=True,
    goes_on_after=7012,
    to_send=frozenset({7, 1207}),
    send_problems=frozenset({7}),
    send_at=START,
    following=Following(at=START, since=START, whole_at=START - timedelta(hours=5), open=31),
    closed=START,
    not_told=SentWork(count=2, sums={"SEK": Decimal("1250.50")}),
    problem_since=START - timedelta(hours=3),
    look=Look(at=START, later=Work(count=1, sums={"EUR": Decimal("9.75")}), unreadable=1, whole=False),
)


@pytest.fixture
def integrations(aws: Aws | None) -> Integrations:
    """An empty table."""
    if aws is None:
        return FakeIntegrations()
    return DynamoIntegrations(aws.dynamodb, aws.table("IntegrationsTable"))


@pytest.mark.parametrize("integration", [DRAFT, ACTIVE])
def test_what_was_put_is_read_back(integrations: Integrations, integration: Integration) -> None:
    """Every field comes back as it was, with or without settings."""
    integrations.put(integration)

    assert integrations.get("lagret") == integration


def test_an_unknown_integration_is_none(integrations: Integrations) -> None:
    """There is no empty integration."""
    assert integrations.get("lagret") is None


def test_the_first_version_is_put_once(integrations: Integrations) -> None:
    """A second connection of the same system does not overwrite the first unseen."""
    integrations.put(DRAFT)

    with pytest.raises(ChangedMeanwhileError):
        integrations.put(replace(DRAFT, wms_username="bertil"))
    assert integrations.get("lagret") == DRAFT


@pytest.mark.parametrize("version", [1, 3])
def test_a_version_that_does_not_follow_is_refused(integrations: Integrations, version: int) -> None:
    """Who read an old version learns that somebody changed it."""
    integrations.put(DRAFT)

    with pytest.raises(ChangedMeanwhileError):
        integrations.put(replace(ACTIVE, version=version))


def test_a_later_version_needs_an_earlier_one(integrations: Integrations) -> None:
    """A change of an integration that is gone is refused."""
    with pytest.raises(ChangedMeanwhileError):
        integrations.put(replace(ACTIVE, version=2))


def test_a_change_replaces_everything_that_people_decide(integrations: Integrations) -> None:
    """Also what is taken away is gone."""
    integrations.put(replace(ACTIVE, broken_since=START, reactivated_at=START))

    integrations.put(replace(ACTIVE, version=2))

    assert integrations.get("lagret") == replace(ACTIVE, version=2)


def test_a_change_keeps_the_last_run_and_what_was_asked_for(integrations: Integrations) -> None:
    """Settings saved while a run ends do not undo the run."""
    integrations.put(ACTIVE)
    integrations.ask_for("lagret", {7, 8})
    integrations.save_run("lagret", RUN, done=set(), unfinished={5}, marked={3, 4}, detected=PriceMeaning.PER_UNIT)

    integrations.put(
        replace(
            ACTIVE,
            version=2,
            asked=frozenset({99}),
            unfinished=frozenset({98}),
            marked=frozenset({97}),
            last_run=None,
        )
    )

    stored = integrations.get("lagret")
    assert stored == replace(
        ACTIVE,
        version=2,
        asked=frozenset({7, 8}),
        unfinished=frozenset({5}),
        marked=frozenset({3, 4}),
        last_run=RUN,
    )


def test_a_run_is_asked_for_by_whoever_saw_the_last_wish(integrations: Integrations) -> None:
    """The second of two clicks at the same moment is told; settings that are saved meanwhile keep the wish."""
    integrations.put(ACTIVE)
    later = START + timedelta(minutes=20)
    answers = [
        integrations.ask_for_run("lagret", at=START, before=None),
        integrations.ask_for_run("lagret", at=START, before=None),
        integrations.ask_for_run("lagret", at=later, before=START),
        integrations.ask_for_run("unknown", at=later, before=None),
    ]
    integrations.put(replace(ACTIVE, version=2))

    assert answers == [True, False, True, False]
    assert integrations.get("lagret") == replace(ACTIVE, version=2, sync_asked_at=later)
    assert integrations.get("unknown") is None


def test_a_run_settles_what_was_asked_for(integrations: Integrations) -> None:
    """Done ones leave, others are not touched; what is unfinished is what this run says."""
    integrations.put(ACTIVE)
    integrations.ask_for("lagret", {1, 2, 3})
    integrations.begin_run("lagret", BEGUN, unfinished={2, 4, 6})

    integrations.save_run("lagret", RUN, done={1, 2, 50}, unfinished={2, 4}, detected=PriceMeaning.PER_ROW)

    stored = integrations.get("lagret")
    assert stored is not None
    assert stored.asked == {3}
    assert stored.unfinished == {2, 4}
    assert stored.under_way is None
    assert stored.last_run == RUN
    assert stored.detected_price_meaning is PriceMeaning.PER_ROW


def test_the_last_wish_can_be_done(integrations: Integrations) -> None:
    """Nothing asked for is a state of its own."""
    integrations.put(ACTIVE)
    integrations.ask_for("lagret", {1})

    integrations.save_run("lagret", RUN, done={1}, unfinished=set(), detected=PriceMeaning.DETECT)

    stored = integrations.get("lagret")
    assert stored is not None
    assert stored.asked == frozenset()


def test_a_run_that_has_begun_is_not_the_last_run(integrations: Integrations) -> None:
    """Should it be killed, the last one that ended is still the last, and what it touched is known."""
    integrations.put(ACTIVE)
    integrations.begin_run("lagret", BEGUN, unfinished={1, 2, 3})
    integrations.put(replace(ACTIVE, version=2))

    assert integrations.get("lagret") == replace(ACTIVE, version=2, under_way=BEGUN, unfinished=frozenset({1, 2, 3}))


def test_asking_for_nothing_changes_nothing(integrations: Integrations) -> None:
    """An empty wish is harmless."""
    integrations.put(ACTIVE)

    integrations.ask_for("lagret", set())

    assert integrations.get("lagret") == ACTIVE


def test_an_integration_that_is_gone_is_not_made_again(integrations: Integrations) -> None:
    """Neither a run nor a wish leaves half an integration behind."""
    with pytest.raises(ChangedMeanwhileError):
        integrations.save_run("lagret", RUN, done=set(), unfinished={1}, detected=PriceMeaning.DETECT)
    with pytest.raises(ChangedMeanwhileError):
        integrations.ask_for("lagret", {1})
    with pytest.raises(ChangedMeanwhileError):
        integrations.begin_run("lagret", BEGUN, unfinished={1})
    assert not integrations.mark_broken("lagret", at=START)
    assert not integrations.confirm_address("lagret", "ekonomi@lagret.example")
    assert integrations.get("lagret") is None


def test_wishes_of_a_moment_are_all_kept(atomic_aws: Aws | None, integrations: Integrations) -> None:
    """Eight people ask while a run ends: no wish is lost, and the done one is gone."""
    integrations.put(ACTIVE)
    integrations.ask_for("lagret", {1})

    wishes = [partial(integrations.ask_for, "lagret", {number}) for number in range(10, 18)]
    run = partial(integrations.save_run, "lagret", RUN, done={1}, unfinished=set(), detected=PriceMeaning.DETECT)
    results = together([*wishes, run])

    stored = integrations.get("lagret")
    assert results == [None] * 9
    assert stored is not None
    assert stored.asked == set(range(10, 18))


def test_one_of_many_changes_wins(atomic_aws: Aws | None, integrations: Integrations) -> None:
    """Eight people save settings at once: one is told that it worked."""
    integrations.put(DRAFT)

    changes = [replace(ACTIVE, version=2, wms_username=str(who)) for who in range(8)]
    results = together([partial(integrations.put, change) for change in changes])

    winners = [str(who) for who, result in enumerate(results) if result is None]
    stored = integrations.get("lagret")
    assert stored is not None
    assert winners == [stored.wms_username]
    assert sum(isinstance(result, ChangedMeanwhileError) for result in results) == 7


def test_broken_is_marked_once(integrations: Integrations) -> None:
    """Only the first finder is told that it was the first; the moment stays the first one."""
    integrations.put(ACTIVE)

    first = integrations.mark_broken("lagret", at=START)
    second = integrations.mark_broken("lagret", at=START)

    stored = integrations.get("lagret")
    assert (first, second) == (True, False)
    assert stored == replace(ACTIVE, broken_since=START, version=2)


def test_a_break_is_not_marked_on_another_version(integrations: Integrations) -> None:
    """Who saw an older version may have seen an older consent."""
    integrations.put(ACTIVE)
    integrations.put(replace(ACTIVE, version=2))
    too_late = integrations.mark_broken("lagret", at=START, version=1)
    in_time = integrations.mark_broken("lagret", at=START, version=2)

    assert (too_late, in_time) == (False, True)
    assert integrations.get("lagret") == replace(ACTIVE, broken_since=START, version=3)


def test_an_older_copy_does_not_undo_a_break(integrations: Integrations) -> None:
    """Settings that were read before the keys died are refused, not written over."""
    integrations.put(ACTIVE)
    integrations.mark_broken("lagret", at=START)
    with pytest.raises(ChangedMeanwhileError):
        integrations.put(replace(ACTIVE, version=2))

    stored = integrations.get("lagret")
    assert stored is not None
    assert stored.broken_since == START


def test_only_the_current_address_is_confirmed(integrations: Integrations) -> None:
    """A link in an old mail does not confirm a new address."""
    integrations.put(ACTIVE)

    other = integrations.confirm_address("lagret", "gammal@lagret.example")
    this = integrations.confirm_address("lagret", "ekonomi@lagret.example")

    assert (other, this) == (False, True)
    assert integrations.get("lagret") == replace(
        ACTIVE, address_confirmed=True, confirmed_address="ekonomi@lagret.example", version=2
    )


def test_a_link_confirms_the_address_only_as_it_was_written_then(integrations: Integrations) -> None:
    """Not the same one that somebody wrote again later."""
    integrations.put(replace(ACTIVE, address_set=7))

    assert not integrations.confirm_address("lagret", "ekonomi@lagret.example", address_set=6)
    assert integrations.confirm_address("lagret", "ekonomi@lagret.example", address_set=7)


def test_a_draft_has_no_address_to_confirm(integrations: Integrations) -> None:
    """Without settings there is nothing to confirm."""
    integrations.put(DRAFT)

    assert not integrations.confirm_address("lagret", "ekonomi@lagret.example")


def test_the_scheduler_sees_exactly_what_runs(integrations: Integrations) -> None:
    """Drafts, paused, disconnected and broken integrations are left alone; a repaired one is back."""
    for status in IntegrationStatus:
        integrations.put(replace(ACTIVE, id=status.value, status=status))
    integrations.put(replace(ACTIVE, id="broken"))
    integrations.put(replace(ACTIVE, id="repaired", broken_since=START))
    integrations.put(replace(ACTIVE, id="stopped"))
    integrations.mark_broken("broken", at=START)
    integrations.put(replace(ACTIVE, id="repaired", version=2))
    integrations.put(replace(ACTIVE, id="stopped", version=2, status=IntegrationStatus.PAUSED))

    assert sorted(integrations.active_ids()) == ["active", "repaired"]


def test_the_directory_answers_for_customer_ids(integrations: Integrations) -> None:
    """An entry can be corrected, and entries and integrations do not mix."""
    integrations.put(DRAFT)
    integrations.set_customer_id("1234", "lagrt")
    integrations.set_customer_id("1234", "lagret")
    integrations.set_customer_id("77", "norden")

    assert integrations.warehouse_of("1234") == "lagret"
    assert integrations.warehouse_of("9999") is None
    assert sorted(integrations.customer_ids()) == [("1234", "lagret"), ("77", "norden")]
    assert list(integrations.all()) == [DRAFT]


def test_a_customer_id_that_was_removed_is_not_known(integrations: Integrations) -> None:
    """The others stay; removing it again says that there was nothing."""
    integrations.set_customer_id("1234", "lagret")
    integrations.set_customer_id("77", "norden")
    removed = [integrations.remove_customer_id("1234"), integrations.remove_customer_id("1234")]

    assert removed == [True, False]
    assert list(integrations.customer_ids()) == [("77", "norden")]
