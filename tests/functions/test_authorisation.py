"""Who may see and do what, on every route there is: a route that is added without being listed here fails a test."""

from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing.runtime.links import LIVES, LinkKind, Links

from local.ongoing.seed import PLAIN, WAREHOUSE
from tests.functions.deployed import API_URL, Browser, Deployed, Page, request
from tests.functions.emulated import SIGNING_SECRET
from tests.infrastructure.template import functions

# What anybody may open, and why.
PUBLIC = {
    ("GET", "/"): "asks for a sign-in",
    ("POST", "/login"): "is the sign-in, refused when another site sent it",
    ("GET", "/reactivate/{token}"): "needs a signed link",
    ("GET", "/verify/{token}"): "needs a signed link",
    ("POST", "/verify/{token}"): "needs a signed link",
    ("GET", "/take-back/{token}"): "needs a signed link",
    ("POST", "/take-back/{token}"): "needs a signed link",
    ("GET", "/assets/{name}"): "holds nothing of anybody",
    ("GET", "/health"): "holds nothing of anybody",
    ("GET", "/help"): "holds nothing of anybody",
    ("GET", "/help/{topic}"): "holds nothing of anybody",
    ("GET", "/approve/{token}"): "needs a link that works once",
    ("POST", "/approve/{token}"): "needs a link that works once",
    ("GET", "/oauth/callback"): "needs a state of this browser",
    ("GET", "/oauth/approval"): "shows what this browser has just approved",
    ("POST", "/oauth/approval"): "needs the guard of a form of this browser",
    ("POST", "/it-is-me"): "sends a mail to a confirmed address, and says nothing of it",
    ("GET", "/it-is-me/{token}"): "needs a signed link",
    ("GET", "/files/{token}"): "a page behind a signed link, while its system is disconnected",
    ("GET", "/files/{token}/history.csv"): "a file behind the same link",
    ("GET", "/files/{token}/reconciliation.csv"): "a file behind the same link",
    ("POST", "/logout"): "ends only the session that it was sent with, and needs its guard",
}
OTHER = "sydlager"
TAMPERED = ["", "x", "{}x", "x{}", "{} ", "{}=", '"{}"', "{}%00", "{}, {}"]  # around the value of a cookie


def routes(deployed: Deployed) -> list[tuple[str, str]]:
    """Every route of the portal that is for those who are signed in, with an invoice where one is named."""
    found = [(method, path) for method, path in deployed.function("portal").ROUTES if (method, path) not in PUBLIC]
    return [(method, path.replace("{invoice_id}", str(PLAIN))) for method, path in found]


def visit(browser: Browser, method: str, path: str, form: dict[str, str] | None = None) -> Page:
    """One request to the portal; a POST is a form of a page of ours unless it says otherwise."""
    if method == "GET":
        return browser.send("portal", request("portal__status", path=path))
    return browser.send("portal", request("portal__save_settings", path=path, form={"confirm": "on", **(form or {})}))


def state(deployed: Deployed) -> object:
    """What a button could change."""
    return [*deployed.integrations.all()], deployed.tokens.get(WAREHOUSE), deployed.exports.page(WAREHOUSE, limit=9)


def test_every_route_of_the_template_is_answered_and_listed(deployed: Deployed) -> None:
    """What is neither public nor one of the portal's own routes has been forgotten."""
    of_template = {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for function in functions()
        for event in function.events.values()
        if event["Type"] == "Api"
    }
    looked_at = {path for method, path in of_template if method == "HEAD"}
    of_template -= {("HEAD", path) for path in looked_at}
    proxies = {route for route in of_template if "{proxy+}" in route[1]}
    portal = set(deployed.function("portal").ROUTES)
    answered = {*deployed.function("landing").ROUTES, *deployed.function("oauth_callback").ROUTES, *portal}
    behind = {(method, path) for method, path in portal if any(method == m and _below(path, p) for m, p in proxies)}

    assert looked_at == {path for method, path in of_template if method == "GET"}
    assert of_template - proxies == answered - behind
    assert set(PUBLIC) == answered - {route for route in portal if "/integrations/{id}" in route[1]}


def _below(path: str, proxy: str) -> bool:
    return path.startswith(proxy.removesuffix("{proxy+}"))


def test_without_a_sign_in_there_is_only_the_way_to_it(operator: Browser) -> None:
    """Looking leads to the start page, pressing says that one is signed out, and nothing happens."""
    stranger, before = Browser(operator.deployed), state(operator.deployed)
    for method, path in routes(operator.deployed):
        page = visit(stranger, method, path.replace("{id}", WAREHOUSE))
        if method == "GET":
            assert (page.status, page.location) == (303, f"{API_URL}/"), path
        else:
            assert page.status == 401, path
        assert "Nordlager 3PL AB" not in page.body

    assert state(operator.deployed) == before
    assert operator.deployed.queued() == []


def test_another_system_looks_like_one_that_does_not_exist(operator: Browser) -> None:
    """On every route, with the own session's guard: the same status and the same page."""
    deployed = operator.deployed
    deployed.integrations.put(replace(deployed.integration, id=OTHER, version=1))
    before, csrf = state(deployed), operator.look("/pause").csrf
    for method, path in routes(deployed):
        pages = [visit(operator, method, path.replace("{id}", one), {"csrf": csrf}) for one in (OTHER, "no-such")]
        assert {page.status for page in pages} == {404}, path
        assert len({page.body for page in pages}) == 1, path

    assert state(deployed) == before
    assert deployed.queued() == []


@pytest.mark.parametrize("guard", ["none", "empty", "another session's", "of the page before signing in again"])
def test_no_button_works_without_the_guard_of_this_session(operator: Browser, guard: str) -> None:
    """403 on every route that does something."""
    another = Browser(operator.deployed)
    another.login()
    former = operator.look("/pause").csrf
    operator.login()
    form = {
        "none": {},
        "empty": {"csrf": ""},
        "another session's": {"csrf": another.look("/pause").csrf},
        "of the page before signing in again": {"csrf": former},
    }[guard]
    before = state(operator.deployed)
    answers = {
        path: visit(operator, method, path.replace("{id}", WAREHOUSE), form).status
        for method, path in routes(operator.deployed)
        if method == "POST"
    }

    assert answers == dict.fromkeys(answers, 403)
    assert state(operator.deployed) == before
    assert operator.deployed.queued() == []


# ---- cookies and links that somebody has changed


@pytest.mark.parametrize("made", TAMPERED)
def test_a_changed_session_cookie_is_no_session(operator: Browser, made: str) -> None:
    """No part of it can be guessed, cut or wrapped."""
    token = operator.cookies["__Host-session"]
    operator.cookies["__Host-session"] = made.format(token, token)
    cut, turned = Browser(operator.deployed), Browser(operator.deployed)
    cut.cookies["__Host-session"] = token[:-1]
    turned.cookies["__Host-session"] = token.swapcase()
    # White space around a cookie's value is no part of it.
    expected = 200 if made == "{} " else 303

    assert operator.look().status == expected
    assert [browser.look().status for browser in (cut, turned)] == [303, 303]


@pytest.mark.parametrize("made", TAMPERED[:-1])
def test_a_changed_consent_cookie_finishes_nothing_and_spoils_nothing(browser: Browser, made: str) -> None:
    """The right browser can still come back."""
    asked = browser.start()
    right = dict(browser.cookies)
    browser.cookies["__Host-consent"] = made.format(right["__Host-consent"])
    if made == "{} ":
        browser.cookies["__Host-consent"] = right["__Host-consent"][:-1]
    refused = browser.approve(asked)
    browser.cookies = right

    assert refused.status in {303, 400}
    assert "__Host-session" not in refused.cookies
    assert browser.approve(asked).status == 303


@pytest.mark.parametrize("cookie", ["sv; Path=/x", "xx", "<script>", "\x00", "en" * 5000])
def test_a_changed_language_cookie_is_no_language(browser: Browser, cookie: str) -> None:
    """The browser's own language counts then."""
    browser.cookies["__Host-language"] = cookie
    page = browser.send("landing", request("landing__start"))

    assert page.status == 200
    assert "<script>" not in page.body


def token(kind: LinkKind, *, secret: str = SIGNING_SECRET, **subject: str) -> str:
    """The last part of a link in a mail."""
    return Links(secret=secret, base_url="").make(kind, subject).rpartition("/")[2]


def opened(browser: Browser, kind: LinkKind, token: str) -> set[int]:
    """Opens a link in every way that its routes allow; gives the statuses."""
    function, name = ("portal", "portal__files") if kind is LinkKind.FILES else ("landing", f"landing__{kind}")
    pages = [browser.send(function, request(name, path=f"/{kind}/{token}"))]
    button = {LinkKind.VERIFY_ADDRESS: "landing__confirm", LinkKind.TAKE_BACK: "landing__take_back_now"}.get(kind)
    if button:
        pages.append(browser.send("landing", request(button, path=f"/{kind}/{token}")))
    assert all("Nordlager 3PL AB" not in page.body for page in pages)
    return {page.status for page in pages}


@pytest.mark.parametrize("kind", LinkKind)
def test_a_changed_link_leads_nowhere(operator: Browser, kind: LinkKind) -> None:
    """In each of its parts, signed by somebody else, for another purpose, or of a system that there is not."""
    deployed = operator.deployed
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    before = deployed.integration
    subject = {"integration": WAREHOUSE, "address": "ekonomi@nordlager.example"}
    good = token(kind, **subject)
    parts = good.split(".")
    other = next(one for one in LinkKind if one is not kind)
    changed = [
        *(".".join([*parts[:n], parts[n][:-2] + "xx", *parts[n + 1 :]]) for n in range(len(parts))),
        *(".".join([*parts[:n], *parts[n + 1 :]]) for n in range(len(parts))),
        ".".join(reversed(parts)),
        f"{good}.x",
        f"{good}%2Fx",
        f"{good}%00",
        good.upper(),
        token(kind, secret="somebody-elses", **subject),
        token(other, **subject),
    ]
    statuses = {status for one in changed for status in opened(operator, kind, one)}
    unknown = opened(operator, kind, token(kind, integration="no-such", address="a@b.example"))

    assert statuses == {404}
    assert unknown <= {200, 404, 410}
    assert deployed.integration == before
    assert deployed.logged("page_crashed") == []


@pytest.mark.parametrize("kind", LinkKind)
def test_an_expired_link_says_so_and_does_nothing(
    operator: Browser, kind: LinkKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page says how to get a new one."""
    deployed = operator.deployed
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    before = deployed.integration
    old = token(kind, integration=WAREHOUSE, address="ekonomi@nordlager.example")
    monkeypatch.setitem(LIVES, kind, timedelta(seconds=-1))

    assert opened(operator, kind, old) == {410}
    assert deployed.integration == before


# ---- whatever else arrives


@pytest.mark.parametrize("function", ["landing", "oauth_callback", "portal"])
def test_no_method_and_no_path_crashes_a_function(operator: Browser, function: str) -> None:
    """What is not listed is not found, and says so on a page; nothing is changed."""
    before = state(operator.deployed)
    known = {*operator.deployed.function(function).ROUTES}
    paths = [
        *("/", "/.", "/..", "/%2e%2e", "/login", "/logout", "/oauth/callback", "/health", "/integrations"),
        *("/integrations/%2F", f"/integrations%2F{WAREHOUSE}", f"/integrations/{WAREHOUSE}%2Fpause", "/%00", "/%ff"),
        *(f"/integrations/{WAREHOUSE}/../{WAREHOUSE}", f"/integrations/{WAREHOUSE}//pause", "/assets/..%2Fapp.py"),
        *("/" + "x" * 8000, "/" + "x/" * 2000, "/reactivate/", "/verify/%2F", "/{id}", "/integrations/{id}"),
    ]
    answers = {
        (method, path): operator.send(function, request("portal__status", method=method, path=path)).status
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get")
        for path in paths
    }
    odd = {status for (method, path), status in answers.items() if method not in {"GET", "HEAD", "POST"}}
    seen = {
        ("GET" if method == "HEAD" else method, path) for (method, path), status in answers.items() if status == 200
    }

    assert odd <= {200, 404}
    assert not {status for status in answers.values() if status >= 500}
    assert [path for path in paths if answers["HEAD", path] != answers["GET", path]] == []
    assert seen <= known
    assert operator.deployed.logged("page_crashed") == []
    assert state(operator.deployed) == before
