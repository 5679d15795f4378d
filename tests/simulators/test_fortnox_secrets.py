"""What the simulator shows of itself never holds a token, a code, a secret or a password."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from local.fortnox.company import User
from local.fortnox.oauth import Client
from local.fortnox.rest import to_json
from local.fortnox.seed import CLIENT_ID, TENANT_ID, default_company
from tests.simulators.fortnox_caller import REDIRECT_URI, SCOPES, SECRET, Caller, value_of


def test_state_and_calls_hold_no_secret() -> None:
    """After a login, an approval, every grant, a wrong password and API calls, with faults or without."""
    caller = Caller()
    simulator = caller.simulator
    query = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "invoice",
        "state": "secret-state",
    }
    caller.send("GET", f"/oauth-v1/auth?{urlencode(query)}")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    caller.send("POST", "/oauth-v1/login", headers=form, body=b"username=x&password=wrong-pass")
    code = simulator.approve(
        client_id=CLIENT_ID,
        tenant_id=TENANT_ID,
        username="admin@nordlager.example",
        scopes=SCOPES,
    )
    first = value_of(caller.token(grant_type="authorization_code", code=code))
    simulator.add_faults([{"match": {"grant_type": "refresh_token"}, "effect": "content_type"}])
    second = value_of(caller.token(grant_type="refresh_token", refresh_token=first["refresh_token"]))
    third = value_of(caller.token(tenant=TENANT_ID, grant_type="client_credentials"))
    caller.access_token = third["access_token"]
    caller.api("POST", "/3/invoices", {"Invoice": {"CustomerNumber": "1001"}})
    shown = to_json(simulator.state()).decode() + json.dumps([call.json() for call in simulator.calls()])
    secrets = [
        *(code, SECRET, "secret-state", "wrong-pass"),
        *(user["password"] for user in default_company()["users"]),
        *(answer["access_token"] for answer in (first, second, third)),
        *(answer["refresh_token"] for answer in (first, second)),
    ]

    assert [secret for secret in secrets if secret in shown] == []
    assert "1001" in shown


def test_values_do_not_print_their_secrets() -> None:
    """A client or a user in a traceback is harmless."""
    client = Client(client_id=CLIENT_ID, secret=SECRET)
    user = User(username="admin@nordlager.example", password="admin-pass")

    assert SECRET not in repr(client)
    assert "admin-pass" not in repr(user)
