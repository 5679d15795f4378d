"""An approval is understood before it counts: who will write to which books, said to the person who approved."""

from datetime import timedelta

import pytest

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import USERNAME, WAREHOUSE
from tests.functions.deployed import API_URL, Browser, Deployed, Page, request

OVER = "The link can no longer be used"
QUICKER = "Somebody was quicker"
NO_ADMINISTRATOR = "error_missing_system_admin_right"


def nothing_is_connected(deployed: Deployed) -> bool:
    """No integration, no keys that the engine could use, no run."""
    journal = deployed.aws.s3.list_objects_v2(Bucket=deployed.variables["journal_bucket"])
    return (
        deployed.integrations.get(WAREHOUSE) is None
        and deployed.tokens.get(WAREHOUSE) is None
        and journal["KeyCount"] == 0
        and deployed.queued() == []
    )


def link(browser: Browser) -> str:
    """What somebody gets to send on who is no administrator of Fortnox: the secret in its address."""
    asked = browser.start()
    page = browser.come_back("oauth_callback__denied", state=asked["state"], error=NO_ADMINISTRATOR)
    found = page.body.partition(f"{API_URL}/approve/")[2].partition('"')[0]
    assert len(found) > 30
    return found


def opened(browser: Browser, secret: str, method: str = "GET") -> Page:
    """The page behind the link."""
    return browser.send("landing", request("landing__invitation", path=f"/approve/{secret}", method=method))


def gone_on(browser: Browser, secret: str) -> Page:
    """Its button."""
    return browser.send("landing", request("landing__accept_invitation", path=f"/approve/{secret}"))


def asked_by(page: Page) -> dict[str, str]:
    """What Fortnox is asked."""
    query = page.location.partition("?")[2]
    return {name: value.replace("+", " ") for name, _, value in (one.partition("=") for one in query.split("&"))}


def approved_by_link(browser: Browser, secret: str) -> Page:
    """An administrator goes all the way but the last step."""
    return browser.receive(asked_by(gone_on(browser, secret)))


def test_nothing_is_connected_before_somebody_has_read_and_confirmed(browser: Browser) -> None:
    """Both names, the organisation number and the user who will control it stand on the page."""
    page = browser.receive(browser.start())
    shown = browser.read_approval()

    assert page.location == f"{API_URL}/oauth/approval"
    assert f"https://{WAREHOUSE}.ongoingsystems.se/{WAREHOUSE}/ will create invoices in Nordlager 3PL AB" in shown.text
    assert "(556" in shown.text
    assert f"the user {USERNAME}" in shown.text
    assert nothing_is_connected(browser.deployed)
    assert browser.decide().location == f"{API_URL}/integrations/{WAREHOUSE}/setup"
    assert not nothing_is_connected(browser.deployed)


def test_cancelling_forgets_the_keys_and_says_where_access_ends(browser: Browser) -> None:
    """Fortnox keeps the consent until somebody takes it back there."""
    browser.receive(browser.start())
    page = browser.decide("cancel")

    assert "Nothing was connected" in page.text
    assert "Manage integrations" in page.text
    assert nothing_is_connected(browser.deployed)
    assert browser.decide().status == 400
    assert nothing_is_connected(browser.deployed)


@pytest.mark.parametrize("form", [{}, {"decision": "confirm"}, {"decision": "confirm", "guard": "guess"}])
def test_no_other_form_confirms(browser: Browser, form: dict[str, str]) -> None:
    """Another site, or a guess, connects nothing."""
    browser.receive(browser.start())
    page = browser.send("oauth_callback", request("oauth_callback__confirm", form=form))

    assert page.status == 400
    assert nothing_is_connected(browser.deployed)


def test_another_site_cannot_confirm(browser: Browser) -> None:
    """Its form says where it comes from."""
    browser.receive(browser.start())
    guard = browser.read_approval().body.partition('name="guard" value="')[2].partition('"')[0]
    form = {"decision": "confirm", "guard": guard}
    made = request("oauth_callback__confirm", form=form, headers={"Sec-Fetch-Site": "cross-site"})

    assert browser.send("oauth_callback", made).status == 403
    assert nothing_is_connected(browser.deployed)


def test_another_browser_neither_sees_nor_confirms(browser: Browser) -> None:
    """The page is for the one that came back from Fortnox."""
    browser.receive(browser.start())
    other = Browser(browser.deployed)

    assert other.read_approval().status == 400
    assert other.decide().status == 400
    assert nothing_is_connected(browser.deployed)


def test_what_nobody_confirms_is_void_after_half_an_hour(browser: Browser) -> None:
    """Keys do not wait for the day after."""
    browser.receive(browser.start())
    browser.deployed.clock.advance(timedelta(minutes=31))

    assert browser.decide().status == 400
    assert nothing_is_connected(browser.deployed)


def test_loading_the_callback_again_leads_to_the_page_that_asks(browser: Browser) -> None:
    """Reload and Back are no second approval."""
    asked = browser.start()
    browser.receive(asked)

    assert browser.receive(asked).location == f"{API_URL}/oauth/approval"


def test_of_two_browsers_that_approve_at_once_one_connects(deployed: Deployed) -> None:
    """The other is told, and its keys go nowhere."""
    first, second = Browser(deployed), Browser(deployed)
    for browser in (first, second):
        browser.receive(browser.start())
    connected = first.decide()
    chain = deployed.tokens.get(WAREHOUSE)
    late = second.decide()

    assert connected.status == 303
    assert QUICKER in late.text
    assert "__Host-session" not in second.cookies
    assert deployed.tokens.get(WAREHOUSE) == chain


def test_an_approval_from_before_a_disconnect_connects_nothing(operator: Browser) -> None:
    """What was begun in the old connection does not reach into the next."""
    deployed = operator.deployed
    other = Browser(deployed)
    other.login()
    other.receive(asked_by(other.press("/connect")))
    operator.press("/disconnect", confirm="on")
    page = other.decide()
    keys = deployed.tokens.get(WAREHOUSE)

    assert QUICKER in page.text
    assert keys is not None
    assert keys.blob is None


# ---- the administrator's link


def test_an_administrator_approves_by_link_without_any_login_for_ongoing(browser: Browser) -> None:
    """And sees the same page; nobody is signed in by it."""
    secret = link(browser)
    administrator = Browser(browser.deployed)
    page = opened(administrator, secret)
    approved_by_link(administrator, secret)
    shown = administrator.read_approval()
    thanks = administrator.decide()

    assert USERNAME in page.text
    assert "will create invoices in Nordlager 3PL AB" in shown.text
    assert "Thank you, it is connected" in thanks.text
    assert not {"__Host-session", "__Host-known", "__Host-consent"} & set(administrator.cookies)
    assert browser.login().location == f"{API_URL}/integrations/{WAREHOUSE}/setup"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_mail_scanner_that_opens_the_link_does_nothing(browser: Browser, method: str) -> None:
    """However often."""
    secret = link(browser)
    pages = [opened(Browser(browser.deployed), secret, method) for _ in range(5)]
    administrator = Browser(browser.deployed)
    approved_by_link(administrator, secret)

    assert {page.status for page in pages} == {200}
    assert "Thank you, it is connected" in administrator.decide().text


def test_a_link_works_once_also_for_two_people(browser: Browser) -> None:
    """Both may go on to Fortnox; one approval counts."""
    secret = link(browser)
    first, second = Browser(browser.deployed), Browser(browser.deployed)
    for administrator in (first, second):
        approved_by_link(administrator, secret)
    first.decide()
    chain = browser.deployed.tokens.get(WAREHOUSE)

    assert QUICKER in second.decide().text
    assert browser.deployed.tokens.get(WAREHOUSE) == chain
    assert OVER in opened(first, secret).text
    assert gone_on(first, secret).status == 410


def test_a_link_lives_a_day(browser: Browser) -> None:
    """Also if it was opened before, and if Fortnox was visited before."""
    secret = link(browser)
    browser.deployed.clock.advance(timedelta(hours=23, minutes=50))
    administrator = Browser(browser.deployed)
    approved_by_link(administrator, secret)
    browser.deployed.clock.advance(timedelta(minutes=11))

    assert OVER in opened(administrator, secret).text
    assert QUICKER in administrator.decide().text
    assert nothing_is_connected(browser.deployed)


def test_a_link_for_a_system_that_was_connected_meanwhile_is_void(browser: Browser) -> None:
    """Whoever has it changes nothing about what works."""
    secret = link(browser)
    administrator = Browser(browser.deployed)
    browser.connect()
    before = browser.deployed.integration

    assert opened(administrator, secret).status == gone_on(administrator, secret).status == 410
    assert browser.deployed.integration == before


@pytest.mark.parametrize("secret", ["x", "%00", "..%2f", "a" * 5000, "\udce5"])
def test_a_link_that_nobody_made_is_over(browser: Browser, secret: str) -> None:
    """And says no more than one that was used."""
    assert opened(browser, secret).status in {400, 404, 410}


def test_somebody_who_came_by_a_link_and_is_no_administrator_gets_no_other_link(browser: Browser) -> None:
    """Links do not multiply."""
    administrator = Browser(browser.deployed)
    asked = asked_by(gone_on(administrator, link(browser)))
    page = administrator.come_back("oauth_callback__denied", state=asked["state"], error=NO_ADMINISTRATOR)

    assert "/approve/" not in page.body
    assert USERNAME not in page.body
    assert TENANT_ID not in page.body
