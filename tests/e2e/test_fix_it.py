"""What stops an invoice is mended in Fortnox by a button, by somebody who has no login there."""

import re

from playwright.sync_api import expect

from local.ongoing.seed import UNKNOWN_CUSTOMER
from tests.e2e.office import Office

NUMBER = "9999"


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


def _number(office: Office) -> str:
    """Of the one invoice to that customer."""
    invoices = office.fortnox.invoices(office.tenant_id)
    (number,) = [number for number, one in invoices.items() if one["CustomerNumber"] == NUMBER]
    return number
