"""From the approval to the first run: set-up, settings, the confirmed address, the dress rehearsal."""

import re

from playwright.sync_api import Browser, expect

from local.browser import visitor
from tests.e2e.conftest import in_both_languages
from tests.e2e.office import LOCALES, Office


def test_setting_up_switches_to_the_invoicing_module_and_creates_with_careful_defaults(office: Office) -> None:
    """Nothing is sent by it, and a dress rehearsal is offered first."""
    office.connect()
    office.look("setup")
    expect(office.main).to_contain_text(office.company)
    expect(office.page.get_by_role("heading", name=office.say("What we read from Ongoing"))).to_be_visible()
    office.follow("Switch to Fortnox invoicing module")
    office.look("settings-create")
    office.page.get_by_label(office.say("Communication of problems")).fill(office.mailbox)
    office.press("Create")
    office.arrive("notice=created")

    expect(office.page.get_by_role("status").first).to_have_text(office.say("The integration is created."))
    expect(office.page.get_by_role("link", name=office.say("Test run first"))).to_be_visible()
    office.look("status-first")
    assert office.fortnox.invoices(office.tenant_id) == {}


def test_a_refused_field_says_so_beside_itself_and_nothing_typed_is_lost(connected: Office) -> None:
    """The summary leads to the field; mended, it saves."""
    connected.open("/settings")
    address = connected.page.get_by_label(connected.say("Communication of problems"))
    unit = connected.page.get_by_label(connected.say("Unit of new articles"))
    address.fill("ekonomi@")
    unit.fill("kolli")
    connected.press("Save")

    expect(address).to_have_attribute("aria-invalid", "true")
    wrong = connected.say("Write a mail address, for example invoices@example.com.")
    expect(address).to_have_accessible_description(re.compile(re.escape(wrong)))
    expect(unit).to_have_value("kolli")
    connected.look("settings-problems")
    connected.page.get_by_role("alert").get_by_role("link").click()
    expect(address).to_be_focused()
    address.fill(connected.mailbox)
    connected.press("Save")
    connected.arrive("notice=saved")
    expect(connected.page.get_by_role("status").first).to_have_text(connected.say("The settings are saved."))
    connected.open("/settings")
    expect(connected.page.get_by_label(connected.say("Unit of new articles"))).to_have_value("kolli")
    connected.look("settings")


def test_an_old_form_does_not_undo_what_was_saved_meanwhile(connected: Office) -> None:
    """Two tabs: the second is shown what the first did, and saves when it insists."""
    connected.open("/settings")
    second = connected.at(connected.page.context.new_page())
    second.open("/settings")
    connected.page.get_by_label(connected.say("Unit of new articles")).fill("pall")
    connected.press("Save")
    connected.arrive("notice=saved")
    second.page.get_by_label(connected.say("Unit of new articles")).fill("h")
    second.press("Save")

    expect(second.page.get_by_label(second.say("Unit of new articles"))).to_have_value("h")
    expect(second.page.get_by_role("alert")).to_be_visible()
    second.look("settings-changed-elsewhere")
    second.press("Save")
    second.arrive("notice=saved")


@in_both_languages
def test_the_address_for_problems_is_confirmed_by_a_click_on_a_page(connected: Office, browser: Browser) -> None:
    """Opening the link, as mail scanners do, confirms nothing."""
    mail = connected.mail("/verify/")
    connected.look_at_mail("mail-verify", mail)
    with visitor(browser, language=LOCALES[connected.language]) as page:
        reader = connected.at(page)
        reader.visit(connected.link("/verify/"))
        reader.look("verify")
        connected.open()
        expect(connected.main).to_contain_text(connected.mailbox)
        reader.press("Confirm")
        expect(page.get_by_role("heading", level=1)).to_have_text(reader.say("Thank you, the address is confirmed"))
        reader.look("verified", once=True)
    connected.open()

    expect(connected.main).not_to_contain_text(connected.mailbox)


def test_the_dress_rehearsal_says_what_would_happen_to_each_and_writes_nothing(connected: Office) -> None:
    """Neither in Fortnox nor in Ongoing."""
    before = connected.ongoing.state()["warehouses"][connected.system]["invoices"]
    connected.open("/rehearsal")
    connected.look("rehearsal")
    connected.press("Start the test run")
    connected.see("%(good)s of %(total)s would go through", good=6, total=12)

    expect(connected.main.get_by_text(connected.say("Held"), exact=True)).to_have_count(6)
    connected.look("rehearsal-result")
    assert connected.fortnox.invoices(connected.tenant_id) == {}
    assert connected.ongoing.state()["warehouses"][connected.system]["invoices"] == before
