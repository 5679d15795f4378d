"""What ends: the keys, the session, the connection; and what is not there."""

import re

import pytest
from invoicing.domain.tokens import ASK_AGAIN_AFTER
from invoicing.rendering.labels import label_of
from invoicing.rendering.views import LandingProblem, PasswordProblem
from playwright.sync_api import Browser, Page, expect

from local.browser import visitor
from local.draining import mails_in_the_end
from local.ongoing.seed import PASSWORD, USERNAME
from local.passing import let_pass
from local.stack import Stack
from tests.e2e.conftest import in_both_languages
from tests.e2e.office import LOCALES, Office


def test_dead_keys_send_one_mail_whose_link_connects_again(connected: Office, browser: Browser) -> None:
    """Nothing that waited is lost, and a closing mail says how much it was."""
    connected.fortnox.destroy_tokens(connected.tenant_id)
    connected.fortnox.expire_access_tokens(connected.tenant_id)
    connected.sync()
    let_pass(connected.stack, ASK_AGAIN_AFTER)  # a refusal is believed when it is repeated
    connected.sync()
    mail = connected.mail("/reactivate/")
    connected.look_at_mail("mail-broken", mail)
    connected.open()
    expect(
        connected.page.get_by_label(connected.say("Or copy the link and send it to the one who can:"))
    ).to_be_visible()
    connected.look("status-broken")
    with visitor(browser, language=LOCALES[connected.language]) as page:
        reader = connected.at(page)
        reader.visit(connected.link("/reactivate/"))
        expect(page.get_by_label(reader.say("Username"))).to_have_value(USERNAME)
        reader.look("reactivation")
        page.get_by_label(reader.say("Password")).fill(PASSWORD)
        reader.press("Sign in and go on to Fortnox")
        reader.approve()
        reader.arrive("notice=reconnected")
        closing = connected.mail(connected.say("Connected to Fortnox again"))  # comes when the run has ended
        reader.open()
        reader.look("reactivated")
        reader.visit(connected.link("/reactivate/"))
        expect(page.get_by_role("heading", level=1)).to_have_text(reader.say("The integration already works"))
        reader.look("reactivation-not-needed")

    connected.look_at_mail("mail-reactivated", closing)
    in_the_end = mails_in_the_end(connected.stack, connected.system)
    assert len([mail for mail in in_the_end if connected.mailbox in mail.to and "/reactivate/" in mail.text]) == 1
    assert len(connected.fortnox.invoices(connected.tenant_id)) == 6


@in_both_languages
def test_disconnecting_offers_the_history_first_and_asks_once_more(connected: Office) -> None:
    """Afterwards nobody is signed in, and Fortnox has forgotten the keys."""
    connected.sync()
    connected.open("/disconnect")
    connected.look("disconnect")
    with connected.page.expect_download() as download:
        connected.follow("Download the history (CSV)")
    connected.press("Disconnect")
    expect(connected.page.get_by_role("alert")).to_have_text(connected.say("Tick the box to disconnect."))
    connected.look("disconnect-not-confirmed")
    connected.page.get_by_role("checkbox").check()
    connected.press("Disconnect")
    expect(connected.page.get_by_role("alert")).to_have_text(connected.say(label_of(PasswordProblem.MISSING)))
    connected.page.get_by_role("checkbox").check()
    connected.fill_in_password()
    connected.press("Disconnect")

    expect(connected.page.get_by_role("heading", level=1)).to_have_text(
        connected.say("The integration is disconnected")
    )
    connected.look("disconnected", once=True)
    assert download.value.path().stat().st_size > 1000
    connected.open()
    expect(connected.page.get_by_label(connected.say("Password"))).to_be_visible()


def test_a_button_pressed_after_the_session_ended_says_so(connected: Office) -> None:
    """Nothing happened, and signing in again goes on."""
    connected.open()
    connected.page.context.clear_cookies()
    connected.press("Sync now")

    expect(connected.page.get_by_role("heading", level=1)).to_have_text(connected.say("You have been signed out"))
    connected.look("signed-out-elsewhere")


def test_what_was_typed_when_the_session_ended_is_there_after_signing_in(connected: Office) -> None:
    """Shown again, and saved when it is sent again."""
    connected.open("/settings")
    unit = connected.page.get_by_label(connected.say("Unit of new articles"))
    unit.fill("kolli")
    connected.page.context.clear_cookies()
    connected.press("Save")
    expect(connected.page.get_by_role("alert")).to_contain_text(connected.say(label_of(LandingProblem.SESSION_ENDED)))
    connected.look("session-ended")
    connected.fill_in_login()
    connected.press("Sign in")

    expect(unit).to_have_value("kolli")
    connected.look("settings-kept")
    connected.press("Save")
    connected.arrive("notice=saved")


def test_a_form_that_our_page_did_not_make_is_refused(settled: Office) -> None:
    """Its guard is wrong."""
    settled.open()
    settled.page.locator("form[action$='/sync'] [name=csrf]").evaluate("field => field.value = 'guessed'")
    with settled.page.expect_response(re.compile("/sync$")) as response:
        settled.press("Sync now")

    assert response.value.status == 403
    settled.look("form-expired")


@pytest.mark.parametrize("path", ["/nothing", "/invoices/999999", "/invoices/x/preview"])
def test_what_is_not_there_is_not_found(settled: Office, path: str) -> None:
    """Whatever the path is made of."""
    assert settled.open(path).status == 404


def test_a_page_that_is_not_there_leads_back(settled: Office) -> None:
    """To the integration."""
    settled.open("/invoices/999999")
    settled.look("not-found")
    settled.follow("To the start page")

    expect(settled.page.get_by_role("heading", level=1)).to_have_text(settled.company)


def test_the_integration_of_somebody_else_looks_like_none(settled: Office, office: Office) -> None:
    """Whether it exists or not."""
    office.connect()
    answers = [settled.visit(f"{settled.stack.base_url}/integrations/{name}") for name in (office.system, "none-such")]

    assert [answer.status for answer in answers] == [404, 404]


@pytest.mark.parametrize("path", ["", "/settings", "/invoices", "/issues", "/history.csv", "/disconnect"])
def test_pages_of_an_integration_are_for_those_who_signed_in(page: Page, stack: Stack, path: str) -> None:
    """Everybody else is led to the start."""
    page.goto(f"{stack.base_url}/integrations/nordlager{path}")

    expect(page.locator("[name=password]")).to_be_visible()


@pytest.mark.parametrize("kind", ["reactivate", "verify"])
def test_a_forged_link_leads_nowhere(page: Page, stack: Stack, kind: str) -> None:
    """Nor does it say whether anything is there."""
    answer = page.goto(f"{stack.base_url}/{kind}/forged.aaaaaa.bbbbbb")

    assert answer is not None
    assert answer.status == 404
