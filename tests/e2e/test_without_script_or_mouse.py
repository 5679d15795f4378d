"""The same without a script, and without a mouse."""

from invoicing.domain.integration_settings import Language
from playwright.sync_api import Locator, expect

from local.ongoing.seed import PASSWORD, SUM_DIFFERS, USERNAME
from tests.e2e.conftest import Opened
from tests.e2e.office import SENT, Office


def test_everything_works_without_scripts(new_office: Opened, language: Language) -> None:
    """From the start page to an invoice in Fortnox, a mended issue, and signing out."""
    with new_office(language, scripts=False) as office:
        office.connect()
        office.follow("Switch to Fortnox invoicing module")
        office.create()
        office.open("/rehearsal")
        office.press("Start the test run")
        office.see("%(good)s of %(total)s would go through", good=6, total=12)
        office.open()
        office.press("Sync now")
        office.see("The sync is done. What it did is shown under Runs.")
        office.open("/issues")
        office.correct_sum()
        office.press("Try again", within=office.wrong_sum)
        office.arrive("notice=retry_queued")
        office.open(f"/invoices/{SUM_DIFFERS}")
        office.see(
            "Number %(number)s and the exported mark were saved in Ongoing", number=SENT
        )  # one of those that were sent has a number of its own
        office.page.get_by_role("button", name=office.say("Sign out"), exact=True).click()

        expect(office.page.get_by_role("heading", level=1)).to_have_text(office.say("You are signed out"))
        assert len(office.fortnox.invoices(office.tenant_id)) == 7


def tab_to(office: Office, wanted: Locator) -> None:
    """Press Tab until it has the focus, and see that the focus shows."""
    for _ in range(80):
        office.page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            assert wanted.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def test_signing_in_and_settings_need_no_mouse(office: Office) -> None:
    """Skip link, fields, radio buttons, checkbox, and Enter to send."""
    page, say = office.page, office.say
    office.visit(office.stack.base_url)
    tab_to(office, page.get_by_role("link", name=say("Skip to the content")))
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for label, text in (
        ("System", f"{office.system}.ongoingsystems.se"),
        ("Username", USERNAME),
        ("Password", PASSWORD),
    ):
        tab_to(office, page.get_by_label(say(label), exact=True))
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    office.approve()
    office.arrive("/setup")
    tab_to(office, page.get_by_role("link", name=say("Switch to Fortnox invoicing module")))
    page.keyboard.press("Enter")
    office.arrive("/settings")
    tab_to(office, page.get_by_label(say("Communication of problems")))
    page.keyboard.type(office.mailbox)
    tab_to(office, page.get_by_role("radio", name=say("When the period has ended")))
    page.keyboard.press("ArrowDown")
    tab_to(office, page.get_by_label(say("Profit centre becomes cost centre")))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    office.arrive("notice=created")
    office.open("/settings")

    expect(page.get_by_role("radio", name=say("As soon as they are seen"))).to_be_checked()
    expect(page.get_by_label(say("Profit centre becomes cost centre"))).to_be_checked()
