"""After the invoice is in Fortnox: its specification goes along, it is sent when a person says so, and is paid."""

from invoicing.domain.sending import SendBy
from invoicing.domain.settlement import EVERY, Progress
from invoicing.rendering.labels import label_of
from playwright.sync_api import Locator, expect

from local.ongoing.seed import PLAIN
from local.passing import let_pass
from tests.e2e.album import keep_pdf
from tests.e2e.office import SENT, Office


def test_an_invoice_leaves_with_its_specification_and_is_followed_until_it_is_paid(connected: Office) -> None:
    """Once, after a word for the first one; what the customer paid shows on the invoice and in the list."""
    page = connected.page
    switch_on(connected)
    connected.sync()
    connected.open(f"/invoices/{PLAIN}")
    expect(sending(connected)).to_contain_text(connected.say(label_of(SendBy.EMAIL)))
    connected.look("invoice-to-send")
    connected.follow("See the mail first")
    connected.look("customer-mail")
    connected.open(f"/invoices/{PLAIN}")
    file = page.context.request.get(f"{connected.here}/invoices/{PLAIN}/specification.pdf")
    keep_pdf(file.body(), "specification", connected.language)
    assert sent(connected) == []

    connected.press("Send only this one now")
    connected.rest()
    connected.look("invoice-sent")
    (number,) = sent(connected)
    attached = connected.fortnox.company(connected.tenant_id)["attachments"]
    assert len(attached) == SENT
    assert [one["includeOnSend"] for one in attached if str(one["entityId"]) == number] == [True]

    connected.fortnox.person(connected.tenant_id, "acts", number, "bookkeep")
    connected.fortnox.person(connected.tenant_id, "pays", number)
    let_pass(connected.stack, EVERY)
    connected.sync()
    connected.open(f"/invoices/{PLAIN}")
    expect(connected.main).to_contain_text(connected.say(label_of(Progress.PAID)))
    connected.look("invoice-paid")
    connected.open(f"/invoices?progress={Progress.PAID}")
    expect(connected.main.locator(f"a[href*='/invoices/{PLAIN}']").first).to_be_visible()
    connected.look("invoices-paid")
    assert sent(connected) == [number]


def switch_on(office: Office) -> None:
    """Specifications and sending by e-mail, with Fortnox's approval of what the first one needs."""
    office.open("/settings")
    for title in ("Attach the specification to the invoice in Fortnox", "Follow invoices until they are paid"):
        office.page.get_by_label(office.say(title)).check()
    office.page.get_by_role("group", name=office.say("Sending to the customer")).get_by_label(
        office.say("By e-mail")
    ).check()
    office.press("Save")
    office.arrive("/attach")
    office.fill_in_password()
    office.press("Go on to Fortnox")
    office.approve()
    office.arrive("notice=attaching")


def sending(office: Office) -> Locator:
    """The part of an invoice's page about its way to the customer."""
    return office.page.locator("#sending")


def sent(office: Office) -> list[str]:
    """The numbers of Fortnox's invoices that left for a customer."""
    return [number for number, one in office.fortnox.invoices(office.tenant_id).items() if one["Sent"]]
