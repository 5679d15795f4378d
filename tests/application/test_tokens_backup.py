"""A backup of the tables is restored: the refresh tokens in it were used long ago."""

from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import pytest
from invoicing.application import rotate_refresh_token
from invoicing.application.access_fortnox import access_token
from invoicing.application.recover_tokens import recover_tokens
from invoicing.domain.notice import NoticeKind
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus

from local.ongoing.seed import WAREHOUSE
from tests.support.world import World

_ROTATIONS = 30  # since the backup: a day in personal mode
_MODES = pytest.mark.parametrize("mode", list(Mode))
_FAMILY = pytest.mark.parametrize("family", [True, False], ids=["a reuse ends the family", "a reuse is only refused"])


def _keys(world: World) -> TokenItem:
    found = world.tokens.get(WAREHOUSE)
    assert found is not None
    return found


def _keep(world: World) -> None:
    """The janitor's schedule."""
    for integration_id in world.tokens.due(world.clock()):
        recover_tokens(world.engine(), integration_id, world.follow_keys)


def _rotate(world: World) -> None:
    """Once, whatever the mode: the access token runs out, or the spare becomes due."""
    if _keys(world).mode is Mode.PERSONAL:
        world.later(hours=1)
        access_token(world.engine(), WAREHOUSE)
    else:
        world.later(days=7)
        _keep(world)


def _restored(world: World, mode: Mode) -> int:
    """Connected, backed up, used, restored. Gives the version that was the newest."""
    world.connect(mode)
    backup = _keys(world)
    for _ in range(_ROTATIONS):
        _rotate(world)
    newest = _keys(world).ver
    _restore(world, backup)
    return newest


def _restore(world: World, backup: TokenItem) -> None:
    world.tokens.start_chain(replace(backup, chain_id="as if it were another table"))
    world.tokens.start_chain(backup)


def _hours(world: World, hours: int) -> Iterator[None]:
    """Both schedules."""
    for _ in range(hours * 4):
        for _ in range(3):
            world.later(minutes=5)
            _keep(world)
        world.run()
        yield


def _spent_keys_used(world: World) -> int:
    return sum(call.status == 400 for call in world.fortnox.calls() if call.path == "/oauth-v1/token")


@_FAMILY
@_MODES
def test_the_newest_version_in_the_journal_wins_before_a_spent_key_is_used(mode: Mode, family: bool) -> None:
    """Nobody is asked to approve again, not even where one use of a spent key ends the whole chain."""
    world = World()
    world.fortnox.change_options({"revoke_family_on_reuse": family})
    newest = _restored(world, mode)
    world.fortnox.clear_calls()
    for _ in _hours(world, 3):
        pass
    integration = world.integrations.get(WAREHOUSE)

    assert newest == _ROTATIONS
    assert _keys(world).status is TokenStatus.ACTIVE
    assert _keys(world).ver > newest
    assert _spent_keys_used(world) == 0
    assert integration is not None
    assert integration.broken_since is None
    assert integration.last_run is not None
    assert integration.last_run.problem is None


def test_without_that_look_into_the_journal_a_personal_connection_would_be_lost() -> None:
    """The guard earns its place."""
    world = World()
    _restored(world, Mode.PERSONAL)
    with mock.patch.object(rotate_refresh_token, "adopt_from_journal", return_value=None):
        for _ in _hours(world, 3):
            pass

    assert _keys(world).status is TokenStatus.BROKEN


def test_without_a_journal_client_credentials_carry_a_service_connection() -> None:
    """Its chain is dead, and nobody notices."""
    world = World()
    _restored(world, Mode.SERVICE)
    world.journal = type(world.journal)()
    for _ in _hours(world, 3):
        pass

    assert _keys(world).status is TokenStatus.CC_ONLY
    assert [notice.kind for notice in world.notices.all if notice.kind is NoticeKind.BROKEN] == []


def test_without_a_journal_a_personal_connection_gets_one_mail() -> None:
    """Nothing is left that could work."""
    world = World()
    _restored(world, Mode.PERSONAL)
    world.journal = type(world.journal)()
    for _ in _hours(world, 3):
        pass

    assert _keys(world).status is TokenStatus.BROKEN
    assert len([notice for notice in world.notices.all if notice.kind is NoticeKind.BROKEN]) == 1


@_MODES
def test_who_connected_after_the_backup_is_held_and_gets_one_mail(mode: Mode) -> None:
    """The restored table knows no keys of theirs."""
    world = World()
    world.connect(mode)
    world.tokens = type(world.tokens)()
    for _ in _hours(world, 3):
        pass
    integration = world.integrations.get(WAREHOUSE)

    assert integration is not None
    assert integration.broken_since is not None
    assert len([notice for notice in world.notices.all if notice.kind is NoticeKind.BROKEN]) == 1


@_MODES
def test_who_was_held_because_the_keys_were_missing_goes_on_when_they_are_back(mode: Mode) -> None:
    """Somebody restored a table while runs went on: nobody needs to approve again."""
    world = World()
    world.connect(mode)
    keys = world.tokens
    world.tokens = type(world.tokens)()
    world.run()
    held = world.integrations.get(WAREHOUSE)
    world.tokens = keys
    world.later(days=7)
    for _ in _hours(world, 1):
        pass
    integration = world.integrations.get(WAREHOUSE)
    closing = [notice for notice in world.notices.all if notice.kind is NoticeKind.REACTIVATED]

    assert held is not None
    assert held.broken_since is not None
    assert integration is not None
    assert integration.broken_since is None
    assert [notice.closed for notice in world.notices.all if notice.kind is NoticeKind.BROKEN] == [True]
    assert [notice.closing is not None and notice.closing.sent.count > 0 for notice in closing] == [True]


def test_who_connected_again_after_the_backup_is_carried_by_client_credentials() -> None:
    """The restored chain is an older one, whose keys a new approval may have ended."""
    world = World()
    world.fortnox.change_options({"new_consent_ends_older_chains": True})
    world.connect(Mode.SERVICE)
    backup = _keys(world)
    world.integrations.mark_broken(WAREHOUSE, at=world.clock())
    world.approve(world.start(Mode.SERVICE))
    _restore(world, backup)
    world.later(days=7)
    for _ in _hours(world, 3):
        pass

    assert _keys(world).status is TokenStatus.CC_ONLY
