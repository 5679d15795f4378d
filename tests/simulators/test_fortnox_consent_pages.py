"""The pages between the integration's redirect and its callback."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from local.fortnox.seed import CLIENT_ID, TENANT_ID, default_company, other_company
from local.http import Reply
from tests.simulators.fortnox_caller import REDIRECT_URI, Caller, value_of

ADMIN = ("admin@nordlager.example", "admin-pass")


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.page = Reply(status=0)

    def open(self, **changes: str) -> Reply:
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "invoice article customer",
            "state": "the-state",
            "access_type": "offline",
            "account_type": "service",
            **changes,
        }
        sent = urlencode({name: value for name, value in query.items() if value})
        self.page = self.caller.send("GET", f"/oauth-v1/auth?{sent}")
        return self.page

    def submit(self, **fields: str) -> Reply:
        action = re.search(r'action="([^"]+)"', self.page.body.decode())
        hidden = re.search(r'name="transaction" value="([^"]+)"', self.page.body.decode())
        assert action is not None
        assert hidden is not None
        body = urlencode({"transaction": hidden[1], **fields}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.page = self.caller.send("POST", action[1], headers=headers, body=body)
        return self.page

    def login(self, username: str, password: str) -> Reply:
        return self.submit(username=username, password=password)


def returned(reply: Reply) -> dict[str, list[str]]:
    """The parameters that the redirect carries back to the integration."""
    assert reply.status == 302
    assert reply.header("Location").startswith(REDIRECT_URI)
    return parse_qs(urlsplit(reply.header("Location")).query)


def test_an_approval_comes_back_with_code_and_state() -> None:
    """The code can be exchanged for tokens with the shown scopes."""
    visitor = Visitor(Caller())
    visitor.open()
    permissions = visitor.login(*ADMIN)
    parameters = returned(visitor.submit(decision="approve"))
    (code,) = parameters["code"]
    answer = visitor.caller.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)

    assert b'data-scope="invoice"' in permissions.body
    assert parameters["state"] == ["the-state"]
    assert value_of(answer)["scope"] == "invoice article customer"


def test_a_denial_comes_back_as_access_denied() -> None:
    """There is no code, and no consent is left behind."""
    visitor = Visitor(Caller())
    visitor.open()
    visitor.login(*ADMIN)
    parameters = returned(visitor.submit(decision="deny"))
    state = visitor.caller.simulator.state()["companies"][TENANT_ID]["oauth"]

    assert parameters["error"] == ["access_denied"]
    assert parameters["state"] == ["the-state"]
    assert "code" not in parameters
    assert state["consents"] == []


def test_a_service_account_needs_a_system_administrator() -> None:
    """Somebody else is sent back with an error; a personal approval is open to them."""
    visitor = Visitor(Caller())
    visitor.open()
    service = returned(visitor.login("anna@nordlager.example", "anna-pass"))
    visitor.open(account_type="")
    visitor.login("anna@nordlager.example", "anna-pass")
    personal = returned(visitor.submit(decision="approve"))

    assert service["error"] == ["error_missing_system_admin_right"]
    assert "code" in personal


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"integration_licence": False}, "error_missing_license"),
        ({"licences": ["invoice"]}, "error_missing_license"),
        ({"app_licence": False}, "error_missing_app_license"),
    ],
)
def test_a_missing_licence_comes_back_as_an_error(settings: dict[str, Any], error: str) -> None:
    """Fortnox refuses before the permissions are shown."""
    visitor = Visitor(Caller())
    visitor.caller.simulator.change_company(TENANT_ID, settings)
    visitor.open()

    assert returned(visitor.login(*ADMIN))["error"] == [error]


def test_an_unknown_scope_comes_back_as_invalid_scope() -> None:
    """Scopes are case-sensitive."""
    visitor = Visitor(Caller())

    assert returned(visitor.open(scope="invoice Article"))["error"] == ["invalid_scope"]


def test_a_locked_user_comes_back_with_nothing() -> None:
    """Neither code nor error nor state."""
    visitor = Visitor(Caller())
    visitor.open()
    reply = visitor.login("locked@nordlager.example", "locked-pass")

    assert (reply.status, reply.header("Location")) == (302, REDIRECT_URI)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"redirect_uri": REDIRECT_URI + "?x=1"},
        {"state": ""},
    ],
)
def test_what_cannot_be_trusted_is_told_on_fortnox_own_page(changes: dict[str, str]) -> None:
    """There is no redirect to an address that is not registered, character for character."""
    reply = Visitor(Caller()).open(**changes)

    assert reply.status == 400
    assert reply.header("Location") == ""
    assert b'id="error"' in reply.body


def test_a_wrong_password_shows_the_login_again() -> None:
    """The next try can succeed."""
    visitor = Visitor(Caller())
    visitor.open()
    wrong = visitor.login(ADMIN[0], "wrong")
    right = visitor.login(*ADMIN)

    assert b"Fel anv" in wrong.body
    assert b'id="approve"' in right.body


def test_a_person_with_several_companies_chooses_one() -> None:
    """The tokens belong to the chosen company."""
    second = other_company()
    second["users"].append({"username": ADMIN[0], "password": ADMIN[1], "system_administrator": True})
    visitor = Visitor(Caller(companies=[default_company(), second]))
    visitor.open()
    choice = visitor.login(*ADMIN)
    visitor.submit(tenant=second["tenant_id"])
    (code,) = returned(visitor.submit(decision="approve"))["code"]
    visitor.caller.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)
    companies = visitor.caller.simulator.state()["companies"]

    assert b"V\xc3\xa4lj f\xc3\xb6retag" in choice.body
    assert companies[second["tenant_id"]]["oauth"]["live_refresh_tokens"] == 1
    assert companies[TENANT_ID]["oauth"]["live_refresh_tokens"] == 0


def test_a_page_cannot_be_skipped() -> None:
    """Approving without having signed in is refused."""
    visitor = Visitor(Caller())
    login = visitor.open()
    visitor.page = Reply.html(200, login.body.decode().replace("/oauth-v1/login", "/oauth-v1/consent"))
    reply = visitor.submit(decision="approve")

    assert reply.status == 400
