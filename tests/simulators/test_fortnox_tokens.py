"""The token endpoint: single use, rotation, families, client credentials, and its odd answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local.fortnox.options import Options
from local.fortnox.seed import CLIENT_ID, OTHER_TENANT_ID, TENANT_ID
from local.http import Reply
from tests.simulators.fortnox_caller import REDIRECT_URI, SCOPES, Caller, connected, refusal_of, value_of


def refresh(caller: Caller, token: str) -> Reply:
    return caller.token(grant_type="refresh_token", refresh_token=token)


def error_of(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["error"]


def claims_of(access_token: str) -> dict[str, Any]:
    payload = access_token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def code_for(caller: Caller, *, service: bool = True) -> str:
    return caller.simulator.approve(
        client_id=CLIENT_ID,
        tenant_id=TENANT_ID,
        username="admin@nordlager.example",
        scopes=SCOPES,
        service=service,
    )


def test_a_refresh_gives_a_new_pair_and_spends_the_old_token() -> None:
    """The chain goes on with the successor only."""
    caller = Caller()
    first = caller.connect()["refresh_token"]
    second = value_of(refresh(caller, first))["refresh_token"]
    third = refresh(caller, second)

    assert third.status == 200
    assert len({first, second, value_of(third)["refresh_token"]}) == 3


def test_a_second_use_kills_the_whole_family_at_worst() -> None:
    """By default the successor of a reused token is dead too."""
    caller = Caller()
    first = caller.connect()["refresh_token"]
    second = value_of(refresh(caller, first))["refresh_token"]
    reused = refresh(caller, first)
    after = refresh(caller, second)

    assert error_of(reused) == (400, "invalid_grant")
    assert error_of(after) == (400, "invalid_grant")


def test_a_second_use_can_leave_the_family_alive() -> None:
    """With the option off, only the spent token is refused."""
    caller = Caller(options=Options(revoke_family_on_reuse=False))
    first = caller.connect()["refresh_token"]
    second = value_of(refresh(caller, first))["refresh_token"]
    reused = refresh(caller, first)
    after = refresh(caller, second)

    assert error_of(reused) == (400, "invalid_grant")
    assert after.status == 200


def test_a_refresh_token_lives_45_days() -> None:
    """Its last second is good, the next is not."""
    caller = Caller()
    token = caller.connect()["refresh_token"]
    caller.clock.forward(days=45, seconds=-1)
    successor = refresh(caller, token)
    caller.clock.forward(days=45)

    assert successor.status == 200
    assert error_of(refresh(caller, value_of(successor)["refresh_token"])) == (400, "invalid_grant")


def test_an_access_token_lives_an_hour() -> None:
    """Afterwards the gateway says unauthorized, without Fortnox's envelope."""
    caller = connected()
    caller.clock.forward(seconds=3599)
    before = caller.api("GET", "/3/companyinformation")
    caller.clock.forward(seconds=1)
    after = caller.api("GET", "/3/companyinformation")

    assert before.status == 200
    assert (after.status, after.body) == (401, b'{"message":"unauthorized"}')


def test_an_access_token_names_its_tenant() -> None:
    """The claim tenantId is a numeric text, and the same number as in company information."""
    caller = connected()
    information = value_of(caller.api("GET", "/3/companyinformation"))["CompanyInformation"]

    assert claims_of(caller.access_token)["tenantId"] == TENANT_ID
    assert information["DatabaseNumber"] == int(TENANT_ID)


def test_a_code_can_be_used_once_within_ten_minutes() -> None:
    """The second exchange and a late one are refused."""
    caller = Caller()
    code = code_for(caller)
    first = caller.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)
    second = caller.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)
    late_code = code_for(caller)
    caller.clock.forward(minutes=10)
    late = caller.token(grant_type="authorization_code", code=late_code)

    assert first.status == 200
    assert error_of(second) == (400, "invalid_grant")
    assert error_of(late) == (400, "invalid_grant")


def test_a_code_is_bound_to_its_redirect_uri() -> None:
    """Another redirect URI spends the code and gets nothing."""
    caller = Caller()
    code = code_for(caller)
    reply = caller.token(grant_type="authorization_code", code=code, redirect_uri="https://evil.example/")

    assert error_of(reply) == (400, "invalid_grant")


def test_a_wrong_secret_is_refused_as_plain_text_and_spends_nothing() -> None:
    """The answer is JSON under text/plain, and the token can still be used."""
    caller = Caller()
    token = caller.connect()["refresh_token"]
    wrong = caller.token(secret="wrong", grant_type="refresh_token", refresh_token=token)

    assert wrong.status == 401
    assert wrong.header("Content-Type") == "text/plain;charset=UTF-8"
    assert wrong.body == (b'{"error":"invalid_client","error_description":"The client credentials are invalid"}')
    assert refresh(caller, token).status == 200


def test_client_credentials_work_with_a_service_consent() -> None:
    """The answer has no refresh token, and the access token works on the company."""
    caller = Caller()
    caller.connect()
    reply = caller.token(tenant=TENANT_ID, grant_type="client_credentials")
    answer = value_of(reply)
    caller.access_token = answer["access_token"]

    assert reply.status == 200
    assert "refresh_token" not in answer
    assert answer["scope"] == " ".join(SCOPES)
    assert caller.api("GET", "/3/companyinformation").status == 200


def test_client_credentials_need_a_service_consent() -> None:
    """A personal approval is none, and neither is another company's."""
    caller = Caller()
    caller.connect(service=False)
    personal = caller.token(tenant=TENANT_ID, grant_type="client_credentials")
    caller.connect(service=True)
    other = caller.token(tenant=OTHER_TENANT_ID, grant_type="client_credentials")

    assert error_of(personal) == (400, "invalid_grant")
    assert error_of(other) == (400, "invalid_grant")


def test_the_refusal_without_consent_can_be_access_denied() -> None:
    """Fortnox does not document the word."""
    caller = Caller(options=Options(missing_consent_error="access_denied"))

    assert error_of(caller.token(tenant=TENANT_ID, grant_type="client_credentials")) == (400, "access_denied")


def test_client_credentials_cannot_ask_for_more_than_the_consent() -> None:
    """Another scope is refused, a smaller set is granted."""
    caller = Caller()
    caller.connect(scopes=("invoice", "customer"))
    more = caller.token(tenant=TENANT_ID, grant_type="client_credentials", scope="invoice article")
    less = caller.token(tenant=TENANT_ID, grant_type="client_credentials", scope="customer")

    assert error_of(more) == (400, "invalid_scope")
    assert value_of(less)["scope"] == "customer"


def test_a_token_without_tenant_fails_every_api_call() -> None:
    """It is issued, and every call with it is answered with 500."""
    caller = Caller()
    caller.connect()
    reply = caller.token(grant_type="client_credentials")
    caller.access_token = value_of(reply)["access_token"]

    assert reply.status == 200
    assert caller.api("GET", "/3/companyinformation").status == 500


def test_destroyed_tokens_leave_no_way_but_a_new_consent() -> None:
    """Refresh and client credentials are refused; approving again heals both."""
    caller = Caller()
    token = caller.connect()["refresh_token"]
    caller.simulator.destroy_tokens(TENANT_ID)
    refused = refresh(caller, token), caller.token(tenant=TENANT_ID, grant_type="client_credentials")
    healed = caller.connect()

    assert [error_of(reply) for reply in refused] == [(400, "invalid_grant")] * 2
    assert refresh(caller, healed["refresh_token"]).status == 200
    assert caller.token(tenant=TENANT_ID, grant_type="client_credentials").status == 200


def test_a_revoked_consent_leaves_the_refresh_token() -> None:
    """Only client credentials stop."""
    caller = Caller()
    token = caller.connect()["refresh_token"]
    caller.simulator.revoke_consent(TENANT_ID)

    assert error_of(caller.token(tenant=TENANT_ID, grant_type="client_credentials")) == (400, "invalid_grant")
    assert refresh(caller, token).status == 200


@pytest.mark.parametrize(("ends", "status"), [(False, 200), (True, 400)])
def test_a_new_consent_may_end_older_chains(ends: bool, status: int) -> None:
    """Older refresh tokens survive by default, and die with the option on."""
    caller = Caller(options=Options(new_consent_ends_older_chains=ends))
    older = caller.connect()["refresh_token"]
    caller.connect()

    assert refresh(caller, older).status == status


def test_a_revoked_refresh_token_is_dead() -> None:
    """The revocation is confirmed, and the token refused from then on."""
    caller = Caller()
    token = caller.connect()["refresh_token"]
    basic = base64.b64encode(f"{CLIENT_ID}:the-client-secret".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = f"token_type_hint=refresh_token&token={token}".encode()
    revoked = caller.send("POST", "/oauth-v1/revoke", headers=headers, body=body)

    assert json.loads(revoked.body) == {"revoked": True}
    assert error_of(refresh(caller, token)) == (400, "invalid_grant")


def test_a_lost_licence_is_told_and_spends_nothing() -> None:
    """Buying the licence again makes the same token work."""
    caller = Caller()
    token = caller.connect()["refresh_token"]
    caller.simulator.change_company(TENANT_ID, {"integration_licence": False})
    refused = refresh(caller, token)
    api = caller.api("GET", "/3/companyinformation")
    caller.simulator.change_company(TENANT_ID, {"integration_licence": True})

    assert error_of(refused) == (400, "error_missing_license")
    assert refusal_of(api) == (403, 2001103)
    assert refresh(caller, token).status == 200


def test_a_scope_outside_the_token_is_refused() -> None:
    """So is one whose licence the company does not have."""
    caller = Caller()
    caller.connect(scopes=("invoice",))
    outside = caller.api("GET", "/3/articles")
    caller.simulator.change_company(TENANT_ID, {"licences": ["article"]})
    unlicensed = caller.api("GET", "/3/invoices")

    assert refusal_of(outside) == (403, 2000663)
    assert refusal_of(unlicensed) == (403, 2001101)


def test_access_tokens_can_be_expired() -> None:
    """The next call is unauthorized."""
    caller = connected()
    caller.simulator.expire_access_tokens(TENANT_ID)

    assert caller.api("GET", "/3/companyinformation").status == 401


# Two renewals at the same instant.


def test_two_renewals_at_the_same_instant_can_both_succeed() -> None:
    """Measured: both are answered with a pair, only the pair handed out last is valid, and the family lives."""
    caller = Caller(options=Options(simultaneous_renewals_window=0.2))
    first = caller.connect(service=False)["refresh_token"]
    loser = value_of(caller.token(grant_type="refresh_token", refresh_token=first))
    winner = value_of(caller.token(grant_type="refresh_token", refresh_token=first))
    statuses = []
    for pair in (loser, winner):
        caller.access_token = pair["access_token"]
        statuses.append(caller.api("GET", "/3/companyinformation").status)
    caller.clock.forward(seconds=1)
    refused = caller.token(grant_type="refresh_token", refresh_token=loser["refresh_token"])
    renewed = caller.token(grant_type="refresh_token", refresh_token=winner["refresh_token"])

    assert statuses == [401, 200]
    assert (refused.status, renewed.status) == (400, 200)


def test_a_used_token_is_refused_after_the_instant() -> None:
    """Then today's worst case holds, or the chain lives on."""
    statuses = []
    for family in (True, False):
        caller = Caller(options=Options(simultaneous_renewals_window=0.2, revoke_family_on_reuse=family))
        first = caller.connect(service=False)["refresh_token"]
        second = value_of(caller.token(grant_type="refresh_token", refresh_token=first))["refresh_token"]
        caller.clock.forward(seconds=0.2)
        refused = caller.token(grant_type="refresh_token", refresh_token=first).status
        statuses.append((refused, caller.token(grant_type="refresh_token", refresh_token=second).status))

    assert statuses == [(400, 400), (400, 200)]
