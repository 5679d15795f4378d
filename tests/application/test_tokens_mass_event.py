"""Answers that are about us or about Fortnox, and not about one integration's keys."""

import pytest
from invoicing.application.access_fortnox import access_token
from invoicing.application.ports import ClientRefusedError
from invoicing.application.recover_tokens import MASS_EVENT, recover_tokens
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.errors import IntegrationHeldError, ReconnectRequiredError, RetryLaterError
from invoicing.domain.issue import IssueCode
from invoicing.domain.notice import NoticeKind
from invoicing.domain.tokens import Mode, TokenStatus

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.support.keys import approved, refusing
from tests.support.world import World

_MANY = MASS_EVENT + 15


def _statuses(world: World, names: list[str]) -> list[TokenStatus]:
    items = [world.tokens.get(name) for name in names]
    return [item.status for item in items if item is not None]


def _keep(world: World, engine: TokenEngine) -> None:
    """What the janitor does on its schedule."""
    for name in list(world.tokens.due(world.clock())):
        try:
            recover_tokens(engine, name, world.follow_keys)
        except RetryLaterError:
            continue


def _after_an_incident_of(world: World, names: list[str], hours: int) -> list[TokenStatus]:
    """Fortnox refuses every key. Gives what the keys were taken for at the end of it."""
    for name in names:
        approved(world, name, Mode.PERSONAL)
    world.later(hours=2)
    engine = world.engine()
    refusing(world, "invalid_grant")
    for name in names:
        with pytest.raises(RetryLaterError):
            access_token(engine, name)
    for _ in range(hours * 12):
        world.later(minutes=5)
        _keep(world, engine)
    world.fortnox.clear_faults()
    return _statuses(world, names)


def test_an_incident_at_fortnox_breaks_nobody() -> None:
    """When Fortnox refuses everybody, it is Fortnox: all wait, nobody is mailed, and it heals when it is over."""
    world = World()
    names = [f"lager-{number}" for number in range(_MANY)]
    meanwhile = _after_an_incident_of(world, names, hours=5)
    for _ in range(12):
        world.later(minutes=5)
        _keep(world, world.engine())

    assert set(meanwhile) == {TokenStatus.UNCERTAIN}
    assert set(_statuses(world, names)) == {TokenStatus.ACTIVE}
    assert world.notices.all == []
    assert any(event == "token_mass_refusal" for event, _ in world.reports)


def test_what_few_were_refused_by_mistake_works_again_without_a_human() -> None:
    """Too few to see that it is an incident: held and told of, and released when Fortnox takes the keys again."""
    world = World()
    world.connect()
    names = [WAREHOUSE]
    meanwhile = _after_an_incident_of(world, names, hours=1)
    held = world.integrations.get(WAREHOUSE)
    for _ in range(6 * 12 + 1):
        world.later(minutes=5)
        _keep(world, world.engine())
    released = world.integrations.get(WAREHOUSE)

    assert meanwhile == [TokenStatus.BROKEN]
    assert held is not None
    assert held.broken_since is not None
    assert released is not None
    assert released.broken_since is None
    assert released.reactivated_at is not None
    assert _statuses(world, names) == [TokenStatus.ACTIVE]
    assert [notice.closed for notice in world.notices.all if notice.kind is NoticeKind.BROKEN] == [True]


def test_keys_that_broke_again_are_told_of_again() -> None:
    """A second break is another problem, with a notice of its own."""
    world = World()
    world.connect()
    for _ in range(2):
        _after_an_incident_of(world, [WAREHOUSE], hours=1)
        for _ in range(6 * 12 + 1):
            world.later(minutes=5)
            _keep(world, world.engine())

    assert [notice.closed for notice in world.notices.all if notice.kind is NoticeKind.BROKEN] == [True, True]


def test_dead_keys_are_tried_again_until_fortnox_has_forgotten_them() -> None:
    """A few times a day, and never again once they would have died of age."""
    world = World()
    approved(world, "lager", Mode.PERSONAL)
    world.fortnox.destroy_tokens(TENANT_ID)
    world.later(days=7)
    world.fortnox.clear_calls()
    for _ in range(24 * 50):
        world.later(hours=1)
        _keep(world, world.engine())
    item = world.tokens.get("lager")

    assert _statuses(world, ["lager"]) == [TokenStatus.BROKEN]
    assert item is not None
    assert item.due_at is None
    assert 2 < len(world.fortnox.calls()) < 50 * 4 * 2  # a refresh and client credentials each


def test_one_dead_integration_is_not_a_mass_event() -> None:
    """However often its keys are refused."""
    world = World()
    approved(world, "lager", Mode.PERSONAL)
    world.fortnox.destroy_tokens(TENANT_ID)
    for _ in range(MASS_EVENT * 2):
        world.tokens.count_refused("lager", now=world.clock())
    world.later(hours=2)
    with pytest.raises(RetryLaterError):
        access_token(world.engine(), "lager")
    world.later(minutes=15)

    with pytest.raises(ReconnectRequiredError):
        access_token(world.engine(), "lager")
    assert _statuses(world, ["lager"]) == [TokenStatus.BROKEN]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_wrong_client_secret_touches_no_integration(mode: Mode) -> None:
    """invalid_client is about us: the item is as it was, and no attempt is left behind."""
    world = World()
    approved(world, "lager", mode)
    world.later(minutes=45)
    before = world.tokens.get("lager")
    refusing(world, "invalid_client", status=401)

    with pytest.raises(ClientRefusedError):
        access_token(world.engine(), "lager")
    after = world.tokens.get("lager")
    assert before is not None
    assert after is not None
    assert (after.status, after.ver, after.blob, after.intent, after.due_at) == (
        before.status,
        before.ver,
        before.blob,
        None,
        before.due_at,
    )


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("error", ["error_missing_license", "error_missing_app_license"])
def test_a_missing_licence_holds_the_integration_and_keeps_its_keys(mode: Mode, error: str) -> None:
    """A new consent would not cure it: the page says licence, and the keys work again once there is one."""
    world = World()
    approved(world, "lager", mode)
    world.later(minutes=45)
    refusing(world, error)

    with pytest.raises(IntegrationHeldError) as held:
        access_token(world.engine(), "lager")
    world.fortnox.clear_faults()

    assert held.value.issue.code is IssueCode.LICENCE_MISSING
    assert access_token(world.engine(), "lager")
    assert _statuses(world, ["lager"]) == [TokenStatus.ACTIVE]


def test_the_spare_of_a_company_without_licence_is_asked_for_seldom() -> None:
    """The janitor neither fails nor asks every five minutes."""
    world = World()
    approved(world, "lager", Mode.SERVICE)
    world.later(days=7)
    refusing(world, "error_missing_license")
    world.fortnox.clear_calls()
    for _ in range(24):
        _keep(world, world.engine())
        world.later(minutes=5)

    assert len(world.fortnox.calls()) == 1
    assert any(event == "token_held" for event, _ in world.reports)


def test_an_unknown_refusal_breaks_nothing() -> None:
    """A code that nobody has documented is a no for now."""
    world = World()
    approved(world, "lager", Mode.PERSONAL)
    world.later(hours=2)
    refusing(world, "something_new")

    with pytest.raises(RetryLaterError):
        access_token(world.engine(), "lager")
    item = world.tokens.get("lager")
    assert item is not None
    assert item.status is TokenStatus.ACTIVE
    assert item.due_at is not None
