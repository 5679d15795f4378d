"""Every end of the token engine is exactly one log line, whose outcome says what the call was worth."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from invoicing.application.access_fortnox import access_token
from invoicing.application.recover_tokens import MASS_EVENT, recover_tokens
from invoicing.application.report_outcome import Outcome
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus

from local.fortnox.seed import CLIENT_ID, TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import interrupted
from tests.support.world import ADMINISTRATORS, World

type Event = Callable[[World], object]

SERVICE, PERSONAL = Mode.SERVICE, Mode.PERSONAL


# ---- what happened before


def an_hour(world: World) -> None:
    """The access token is over."""
    world.later(hours=1)


def forty_five_minutes(world: World) -> None:
    """The access token is soon over, and is renewed ahead of time."""
    world.later(minutes=45)


def ten_minutes(world: World) -> None:
    """Longer than a lease and a quarantine."""
    world.later(minutes=10)


def a_week(world: World) -> None:
    """The chain is to be rotated even if nobody used it."""
    world.later(days=7)


def fortnox_is_down(world: World) -> None:
    answering(world, effect="status", status=503)


def licence_is_gone(world: World) -> None:
    answering(world, effect="status", status=400, body={"error": "error_missing_license"})


def our_secret_is_wrong(world: World) -> None:
    answering(world, effect="status", status=401, body={"error": "invalid_client"})


def keys_are_dead(world: World) -> None:
    world.fortnox.destroy_tokens(TENANT_ID)


def refused_before(world: World) -> None:
    """A quarter of an hour ago, so that a second refusal is believed."""
    with suppress(RetryLaterError):
        keep(world)
    world.later(minutes=15)


def told_six_hours_ago(world: World) -> None:
    """The janitor has told of dead keys, and tries them again."""
    keep(world)
    world.later(hours=6)


def company_approves_a_service(world: World) -> None:
    """Elsewhere: our personal keys are as they were."""
    world.fortnox.approve(
        client_id=CLIENT_ID,
        tenant_id=TENANT_ID,
        username=ADMINISTRATORS[TENANT_ID],
        scopes=["invoice"],
    )


def many_others_are_refused(world: World) -> None:
    for number in range(MASS_EVENT):
        world.tokens.count_refused(f"lager-{number}", now=world.clock())


def request_is_lost(world: World) -> None:
    failing_once(world, effect="before")


def reply_is_lost(world: World) -> None:
    failing_once(world, effect="after")


def table_does_not_take_the_pair(world: World) -> None:
    """The journal does."""
    stored = world.tokens

    def before(method: str) -> None:
        if method == "save_rotation":
            raise RetryLaterError("the table does not answer")

    world.tokens = interrupted(stored, before=before)
    renew(world)
    world.tokens = stored


def backup_is_restored(world: World) -> None:
    """Its key was used since; the journal has the one that followed."""
    backup = item(world)
    world.later(hours=1)
    renew(world)
    world.tokens.start_chain(replace(backup, chain_id="another"))
    world.tokens.start_chain(backup)
    world.later(hours=1)


def another_worker_is_quicker(world: World) -> None:
    """Between our read and our claim."""
    stored = world.tokens

    def before(method: str) -> None:
        if method == "claim":
            world.tokens = stored
            ours = list(world.reports)
            renew(world)
            world.reports[:] = ours  # its lines are its own

    world.tokens = interrupted(stored, before=before)


def blob_is_damaged(world: World) -> None:
    store(world, blob=b"sealed elsewhere")


def only_client_credentials_are_left(world: World) -> None:
    store(world, status=TokenStatus.CC_ONLY)


def keys_were_found_dead(world: World) -> None:
    keys = item(world)
    world.tokens.mark(
        WAREHOUSE,
        TokenStatus.BROKEN,
        chain_id=keys.chain_id,
        ver=keys.ver,
        epoch=keys.epoch,
        due_at=world.clock(),
        refused_at=world.clock(),
    )


def system_is_disconnected(world: World) -> None:
    world.tokens.forget(WAREHOUSE)


def process_ends_soon(world: World) -> None:
    world.time_left = 10.0


def answering(world: World, **fault: Any) -> None:
    world.fortnox.add_faults([{"times": None, "match": {"path_regex": "/oauth-v1/token"}, **fault}])


def failing_once(world: World, **fault: Any) -> None:
    match = {"path_regex": "/oauth-v1/token", "grant_type": "refresh_token"}
    world.fortnox.add_faults([{"match": match, **fault}])
    with suppress(RetryLaterError):
        renew(world)


def renew(world: World) -> None:
    """With the refresh token, whatever the mode."""
    if item(world).mode is PERSONAL:
        access_token(world.engine(), WAREHOUSE)
    else:
        keep(world)


def keep(world: World) -> None:
    recover_tokens(world.engine(), WAREHOUSE, lambda _item: None)


def item(world: World) -> TokenItem:
    found = world.tokens.get(WAREHOUSE)
    assert found is not None
    return found


def store(world: World, **changes: Any) -> None:
    world.tokens.start_chain(replace(item(world), chain_id="changed", due_at=world.clock(), **changes))


# ---- how it ends

ACCESS: tuple[tuple[Mode, tuple[Event, ...], Outcome], ...] = (
    (SERVICE, (), Outcome.SERVED_STORED),
    (PERSONAL, (forty_five_minutes, fortnox_is_down), Outcome.SERVED_STORED),
    (PERSONAL, (an_hour, another_worker_is_quicker), Outcome.SERVED_STORED),
    (SERVICE, (an_hour,), Outcome.RENEWED),
    (PERSONAL, (an_hour,), Outcome.RENEWED),
    (PERSONAL, (backup_is_restored,), Outcome.RENEWED),
    (PERSONAL, (an_hour, keys_are_dead, company_approves_a_service), Outcome.HEALED),
    (PERSONAL, (an_hour, fortnox_is_down), Outcome.RETRY_LATER),
    (PERSONAL, (an_hour, reply_is_lost), Outcome.RETRY_LATER),
    (PERSONAL, (an_hour, process_ends_soon), Outcome.RETRY_LATER),
    (SERVICE, (an_hour, keys_are_dead), Outcome.RETRY_LATER),  # a first refusal is not believed
    (PERSONAL, (an_hour, keys_are_dead, refused_before, many_others_are_refused), Outcome.RETRY_LATER),
    (SERVICE, (an_hour, licence_is_gone), Outcome.HELD),
    (PERSONAL, (an_hour, licence_is_gone), Outcome.HELD),
    (SERVICE, (an_hour, keys_are_dead, refused_before), Outcome.NEEDS_HUMAN),
    (PERSONAL, (keys_were_found_dead,), Outcome.NEEDS_HUMAN),
    (SERVICE, (system_is_disconnected,), Outcome.NEEDS_HUMAN),
    (SERVICE, (an_hour, our_secret_is_wrong), Outcome.CLIENT_REFUSED),
    (PERSONAL, (an_hour, our_secret_is_wrong), Outcome.CLIENT_REFUSED),
    (PERSONAL, (an_hour, blob_is_damaged), Outcome.OUR_FAULT),
)
RECOVERY: tuple[tuple[Mode, tuple[Event, ...], Outcome], ...] = (
    (SERVICE, (system_is_disconnected,), Outcome.NOTHING_TO_DO),
    (SERVICE, (only_client_credentials_are_left,), Outcome.NOTHING_TO_DO),
    (SERVICE, (a_week, another_worker_is_quicker), Outcome.NOTHING_TO_DO),
    (SERVICE, (a_week,), Outcome.RENEWED),
    (PERSONAL, (a_week,), Outcome.RENEWED),
    (PERSONAL, (an_hour, request_is_lost), Outcome.RETRY_LATER),  # it may still be alive
    (PERSONAL, (an_hour, request_is_lost, lambda world: world.later(minutes=6)), Outcome.RETRY_LATER),  # quarantine
    (PERSONAL, (an_hour, request_is_lost, ten_minutes), Outcome.HEALED),
    (PERSONAL, (an_hour, table_does_not_take_the_pair, ten_minutes), Outcome.HEALED),
    (SERVICE, (a_week, reply_is_lost, ten_minutes), Outcome.HEALED),
    (SERVICE, (backup_is_restored,), Outcome.RENEWED),
    (SERVICE, (keys_were_found_dead, told_six_hours_ago), Outcome.HEALED),
    (PERSONAL, (an_hour, reply_is_lost, ten_minutes), Outcome.RETRY_LATER),
    (PERSONAL, (an_hour, reply_is_lost, ten_minutes, refused_before), Outcome.NEEDS_HUMAN),
    (SERVICE, (a_week, keys_are_dead, refused_before), Outcome.NEEDS_HUMAN),
    (SERVICE, (keys_were_found_dead,), Outcome.NEEDS_HUMAN),
    (SERVICE, (a_week, keys_are_dead), Outcome.RETRY_LATER),
    (SERVICE, (a_week, keys_are_dead, refused_before, many_others_are_refused), Outcome.RETRY_LATER),
    (SERVICE, (a_week, fortnox_is_down), Outcome.RETRY_LATER),
    (SERVICE, (a_week, process_ends_soon), Outcome.RETRY_LATER),
    (SERVICE, (a_week, licence_is_gone), Outcome.HELD),
    (SERVICE, (a_week, our_secret_is_wrong), Outcome.CLIENT_REFUSED),
    (SERVICE, (a_week, blob_is_damaged), Outcome.OUR_FAULT),
)


def ends(world: World, call: str, act: Callable[[], object]) -> list[tuple[set[str], Any, bool]]:
    """The lines of `act`: fields, outcome, and whether it carries the reason of an error that was raised."""
    world.reports.clear()
    raised = ""
    try:
        act()
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
    return [
        (set(fields), fields["outcome"], fields["reason"] == raised) for event, fields in world.reports if event == call
    ]


def named(cases: tuple[tuple[Mode, tuple[Event, ...], Outcome], ...]) -> pytest.MarkDecorator:
    """A name for each case that says what happened."""
    return pytest.mark.parametrize(
        ("mode", "before", "outcome"),
        cases,
        ids=[f"{mode}: {', '.join(event.__name__ for event in before)}: {outcome}" for mode, before, outcome in cases],
    )


FIELDS = {"integration", "outcome", "reason", "duration_ms"}


@named(ACCESS)
def test_a_call_for_an_access_token_ends_in_one_line(mode: Mode, before: tuple[Event, ...], outcome: Outcome) -> None:
    """Whether it was given one, and if not, who can change that."""
    world = World()
    world.connect(mode)
    for event in before:
        event(world)

    assert ends(world, "token_access", lambda: access_token(world.engine(), WAREHOUSE)) == [(FIELDS, outcome, True)]


@named(RECOVERY)
def test_a_look_of_the_janitor_ends_in_one_line(mode: Mode, before: tuple[Event, ...], outcome: Outcome) -> None:
    """What it found, or why it will look again."""
    world = World()
    world.connect(mode)
    for event in before:
        event(world)

    assert ends(world, "token_recovery", lambda: keep(world)) == [(FIELDS, outcome, True)]


def test_every_outcome_is_among_these() -> None:
    """One that no story ends with is one that nobody has thought about."""
    assert {outcome for *_, outcome in (*ACCESS, *RECOVERY)} == set(Outcome)


def test_a_line_says_how_long_it_took() -> None:
    """A slow Fortnox is seen before it is a Fortnox that does not answer."""
    world = World()
    world.connect(PERSONAL)
    world.later(hours=1)
    stored = world.tokens
    world.tokens = interrupted(
        stored, before=lambda method: world.clock.advance(timedelta(milliseconds=method == "claim"))
    )
    access_token(world.engine(), WAREHOUSE)
    (line,) = [fields for event, fields in world.reports if event == "token_access"]

    assert line["duration_ms"] == 1


def test_a_claim_that_took_all_the_time_spends_no_refresh_token() -> None:
    """The check before the claim alone does not see it: the answer could not be stored any more."""
    world = World()
    world.connect(PERSONAL)
    world.later(hours=1)
    stored = world.tokens

    def after(method: str) -> None:
        if method == "claim":
            world.time_left = 10.0

    world.tokens = interrupted(stored, after=after)
    world.fortnox.clear_calls()
    with pytest.raises(RetryLaterError):
        access_token(world.engine(), WAREHOUSE)
    world.tokens = stored

    assert [call.path for call in world.fortnox.calls()] == []
    assert (item(world).intent, item(world).lease_owner) == (None, "")
