"""What `make up` prints is what a person types; and the desk shows and does what the story needs."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from local import up
from local.desk import Desk
from local.stack import Stack
from tests.e2e.office import Office, waited_for

TWO_CHARGES = "340"  # 3 and 1 at 85, summed in one row


@pytest.fixture
def desk(stack: Stack) -> Iterator[Desk]:
    """The desk beside the stack of these tests."""
    with Desk(stack) as desk:
        yield desk


def test_what_is_printed_signs_in(page: Page, stack: Stack, desk: Desk) -> None:
    """System, user name and password lead to Fortnox, and its user and password log in there."""
    printed = up.how_to_use(stack, desk.url)
    system, username, password = re.findall(r"System (\S+), Username (\S+), Password (\S+)", printed)[0]
    administrator, secret = re.findall(r"(\S+) / (\S+)\s+\(system administrator\)", printed)[0]
    page.goto(re.findall(r"The integration\s+(\S+)", printed)[0])
    page.locator("[name=system]").fill(system)
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(password)
    page.locator("main form button.main").click()
    page.locator("#username").fill(administrator)
    page.locator("#password").fill(secret)
    page.locator("#login").click()

    expect(page.locator("#approve")).to_be_visible()
    addresses = re.findall(r"http://\S+/(?:fortnox|ongoing|mails)", printed)
    assert len(addresses) == 3
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200


def test_an_invoice_is_made_sent_changed_and_seen_by_hand(connected: Office, desk: Desk) -> None:
    """New invoice, sync, its rows and VAT in Fortnox; another charge, export again, and the update is seen."""
    page = connected.page
    page.goto(f"{desk.url}/ongoing")
    form = page.locator(f"form[action='/ongoing/{connected.system}/new']")
    form.get_by_label("Quantity").fill("3")
    form.get_by_role("button", name="New invoice").click()
    there = page.url
    connected.sync()
    page.goto(f"{desk.url}/fortnox")
    reference = f"ONGOING-{connected.system}-{there.rpartition('/')[2]}-"
    page.get_by_role("row").filter(has_text=reference).get_by_role("link").click()
    expect(page.get_by_role("row").filter(has_text="Pallplats")).to_contain_text("255")
    expect(page.get_by_role("columnheader", name="TotalVAT")).to_be_visible()
    in_fortnox = page.url
    page.goto(there)
    page.get_by_role("button", name="Add a charge").click()
    page.get_by_role("button", name="Export again").click()
    connected.sync()

    def updated() -> bool | None:
        page.goto(in_fortnox)
        row = page.get_by_role("row").filter(has_text="Pallplats")
        return row.filter(has_text=TWO_CHARGES).count() == 1 or None

    assert waited_for("the row of both charges", updated)


def test_mails_are_read_at_one_page(connected: Office, desk: Desk) -> None:
    """As their readers see them."""
    connected.mail("/verify/")
    page = connected.page
    page.goto(f"{desk.url}/mails")
    page.get_by_role("row").filter(has_text=connected.mailbox).get_by_role("link").click()

    expect(page.locator("a[href*='/verify/']").first).to_be_visible()
