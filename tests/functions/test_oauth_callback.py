"""functions/oauth_callback: what comes back from Fortnox, and what is left behind when nothing came of it."""

from datetime import timedelta

import pytest
from invoicing.domain.integration import IntegrationStatus

from local.fortnox.seed import OTHER_TENANT_ID, TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import API_URL, CUSTOM_DOMAIN, Browser, Deploy, Deployed, Page, event, request


def nothing_is_left(deployed: Deployed) -> bool:
    """No integration, no keys: as if nobody had started."""
    return deployed.integrations.get(WAREHOUSE) is None and deployed.tokens.get(WAREHOUSE) is None


def no_session(browser: Browser, page: Page) -> bool:
    """Nobody was signed in."""
    return "__Host-session" not in page.cookies and "__Host-session" not in browser.cookies


# ---- what connects


def test_an_approval_connects_and_leads_to_the_set_up_page(browser: Browser) -> None:
    """The browser that started is signed in; its state cannot be used again."""
    page = browser.approve(browser.start())

    assert page.location == f"{API_URL}/integrations/{WAREHOUSE}/setup"
    assert "__Host-consent" not in browser.cookies
    assert browser.deployed.integration.status is IntegrationStatus.DRAFT
    assert browser.look("/setup").status == 200


def test_an_approval_under_a_custom_domain_leads_to_that_domain(deploy: Deploy) -> None:
    """Fortnox compares the address of the callback with the one that it was registered with."""
    browser = Browser(deploy(public_base_url=CUSTOM_DOMAIN))
    started = browser.send("landing", request("landing__login", headers={"Origin": CUSTOM_DOMAIN}))
    state = started.location.partition("state=")[2].partition("&")[0]
    page = browser.approve({"state": state, "scope": "companyinformation invoice", "account_type": "service"})

    assert page.location == f"{CUSTOM_DOMAIN}/integrations/{WAREHOUSE}/setup"


def test_reactivation_takes_up_the_work_at_once(operator: Browser) -> None:
    """What waited is queued, and the page says that it is connected again."""
    deployed = operator.deployed
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    browser = Browser(deployed)
    page = browser.approve(browser.start())

    assert page.location == f"{API_URL}/integrations/{WAREHOUSE}?notice=reconnected"
    assert deployed.integration.broken_since is None
    assert [one["integration_id"] for one in deployed.queued()] == [WAREHOUSE]


# ---- what is a start and no login


def test_a_callback_that_we_did_not_start_leads_to_the_start_page(browser: Browser) -> None:
    """The Marketplace leads here too."""
    page = browser.send("oauth_callback", event("oauth_callback__marketplace"))

    assert (page.status, page.location) == (303, f"{API_URL}/")
    assert no_session(browser, page)


def test_a_code_without_a_state_is_a_start_and_never_a_login(browser: Browser) -> None:
    """Else somebody could be made to connect somebody else's company."""
    browser.start()
    query = {"code": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"}
    page = browser.send("oauth_callback", request("oauth_callback__approved", query=query))

    assert page.location == f"{API_URL}/"
    assert nothing_is_left(browser.deployed)


# ---- states that are not to be used


def test_an_unknown_state_gets_a_page_and_no_token_is_asked_for(browser: Browser) -> None:
    """The code of the event is never sent on."""
    page = browser.send("oauth_callback", event("oauth_callback__approved"))

    assert page.status == 400
    assert "Let us begin from the start" in page.text
    assert browser.deployed.fortnox.calls() == []


def test_a_used_state_gets_a_page_and_changes_nothing(browser: Browser) -> None:
    """Back and reload bring the same answer again; the way on leads to what was connected."""
    asked = browser.start()
    browser.approve(asked)
    before = browser.deployed.integration
    again = browser.approve(asked)

    assert again.status == 400
    assert "This step has already been done" in again.text
    assert f'href="/prod/integrations/{WAREHOUSE}"' in again.body
    assert browser.deployed.integration == before


def test_who_only_looks_at_the_callback_does_not_spend_it(browser: Browser) -> None:
    """A HEAD changes nothing: the browser that comes after it is connected."""
    asked = browser.start()
    head = browser.send(
        "oauth_callback",
        request("oauth_callback__approved", method="HEAD", query={"state": asked["state"], "code": "x"}),
    )

    assert (head.status, head.body) == (303, "")
    assert browser.approve(asked).location.endswith("/setup")


def test_a_second_tab_takes_the_place_of_the_first(browser: Browser) -> None:
    """The first is told what happened, and the second one connects."""
    first, second = browser.start(), browser.start()
    refused = browser.approve(first)
    page = browser.approve(second)

    assert refused.status == 400
    assert "started once more in another tab" in refused.text
    assert page.location == f"{API_URL}/integrations/{WAREHOUSE}/setup"


def test_the_languages_are_switched_without_the_answer_of_fortnox(browser: Browser) -> None:
    """A spent code has no place in a link."""
    page = browser.send("oauth_callback", event("oauth_callback__approved"))

    assert 'href="/prod/?lang=sv"' in page.body
    assert "code=" not in page.body


def test_an_expired_state_gets_a_page(browser: Browser) -> None:
    """Half an hour is enough to find an administrator."""
    asked = browser.start()
    browser.deployed.clock.advance(timedelta(minutes=31))

    assert browser.approve(asked).status == 400
    assert nothing_is_left(browser.deployed)


def test_a_state_of_another_browser_is_refused_and_not_used_up(deployed: Deployed) -> None:
    """Whoever gets hold of the address cannot finish it, and cannot spoil it."""
    mine, foreign = Browser(deployed), Browser(deployed)
    asked = mine.start()
    foreign.start(system="nordlager.ongoingsystems.se")
    page = foreign.approve(asked)
    without_any_cookie = Browser(deployed).approve(asked)

    assert (page.status, without_any_cookie.status) == (400, 400)
    assert no_session(foreign, page)
    assert nothing_is_left(deployed)
    assert mine.approve(asked).status == 303


# ---- what Fortnox says instead of yes


def test_a_denial_says_what_to_do_and_leaves_nothing(browser: Browser) -> None:
    """The start page behind the button is filled in again."""
    asked = browser.start()
    page = browser.come_back("oauth_callback__denied", state=asked["state"])

    assert page.status == 400
    assert "The permissions were not approved" in page.text
    assert "system=https%3A%2F%2Fnordlager" in page.body
    assert nothing_is_left(browser.deployed)
    assert no_session(browser, page)


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("error_missing_license", "Your Fortnox lacks a licence"),
        ("error_missing_app_license", "The app is not activated in Fortnox"),
        ("error_missing_system_admin_right", "A Fortnox administrator must approve"),
        ("invalid_scope", "Fortnox refused a permission"),
        ("temporarily_unavailable", "Fortnox does not answer just now"),
        ("something_new", "Fortnox said no"),
    ],
)
def test_each_refusal_has_its_own_page_and_leaves_nothing(browser: Browser, error: str, title: str) -> None:
    """No page guesses: an unknown reason is shown as the code that it is."""
    asked = browser.start()
    page = browser.come_back("oauth_callback__denied", state=asked["state"], error=error)

    assert page.status == 400
    assert title in page.text
    assert (error in page.text) == (error == "something_new")
    assert nothing_is_left(browser.deployed)


def test_an_invented_reason_is_shown_as_text(browser: Browser) -> None:
    """Whoever started can put anything into the address."""
    asked = browser.start()
    page = browser.come_back("oauth_callback__denied", state=asked["state"], error="<script>alert(1)</script>")

    assert "<script>alert" not in page.body


def test_not_being_an_administrator_gives_a_link_to_pass_on(browser: Browser) -> None:
    """It is a secret of its own: nothing of the state or of the password is in it."""
    asked = browser.start()
    page = browser.come_back("oauth_callback__denied", state=asked["state"], error="error_missing_system_admin_right")

    assert f"{API_URL}/approve/" in page.body
    assert asked["state"] not in page.body


def test_neither_a_code_nor_an_error_has_its_own_page(browser: Browser) -> None:
    """Fortnox comes back like that for a locked account."""
    asked = browser.start()
    page = browser.come_back("oauth_callback__no_code", state=asked["state"])

    assert page.status == 400
    assert "Fortnox sent no answer" in page.text
    assert nothing_is_left(browser.deployed)


# ---- what goes wrong afterwards


def test_a_refused_code_says_so(browser: Browser) -> None:
    """A code lives ten minutes and works once."""
    asked = browser.start()
    page = browser.come_back("oauth_callback__approved", state=asked["state"], code="made-up")

    assert page.status == 400
    assert "Fortnox did not accept the answer" in page.text
    assert nothing_is_left(browser.deployed)


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "before", "times": None},
        {"effect": "after", "times": None},
        {"effect": "status", "status": 503, "times": None},
        {"effect": "html", "status": 502, "times": None},
        {"effect": "delay", "seconds": 120, "times": None},
        {"effect": "truncate", "times": None},
        {"effect": "body", "body": {"token_type": "Bearer"}, "times": None},
    ],
    ids=lambda fault: fault["effect"],
)
@pytest.mark.parametrize("path", ["/oauth-v1/token", "/3/companyinformation"])
def test_a_fortnox_that_is_down_says_so_and_leaves_nothing(
    browser: Browser, path: str, fault: dict[str, object]
) -> None:
    """Tokens that were given and cannot be used yet are not kept beside an integration that does not exist."""
    browser.deployed.fortnox.add_faults([{**fault, "match": {"path_regex": path}}])
    page = browser.approve(browser.start())

    assert page.status == 400
    assert "Fortnox does not answer just now" in page.text
    assert nothing_is_left(browser.deployed)
    assert no_session(browser, page)


def test_a_wrong_client_secret_is_ours_to_mend_and_looks_like_an_outage(browser: Browser) -> None:
    """The user can do nothing about it; the log says what it is."""
    browser.deployed.aws.secrets.put_secret_value(SecretId="fortnox", SecretString="another-secret")
    page = browser.approve(browser.start())

    assert page.status == 400
    assert "Fortnox does not answer just now" in page.text
    assert any("reason" in line for line in browser.deployed.logged("consent_failed"))
    assert "another-secret" not in browser.deployed.logs + page.body


def test_another_company_is_refused_by_name_and_nothing_changes(operator: Browser) -> None:
    """A reactivation must be for the same ledger."""
    deployed = operator.deployed
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    before, keys = deployed.integration, deployed.tokens.get(WAREHOUSE)
    browser = Browser(deployed)
    page = browser.approve(browser.start(), tenant_id=OTHER_TENANT_ID)

    assert page.status == 400
    assert "Nordlager 3PL AB" in page.text
    assert "Fel Företag AB" in page.text
    assert deployed.integration == before
    assert deployed.tokens.get(WAREHOUSE) == keys
    assert deployed.integration.company.tenant_id == TENANT_ID


@pytest.mark.parametrize(("method", "path"), [("POST", "/oauth/callback"), ("PUT", "/oauth/callback"), ("GET", "/x")])
def test_other_methods_and_paths_get_a_page(browser: Browser, method: str, path: str) -> None:
    """Nothing is exchanged by them."""
    page = browser.send("oauth_callback", request("oauth_callback__approved", method=method, path=path))

    assert page.status == 404
    assert browser.deployed.fortnox.calls() == []
