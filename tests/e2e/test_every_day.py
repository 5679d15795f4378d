"""What an operator does on an ordinary day: look, sync, search, mend, retry, preview, export again, pause."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from urllib.parse import urljoin

from playwright.sync_api import expect

from local.ongoing import seed
from local.stack import Stack
from tests.e2e.office import HELD, SENT, WAIT_SECONDS, Office


@contextmanager
def no_run_begins(stack: Stack) -> Iterator[None]:
    """What is asked for meanwhile waits in the queue."""
    functions = stack.client("lambda")
    sync = stack.outputs["SyncInvoicesFunction"]
    source = functions.list_event_source_mappings(FunctionName=f"{sync}:live")["EventSourceMappings"][0]["UUID"]
    functions.update_event_source_mapping(UUID=source, Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=source, Enabled=True)


def test_sync_now_is_followed_to_its_end_and_counted(connected: Office) -> None:
    """The page shows that it is under way and then, by itself, what it did: six sent, six for a person."""
    connected.open()
    with no_run_begins(connected.stack):
        connected.press("Sync now")
        connected.arrive("notice=sync_started")
        expect(connected.page.get_by_role("progressbar")).to_be_visible()
        connected.look("status-running")
    done = connected.say("The sync is done. What it did is shown under Runs.")
    expect(connected.main).to_contain_text(done, timeout=WAIT_SECONDS * 1000)

    expect(connected.page.get_by_role("progressbar")).to_have_count(0)
    expect(connected.main.get_by_role("link", name=connected.say("sent this month"))).to_contain_text(str(SENT))
    assert len(connected.fortnox.invoices(connected.tenant_id)) == SENT


def test_the_overview_shows_connection_runs_and_what_waits(settled: Office) -> None:
    """Company, system, health, both runs, and the number of issues in the menu."""
    settled.open()

    for text in (settled.company, settled.system, settled.say("Needs attention"), settled.say("Next run")):
        expect(settled.main).to_contain_text(text)
    expect(settled.page.locator(".sections .count")).to_have_text(str(HELD))
    settled.look("status")


def test_invoices_are_found_by_number_or_owner_and_by_state(settled: Office) -> None:
    """And a search without a hit says so."""
    settled.open("/invoices")
    rows = settled.page.locator("tbody tr")
    expect(rows).to_have_count(SENT + HELD + 1)  # and one whose period is not over
    settled.look("invoices")
    settled.page.get_by_label(settled.say("Number, goods owner, title or amount")).fill("möbel")
    settled.press("Show")
    expect(rows).to_have_count(4)
    expect(settled.page.locator("#found")).to_contain_text(re.compile("1–4 (of|av) 4"))
    settled.page.get_by_label(settled.say("State")).select_option(label=settled.say("Needs attention"))
    settled.press("Show")
    expect(rows).to_have_count(2)
    settled.look("invoices-found")
    settled.page.get_by_label(settled.say("Number, goods owner, title or amount")).fill("")
    settled.page.get_by_label(settled.say("State")).select_option(label=settled.say("Period not over"))
    settled.press("Show")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(f"id {seed.STILL_GROWING}")
    settled.page.get_by_label(settled.say("Number, goods owner, title or amount")).fill("<script>")
    settled.press("Show")

    expect(settled.main).to_contain_text(settled.say("No invoice matches."))
    settled.look("invoices-none-match")
    settled.follow("Show all")
    expect(rows).to_have_count(SENT + HELD + 1)


def test_one_invoice_shows_both_amounts_and_its_history(settled: Office) -> None:
    """Newest first, with who asked for what."""
    settled.open("/invoices")
    settled.page.get_by_role("row").filter(has_text=f"id {seed.PLAIN}").get_by_role("link").click()

    expect(settled.main).to_contain_text(settled.say("In Fortnox"))
    expect(settled.page.locator(".differs")).to_have_count(0)
    expect(settled.page.locator("ol.history li").first).to_contain_text(
        settled.say("Number %(number)s and the exported mark were saved in Ongoing", number=1)
    )
    settled.look("invoice")


def test_the_history_is_a_file_that_a_spreadsheet_opens(settled: Office) -> None:
    """Every step of every invoice, marked as Unicode."""
    settled.open("/invoices")
    with settled.page.expect_download() as download:
        settled.follow("Event log of all invoices (CSV)")
    text = download.value.path().read_text(encoding="utf-8")

    assert download.value.suggested_filename == f"{settled.system}-history.csv"
    assert text.startswith(f"\ufeff{settled.say('No.')}")
    assert settled.say("Hash up to here") in text.splitlines()[0]
    assert "Kaffe & Kakao AB" in text
    assert settled.say("Created in Fortnox") in text


def test_an_invoice_has_its_specification_to_print_and_for_spreadsheets(settled: Office) -> None:
    """Both files come whole through the front door, the binary one too."""
    settled.open(f"/invoices/{seed.MANY_CHARGES}")
    address = settled.page.get_by_role("link", name=settled.say("Specification (PDF)")).get_attribute("href")
    drawn = settled.page.request.get(urljoin(settled.page.url, address or ""), headers={"accept": "text/html, */*"})
    with settled.page.expect_download() as download:
        settled.follow("Specification (CSV)")
    text = download.value.path().read_text(encoding="utf-8")

    assert drawn.headers["content-type"] == "application/pdf"
    assert drawn.body().startswith(b"%PDF-1.7")
    assert drawn.body().rstrip().endswith(b"%%EOF")
    assert text.startswith(f"\ufeff{settled.say('Row')}")
    assert text.count("SO-88") == 40


def test_a_preview_shows_what_would_be_sent_and_sends_nothing(settled: Office) -> None:
    """A new invoice, one that is in Fortnox already, and one that is held."""
    for invoice, intention, picture in (
        (seed.STILL_GROWING, "This is exactly what would be sent to Fortnox, as a new invoice.", "preview-create"),
        (seed.PLAIN, "Fortnox already has exactly this. Nothing would be sent.", "preview-nothing"),
        (seed.NO_CUSTOMER_CODE, "Nothing would be sent until the issue below is fixed.", "preview-held"),
    ):
        settled.open(f"/invoices/{invoice}/preview")
        text = settled.say(f"{intention} Looking sends nothing.") if invoice == seed.STILL_GROWING else intention
        expect(settled.main).to_contain_text(settled.say(text))
        settled.look(picture)

    assert len(settled.fortnox.invoices(settled.tenant_id)) == SENT


def test_an_issue_says_why_what_and_who_and_is_gone_once_it_is_mended_and_retried(connected: Office) -> None:
    """From the list to the invoice in Fortnox."""
    connected.sync()
    connected.open("/issues")
    issues = connected.page.locator("article.issue")
    expect(issues).to_have_count(HELD)
    connected.look("issues")
    for part in ("Why", "What to do", "Who can fix this", "Since"):
        expect(connected.wrong_sum).to_contain_text(connected.say(part))
    connected.wrong_sum.get_by_role("link").first.click()
    connected.look("invoice-held")
    connected.correct_sum()
    connected.press("Try again")
    connected.arrive("notice=retry_queued")
    connected.see(
        "Number %(number)s and the exported mark were saved in Ongoing", number=SENT
    )  # one of those that were sent has a number of its own
    connected.rest()
    connected.look("invoice-asked")
    connected.open("/issues")

    expect(issues).to_have_count(HELD - 1)
    assert len(connected.fortnox.invoices(connected.tenant_id)) == SENT + 1


def test_an_invoice_that_changed_is_exported_again_and_updated_not_sent_twice(connected: Office) -> None:
    """The number in Fortnox stays."""
    connected.sync()
    charges = connected.ongoing.invoice(connected.system, seed.PLAIN)["charges"]
    charges[0]["quantity"] = "14"
    connected.ongoing.change_invoice(connected.system, seed.PLAIN, charges=charges, is_exported=False)
    connected.open(f"/invoices/{seed.PLAIN}")
    connected.press("Export again")
    connected.arrive("notice=export_queued")
    connected.see("Number %(number)s was updated in Fortnox", number=1)
    invoices = connected.fortnox.invoices(connected.tenant_id)

    assert len(invoices) == SENT
    assert Decimal(14 * 85) in {Decimal(str(invoice["Net"])) for invoice in invoices.values()}


def test_before_the_first_run_the_lists_say_that_they_are_empty(connected: Office) -> None:
    """No table without rows."""
    connected.open("/invoices")
    expect(connected.main).to_contain_text(connected.say("Period not over"))
    connected.look("invoices-empty")
    connected.open("/issues")

    expect(connected.main).to_contain_text(
        connected.say("Nothing needs you. If something does, you find it here and get a mail.")
    )
    connected.look("issues-none")


def test_pausing_is_asked_about_and_resuming_is_one_button(connected: Office) -> None:
    """Nothing is due for the schedule in between."""
    connected.open()
    connected.follow("Pause")
    connected.look("pause")
    connected.press("Pause")
    connected.arrive("notice=paused")
    expect(connected.main).to_contain_text(connected.say("Paused"))
    connected.look("status-paused")
    connected.press("Resume")
    connected.arrive("notice=resumed")

    expect(connected.main).to_contain_text(connected.say("Not begun"))


def test_what_would_stop_invoices_on_the_1st_is_looked_for_on_request(settled: Office) -> None:
    """The page says what it found, what it looked at and what it could not, and can be looked at again."""
    settled.open("/before")
    expect(settled.main).to_contain_text(
        settled.say("Nobody has looked yet. It is done every night while something gathers, and now if you like.")
    )
    settled.press("Look now")
    expect(settled.main).to_contain_text(settled.say("It was looked through just now."))
    expect(settled.main).to_contain_text("Övrigt arbete")

    expect(settled.page.get_by_role("button", name=settled.say("Look again now"))).to_be_visible()
    settled.look("before")
