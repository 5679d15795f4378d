"""What stops an invoice is mended in Fortnox by a button, by somebody who has no login there."""

import re

from playwright.sync_api import expect

from local.ongoing.seed import MANY_CHARGES, PLAIN, UNKNOWN_CUSTOMER
from tests.e2e.album import keep_pdf
from tests.e2e.office import Office

NUMBER = "9999"
CLOSED_ACCOUNT = "3999"


def test_a_customer_is_created_from_its_goods_owner_and_the_invoice_is_sent(connected: Office) -> None:
    """Seen first, with one field missing the first time; then the invoice goes by itself."""
    page = connected.page
    connected.sync()
    connected.open(f"/invoices/{UNKNOWN_CUSTOMER}")
    page.get_by_role("link", name=re.compile(rf"^{re.escape(connected.say('Create it in Fortnox …'))}")).click()
    connected.arrive("/mend?")
    connected.look("mend-customer")
    assert NUMBER not in connected.fortnox.company(connected.tenant_id)["customers"]

    button = connected.say("Create customer %(key)s in Fortnox", key=NUMBER)
    page.get_by_role("button", name=button).click()
    expect(connected.main).to_contain_text(connected.say("Choose one of the alternatives."))
    page.get_by_label(connected.say("Sweden, with VAT")).check()
    page.get_by_role("button", name=button).click()
    connected.arrive(f"/invoices/{UNKNOWN_CUSTOMER}?notice=mended")
    connected.rest()
    expect(connected.main).to_contain_text(
        connected.say("It is invoice %(number)s in Fortnox.", number=_number(connected))
    )
    connected.open(f"/invoices/{UNKNOWN_CUSTOMER}")
    connected.look("mended")

    made = connected.fortnox.company(connected.tenant_id)["customers"][NUMBER]
    assert (made["Name"], made["VATType"], made["Active"]) == ("Nystartad E-handel HB", "SEVAT", True)


def test_an_account_is_opened_when_an_administrator_has_permitted_that(connected: Office) -> None:
    """One approval more, then the same button as for all else; and the history of it all is whole."""
    page = connected.page
    charge, *more = connected.ongoing.invoice(connected.system, PLAIN)["charges"]
    connected.ongoing.change_invoice(connected.system, PLAIN, charges=[{**charge, "account": CLOSED_ACCOUNT}, *more])
    connected.sync()
    connected.open(f"/invoices/{PLAIN}")
    connected.main.locator("a[href*='/permit?']").first.click()
    connected.look("permit")
    connected.fill_in_password()
    connected.press("Go on to Fortnox")
    connected.approve()
    connected.arrive("notice=")
    connected.sync()  # what stops it is known when the run has ended that a new approval begins
    connected.open(f"/invoices/{PLAIN}")
    connected.main.locator("a[href*='/mend?']").first.click()
    connected.look("mend-account")
    page.get_by_role("button", name=connected.say("Open account %(key)s in Fortnox", key=CLOSED_ACCOUNT)).click()
    connected.arrive(f"/invoices/{PLAIN}?notice=mended")
    connected.rest()
    expect(connected.main).to_contain_text(connected.say("Export again"))

    connected.open("/history")
    expect(connected.main).to_contain_text(connected.say("Yes. Nothing was changed, put in or taken away."))
    connected.look("history")
    file = page.context.request.get(f"{connected.here}/history.pdf")
    keep_pdf(file.body(), "event-log", connected.language)


def test_what_a_guard_holds_is_sent_when_a_person_says_that_it_is_right(connected: Office) -> None:
    """Other prices than the price list's, on two invoices: asked about each, and about both at once."""
    held = (PLAIN, MANY_CHARGES)
    charge, *_ = connected.ongoing.invoice(connected.system, PLAIN)["charges"]
    for invoice_id in held:
        dearer = {**charge, "id": charge["id"] + invoice_id, "unit_price": "90.00"}
        connected.ongoing.change_invoice(connected.system, invoice_id, charges=[dearer])
    connected.open("/settings")
    connected.page.get_by_label(connected.say("Prices that are not the price list's")).check()
    connected.press("Save")
    connected.arrive("notice=saved")
    connected.sync()
    connected.open(f"/invoices/{PLAIN}")
    connected.look("invoice-guarded")
    connected.follow("Right as it is")
    connected.look("decision-right")
    connected.open("/issues")
    connected.main.locator("a[href*='/issues/release?']").click()
    connected.look("release")
    connected.main.locator("button.main").click()
    connected.arrive("notice=decided")

    for invoice_id in held:
        connected.open(f"/invoices/{invoice_id}")
        connected.rest()
        expect(connected.main).to_contain_text(connected.say("Export again"))


def _number(office: Office) -> str:
    """Of the one invoice to that customer."""
    invoices = office.fortnox.invoices(office.tenant_id)
    (number,) = [number for number, one in invoices.items() if one["CustomerNumber"] == NUMBER]
    return number
