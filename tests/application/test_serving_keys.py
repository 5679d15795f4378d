"""Who needs an access token gets the stored one while it lasts, then one by the key that costs least."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing.application.access_fortnox import access_token
from invoicing.application.ports import ChangedMeanwhileError, JournalEntry
from invoicing.domain.errors import IntegrationHeldError, RetryLaterError, UnknownOutcomeError
from invoicing.domain.tokens import RENEW_WHEN_LEFT, Mode, TokenStatus

from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import interrupted
from tests.support.keys import Down, answering, keep, keys_of, refusing, sent, told
from tests.support.world import World

REFRESH, CREDENTIALS = "refresh_token", "client_credentials"


def connected(mode: Mode, *, left: timedelta = timedelta()) -> World:
    """A system whose access token has so much time left."""
    world = World()
    world.connect(mode)
    expires_at = world.engine().open_pair(keys_of(world)).expires_at
    world.later(seconds=(expires_at - left - world.clock()).total_seconds())
    world.fortnox.clear_calls()
    return world


def serve(world: World) -> str:
    """A run needs one."""
    return access_token(world.engine(), WAREHOUSE)


@pytest.mark.parametrize(("longer", "asked"), [(1, []), (0, [REFRESH])])
def test_a_token_is_renewed_when_twenty_minutes_are_left(longer: int, asked: list[str]) -> None:
    """Not sooner: each rotation is a risk."""
    world = connected(Mode.PERSONAL, left=RENEW_WHEN_LEFT + timedelta(seconds=longer))
    serve(world)

    assert sent(world) == asked


def fortnox_is_down(world: World) -> None:
    answering(world, effect="status", status=503)


def another_worker_is_at_it(world: World) -> None:
    """Since we read the keys."""

    def before(method: str) -> None:
        if method == "claim":
            raise ChangedMeanwhileError("claimed")

    world.tokens = interrupted(world.tokens, before=before)


@pytest.mark.parametrize("trouble", [fortnox_is_down, another_worker_is_at_it])
@pytest.mark.parametrize(("left", "is_used"), [(61, True), (60, False)])
def test_a_token_that_lasts_a_minute_is_used_when_none_could_be_had(
    trouble: Callable[[World], None], left: int, is_used: bool
) -> None:
    """It was ahead of time; there is time for another try. One with less would be over before it is used."""
    world = connected(Mode.PERSONAL, left=timedelta(seconds=left))
    stored = world.engine().open_pair(keys_of(world)).access_token
    trouble(world)
    if is_used:
        assert serve(world) == stored
    else:
        with pytest.raises(RetryLaterError):
            serve(world)


def test_while_the_outcome_of_a_refresh_is_not_known_none_is_prepared() -> None:
    """Recovery finds out first."""
    world = connected(Mode.PERSONAL)
    answering(world, REFRESH, effect="after")
    for _ in range(2):
        with pytest.raises(RetryLaterError):
            serve(world)

    assert sent(world) == [REFRESH]
    assert len(world.journal.intents) == 1


@pytest.mark.parametrize("mode", list(Mode))
def test_a_dead_chain_is_not_asked_again(mode: Mode) -> None:
    """Client credentials are what is left, whatever the company approved at first."""
    world = connected(mode)
    world.tokens.start_chain(replace(keys_of(world), chain_id="dead", status=TokenStatus.CC_ONLY, due_at=None))
    refusing(world, "invalid_grant", CREDENTIALS)
    with pytest.raises(RetryLaterError):
        serve(world)

    assert set(sent(world)) == {CREDENTIALS}
    assert keys_of(world).status is TokenStatus.UNCERTAIN


def test_a_service_is_served_by_client_credentials_and_its_spare_is_not_touched() -> None:
    """They are stored, and told of."""
    world = connected(Mode.SERVICE)
    before = keys_of(world)
    token = serve(world)

    assert serve(world) == token
    assert sent(world) == [CREDENTIALS]
    assert (keys_of(world).ver, keys_of(world).blob) == (before.ver, before.blob)
    assert told(world, "token_by_client_credentials") == [{"integration": WAREHOUSE}]


def test_a_lost_answer_by_client_credentials_is_asked_for_again_at_once() -> None:
    """That can do no harm."""
    world = connected(Mode.SERVICE)
    answering(world, CREDENTIALS, effect="after")

    assert serve(world)
    assert sent(world) == [CREDENTIALS, CREDENTIALS]


def test_a_company_without_a_licence_is_asked_for_by_one_key_only() -> None:
    """The spare would be refused for the same reason."""
    world = connected(Mode.SERVICE)
    refusing(world, "error_missing_license")
    with pytest.raises(IntegrationHeldError):
        serve(world)

    assert sent(world) == [CREDENTIALS]


def test_of_several_answers_to_one_version_the_one_that_can_be_read_is_adopted() -> None:
    """The others are evidence: a proxy's page, and what was sealed for something else."""
    world = connected(Mode.PERSONAL)
    keys = keys_of(world)
    answering(world, REFRESH, effect="status", status=200, body="<html>")
    with pytest.raises(UnknownOutcomeError):
        serve(world)
    strange = JournalEntry(attempt_id="strange", blob=b"sealed elsewhere", received_at=world.clock())
    world.journal.record(WAREHOUSE, keys.chain_id, keys.ver + 1, strange)
    world.later(minutes=10)
    stored = world.tokens
    Down(world, "tokens", "save_rotation")
    keep(world)
    world.tokens = stored
    world.later(minutes=10)
    keep(world)

    assert len(world.journal.find(WAREHOUSE, keys.chain_id, keys.ver + 1)) == 3
    assert told(world, "token_healed_by_journal") == [{"integration": WAREHOUSE, "version": "1"}]
    assert (keys_of(world).status, keys_of(world).ver) == (TokenStatus.ACTIVE, 1)
    assert sent(world) == [REFRESH, REFRESH]


def test_keys_show_nothing_when_they_are_printed() -> None:
    """In an error or a line, by accident."""
    world = connected(Mode.SERVICE)
    serve(world)
    keys = keys_of(world)
    for tokens in (world.engine().open_pair(keys), world.engine().open_client_credentials(keys)):
        assert tokens.access_token not in repr(tokens)
        assert not tokens.refresh_token or tokens.refresh_token not in repr(tokens)
    assert "blob=" not in repr(keys)
