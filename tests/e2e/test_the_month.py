"""The month, as whoever closes it sees it: what ties both systems, and what an auditor takes along."""

from decimal import Decimal
from urllib.parse import urljoin

from invoicing.rendering.formats import format_number
from playwright.sync_api import expect

from tests.e2e.album import keep_pdf
from tests.e2e.office import Office


def test_the_month_ties_both_systems_and_goes_home_as_a_file(settled: Office) -> None:
    """From the menu to the month before: Fortnox's own sum, what is held beside it, twelve months, and the PDF."""
    page = settled.page
    settled.open()
    page.get_by_role("navigation", name=settled.say("Pages")).get_by_role("link", name=settled.say("Month")).click()
    page.locator("a[rel='prev']").click()
    there = [one for one in settled.fortnox.invoices(settled.tenant_id).values() if one["Currency"] == "SEK"]
    net = sum((Decimal(str(one["Net"])) for one in there), Decimal(0))

    tie = settled.main.locator(".tie", has_text="SEK")
    expect(tie).to_contain_text(settled.say("%(currency)s: every öre is accounted for", currency="SEK"))
    expect(tie.locator(".equation")).to_contain_text(format_number(net, settled.language, decimals=2))
    plot = settled.say("What each month came to, in %(currency)s", currency="SEK")
    expect(page.get_by_role("img", name=plot)).to_be_visible()
    settled.look("month")
    link = settled.main.get_by_role("link", name=settled.say("Reconciliation for the auditor (PDF)"))
    file = page.context.request.get(urljoin(page.url, link.get_attribute("href") or ""))
    assert file.headers["content-type"] == "application/pdf"
    keep_pdf(file.body(), "reconciliation", settled.language)
