"""The specification on the pages: what the goods owner asks about, found at the invoice."""

import base64
import csv
import gzip
import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from invoicing.application.change_integration import save_settings
from invoicing.domain.integration_settings import Language, RowGrouping, settings_fingerprint

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import MANY_CHARGES, PLAIN, WAREHOUSE
from local.tour import HERE
from tests.office.day import Day
from tests.office.situations import troubled

PDF = f"/invoices/{MANY_CHARGES}/specification.pdf"
CSV = f"/invoices/{MANY_CHARGES}/specification.csv"


@pytest.fixture
def sent() -> Day:
    """The demo's month, after its first run."""
    return troubled()


def calls(day: Day) -> int:
    """How often Fortnox was asked."""
    return len(day.world.to_fortnox.requests)


def table(day: Day, language: Language = Language.SWEDISH, path: str = CSV) -> list[list[str]]:
    """The file for spreadsheets."""
    text = day.see(path, language).body.removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text), delimiter=";" if language is Language.SWEDISH else ","))


def text_of(file: bytes) -> str:
    """What a reader of the PDF sees."""
    document: Any = pypdfium2.PdfDocument(file)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_the_invoice_leads_to_its_specification(sent: Day) -> None:
    """Both forms; an invoice that was not sent has none."""
    page, held = sent.see(f"/invoices/{MANY_CHARGES}").body, sent.see(f"/invoices/{seed.UNKNOWN_CUSTOMER}").body

    assert f'href="{HERE}{PDF}"' in page
    assert f'href="{HERE}{CSV}"' in page
    assert "specification" not in held
    assert sent.see(f"/invoices/{seed.UNKNOWN_CUSTOMER}/specification.pdf").status == 404
    assert sent.see("/invoices/999/specification.pdf").status == 404


def test_the_pdf_has_every_charge_and_asks_fortnox_nothing(sent: Day) -> None:
    """What was sent is as it was sent, and that is known."""
    before = calls(sent)
    seen = sent.see(PDF)
    text = text_of(seen.file)

    assert seen.status == 200
    assert seen.file.startswith(b"%PDF-1.7")
    assert all(f"SO-{88_000 + number}" in text for number in range(40))
    assert calls(sent) == before


@pytest.mark.parametrize("reader", Language)
def test_the_pdf_is_in_the_customers_language(sent: Day, reader: Language) -> None:
    """Whatever the reader's own is: it goes to the goods owner. A language that was changed later changes no row."""
    swedish = text_of(sent.see(PDF, reader).file)
    settings = sent.integration.settings
    assert settings is not None
    save_settings(
        sent.world.change_tools(),
        sent.integration,
        replace(settings, language=Language.ENGLISH),
        seen=settings_fingerprint(settings),
        by=seed.USERNAME,
    )
    english = text_of(sent.see(PDF, reader).file)

    assert "Specifikation till faktura" in swedish
    assert "Specification of invoice" in english


def test_the_csv_adds_up_to_the_invoice(sent: Day) -> None:
    """With decimal comma and one line for each charge; the column of amounts comes to the last line."""
    heading, *lines, last = table(sent)
    place = heading.index("Belopp")
    amounts = [Decimal(line[place].replace(",", ".")) for line in lines]

    assert len(lines) == 43
    assert sum(amounts) == Decimal(last[place].replace(",", "."))
    record = sent.world.exports.get(WAREHOUSE, MANY_CHARGES)
    assert record is not None
    assert sum(amounts) == record.fortnox_net


def test_no_text_becomes_a_formula(sent: Day) -> None:
    """A comment is typed by anybody."""
    there = sent.world.ongoing.invoice(WAREHOUSE, MANY_CHARGES)
    charges = (replace(there.charges[0], comment="=1+1"), *there.charges[1:])
    sent.world.ongoing.put_invoice(WAREHOUSE, replace(there, charges=charges))

    assert "'=1+1" in {cell for line in table(sent) for cell in line}


def test_other_charges_than_were_sent_are_refused(sent: Day) -> None:
    """One öre more in Ongoing, and nothing is shown that does not come to the invoice."""
    there = sent.world.ongoing.invoice(WAREHOUSE, MANY_CHARGES)
    first = replace(there.charges[0], unit_price=there.charges[0].unit_price + Decimal("0.01"))
    sent.world.ongoing.put_invoice(WAREHOUSE, replace(there, charges=(first, *there.charges[1:])))
    seen = sent.see(PDF)

    assert seen.status == 409
    assert "There is no specification that adds up" in seen.body


def test_charges_that_only_add_up_to_the_same_are_refused(sent: Day) -> None:
    """Two rows changed against each other: the total is right, and the rows are not the invoice's."""
    there = sent.world.ongoing.invoice(WAREHOUSE, seed.EUROS)
    one, two = there.charges
    moved = (
        replace(one, quantity=Decimal(1), unit_price=one.unit_price * one.quantity + 1),
        replace(two, quantity=Decimal(1), unit_price=two.unit_price * two.quantity - 1),
    )
    sent.world.ongoing.put_invoice(WAREHOUSE, replace(there, charges=moved))

    assert sent.see(f"/invoices/{seed.EUROS}/specification.pdf").status == 409


def test_a_new_title_is_no_reason_to_refuse(sent: Day) -> None:
    """Texts may change after sending; Fortnox is asked whether the rows are still the same."""
    there = sent.world.ongoing.invoice(WAREHOUSE, MANY_CHARGES)
    sent.world.ongoing.put_invoice(WAREHOUSE, replace(there, title="Paid"))
    before = calls(sent)

    assert sent.see(PDF).status == 200
    assert calls(sent) == before + 1


def test_other_rows_by_settings_are_refused(sent: Day) -> None:
    """Those that would be made now are not those of the invoice."""
    sent.fill_in(rows=RowGrouping.PER_CHARGE)

    assert sent.see(PDF).status == 409
    assert sent.see(f"/invoices/{PLAIN}/specification.pdf").status == 200  # one charge is one row either way


def test_an_invoice_that_somebody_changed_in_fortnox_is_refused(sent: Day) -> None:
    """Once the text has changed too, what Fortnox has decides."""
    record = sent.world.exports.get(WAREHOUSE, MANY_CHARGES)
    assert record is not None
    there = sent.world.ongoing.invoice(WAREHOUSE, MANY_CHARGES)
    sent.world.ongoing.put_invoice(WAREHOUSE, replace(there, title="Paid"))
    row = sent.world.fortnox.state()["companies"][TENANT_ID]["invoices"][record.fortnox_number]["InvoiceRows"][0]
    rows = [{"RowId": row["RowId"], "Price": row["Price"] + 1}]
    sent.world.fortnox.person_changes_invoice(TENANT_ID, record.fortnox_number, {"InvoiceRows": rows})

    assert sent.see(PDF).status == 409


def test_an_invoice_that_is_gone_is_said_to_be(sent: Day) -> None:
    """Ongoing has nothing to specify any more."""
    sent.world.ongoing.remove_invoice(WAREHOUSE, MANY_CHARGES)
    seen = sent.see(CSV, Language.SWEDISH)

    assert seen.status == 409
    assert "Ongoing har inte längre den här fakturan" in seen.body


@pytest.fixture
def huge(sent: Day) -> Day:
    """Its month has an invoice of 20,000 charges."""
    there = sent.world.ongoing.invoice(WAREHOUSE, MANY_CHARGES)
    charges = tuple(
        replace(there.charges[0], id=100_000 + number, order_number=f"SO-{number}", comment="åäö " * 12)
        for number in range(20_000)
    )
    sent.world.ongoing.put_invoice(WAREHOUSE, replace(there, id=7001, number="", is_exported=False, charges=charges))
    sent.later()
    return sent


def test_twenty_thousand_charges_fit_into_an_answer(huge: Day) -> None:
    """A function may answer with six million bytes: the file is packed where the browser can unpack it."""
    path = "/invoices/7001/specification"
    packed = huge.see(f"{path}.csv")
    drawn = huge.see(f"{path}.pdf")

    assert len(base64.b64encode(packed.file)) < 6_000_000
    assert len(base64.b64encode(drawn.file)) < 6_000_000
    assert gzip.decompress(packed.file).decode().count("SO-") == 20_000
