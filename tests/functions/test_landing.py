"""functions/landing: the start page, the login, the links of our mails."""

import base64
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from invoicing.adapters.aws.sessions import DynamoSessions
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.application.prove_login import REFUSAL_STEP
from invoicing.domain.errors import RetryLaterError
from invoicing.runtime.links import LinkKind, Links

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import CUSTOMER_ID, USERNAME, WAREHOUSE
from local.up import how_to_use
from tests.functions.deployed import (
    API_URL,
    CUSTOM_DOMAIN,
    Browser,
    Deploy,
    Deployed,
    event,
    request,
)
from tests.functions.emulated import SIGNING_SECRET

WRONG = "Ongoing does not accept that combination of system, user name and password."
NO_SYSTEM = "Write the system: its name, an address such as https://demo.ongoingsystems.se/demo/, or your customer id."
MISSING = "Fill in system, user name and password."
NOT_ANSWERING = "Ongoing does not answer just now. Try again in a few minutes."
NOT_UNDERSTOOD = "Ongoing answered in a way that we do not understand. You did nothing wrong."


def link_token(kind: LinkKind, **subject: str) -> str:
    """The last part of a link in a mail."""
    return Links(secret=SIGNING_SECRET, base_url="").make(kind, subject).rpartition("/")[2]


# ---- addresses


@pytest.mark.parametrize("name", ["start", "start_prefilled", "health", "asset"])
def test_head_is_answered_like_get_without_a_body(browser: Browser, name: str) -> None:
    """Monitors and mail scanners ask so."""
    got = browser.send("landing", event(f"landing__{name}"))
    head = browser.send("landing", request(f"landing__{name}", method="HEAD"))

    assert got.body
    assert head.body == ""
    assert (head.status, head.headers) == (got.status, got.headers)


def test_the_start_page_leads_on_below_the_stage(browser: Browser) -> None:
    """Without a custom domain every address begins with the stage's name."""
    page = browser.send("landing", event("landing__start"))

    assert page.status == 200
    assert 'action="/prod/login"' in page.body
    assert browser.send("landing", event("landing__login")).status == 303


def test_a_link_of_the_marketplace_fills_in_what_it_knows(browser: Browser) -> None:
    """In the language that it asks for, which is remembered."""
    page = browser.send("landing", event("landing__start_prefilled"))

    assert 'value="https://nordlager.ongoingsystems.se/nordlager/"' in page.body
    assert f'value="{USERNAME}"' in page.body
    assert '<html lang="sv"' in page.body
    assert '<html lang="sv"' in browser.send("landing", event("landing__start")).body


def test_what_a_link_fills_in_is_text_and_never_markup(browser: Browser) -> None:
    """Anybody can make a link."""
    page = browser.send("landing", request("landing__start_prefilled", query={"system": '"><script>alert(1)</script>'}))

    assert "<script>alert" not in page.body


@pytest.mark.parametrize(
    ("address", "name", "action"),
    [
        (CUSTOM_DOMAIN, "landing__start_custom_domain", "/login"),
        ("https://tools.example/fortnox", "landing__start_base_path", "/fortnox/login"),
    ],
)
def test_a_custom_domain_works_with_and_without_a_base_path(
    deploy: Deploy, address: str, name: str, action: str
) -> None:
    """A base path is left in the event by API Gateway."""
    browser = Browser(deploy(public_base_url=address))
    page = browser.send("landing", event(name))

    assert page.status == 200
    assert f'action="{action}"' in page.body
    started = browser.send("landing", request("landing__login", headers={"Origin": address.removesuffix("/fortnox")}))
    assert f"redirect_uri={address}/oauth/callback".replace(":", "%3A").replace("/", "%2F") in started.location


# ---- the login


@pytest.mark.parametrize(
    ("system", "sentence"),
    [
        ("", MISSING),
        ("https://fortnox.se/", NO_SYSTEM),
        ("http://169.254.169.254/", NO_SYSTEM),
        ("https://demo.ongoingsystems.se.evil.example/", NO_SYSTEM),
        ("https://user:secret@nordlager.ongoingsystems.se/", NO_SYSTEM),
        ("https://nordlager.ongoingsystems.se:8080/", NO_SYSTEM),
        ("https://api.ongoingsystems.se/", NO_SYSTEM),
        ("api", NO_SYSTEM),
        ("no-such-system", WRONG),
        ("nord\x00lager.ongoingsystems.se", NO_SYSTEM),
        ("x" * 5000, NO_SYSTEM),
        ("999999", WRONG),
        ("no-such-system.ongoingsystems.se", WRONG),
    ],
)
def test_what_is_no_system_gets_one_clear_sentence(browser: Browser, system: str, sentence: str) -> None:
    """And nothing is started."""
    page = browser.login(system=system)

    assert page.status == 400
    assert sentence in page.text
    assert browser.cookies == {}


def test_what_make_up_prints_signs_in(browser: Browser) -> None:
    """A newcomer types what is printed."""
    stack: Any = SimpleNamespace(
        base_url="", fortnox_url="", ongoing_url="", aws=SimpleNamespace(url=""), folder=Path("logs")
    )
    printed = re.search(r"System (\S+), Username (\S+), Password (\S+)", how_to_use(stack, ""))
    assert printed is not None
    system, username, password = printed.groups()

    assert browser.login(system=system, username=username, password=password).status == 303


@pytest.mark.parametrize("fields", [{"username": ""}, {"password": ""}])
def test_an_empty_field_gets_one_clear_sentence(browser: Browser, fields: dict[str, str]) -> None:
    """Ongoing is not asked."""
    page = browser.login(**fields)

    assert page.status == 400
    assert MISSING in page.text
    assert browser.deployed.ongoing.calls == ()


@pytest.mark.parametrize(
    "system",
    [
        "HTTPS://NORDLAGER.ONGOINGSYSTEMS.SE/nordlager/",
        "nordlager.ongoingsystems.se",
        "https://nordlager.ongoingsystems.se/Nordlager/Login.aspx?x=1",
        CUSTOMER_ID,
        f"  {CUSTOMER_ID} ",
        "nordlager",
        " Nordlager ",
    ],
)
def test_right_credentials_lead_to_fortnox_however_the_system_is_written(browser: Browser, system: str) -> None:
    """With a state that only this browser can use."""
    page = browser.login(system=system)

    assert page.status == 303
    assert page.location.startswith("https://apps.fortnox.example/oauth-v1/auth?")
    assert "__Host-consent" in browser.cookies


def test_wrong_system_user_and_password_get_the_same_page_after_the_same_time(deployed: Deployed) -> None:
    """Nobody learns from the answer which of them was wrong."""
    answers = set()
    for fields in (
        {"password": "guess"},
        {"username": "nobody"},
        {"system": "no-such-system.ongoingsystems.se"},
        {"system": "999999"},
    ):
        before = deployed.clock()
        page = Browser(deployed).login(**fields)
        answers.add((page.status, page.text, deployed.clock() - before))

    assert len(answers) == 1
    assert {time for _, _, time in answers} == {timedelta(seconds=REFUSAL_STEP)}


def test_the_form_that_comes_back_keeps_everything_but_the_password(browser: Browser) -> None:
    """A password in a page would lie in the browser's cache and history."""
    page = browser.login(password="a-wrong-password")

    assert f'value="{USERNAME}"' in page.body
    assert "a-wrong-password" not in page.body
    assert "a-wrong-password" not in browser.deployed.logs


def test_guessing_gets_a_pause_and_a_time_to_try_again(browser: Browser) -> None:
    """429, and the right password is not even tried; in the reader's language."""
    for number in range(6):
        browser.login(password=f"guess {number}")
    tries = len(browser.deployed.ongoing.calls)
    page = browser.login()
    browser.cookies["__Host-language"] = "sv"
    swedish = browser.login()

    assert (page.status, swedish.status) == (429, 429)
    assert "many tries" in page.text
    assert re.search(r"Try again after .*\d", page.text)
    assert "Det blev många försök på kort tid" in swedish.text
    assert len(browser.deployed.ongoing.calls) == tries


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (FaultRule(effect=Effect.BEFORE, times=None), NOT_ANSWERING),
        (FaultRule(effect=Effect.DELAY, seconds=120, times=None), NOT_ANSWERING),
        (FaultRule(effect=Effect.HTML, times=None), NOT_ANSWERING),
        (FaultRule(effect=Effect.STATUS, status=503, times=None), NOT_ANSWERING),
        (FaultRule(effect=Effect.SOAP_FAULT, times=None), NOT_ANSWERING),
        (FaultRule(effect=Effect.HALF, times=None), NOT_ANSWERING),
        (FaultRule(effect=Effect.BOMB, times=None), NOT_UNDERSTOOD),
    ],
    ids=lambda one: str(one.effect) if isinstance(one, FaultRule) else "",
)
def test_a_wms_that_is_down_slow_or_talks_nonsense_is_no_wrong_password(
    browser: Browser, rule: FaultRule, said: str
) -> None:
    """The user is told to wait, and nothing is started."""
    browser.deployed.ongoing.add_fault(rule)
    page = browser.login()

    assert page.status == 400
    assert said in page.text
    assert browser.cookies == {}
    browser.deployed.ongoing.clear_faults()
    assert browser.login().status == 303


def test_an_operator_of_a_connected_system_is_signed_in_without_fortnox(operator: Browser) -> None:
    """Every day after the first."""
    another = Browser(operator.deployed)
    page = another.login()

    assert page.location == f"{API_URL}/integrations/{WAREHOUSE}"
    assert another.look().status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com.evil.example"},
    ],
)
def test_a_login_form_of_another_site_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    """Else somebody could be signed in as somebody else without knowing it."""
    page = browser.send("landing", request("landing__login", headers=headers))

    assert page.status == 403
    assert browser.cookies == {}
    assert browser.deployed.ongoing.calls == ()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, '{"system": "nordlager"}'),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "--x--"),
        ({"Content-Type": None}, "system=nordlager"),
        ({}, "system=" + "x" * 100_001),
        ({}, "&".join(f"field{number}=1" for number in range(101))),
        ({}, "system=%FF%FE"),
        ({}, "system=\udcff"),
    ],
    ids=["json", "multipart", "no type", "huge", "many fields", "not utf-8", "lone surrogate"],
)
def test_what_is_no_form_of_ours_is_refused(browser: Browser, headers: dict[str, str | None], body: str) -> None:
    """400 and a page, never an error of the function."""
    page = browser.send("landing", request("landing__login", headers=headers, body=body))

    assert page.status == 400
    assert browser.deployed.logged("page_crashed") == []


def test_a_form_that_is_encoded_in_base64_is_read_too(browser: Browser) -> None:
    """API Gateway does so for media types that it takes as binary."""
    made = event("landing__login")
    made |= {"body": base64.b64encode(made["body"].encode()).decode(), "isBase64Encoded": True}

    assert browser.send("landing", made).status == 303
    assert browser.send("landing", {**made, "body": "%%%"}).status == 400


# ---- links of mails


def test_a_reactivation_link_that_nobody_signed_leads_nowhere(browser: Browser) -> None:
    """Also one that was signed for something else."""
    other = link_token(LinkKind.VERIFY_ADDRESS, integration=WAREHOUSE)

    assert browser.send("landing", event("landing__reactivate")).status == 404
    assert browser.send("landing", request("landing__reactivate", path=f"/reactivate/{other}")).status == 404
    assert browser.send("landing", request("landing__reactivate", path="/reactivate/" + "x" * 5000)).status == 404


def test_a_reactivation_link_opens_a_page_that_changes_nothing(operator: Browser) -> None:
    """Mail scanners open links; only the form on the page does something."""
    deployed = operator.deployed
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    before = deployed.integration
    token = link_token(LinkKind.REACTIVATE, integration=WAREHOUSE)
    page = Browser(deployed).send("landing", request("landing__reactivate", path=f"/reactivate/{token}"))

    assert page.status == 200
    assert "Nordlager 3PL AB" in page.text
    assert f'value="{USERNAME}"' in page.body
    assert deployed.integration == before


def test_a_reactivation_link_says_when_it_is_not_needed(operator: Browser) -> None:
    """Two people may have got the same mail."""
    token = link_token(LinkKind.REACTIVATE, integration=WAREHOUSE)
    page = operator.send("landing", request("landing__reactivate", path=f"/reactivate/{token}"))

    assert page.status == 200
    assert "The integration already works" in page.text


def test_an_address_is_confirmed_by_the_button_and_not_by_the_link(operator: Browser) -> None:
    """A scanner that opens the link must not confirm an address that nobody reads."""
    deployed = operator.deployed
    token = link_token(LinkKind.VERIFY_ADDRESS, integration=WAREHOUSE, address="ekonomi@nordlager.example")
    page = operator.send("landing", request("landing__verify", path=f"/verify/{token}"))
    looked_at = deployed.integration.address_confirmed
    confirmed = operator.send("landing", request("landing__confirm", path=f"/verify/{token}"))

    assert page.status == 200
    assert "ekonomi@nordlager.example" in page.text
    assert not looked_at
    assert confirmed.status == 200
    assert deployed.integration.address_confirmed


def test_a_confirmation_is_refused_for_another_address_and_for_no_signature(operator: Browser) -> None:
    """The address may have been changed since the mail."""
    old = link_token(LinkKind.VERIFY_ADDRESS, integration=WAREHOUSE, address="former@nordlager.example")

    assert operator.send("landing", request("landing__confirm", path=f"/verify/{old}")).status == 410
    assert operator.send("landing", event("landing__confirm")).status == 404
    assert operator.send("landing", event("landing__verify")).status == 404
    assert not operator.deployed.integration.address_confirmed


# ---- the rest


def test_a_style_sheet_is_served_for_long(browser: Browser) -> None:
    """Its address changes with its content, so no browser needs to ask twice."""
    start = browser.send("landing", event("landing__start"))
    page = browser.send("landing", event("landing__asset"))

    assert 'href="/prod/assets/style.css?v=' in start.body
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/css")
    assert "immutable" in page.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["../app.py", "..%2Fapp.py", "%2e%2e%2fapp.py", "", "style.css%00", "nothing.js"])
def test_only_assets_are_served_as_assets(browser: Browser, name: str) -> None:
    """No path leads out of the folder."""
    assert browser.send("landing", request("landing__asset", path=f"/assets/{name}")).status == 404


def test_health_says_that_the_function_starts(browser: Browser) -> None:
    """For a monitor: no page, no cookie."""
    page = browser.send("landing", event("landing__health"))

    assert (page.status, page.body) == (200, '{"status":"ok"}')


@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", "/"), ("PUT", "/login"), ("GET", "/login"), ("DELETE", "/"), ("GET", "//"), ("GET", "/login/"), ("", "")],
)
def test_other_methods_and_paths_get_a_page_and_no_error(browser: Browser, method: str, path: str) -> None:
    """Whatever reaches the function is answered."""
    page = browser.send("landing", request("landing__start", method=method, path=path))

    assert page.status in {200, 404}
    assert browser.deployed.logged("page_crashed") == []


def test_an_event_with_nothing_in_it_gets_a_page(browser: Browser) -> None:
    """API Gateway sends null for what is empty."""
    bare = event("landing__start") | {"headers": {}, "multiValueHeaders": {}, "queryStringParameters": None}

    assert browser.send("landing", bare).status == 200


def test_a_table_that_does_not_answer_gives_the_page_of_a_busy_service(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with a reference that the log has too."""

    def busy(*_: object, **__: object) -> None:
        raise RetryLaterError("DynamoDB GetItem on sessions: AWS is busy")

    monkeypatch.setattr(DynamoSessions, "count_try", busy)
    page = browser.login()

    assert page.status == 503
    assert event("landing__login")["requestContext"]["requestId"] in page.text
    assert len(browser.deployed.logged("page_unavailable")) == 1


def test_a_defect_of_ours_gives_a_page_and_a_log_line_without_what_was_typed(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error's own text may hold a password."""

    def crash(*_: object, **__: object) -> None:
        raise ValueError("could not read gul-truck-17")

    monkeypatch.setattr(OngoingClient, "check_login", crash)
    page = browser.login()
    (line,) = browser.deployed.logged("page_crashed")

    assert page.status == 500
    assert line["reason"] == "ValueError"


@pytest.mark.parametrize(
    "words", ["Once and to the öre", "specification", "paid", "before the 1st", "No files", "You need"]
)
def test_a_stranger_reads_first_what_they_gain_and_what_they_need(browser: Browser, words: str) -> None:
    """Before the form; with links to help and privacy."""
    page = browser.send("landing", event("landing__start"))
    first, _, _ = browser.send("landing", request("landing__start", query={"lang": "en"})).body.partition("<form")

    assert page.status == 200
    assert words in first
    assert "/help/privacy" in first
    assert browser.send("landing", request("landing__start", path="/help/privacy")).status == 200


def test_who_is_in_the_middle_of_something_is_told_no_gains(browser: Browser) -> None:
    """A wrong password, or one's own permissions: the form is what matters."""
    for page in (
        browser.send("landing", request("landing__login", form={"system": "", "username": "", "password": ""})),
        browser.send("landing", request("landing__start", query={"mode": "personal"})),
    ):
        assert 'class="gains"' not in page.body
        assert 'name="password"' in page.body
