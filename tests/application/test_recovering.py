"""What the janitor finds out about keys, stores and tells: nothing stays open, and nobody is bothered too soon."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing.application.access_fortnox import access_token
from invoicing.application.recover_tokens import MASS_EVENT
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.tokens import (
    ASK_AGAIN_AFTER,
    QUARANTINE,
    REFRESH_TOKEN_LIFE,
    ROTATE_SPARE_EVERY,
    Mode,
    TokenStatus,
)

from local.fortnox.seed import CLIENT_ID, TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import interrupted
from tests.support.keys import answering, approved, keep, keys_of, refusing, sent, shown, told
from tests.support.world import ADMINISTRATORS, World

REFRESH, CREDENTIALS = "refresh_token", "client_credentials"
TOLD = {"integration": WAREHOUSE}


def connected(mode: Mode) -> World:
    """A system whose access token is over, and whose chain is due."""
    world = World()
    world.connect(mode)
    world.later(days=7)
    world.fortnox.clear_calls()
    world.reports.clear()
    return world


@pytest.fixture
def personal() -> Iterator[World]:
    """Only a refresh token. No line may show it."""
    world = connected(Mode.PERSONAL)
    yield world
    assert shown(world) == []


@pytest.fixture
def service() -> Iterator[World]:
    """Client credentials, and a refresh token as a spare. No line may show one."""
    world = connected(Mode.SERVICE)
    yield world
    assert shown(world) == []


def refused(world: World) -> None:
    """The janitor hears a no, which is not believed yet."""
    with pytest.raises(RetryLaterError):
        keep(world)


def held(world: World) -> bool:
    """Whether the system's invoices wait for keys."""
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    return integration.broken_since is not None


def hold(world: World) -> None:
    assert world.integrations.mark_broken(WAREHOUSE, at=world.clock())


# ---- one refusal, and the second


def test_a_first_refusal_is_told_and_asked_about_again_a_quarter_of_an_hour_later(personal: World) -> None:
    """Meanwhile nobody uses the keys: another no would say nothing new."""
    refusing(personal, "invalid_grant")
    refused(personal)
    asked = len(sent(personal))
    personal.later(minutes=14)
    with pytest.raises(RetryLaterError):
        access_token(personal.engine(), WAREHOUSE)

    assert keys_of(personal).status is TokenStatus.UNCERTAIN
    assert keys_of(personal).due_at == personal.clock() + timedelta(minutes=1)
    assert told(personal, "token_refused_once") == [{**TOLD, "reason": "invalid_grant"}]
    assert len(sent(personal)) == asked


@pytest.mark.parametrize(("others", "is_believed"), [(MASS_EVENT - 1, True), (MASS_EVENT, False)])
def test_a_second_refusal_is_believed_unless_more_than_ten_are_refused(
    personal: World, others: int, is_believed: bool
) -> None:
    """That is an incident: all wait, and are tried again a quarter of an hour later."""
    refusing(personal, "invalid_grant")
    refused(personal)
    personal.later(minutes=15)
    for number in range(others):
        personal.tokens.count_refused(f"lager-{number}", now=personal.clock())
    if is_believed:
        keep(personal)
        assert (keys_of(personal).status, held(personal)) == (TokenStatus.BROKEN, True)
        assert told(personal, "token_dead") == [{**TOLD, "reason": "invalid_grant"}]
    else:
        refused(personal)
        assert (keys_of(personal).status, held(personal)) == (TokenStatus.UNCERTAIN, False)
        assert keys_of(personal).due_at == personal.clock() + ASK_AGAIN_AFTER
        assert told(personal, "token_mass_refusal") == [{**TOLD, "reason": "invalid_grant"}]


def test_keys_that_are_replaced_while_they_are_declared_dead_break_nothing(personal: World) -> None:
    """An administrator approves anew at this very moment: the system goes on with the new keys."""
    personal.fortnox.destroy_tokens(TENANT_ID)
    refused(personal)
    personal.later(minutes=15)
    stored = personal.tokens

    def before(method: str) -> None:
        if method == "mark":
            personal.tokens = stored
            approved(personal, WAREHOUSE, Mode.PERSONAL)

    personal.tokens = interrupted(stored, before=before)
    refused(personal)
    personal.tokens = stored

    assert (keys_of(personal).status, held(personal)) == (TokenStatus.ACTIVE, False)
    assert told(personal, "token_dead") == []
    assert access_token(personal.engine(), WAREHOUSE)


@pytest.mark.parametrize("kind", [REFRESH, CREDENTIALS])
def test_a_no_that_says_nothing_about_a_key_breaks_nothing(personal: World, kind: str) -> None:
    """However often it comes: a new consent would not cure it. It is asked about again, and seldom."""
    refusing(personal, "invalid_grant", ({REFRESH, CREDENTIALS} - {kind}).pop())
    refusing(personal, "something_new", kind)
    for _ in range(3):
        refused(personal)
        assert keys_of(personal).status is TokenStatus.ACTIVE
        assert keys_of(personal).intent is None
        assert keys_of(personal).due_at == personal.clock() + timedelta(hours=6)
        personal.later(hours=6)

    assert not held(personal)


# ---- they work again


def test_keys_that_were_refused_and_work_are_looked_at_once_more_and_then_weekly(personal: World) -> None:
    """The system is released, and the doubt is over."""
    answering(personal, REFRESH, effect="status", status=400, body={"error": "invalid_grant"})
    refused(personal)
    hold(personal)
    personal.later(minutes=15)
    keep(personal)
    due_at, asked = keys_of(personal).due_at, len(sent(personal))
    keep(personal)

    assert due_at == personal.clock()
    assert len(sent(personal)) == asked
    assert keys_of(personal).refused_at is None
    assert keys_of(personal).due_at == personal.clock() + ROTATE_SPARE_EVERY
    assert not held(personal)


def test_a_company_that_was_refused_and_approves_a_service_goes_on_by_client_credentials(personal: World) -> None:
    """The chain is dead; once the system is released, nobody needs to look at these keys again."""
    personal.fortnox.destroy_tokens(TENANT_ID)
    refused(personal)
    hold(personal)
    personal.fortnox.approve(
        client_id=CLIENT_ID, tenant_id=TENANT_ID, username=ADMINISTRATORS[TENANT_ID], scopes=["invoice"]
    )
    personal.later(minutes=15)
    keep(personal)
    due_at = keys_of(personal).due_at
    keep(personal)
    keys = keys_of(personal)

    assert due_at == personal.clock()
    assert (keys.status, keys.refused_at, keys.due_at) == (TokenStatus.CC_ONLY, None, None)
    assert not held(personal)


def test_a_dead_spare_is_healed_by_client_credentials_and_needs_no_janitor_any_more(service: World) -> None:
    """One line says so."""
    refusing(service, "invalid_grant", REFRESH)
    keep(service)
    keys = keys_of(service)

    assert (keys.status, keys.due_at) == (TokenStatus.CC_ONLY, None)
    assert told(service, "token_healed_by_client_credentials") == [TOLD]
    assert told(service, "token_by_client_credentials") == [TOLD]
    assert access_token(service.engine(), WAREHOUSE)
    assert sent(service) == [REFRESH, CREDENTIALS]  # the stored one lasts


def test_client_credentials_that_came_back_out_of_a_backup_release_the_system(service: World) -> None:
    """It was held because they were missing."""
    service.tokens.start_chain(
        replace(keys_of(service), chain_id="restored", status=TokenStatus.CC_ONLY, due_at=service.clock())
    )
    hold(service)
    keep(service)

    assert not held(service)
    assert keys_of(service).due_at is None


def broken(world: World) -> None:
    """Every key is refused, and again a quarter of an hour later; the janitor has told of it."""
    refusing(world, "invalid_grant")
    refused(world)
    world.later(minutes=15)
    keep(world)


def test_keys_that_were_declared_dead_by_mistake_work_again_six_hours_later(personal: World) -> None:
    """Without a human; a look too many in between puts nothing off."""
    broken(personal)
    was_held = held(personal)
    personal.fortnox.clear_faults()
    for _ in range(6):
        personal.later(hours=1)
        asked = len(sent(personal))
        keep(personal)
    tried = sent(personal)[asked:]
    keep(personal)

    assert was_held
    assert tried == [REFRESH]
    assert keys_of(personal).status is TokenStatus.ACTIVE
    assert not held(personal)


@pytest.mark.parametrize(("seconds", "is_tried"), [(0, True), (1, False)])
def test_dead_keys_are_tried_until_their_refresh_token_would_have_died_of_age(
    personal: World, seconds: int, is_tried: bool
) -> None:
    """45 days after it was given: nobody looks at them after that."""
    dies_at = keys_of(personal).blob_at + REFRESH_TOKEN_LIFE
    last_try = timedelta(hours=6) - timedelta(seconds=seconds)
    personal.later(seconds=(dies_at - last_try - timedelta(minutes=15) - personal.clock()).total_seconds())
    broken(personal)

    assert keys_of(personal).status is TokenStatus.BROKEN
    assert keys_of(personal).due_at == (dies_at if is_tried else None)


# ---- nobody finished


def test_an_attempt_that_nobody_finished_is_told_and_probed_when_the_quarantine_is_over(personal: World) -> None:
    """Its request may still arrive until then; a probe that works says that it never did."""
    answering(personal, REFRESH, effect="before")
    with pytest.raises(RetryLaterError):
        access_token(personal.engine(), WAREHOUSE)
    lease_until = keys_of(personal).lease_until
    assert lease_until is not None
    personal.later(seconds=(lease_until - personal.clock()).total_seconds() - 1)
    keep(personal)
    while_alive = told(personal, "token_unsettled")
    personal.later(seconds=1)
    keep(personal)
    in_quarantine = keys_of(personal)
    personal.later(seconds=QUARANTINE.total_seconds() - 1)
    keep(personal)
    probed_too_soon = sent(personal).count(REFRESH) > 1
    personal.later(seconds=1)
    keep(personal)

    assert while_alive == []
    assert (in_quarantine.status, in_quarantine.due_at) == (TokenStatus.UNCERTAIN, lease_until + QUARANTINE)
    assert not probed_too_soon
    seconds = [fields["seconds"] for fields in told(personal, "token_unsettled")]
    assert seconds == [290, 409, 410]  # since the request was to be given up
    assert told(personal, "token_healed_by_probe") == [TOLD]
    assert (keys_of(personal).status, keys_of(personal).ver) == (TokenStatus.ACTIVE, 1)


def test_what_a_probe_did_not_heal_is_not_told_as_healed_by_it(service: World) -> None:
    """The answer was lost, and the spare with it: client credentials go on."""
    answering(service, REFRESH, effect="after")
    with pytest.raises(RetryLaterError):
        keep(service)
    service.later(minutes=10)
    keep(service)

    assert keys_of(service).status is TokenStatus.CC_ONLY
    assert told(service, "token_healed_by_probe") == []


def test_a_company_without_a_licence_is_told_once_and_keeps_its_keys(service: World) -> None:
    """The line says what Fortnox says."""
    refusing(service, "error_missing_license")
    keep(service)

    assert told(service, "token_held") == [{**TOLD, "reason": "licence_missing"}]
    assert keys_of(service).status is TokenStatus.ACTIVE
