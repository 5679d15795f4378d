"""Disconnecting: access to Fortnox ends, keys and password are forgotten, the history stays."""

from dataclasses import replace
from typing import cast

import pytest
from invoicing.application.access_fortnox import access_token
from invoicing.application.change_integration import disconnect
from invoicing.application.ports import FortnoxOAuth
from invoicing.domain.errors import ReconnectRequiredError, RetryLaterError
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.tokens import Mode, TokenStatus

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.support.world import World


def _live_refresh_tokens(world: World) -> int:
    live: int = world.fortnox.state()["companies"][TENANT_ID]["oauth"]["live_refresh_tokens"]
    return live


def _disconnect(world: World) -> None:
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    disconnect(world.change_tools(), integration, by="anna")


class _Disconnecting:
    """Fortnox, while somebody presses *Disconnect* just before each answer to a refresh."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._oauth = world.oauth()

    def refresh(self, refresh_token: str) -> bytes:
        answer = self._oauth.refresh(refresh_token)
        _disconnect(self._world)
        return answer

    def __getattr__(self, name: str) -> object:
        return getattr(self._oauth, name)


def test_disconnecting_ends_the_access_and_forgets_the_keys() -> None:
    """At Fortnox and here; what was exported stays to be read."""
    world = World()
    world.connect()
    world.run()
    _disconnect(world)
    item = world.tokens.get(WAREHOUSE)
    integration = world.integrations.get(WAREHOUSE)

    assert _live_refresh_tokens(world) == 0
    assert item is not None
    assert (item.status, item.blob, item.cc_blob) == (TokenStatus.REVOKED, None, None)
    assert integration is not None
    assert (integration.status, integration.wms_password) == (IntegrationStatus.DISCONNECTED, b"")
    assert world.exports.page(WAREHOUSE, limit=5)[0]
    assert world.run() is None
    with pytest.raises(ReconnectRequiredError):
        access_token(world.engine(), WAREHOUSE)


def test_a_pair_that_arrives_while_disconnecting_is_revoked_too() -> None:
    """Otherwise it would open the books for another 45 days."""
    world = World()
    world.connect(Mode.PERSONAL)
    world.later(hours=2)
    engine = replace(world.engine(), oauth=cast("FortnoxOAuth", _Disconnecting(world)))

    with pytest.raises((RetryLaterError, ReconnectRequiredError)):
        access_token(engine, WAREHOUSE)
    assert _live_refresh_tokens(world) == 0


def test_disconnecting_does_not_wait_for_fortnox() -> None:
    """What cannot be revoked now is forgotten, and told."""
    world = World()
    world.connect()
    world.fortnox.add_faults([{"effect": "status", "status": 503, "times": None}])
    _disconnect(world)
    item = world.tokens.get(WAREHOUSE)

    assert item is not None
    assert item.status is TokenStatus.REVOKED
    assert any(event == "revoke_failed" for event, _ in world.reports)
