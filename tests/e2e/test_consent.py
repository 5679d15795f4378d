"""What can go wrong at Fortnox, seen by the person it happens to."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from local.browser import visitor
from local.ongoing.seed import PASSWORD, USERNAME
from local.stack import Stack
from tests.e2e.conftest import in_both_languages
from tests.e2e.office import LOCALES, Office


def is_stored(office: Office) -> bool:
    """Whether anything of its integration is."""
    key = {"integration_id": {"S": office.system}}
    tables = (office.stack.outputs["IntegrationsTable"], office.stack.outputs["TokensTable"])
    dynamodb = office.stack.client("dynamodb")
    return any("Item" in dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True) for table in tables)


def expect_heading(office: Office, text: str) -> None:
    """The page says this first."""
    expect(office.page.get_by_role("heading", level=1)).to_have_text(office.say(text))


@in_both_languages
def test_denying_is_answered_with_what_happened_and_a_way_back(office: Office) -> None:
    """The button starts again, with system and username filled in."""
    office.sign_in()
    office.log_in_to_fortnox()
    office.page.locator("#deny").click()

    expect_heading(office, "The permissions were not approved")
    office.look("consent-denied", once=True)
    office.follow("Try again")
    expect(office.page.get_by_label(office.say("Username"))).to_have_value(USERNAME)
    assert not is_stored(office)


@in_both_languages
@pytest.mark.parametrize(
    ("missing", "heading", "picture"),
    [
        ("integration_licence", "Your Fortnox lacks a licence", "consent-licence-missing"),
        ("app_licence", "The app is not activated in Fortnox", "consent-app-licence-missing"),
    ],
)
def test_a_missing_licence_is_named(office: Office, missing: str, heading: str, picture: str) -> None:
    """Once it is there, the same button leads to the set-up."""
    office.fortnox.change_company(office.tenant_id, **{missing: False})
    office.sign_in()
    office.log_in_to_fortnox()

    expect_heading(office, heading)
    office.look(picture, once=True)
    assert not is_stored(office)
    office.fortnox.change_company(office.tenant_id, **{missing: True})
    office.follow("Try again")
    office.page.get_by_label(office.say("Password")).fill(PASSWORD)
    office.press("Sign in")
    office.approve()
    office.arrive("/setup")


@in_both_languages
def test_somebody_who_is_no_administrator_gets_a_link_to_send_to_one(office: Office, browser: Browser) -> None:
    """The administrator opens it in another browser, and needs no login for Ongoing."""
    office.sign_in()
    office.log_in_to_fortnox("anna")

    expect_heading(office, "A Fortnox administrator must approve")
    office.look("consent-not-administrator", once=True)
    link = office.page.get_by_label(office.say("Link for the Fortnox administrator"))
    expect(link).not_to_be_editable()
    assert not is_stored(office)
    with visitor(browser, language=LOCALES[office.language]) as page:
        administrator = office.at(page)
        administrator.visit(link.input_value())
        administrator.look("invitation")
        administrator.press("Go on to Fortnox")
        administrator.log_in_to_fortnox()
        page.locator("#approve").click()
        administrator.arrive("/oauth/approval")
        administrator.look("approval")
        administrator.press("Confirm")
        expect_heading(administrator, "Thank you, it is connected")
        administrator.look("approved", once=True)
        administrator.visit(link.input_value())
        expect_heading(administrator, "The link can no longer be used")
    office.sign_in()
    office.arrive("/setup")


def test_specifications_are_attached_once_fortnox_has_approved_that_too(connected: Office) -> None:
    """Without the licence one page says so and nothing changes; with it, what is sent from then on has its PDF."""
    attach = connected.say("Attach the specification to the invoice in Fortnox")
    licences = connected.fortnox.company(connected.tenant_id)["licences"]
    connected.fortnox.change_company(
        connected.tenant_id, licences=[one for one in licences if one not in {"archive", "connectfile"}]
    )
    connected.open("/settings")
    connected.page.get_by_label(attach).check()
    connected.press("Save")
    connected.arrive("/attach")
    connected.look("attach")
    connected.fill_in_password()
    connected.press("Go on to Fortnox")
    connected.log_in_to_fortnox()
    if connected.page.locator("#approve").count():
        connected.page.locator("#approve").click()
    expect_heading(connected, "Fortnox does not allow specifications to be attached")
    connected.look("consent-files-refused", once=True)
    connected.open("/settings")
    expect(connected.page.get_by_label(attach)).not_to_be_checked()

    connected.fortnox.change_company(connected.tenant_id, licences=licences)
    connected.open("/attach")
    connected.fill_in_password()
    connected.press("Go on to Fortnox")
    connected.approve()
    connected.arrive("notice=attaching")
    connected.sync()
    attached = connected.fortnox.company(connected.tenant_id)["attachments"]

    assert len(attached) == len(connected.fortnox.invoices(connected.tenant_id))
    assert all(one["includeOnSend"] and one["name"].endswith(".pdf") and one["size"] > 2000 for one in attached)


def test_where_no_administrator_is_the_own_permissions_connect_too(office: Office) -> None:
    """And the pages say on whom the connection then depends."""
    office.sign_in()
    office.log_in_to_fortnox("anna")
    office.follow("Connect with my own permissions")
    office.look("landing-personal")
    office.page.get_by_label(office.say("Password")).fill(PASSWORD)
    office.press("Sign in")
    office.approve("anna")
    office.arrive("/setup")
    office.look("setup-personal")
    office.create()
    office.open()

    expect(office.main).to_contain_text(office.say("Stops if that user is removed."))
    office.look("status-personal")


@in_both_languages
def test_a_locked_fortnox_account_comes_back_without_an_answer_and_is_told(office: Office) -> None:
    """Neither a code nor an error."""
    office.sign_in()
    office.log_in_to_fortnox("locked")

    expect_heading(office, "Fortnox sent no answer")
    office.look("consent-no-answer", once=True)
    assert not is_stored(office)


@in_both_languages
def test_a_reason_that_nobody_knows_is_shown_as_it_came(office: Office) -> None:
    """Escaped, as everything from outside."""
    office.sign_in()
    office.page.wait_for_url(re.compile(re.escape(office.stack.fortnox_url)))
    state = parse_qs(urlsplit(office.page.url).query)["state"][0]
    office.visit(f"{office.stack.base_url}/oauth/callback?state={state}&error=<b>new</b>")

    expect_heading(office, "Fortnox said no")
    expect(office.page.locator("code")).to_have_text("<b>new</b>")
    office.look("consent-other", once=True)


@in_both_languages
def test_another_company_is_refused_by_name_and_the_connection_stays(connected: Office) -> None:
    """Connecting again must not move a system to another ledger."""
    connected.connect_again()
    connected.at_wrong_company()

    expect_heading(connected, "That was another company")
    expect(connected.main).to_contain_text("Fel Företag AB")
    connected.look("consent-wrong-company", once=True)
    connected.open()
    expect(connected.main).to_contain_text(connected.say("Not begun"))


def test_an_answer_of_fortnox_works_once_and_only_in_the_browser_that_asked(office: Office, browser: Browser) -> None:
    """Reloading it, or opening it elsewhere, connects nothing and spoils nothing."""
    answers: list[str] = []
    office.page.on("request", lambda request: answers.append(request.url) if "code=" in request.url else None)
    office.connect()
    again = office.visit(answers[0])

    assert again.status == 400
    expect_heading(office, "This step has already been done")
    office.look("consent-start-used")
    office.follow("Go on")
    expect(office.main).to_contain_text(office.company)
    with visitor(browser, language=LOCALES[office.language]) as page:
        stranger = office.at(page)
        assert stranger.visit(answers[0]).status == 400
        expect_heading(stranger, "Let us begin from the start")
        stranger.look("consent-start-unknown")


def test_going_back_from_fortnox_and_starting_again_connects(office: Office) -> None:
    """A start that was left behind is in nobody's way."""
    office.sign_in()
    office.page.wait_for_url(re.compile(re.escape(office.stack.fortnox_url)))
    office.page.go_back()
    office.fill_in_login()
    office.press("Sign in")
    office.approve()
    office.arrive("/setup")

    assert is_stored(office)


@pytest.mark.parametrize("path", ["/oauth/callback", "/oauth/callback?code=from-the-marketplace"])
def test_a_callback_that_nobody_started_is_a_start(page: Page, stack: Stack, path: str) -> None:
    """The Marketplace leads here; it is never a login."""
    page.goto(f"{stack.base_url}{path}")

    expect(page.locator("[name=password]")).to_be_visible()
