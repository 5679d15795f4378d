"""Answers and items that are not what they should be: nothing is lost to them, and nothing is taken for a key."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from invoicing.adapters.fortnox.token_answers import read_error, read_tokens
from invoicing.application.access_fortnox import access_token
from invoicing.application.ports import CannotOpenError
from invoicing.application.recover_tokens import recover_tokens
from invoicing.domain.errors import RetryLaterError, UnknownOutcomeError, UnreadableTokensError
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus

from tests.support.fakes import START, FakeSealer
from tests.support.world import World

WAREHOUSE = "demo"
_UNREADABLE = {
    "HTML": "<html><body>Bad Gateway</body></html>",
    "empty": "",
    "null": "null",
    "a list": "[]",
    "a number": "7",
    "no access token": '{"refresh_token": "r"}',
    "an empty access token": '{"access_token": "", "refresh_token": "r"}',
    "no refresh token": '{"access_token": "a"}',
    "a refresh token that is no text": '{"access_token": "a", "refresh_token": 7}',
    "half of an object": '{"access_token": "a", "refresh',
    "not UTF-8": b"\xff\xfe".decode("latin-1"),
}


def _world(mode: Mode) -> tuple[World, str]:
    """A connected system whose access token is over."""
    world = World()
    integration = world.connect(mode)
    world.later(hours=2)
    return world, integration.id


def _answering(world: World, grant_type: str, **fault: Any) -> None:
    match = {"path_regex": "/oauth-v1/token", "grant_type": grant_type}
    world.fortnox.add_faults([{"match": match, **fault}])


def _janitor(world: World, integration_id: str, *, hours: int = 1) -> None:
    for _ in range(hours * 12):
        world.later(minutes=5)
        if integration_id in list(world.tokens.due(world.clock())):
            recover_tokens(world.engine(), integration_id, lambda _item: None)


def _item(world: World, integration_id: str) -> TokenItem:
    item = world.tokens.get(integration_id)
    assert item is not None
    return item


@pytest.mark.parametrize("body", _UNREADABLE.values(), ids=_UNREADABLE.keys())
def test_a_page_of_a_proxy_does_not_replace_the_pair(body: str) -> None:
    """Fortnox never got the refresh; a proxy said 200. The pair stays, and a probe finds that it was never spent."""
    world, name = _world(Mode.PERSONAL)
    _answering(world, "refresh_token", effect="status", status=200, body=body)
    before = _item(world, name)

    with pytest.raises(UnknownOutcomeError):
        access_token(world.engine(), name)
    unsettled = _item(world, name)
    _janitor(world, name)

    assert (unsettled.blob, unsettled.ver, unsettled.status) == (before.blob, before.ver, TokenStatus.UNCERTAIN)
    assert _item(world, name).status is TokenStatus.ACTIVE
    assert access_token(world.engine(), name)


@pytest.mark.parametrize("body", [_UNREADABLE["HTML"], _UNREADABLE["empty"], '{"access_token": ""}'])
def test_an_unreadable_answer_by_client_credentials_is_asked_for_again(body: str) -> None:
    """Nothing is stored of it, and the next try works."""
    world, name = _world(Mode.SERVICE)
    _answering(world, "client_credentials", effect="status", status=200, body=body)

    with pytest.raises(UnknownOutcomeError):
        access_token(world.engine(), name)
    assert _item(world, name).cc_blob is None
    assert access_token(world.engine(), name)


def test_a_truncated_answer_in_service_mode_is_healed_without_anybody_noticing() -> None:
    """The spare is lost on the way; client credentials go on."""
    world, name = _world(Mode.SERVICE)
    world.later(days=7)
    _answering(world, "refresh_token", effect="truncate")

    with pytest.raises(RetryLaterError):
        recover_tokens(world.engine(), name, lambda _item: pytest.fail("nothing is broken"))
    _janitor(world, name)

    assert _item(world, name).status is TokenStatus.CC_ONLY
    assert access_token(world.engine(), name)


@pytest.mark.parametrize("content_type", ["text/html; charset=UTF-8", "text/plain", "application/octet-stream"])
@pytest.mark.parametrize("mode", list(Mode))
def test_the_content_type_does_not_matter(mode: Mode, content_type: str) -> None:
    """Fortnox's own answers come with wrong ones."""
    world, name = _world(mode)
    grant = "refresh_token" if mode is Mode.PERSONAL else "client_credentials"
    _answering(world, grant, effect="content_type", content_type=content_type)

    assert access_token(world.engine(), name)


def test_fields_that_nobody_knows_are_ignored() -> None:
    """And kept, because the raw answer is what is stored."""
    raw = json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": 60, "new": {"deep": [1]}}).encode()

    tokens = read_tokens(raw, received_at=START, needs_refresh_token=True)

    assert (tokens.access_token, tokens.refresh_token) == ("a", "r")
    assert tokens.expires_at == START + timedelta(seconds=60)


@pytest.mark.parametrize("access_token_text", ["opaque", "a.b.c", "a.e30.c", "..", "a.bnVsbA.c", "å.ä.ö"])
def test_an_access_token_without_tenant_is_only_that(access_token_text: str) -> None:
    """Not every token is a JWT with the claim; then the company's own page says which company it is."""
    raw = json.dumps({"access_token": access_token_text, "refresh_token": "r"}).encode()

    assert read_tokens(raw, received_at=START, needs_refresh_token=True).tenant_id == ""


@pytest.mark.parametrize(
    ("claims", "tenant_id"),
    [
        ('{"tenantId": "123456"}', "123456"),
        ('{"tenantId": "1234567"}', "1234567"),
        ('{"tenantId": "12345678"}', "12345678"),
        ('{"tenantId": "1", "tenantId": "1234567"}', "1234567"),
        ('{"tenantId": "Lager AB"}', ""),
        ('{"tenantId": "²"}', ""),
    ],
)
def test_the_tenant_is_read_from_an_access_token(claims: str, tenant_id: str) -> None:
    """Whatever the length of its claims; what is no number is none."""
    middle = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    raw = json.dumps({"access_token": f"head.{middle}.sign", "refresh_token": "r"}).encode()

    assert read_tokens(raw, received_at=START, needs_refresh_token=True).tenant_id == tenant_id


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b'{"error": "", "error": "invalid_grant"}', "invalid_grant"),
        (b'{"error": 7}', ""),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_a_refusal_is_known_by_its_code(body: bytes, error: str) -> None:
    """Without one nothing is known of the key, and recovery finds out."""
    assert read_error(body) == error


@pytest.mark.parametrize("expires_in", [None, "3600", -1, 0, 10**9, True, 3.5, []])
def test_a_strange_life_is_taken_for_an_hour(expires_in: object) -> None:
    """A token that is renewed too early costs a call, one that never is costs the night."""
    raw = json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": expires_in}).encode()

    tokens = read_tokens(raw, received_at=START, needs_refresh_token=True)

    assert tokens.expires_at == START + timedelta(hours=1)


@pytest.mark.parametrize(("expires_in", "seconds"), [(1, 1), (86_400, 86_400), (86_401, 3_600)])
def test_a_life_of_a_day_at_most_is_believed(expires_in: int, seconds: int) -> None:
    """Fortnox may change its hour."""
    raw = json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": expires_in}).encode()

    tokens = read_tokens(raw, received_at=START, needs_refresh_token=True)

    assert tokens.expires_at == START + timedelta(seconds=seconds)


@pytest.mark.parametrize("body", _UNREADABLE.values(), ids=_UNREADABLE.keys())
def test_an_error_never_quotes_the_answer(body: str) -> None:
    """It may hold half of a token."""
    with pytest.raises(UnreadableTokensError) as error:
        read_tokens(body.encode(), received_at=START, needs_refresh_token=True)

    assert len(str(error.value)) < 30
    assert error.value.__cause__ is None


@pytest.mark.parametrize("seconds", [-2, 2])
def test_clocks_that_differ_by_seconds_do_no_harm(seconds: int) -> None:
    """The janitor's clock is ahead of or behind the worker's: what is unsettled still settles, once."""
    world, name = _world(Mode.PERSONAL)
    _answering(world, "refresh_token", effect="before")
    with pytest.raises(UnknownOutcomeError):
        access_token(world.engine(), name)
    engine = replace(world.engine(), clock=lambda: world.clock() + timedelta(seconds=seconds))
    for _ in range(24):
        world.later(seconds=30)
        if name in list(world.tokens.due(engine.clock())):
            recover_tokens(engine, name, lambda _item: pytest.fail("nothing is broken"))

    assert _item(world, name).status is TokenStatus.ACTIVE
    assert _item(world, name).ver == 1
    assert [call.grant_type for call in world.fortnox.calls()].count("refresh_token") == 2


def _change_sealer(world: World) -> None:
    world.sealer = FakeSealer("production")


def _damage(world: World) -> None:
    for item in list(world.tokens._stored.values()):
        world.tokens._stored[item.integration_id] = replace(item, blob=b"damaged" * 20)


@pytest.mark.parametrize("change", [_change_sealer, _damage])
def test_keys_of_another_environment_are_never_spent(change: Callable[[World], None]) -> None:
    """A copy of the data cannot open, and so cannot spend, a token; nobody is told that a connection broke."""
    world, name = _world(Mode.PERSONAL)
    change(world)
    before = _item(world, name)
    world.fortnox.clear_calls()

    with pytest.raises(CannotOpenError):
        access_token(world.engine(), name)
    assert world.fortnox.calls() == []
    assert _item(world, name) == before
    assert world.notices.all == [notice for notice in world.notices.all if notice.kind != "broken"]


def test_service_mode_goes_on_when_the_stored_pair_cannot_be_opened() -> None:
    """Client credentials need nothing that was stored."""
    world, name = _world(Mode.SERVICE)
    _damage(world)

    assert access_token(world.engine(), name)
