"""`make demo`: the whole story on this machine, from activation to reactivation, with a real browser.

Prints what happens as a person would tell it, saves a picture of every page and mail under build/demo/, and
writes build/demo/report.json. Ends with 0 only if every step held.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from invoicing.domain.settlement import EVERY
from invoicing.domain.tokens import ASK_AGAIN_AFTER
from playwright.sync_api import Browser, Page, expect

from local.browser import NoBrowserError, chromium, visitor
from local.deployment import STACK_NAME, DeploymentError
from local.draining import MARKER_DOMAIN, mails_in_the_end
from local.fortnox.client_control import FortnoxControl
from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.client_control import OngoingControl
from local.ongoing.warehouse import Invoice
from local.passing import let_pass
from local.pdf_pictures import pdf_pictures
from local.process import DidNotStartError
from local.stack import Mail, Stack, StackInUseError, running_stack

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "demo"
MAILBOX = "ekonomi@nordlager.example"
SCHEDULE_SECONDS = 100.0  # the demo's schedule fires every minute
RUN_SECONDS = 60.0
SENT_AT_FIRST = 6  # of the seeded invoices: what nothing is wrong with
HELD_AT_FIRST = 6  # each with another thing to fix
CLOSED = 6020  # charged on an account that nobody may use
OFF_LIST = 6040  # charged at another price than the price list's
SPECIFIED = 6030  # the invoice that is followed from the warehouse until it is paid
EU_SERVICES = 3308  # the account that Fortnox's articles have for services sold to other EU countries


@dataclass(slots=True)
class Step:
    """One step of the story."""

    name: str
    ok: bool = False
    seconds: float = 0.0
    fortnox_calls: int = 0
    ongoing_calls: int = 0
    problem: str = ""


@dataclass(slots=True)
class InvoiceLine:
    """One invoice on both sides."""

    wms_id: int
    wms_number: str
    goods_owner: str
    wms_amount: str
    fortnox_number: str
    fortnox_net: str
    state: str


@dataclass(slots=True)
class Report:
    """What build/demo/report.json says."""

    ok: bool = False
    steps: list[Step] = field(default_factory=list)
    invoices: list[InvoiceLine] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)


class Demo:
    """The story, step by step, on one running stack."""

    def __init__(self, stack: Stack, browser: Browser, *, pictures: Path) -> None:
        self._stack = stack
        self._pictures = pictures
        self._browser = browser
        self.report = Report()
        self._fortnox = FortnoxControl(stack.fortnox_url)
        self._ongoing = OngoingControl(stack.ongoing_url)
        self._here = f"{stack.base_url}/integrations/{seed.WAREHOUSE}"

    def play(self) -> None:
        """All steps; a step that does not hold ends the story."""
        with visitor(self._browser) as page:
            self.begin(page)
            self._export_again(page)
            self._fix_it(page)
            self._to_the_customer(page)
            self._month(page)
            self._expired_token(page)
            self._broken(page)
            self._reactivate()
            self._look_around(page)
            self._guard(page)
            self._audit(page)
            self._album(page)
            self._leave(page)
        self.report.invoices = self._invoice_table()
        self.report.mails = [
            {"to": list(mail.to), "subject": mail.subject, "text": mail.text} for mail in self._mails()
        ]
        self._photograph_mails()
        self.report.ok = all(step.ok for step in self.report.steps)

    def begin(self, page: Page) -> None:
        """From activation to a run that has nothing to send; a step that does not hold ends it."""
        self._connect(page)
        self._first_run(page)
        self._idle_run()
        self._look_after_the_books(page)

    # ---- the story

    def _connect(self, page: Page) -> None:
        with self._step("The landing page opens, in Swedish and English, on a phone too"):
            page.goto(f"{self._stack.base_url}/?lang=en")
            self._picture(page, "landing-en")
            with visitor(self._browser, width=390) as phone:
                phone.goto(self._stack.base_url)
                self._picture(phone, "landing-sv-phone")
            page.goto(f"{self._stack.base_url}/?lang=sv")
            expect(page.locator("html")).to_have_attribute("lang", "sv")
            self._picture(page, "landing-sv")

        with self._step("A wrong password is refused, in one sentence"):
            sign_in(page, password="wrong")
            expect(page.get_by_role("alert").first).to_be_visible()
            self._picture(page, "landing-refused")

        with self._step("The right one leads to Fortnox: login, permissions, approval"):
            sign_in(page, password=seed.PASSWORD)
            self._picture(page, "fortnox-login")
            log_in_to_fortnox(page, "admin@nordlager.example", "admin-pass")
            self._picture(page, "fortnox-permissions")
            page.get_by_role("button", name="Godkänn").click()

        with self._step("Before anything is connected, a page says who will write to which books"):
            page.wait_for_url(re.compile(r"/oauth/approval"))
            expect(page.locator("main")).to_contain_text("Nordlager 3PL AB")
            self._picture(page, "approval")
            page.get_by_role("button", name="Bekräfta").click()
            page.wait_for_url(re.compile(r"/setup"))
            self._picture(page, "setup")

        with self._step("Set-up: switch to the invoicing module, look through the settings, create"):
            page.get_by_role("link", name=re.compile("Byt till Fortnox")).click()
            page.wait_for_url(re.compile(r"/settings"))
            self._picture(page, "settings")
            page.locator("[name=problem_address]").fill(MAILBOX)
            page.locator("[name=from_date]").fill(f"{datetime.now(UTC).year - 1}-01-01")
            page.get_by_role("button", name="Skapa", exact=True).click()
            page.wait_for_url(lambda url: "notice=created" in url)
            self._picture(page, "created")

        with self._step("The address for problems is asked to confirm itself, and does"):
            mail = self._wait_for_mail(lambda mail: "/verify/" in mail.text)
            page.goto(link_in(mail, "/verify/"))
            self._picture(page, "verify")
            page.locator("main form button").click()
            expect(page.locator("h1")).to_have_text("Tack, adressen är bekräftad")
            self._picture(page, "verified")

        with self._step("A dress rehearsal says what would happen to each invoice, and writes nothing"):
            page.goto(f"{self._here}/rehearsal")
            page.get_by_role("button", name="Starta provkörningen").click()
            self._wait("its result", lambda: self._says(page, f"{SENT_AT_FIRST} av"), RUN_SECONDS)
            self._picture(page, "rehearsal")
            check(not self._fortnox.invoices(TENANT_ID), "the rehearsal wrote to Fortnox")

    def _first_run(self, page: Page) -> None:
        with self._step("The schedule itself sends what is due; each total is equal to the öre"):
            self._wait("the first run", lambda: self._run_after(0.0), SCHEDULE_SECONDS)
            table = self._invoice_table()
            done = [line for line in table if line.state == "done"]
            check(len(done) == SENT_AT_FIRST, f"{len(done)} invoices are done, not {SENT_AT_FIRST}")
            for line in done:
                equal = Decimal(line.wms_amount) == Decimal(line.fortnox_net)
                check(equal, f"invoice {line.wms_id}: {line.wms_amount} in Ongoing, {line.fortnox_net} in Fortnox")
            held = [line for line in table if line.state.startswith("held")]
            check(len(held) == HELD_AT_FIRST, f"{len(held)} invoices are held, not {HELD_AT_FIRST}")

        with self._step(
            "Numbers and exported marks are back in Ongoing; customers, rows, accounts, articles are right"
        ):
            for line in self._invoice_table():
                wms = self._ongoing.invoice(seed.WAREHOUSE, line.wms_id)
                if line.state == "done":
                    check(wms["is_exported"], f"invoice {line.wms_id} is not marked as exported")
                    check(wms["number"] == line.fortnox_number, f"invoice {line.wms_id} has not got its number")
                    self._check_in_fortnox(line)
                elif line.state.startswith("held"):
                    check(not wms["is_exported"], f"held invoice {line.wms_id} is marked as exported")
            articles = self._fortnox.company(TENANT_ID)["articles"]
            check(articles["PLOCK"]["Unit"] == "st", "the created article has no unit")
            check(articles["PLOCK"]["Type"] == "SERVICE", "the created article is not a service")

        with self._step("What could not be sent is explained"):
            page.goto(f"{self._here}/issues")
            self._picture(page, "issues")
            page.goto(f"{self._here}/invoices")
            self._picture(page, "invoices")
            page.goto(f"{self._here}/invoices/{seed.UNKNOWN_CUSTOMER}")
            self._picture(page, "invoice-held")

    def _idle_run(self) -> None:
        with self._step("The next run sends nothing") as step:
            started, before = time.time(), len(self._fortnox.invoices(TENANT_ID))
            self._fire_schedule()
            self._wait("another run", lambda: self._run_after(started), SCHEDULE_SECONDS)
            check(len(self._fortnox.invoices(TENANT_ID)) == before, "another invoice has appeared in Fortnox")
        check(step.fortnox_calls == 0, f"it called Fortnox {step.fortnox_calls} times")

    def _look_after_the_books(self, page: Page) -> None:
        with self._step("A sale to another EU country is on Fortnox's EU account, without VAT, and is reported as one"):
            invoice = self._fortnox.invoices(TENANT_ID)[self._fortnox_number(seed.EUROS)]
            accounts = {int(row["AccountNumber"]) for row in invoice["InvoiceRows"]}
            check(accounts == {EU_SERVICES}, f"its rows are on {accounts}")
            check(Decimal(str(invoice["TotalVAT"])) == 0, f"it has {invoice['TotalVAT']} of VAT")
            year = invoice["InvoiceDate"][:4]
            reported = self._fortnox.ec_sales_list(TENANT_ID, f"{year}-01-01", f"{year}-12-31")
            check(bool(reported), "it is not on the EC sales list")
            page.goto(f"{self._here}/invoices/{seed.EUROS}")
            self._picture(page, "invoice-eu")

        with self._step("A customer that is called something else in Fortnox is asked about once, under Customers"):
            self._fortnox.change_entry(TENANT_ID, "customers", "1002", Name="MHM Inredning i Skåne AB")
            self._add_invoice(6010, "1600.00", owner=seed.MOBLER)
            self._sync_now(page)
            check(not self._fortnox_number(6010), "it was sent to somebody who may be somebody else")
            page.goto(f"{self._here}/invoices/6010")
            self._picture(page, "invoice-whose")
            page.get_by_role("link", name="Kunder", exact=True).last.click()
            self._picture(page, "customers")
            page.get_by_role("button", name="Ja, det är de").click()
            page.wait_for_url(lambda url: "notice=agreed" in url)
            self._wait("its invoice", lambda: bool(self._fortnox_number(6010)), RUN_SECONDS)
            page.goto(f"{self._here}/customers")
            self._picture(page, "customers-agreed")

        with self._step("An invoice that somebody cancelled in Fortnox is made anew when a person says so"):
            old, before = self._fortnox_number(6010), len(self._fortnox.invoices(TENANT_ID))
            self._fortnox.person(TENANT_ID, "acts", old, "cancel")
            self._ongoing.change_invoice(seed.WAREHOUSE, 6010, is_exported=False)
            self._sync_now(page)
            check(len(self._fortnox.invoices(TENANT_ID)) == before, "a new invoice was made without being asked for")
            page.goto(f"{self._here}/invoices/6010")
            self._picture(page, "invoice-cancelled")
            page.get_by_role("link", name="Gör en ny faktura").click()
            self._picture(page, "decision-make-new")
            page.get_by_role("button", name="Gör en ny faktura").click()
            page.wait_for_url(lambda url: "notice=decided" in url)
            self._wait("the new invoice", lambda: bool(self._fortnox_number(6010)), RUN_SECONDS)
            new = self._fortnox_number(6010)
            living = [one for one in self._fortnox.invoices(TENANT_ID).values() if not one["Cancelled"]]
            check(new != old and len(living) == before, f"it is number {new}, and {len(living)} invoices are valid")
            wms = self._ongoing.invoice(seed.WAREHOUSE, 6010)
            check(wms["number"] == new and wms["is_exported"], f"Ongoing has number {wms['number']}")
            page.goto(f"{self._here}/invoices/6010")
            self._picture(page, "invoice-made-new")

    def _export_again(self, page: Page) -> None:
        with self._step("An invoice that is changed and exported again is updated, not sent twice"):
            number = self._fortnox_number(seed.PLAIN)
            charges = self._ongoing.invoice(seed.WAREHOUSE, seed.PLAIN)["charges"]
            charges[0]["quantity"] = "14"
            self._ongoing.change_invoice(seed.WAREHOUSE, seed.PLAIN, charges=charges, is_exported=False)
            self._sync_now(page)
            invoice = self._fortnox.invoices(TENANT_ID)[number]
            check(Decimal(str(invoice["Net"])) == Decimal(14 * 85), f"net is {invoice['Net']}")
            check(self._fortnox_number(seed.PLAIN) == number, "it has another number")
            check(self._ongoing.invoice(seed.WAREHOUSE, seed.PLAIN)["is_exported"], "it is not marked again")
            page.goto(f"{self._here}/invoices/{seed.PLAIN}")
            self._picture(page, "invoice")

    def _fix_it(self, page: Page) -> None:
        with self._step("A customer that Fortnox lacks is created there by a button, and its invoice goes"):
            page.goto(f"{self._here}/invoices/{seed.UNKNOWN_CUSTOMER}")
            page.get_by_role("link", name="Skapa i Fortnox").click()
            check("9999" not in self._fortnox.company(TENANT_ID)["customers"], "looking has created the customer")
            page.locator("[name=vat_type][value=SEVAT]").check()
            self._picture(page, "mend-customer")
            page.get_by_role("button", name="Skapa kund 9999 i Fortnox").click()
            page.wait_for_url(lambda url: "notice=mended" in url)
            customer = self._fortnox.company(TENANT_ID)["customers"]["9999"]
            check(customer["Name"] == "Nystartad E-handel HB", f"it is called {customer['Name']}")
            self._wait("its invoice", lambda: bool(self._fortnox_number(seed.UNKNOWN_CUSTOMER)), RUN_SECONDS)
            page.goto(f"{self._here}/invoices/{seed.UNKNOWN_CUSTOMER}")
            self._picture(page, "mended")

        with self._step("An account that is closed: Fortnox is asked for one more permission, and a button opens it"):
            self._add_invoice(CLOSED, "1200.00", account="3999")
            self._sync_now(page)
            page.goto(f"{self._here}/invoices/{CLOSED}")
            self._picture(page, "invoice-account-closed")
            page.get_by_role("link", name="Låt tjänsten göra det").click()
            self._picture(page, "permit")
            page.locator("main [name=password]").fill(seed.PASSWORD)
            approved = time.time()
            self._approve_once_more(page)
            self._wait("the run after it", lambda: self._run_after(approved), SCHEDULE_SECONDS)  # which tries it again
            page.goto(f"{self._here}/invoices/{CLOSED}")
            page.get_by_role("link", name="Aktivera i Fortnox").click()
            self._picture(page, "mend-account")
            page.get_by_role("button", name="Öppna konto 3999 i Fortnox").click()
            page.wait_for_url(lambda url: "notice=mended" in url)
            self._wait("its invoice", lambda: bool(self._fortnox_number(CLOSED)), RUN_SECONDS)

    def _to_the_customer(self, page: Page) -> None:
        with self._step("Specifications, sending and payments are switched on; Fortnox approves what files need"):
            page.goto(f"{self._here}/settings")
            page.locator("[name=attach_specification]").check()
            page.locator("[name=send_invoices][value=email]").check()
            page.locator("[name=follow_payments]").check()
            page.get_by_role("button", name="Spara", exact=True).click()
            page.wait_for_url(re.compile(r"/attach"))
            self._picture(page, "attach")
            page.locator("main [name=password]").fill(seed.PASSWORD)
            self._approve_once_more(page)
            check("notice=attaching" in page.url, f"it ends at {page.url}")

        with self._step("An invoice with its specification waits for its hour, and for a word, as it is the first one"):
            self._add_invoice(SPECIFIED, "1800.00")
            self._sync_now(page)
            number = self._fortnox_number(SPECIFIED)
            attached = self._fortnox.company(TENANT_ID)["attachments"]
            ours = [one for one in attached if str(one["entityId"]) == number]
            check(len(ours) == 1 and ours[0]["includeOnSend"], f"{len(ours)} files are attached to invoice {number}")
            check(not self._sent(number), "it was sent before anybody said so")
            page.goto(f"{self._here}/invoices/{SPECIFIED}")
            self._picture(page, "invoice-to-send")
            page.goto(f"{self._here}/invoices/{SPECIFIED}/mail")
            check(not self._sent(number), "looking at the mail has sent it")
            self._picture(page, "customer-mail")
            page.goto(f"{self._here}/invoices/{SPECIFIED}")
            specification = page.context.request.get(f"{self._here}/invoices/{SPECIFIED}/specification.pdf")
            self._keep_pdf(specification.body(), "specification")

        with self._step("It leaves by e-mail when a person says so, once"):
            page.get_by_role("button", name="Skicka nu, och kommande automatiskt").click()
            page.wait_for_url(lambda url: "notice=send_queued" in url)
            self._wait("it", lambda: self._sent(number), RUN_SECONDS)
            expect(page.locator("#sending")).to_contain_text("skickad", timeout=RUN_SECONDS * 1000)
            self._picture(page, "invoice-sent")

        with self._step("It is booked and paid in Fortnox, and the office sees that"):
            self._fortnox.person(TENANT_ID, "acts", number, "bookkeep")
            self._fortnox.person(TENANT_ID, "pays", number)
            let_pass(self._stack, EVERY)
            self._sync_now(page)
            page.goto(f"{self._here}/invoices/{SPECIFIED}")
            expect(page.locator("main")).to_contain_text("Betald")
            self._picture(page, "invoice-paid")

    def _month(self, page: Page) -> None:
        with self._step("Before the 1st: what would stop the month's invoices is known beforehand"):
            page.goto(f"{self._here}/before")
            page.locator("form[action$='/before'] button").click()
            page.wait_for_url(lambda url: "notice=" in url)
            self._picture(page, "before")

        with self._step("The month ties, to the öre, in both currencies; the auditor gets a PDF"):
            last_month = datetime.now(ZoneInfo("Europe/Stockholm")).date().replace(day=1) - timedelta(days=1)
            page.goto(f"{self._here}/month?month={last_month:%Y-%m}")
            for currency in ("SEK", "EUR"):
                expect(page.get_by_role("heading", name=f"{currency}: stämmer på öret")).to_be_visible()
            self._picture(page, "month")
            reconciled = page.context.request.get(f"{self._here}/month.pdf?month={last_month:%Y-%m}")
            self._keep_pdf(reconciled.body(), "month")

    def _sent(self, number: str) -> bool:
        """Whether Fortnox's invoice left for the customer."""
        return bool(self._fortnox.invoices(TENANT_ID)[number]["Sent"])

    def _expired_token(self, page: Page) -> None:
        with self._step("The access token expires, and is renewed without anybody noticing"):
            self._fortnox.expire_access_tokens(TENANT_ID)
            self._add_invoice(6001, "1400.00")
            self._sync_now(page)
            check(bool(self._fortnox_number(6001)), "the invoice was not sent")

        with self._step("A reply about the keys is lost on the way, and heals by itself"):
            self._fortnox.expire_access_tokens(TENANT_ID)
            self._fortnox.add_faults(
                {"match": {"method": "POST", "path_regex": "/oauth-v1/token"}, "times": 1, "effect": "after"}
            )
            self._add_invoice(6002, "1500.50")
            self._sync_now(page)
            check(any(call.get("fault") for call in self._fortnox.calls()), "the reply was not lost")
            check(bool(self._fortnox_number(6002)), "the invoice was not sent")

    def _broken(self, page: Page) -> None:
        with self._step("The keys are destroyed in Fortnox: the work waits, and one mail is sent"):
            before = len(self._mails())
            self._fortnox.destroy_tokens(TENANT_ID)
            self._fortnox.expire_access_tokens(TENANT_ID)
            self._add_invoice(6003, "2345.67")
            self._add_invoice(6004, "1000.00")
            self._sync_now(page)
            let_pass(self._stack, ASK_AGAIN_AFTER)  # a refusal is believed when it is repeated
            self._sync_now(page)
            self._wait_for_mail(lambda mail: "/reactivate/" in mail.text)
            page.goto(self._here)
            self._picture(page, "broken")
            self._fire_schedule()
            self._stack.invoke("keep_tokens")
            check(self._broken_notices() == 1, "a later run has put another notice")
            new = mails_in_the_end(self._stack, seed.WAREHOUSE)[before:]
            check(len(new) == 1, f"{len(new)} mails were sent")
            check(not self._fortnox_number(6003), "an invoice was sent without keys")

    def _reactivate(self) -> None:
        mail = self._wait_for_mail(lambda mail: "/reactivate/" in mail.text)
        with visitor(self._browser) as page:
            with self._step("Reactivation, with the wrong company first: refused"):
                page.goto(link_in(mail, "/reactivate/"))
                self._picture(page, "reactivate")
                expect(page.locator("[name=username]")).to_have_value(seed.USERNAME)
                page.locator("[name=password]").fill(seed.PASSWORD)
                page.locator("main form button.main").click()
                log_in_to_fortnox(page, "fel@foretag.example", "fel-pass")
                page.get_by_role("button", name="Godkänn").click()
                page.wait_for_url(re.compile("/oauth/callback"))
                expect(page.locator("main")).to_contain_text("Fel Företag AB")
                self._picture(page, "wrong-company")

            with self._step("The same company: active again, and what waited is sent"):
                page.goto(link_in(mail, "/reactivate/"))
                page.locator("[name=password]").fill(seed.PASSWORD)
                page.locator("main form button.main").click()
                log_in_to_fortnox(page, "admin@nordlager.example", "admin-pass")
                page.get_by_role("button", name="Godkänn").click()
                page.wait_for_url(re.compile(r"/oauth/approval"))
                page.get_by_role("button", name="Bekräfta").click()
                page.wait_for_url(lambda url: "notice=reconnected" in url)
                self._wait("what waited", lambda: bool(self._fortnox_number(6004)), SCHEDULE_SECONDS)
                page.goto(self._here)
                self._picture(page, "reactivated")

            with self._step("A closing mail says how many invoices and what sum"):
                closing = self._wait_for_mail(lambda mail: re.search(r"3\s345,67", mail.text) is not None)
                check("2 fakturor" in closing.text, "it does not say how many")

    def _look_around(self, page: Page) -> None:
        with self._step("A new approval has ended the sign-ins from before it"):
            page.goto(self._here)
            sign_in(page, password=seed.PASSWORD)
            page.wait_for_url(lambda url: f"/integrations/{seed.WAREHOUSE}" in url)

        with self._step("Pause and resume"):
            page.goto(f"{self._here}/pause")
            self._picture(page, "pause")
            page.get_by_role("button", name="Pausa").click()
            page.wait_for_url(lambda url: "notice=paused" in url)
            self._picture(page, "paused")
            page.get_by_role("button", name="Återuppta").click()
            page.wait_for_url(lambda url: "notice=resumed" in url)

        with self._step("A setting that cannot be is refused beside its field"):
            page.goto(f"{self._here}/settings")
            self._picture(page, "settings-saved")
            page.locator("[name=problem_address]").fill("ekonomi@")
            page.get_by_role("button", name="Spara").click()
            expect(page.locator("[name=problem_address]")).to_have_attribute("aria-invalid", "true")
            self._picture(page, "settings-refused")

    def _guard(self, page: Page) -> None:
        with self._step("A guard holds what is charged at another price than the price list's, until a person says so"):
            page.goto(f"{self._here}/settings")
            page.locator("[name=guard_prices]").check()
            page.get_by_role("button", name="Spara", exact=True).click()
            page.wait_for_url(lambda url: "notice=" in url)
            self._add_invoice(OFF_LIST, "1700.00")
            self._sync_now(page)
            check(not self._fortnox_number(OFF_LIST), "it was sent before anybody looked")
            page.goto(f"{self._here}/invoices/{OFF_LIST}")
            self._picture(page, "invoice-guarded")
            page.get_by_role("link", name="Rätt som den är").click()
            self._picture(page, "decision-right")
            page.get_by_role("button", name="Rätt som den är").click()
            page.wait_for_url(lambda url: "notice=decided" in url)
            self._wait("it", lambda: bool(self._fortnox_number(OFF_LIST)), RUN_SECONDS)

    def _audit(self, page: Page) -> None:
        with self._step("The auditor: nothing of the history was changed, says the page, and so says the command"):
            page.goto(f"{self._here}/history")
            expect(page.locator("main")).to_contain_text("Ja. Ingenting har ändrats")
            self._picture(page, "history")
            self._keep_pdf(page.context.request.get(f"{self._here}/history.pdf").body(), "history")
            proven, said = self._verify()
            check(proven and "whole" in said, said)

        with self._step("An amount that is changed in the table behind everybody's back is found by both"):
            item = self._records()[SPECIFIED]
            self._put({**item, "fortnox_net": {"N": "1799.00"}})
            page.goto(f"{self._here}/history")
            expect(page.get_by_role("alert")).to_contain_text(str(SPECIFIED))
            self._picture(page, "history-broken")
            proven, said = self._verify()
            check(not proven and str(SPECIFIED) in said, said)
            self._put(item)
            proven, said = self._verify()
            check(proven, f"put right, it is not whole: {said}")

    def _verify(self) -> tuple[bool, str]:
        """`invoicing verify`, as whoever runs the service types it: whether the history is whole, and what it said."""
        done = subprocess.run(
            [Path(sys.executable).with_name("invoicing"), "--stack-name", STACK_NAME, "verify", seed.WAREHOUSE],
            env={**os.environ, **self._stack.aws.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0, done.stdout + done.stderr

    def _put(self, item: dict[str, Any]) -> None:
        self._stack.client("dynamodb").put_item(TableName=self._stack.outputs["ExportsTable"], Item=item)

    def _album(self, page: Page) -> None:
        with self._step("Every other page, for the album"):
            pages = {
                "status": ("", 200),
                "invoices-found": ("/invoices?search=kaffe", 200),
                "preview": (f"/invoices/{seed.STILL_GROWING}/preview", 200),
                "disconnect": ("/disconnect", 200),
                "not-found": ("/invoices/1", 404),
                "status-en": ("?lang=en", 200),
                "issues-en": ("/issues", 200),
            }
            for name, (path, status) in pages.items():
                response = page.goto(f"{self._here}{path}")
                check(response is not None and response.status == status, f"{name}: {response and response.status}")
                self._picture(page, name)

    def _leave(self, page: Page) -> None:
        with self._step("Signed out, the pages are closed"):
            page.goto(f"{self._here}?lang=sv")
            page.get_by_role("button", name="Logga ut", exact=True).click()
            expect(page.locator("h1")).to_have_text("Du är utloggad")
            self._picture(page, "signed-out")
            page.goto(self._here)
            expect(page.locator("[name=password]")).to_be_visible()

        with self._step("Disconnecting asks first, and forgets the keys"):
            sign_in(page, password=seed.PASSWORD)
            page.wait_for_url(lambda url: url.endswith(f"/integrations/{seed.WAREHOUSE}"))
            page.goto(f"{self._here}/disconnect")
            page.get_by_role("checkbox").check()
            page.locator("[name=password]").fill(seed.PASSWORD)
            page.get_by_role("button", name="Koppla från").click()
            expect(page.locator("h1")).to_have_text("Integrationen är frånkopplad")
            self._picture(page, "disconnected")

    # ---- doing

    def _sync_now(self, page: Page) -> None:
        started = time.time()
        page.goto(self._here)
        page.locator(f"form[action$='/integrations/{seed.WAREHOUSE}/sync'] button").first.click()
        page.wait_for_url(lambda url: "notice=" in url)
        self._wait("the run", lambda: self._run_after(started), RUN_SECONDS)

    def _approve_once_more(self, page: Page) -> None:
        page.get_by_role("button", name="Gå vidare till Fortnox").click()
        log_in_to_fortnox(page, "admin@nordlager.example", "admin-pass")
        page.get_by_role("button", name="Godkänn").click()
        page.wait_for_url(re.compile(r"/oauth/approval"))
        page.get_by_role("button", name="Bekräfta").click()
        page.wait_for_url(lambda url: "notice=" in url)

    def _fire_schedule(self) -> None:
        """What the schedule would do within the minute."""
        self._stack.invoke("dispatch_syncs", {"time": datetime.now(UTC).isoformat()})

    def _add_invoice(self, invoice_id: int, amount: str, *, owner: int = seed.KAFFE, account: str = "3041") -> None:
        """Another invoice of last month, copied from a plain one."""
        today = datetime.now(ZoneInfo("Europe/Stockholm")).date()
        plain = next(invoice for invoice in seed.default_warehouse(today).invoices if invoice.id == seed.PLAIN)
        charge = plain.charges[0]
        changed = type(charge)(
            **{
                **{name: getattr(charge, name) for name in charge.__dataclass_fields__},
                "id": invoice_id * 10,
                "unit_price": Decimal(amount),
                "quantity": Decimal(1),
                "account": account,
            }
        )
        values = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
        self._ongoing.put_invoices(
            seed.WAREHOUSE,
            Invoice(**{**values, "id": invoice_id, "goods_owner_id": owner, "charges": (changed,)}),
        )

    # ---- looking

    def _check_in_fortnox(self, line: InvoiceLine) -> None:
        invoice = self._fortnox.invoices(TENANT_ID)[line.fortnox_number]
        reference = f"ONGOING-{seed.WAREHOUSE}-{line.wms_id}-"
        check(invoice["ExternalInvoiceReference1"] == reference, f"{line.fortnox_number} has another reference")
        check(bool(invoice["InvoiceRows"]), f"{line.fortnox_number} has no rows")
        for row in invoice["InvoiceRows"]:
            check(bool(row["ArticleNumber"]), f"{line.fortnox_number} has a row without article")
            check(int(row["AccountNumber"]) >= 3000, f"{line.fortnox_number} has a row without account")

    def _records(self) -> dict[int, dict[str, Any]]:
        """What the exports table says."""
        pages = (
            self._stack.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self._stack.outputs["ExportsTable"], ConsistentRead=True)
        )
        found = {}
        for item in (item for page in pages for item in page["Items"]):
            record = item["record"]["S"]
            if record.startswith("invoice#"):
                found[int(record.removeprefix("invoice#"))] = item
        return found

    def _invoice_table(self) -> list[InvoiceLine]:
        records = self._records()
        in_fortnox = self._fortnox.invoices(TENANT_ID)
        lines = []
        for wms in self._ongoing.state()["warehouses"][seed.WAREHOUSE]["invoices"]:
            record = records.get(wms["id"], {})
            number = record.get("fortnox_number", {}).get("S", "")
            state = record.get("state", {}).get("S") or ("sent before" if wms["is_exported"] else "not due")
            if state == "held":
                state = f"held: {record['issue']['M']['code']['S']}"
            lines.append(
                InvoiceLine(
                    wms_id=wms["id"],
                    wms_number=wms["number"] or "",
                    goods_owner=self._owner(wms["goods_owner_id"]),
                    wms_amount=str(total_in_ongoing(wms)),
                    fortnox_number=number,
                    fortnox_net=f"{Decimal(str(in_fortnox[number]['Net'])):.2f}" if number else "",
                    state=state,
                )
            )
        return lines

    def _owner(self, owner_id: int) -> str:
        owners = self._ongoing.state()["warehouses"][seed.WAREHOUSE]["goods_owners"]
        return next((str(owner["name"]) for owner in owners if owner["id"] == owner_id), "")

    def _fortnox_number(self, invoice_id: int) -> str:
        record = self._records().get(invoice_id, {})
        number: str = record.get("fortnox_number", {}).get("S", "")
        return number if record.get("state", {}).get("S") == "done" else ""

    def _broken_notices(self) -> int:
        found = self._stack.client("dynamodb").scan(
            TableName=self._stack.outputs["NoticesTable"],
            FilterExpression="begins_with(notice_id, :broken)",
            ExpressionAttributeValues={":broken": {"S": "broken#"}},
            ConsistentRead=True,
        )
        return int(found["Count"])

    def _run_after(self, moment: float) -> bool:
        """Whether a run that started after `moment` has finished."""
        item = (
            self._stack.client("dynamodb")
            .get_item(
                TableName=self._stack.outputs["IntegrationsTable"],
                Key={"integration_id": {"S": seed.WAREHOUSE}},
                ConsistentRead=True,
            )
            .get("Item", {})
        )
        run = item.get("last_run", {}).get("M")
        if run is None:
            return False
        return datetime.fromisoformat(run["started_at"]["S"]).timestamp() > moment

    def _says(self, page: Page, text: str) -> bool:
        """Whether the page says it now, or after it was loaded once more."""
        if page.locator("main").get_by_text(text).first.is_visible():
            return True
        page.reload()
        return False

    def _wait(self, what: str, holds: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            check(time.monotonic() < deadline, f"{what} did not come within {seconds:.0f} seconds")
            time.sleep(0.5)

    def _mails(self) -> list[Mail]:
        """To people: without the markers of a look at the end of the outbox."""
        return [mail for mail in self._stack.mails() if not mail.to[0].endswith(MARKER_DOMAIN)]

    def _wait_for_mail(self, wanted: Callable[[Mail], bool]) -> Mail:
        found: list[Mail] = []

        def arrived() -> bool:
            found[:] = [mail for mail in self._stack.mails() if wanted(mail)]
            return bool(found)

        self._wait("the mail", arrived, RUN_SECONDS)
        return found[-1]

    # ---- telling

    @contextmanager
    def _step(self, name: str) -> Iterator[Step]:
        step = Step(name)
        self.report.steps.append(step)
        before = len(self._fortnox.calls()), len(self._ongoing.calls())
        started = time.monotonic()
        print(f"  … {name}", flush=True)
        try:
            yield step
            step.ok = True
        except Exception as error:
            step.problem = str(error)
            raise
        finally:
            step.seconds = round(time.monotonic() - started, 1)
            step.fortnox_calls = len(self._fortnox.calls()) - before[0]
            step.ongoing_calls = len(self._ongoing.calls()) - before[1]
            calls = f"{step.fortnox_calls} calls to Fortnox, {step.ongoing_calls} to Ongoing"
            print(f"  {'✓' if step.ok else '✗'} {name}\n      {calls}", flush=True)

    def _picture(self, page: Page, name: str) -> None:
        path = self._pictures / f"{len(self.report.pictures) + 1:02d}-{name}.png"
        page.screenshot(path=path, full_page=True)
        self.report.pictures.append(path.name)

    def _keep_pdf(self, content: bytes, name: str) -> None:
        """The file, and its pages as pictures."""
        (self._pictures / f"{name}.pdf").write_bytes(content)
        for picture in pdf_pictures(content):
            path = self._pictures / f"{len(self.report.pictures) + 1:02d}-{name}.png"
            path.write_bytes(picture)
            self.report.pictures.append(path.name)

    def _photograph_mails(self) -> None:
        with visitor(self._browser, width=640) as page:
            for position, mail in enumerate(self._mails(), start=1):
                page.set_content(mail.html)
                self._picture(page, f"mail-{position}")


class NotHeldError(Exception):
    """Something of the story did not hold."""


def total_in_ongoing(invoice: dict[str, Any]) -> Decimal:
    """What Ongoing shows as the amount: its own, or the sum of the charges in whole öre."""
    if invoice["amount"] is not None:
        return Decimal(invoice["amount"])
    charges = (Decimal(charge["unit_price"]) * Decimal(charge["quantity"]) for charge in invoice["charges"])
    return sum(charges, Decimal(0)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def check(holds: object, otherwise: str) -> None:
    """Raises NotHeldError."""
    if not holds:
        raise NotHeldError(otherwise)


def sign_in(page: Page, *, password: str) -> None:
    """Fills in the landing page."""
    page.locator("[name=system]").fill(f"https://{seed.WAREHOUSE}.ongoingsystems.se/{seed.WAREHOUSE}/")
    page.locator("[name=username]").fill(seed.USERNAME)
    page.locator("[name=password]").fill(password)
    page.locator("main form button.main").click()


def log_in_to_fortnox(page: Page, username: str, password: str) -> None:
    """Fills in Fortnox's login."""
    page.locator("#username").fill(username)
    page.locator("#password").fill(password)
    page.locator("#login").click()


def link_in(mail: Mail, part: str) -> str:
    """The link of a mail that contains `part`."""
    found = re.search(rf"http\S*{re.escape(part)}\S+", mail.text)
    check(found, f"no link with {part} in the mail")
    assert found is not None
    return found.group()


def tell(report: Report) -> None:
    """The table of invoices and the mails, as a person reads them."""
    print("\n  Invoices\n")
    head = ("WMS id", "WMS number", "Goods owner", "Ongoing", "Fortnox no", "Fortnox", "State")
    rows = [
        (str(i.wms_id), i.wms_number, i.goods_owner, i.wms_amount, i.fortnox_number, i.fortnox_net, i.state)
        for i in sorted(report.invoices, key=lambda line: line.wms_id)
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = [
            cell.rjust(width) if column in {3, 5} else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(cells).rstrip())
    print("\n  Mails\n")
    for mail in report.mails:
        print(f"  To {', '.join(mail['to'])}: {mail['subject']}")


def keep_logs(stack: Stack) -> None:
    """What each function logged, beside the pictures."""
    folder = OUT / "logs"
    folder.mkdir()
    for function in sorted(path.parent.name for path in ROOT.glob("functions/*/app.py")):
        (folder / f"{function}.log").write_text(stack.logs(function))


def main() -> int:
    """Plays the story; 0 if every step held."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    print("Building and deploying the real template on this machine.", flush=True)
    report = Report()
    try:
        parameters = {"SyncInterval": "rate(1 minute)"}
        with running_stack(name="demo", parameters=parameters) as stack, chromium() as browser:
            demo = Demo(stack, browser, pictures=OUT)
            report = demo.report
            try:
                demo.play()
            except Exception as error:
                report.steps = report.steps or [Step("start")]
                print(f"\n  This did not hold: {error}", file=sys.stderr)
            finally:
                keep_logs(stack)
    except (DidNotStartError, DeploymentError, StackInUseError, NoBrowserError) as error:
        print(error, file=sys.stderr)
    (OUT / "report.json").write_text(json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n")
    if report.ok:
        tell(report)
    print(f"\n  Pictures and report.json are in {OUT.relative_to(ROOT)}")
    print(f"  {'Every step held.' if report.ok else 'A step did not hold.'}")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
